"""What to do about it: verify the losses, keep, repair or part, count what parting costs, plan care, and see what hangs on few."""

from custprof.decisions.chance import loss_probability
from custprof.decisions.drop import drop_effect
from custprof.decisions.effort import compare_rewards, effort_plan
from custprof.decisions.indirect import UNKNOWN_REFERRER, indirect_benefit, referral_value
from custprof.decisions.leakage import leakage
from custprof.decisions.promoters import net_promoter_score
from custprof.decisions.recommend import recommend
from custprof.decisions.redeploy import freed_time, redeploy
from custprof.decisions.reengage import reengage
from custprof.decisions.reprice import reprice
from custprof.decisions.risk import NO_MANAGER, concentration, manager_risk
from custprof.decisions.verify import verify_losses
from custprof.profit import expected_credit_loss

__all__ = [
    "NO_MANAGER",
    "UNKNOWN_REFERRER",
    "compare_rewards",
    "concentration",
    "drop_effect",
    "effort_plan",
    "expected_credit_loss",
    "freed_time",
    "indirect_benefit",
    "leakage",
    "loss_probability",
    "manager_risk",
    "net_promoter_score",
    "recommend",
    "redeploy",
    "reengage",
    "referral_value",
    "reprice",
    "verify_losses",
]
