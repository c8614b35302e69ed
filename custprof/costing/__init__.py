"""What does each customer cost? From ledger lines through pools and activities to customers, every cent."""

from .activities import Activity, Flows, Pool
from .allocating import allocate, allocate_study
from .allocation import Allocation
from .cells import NO_ACTIVITY, NO_POOL, RESIDUALS, SUSTAINING, UNASSIGNED
from .cents import split_cents
from .checking import check_costs
from .drivers import driver_quantities, driver_rows
from .equations import TimeEquation, TimeEquationError, read_equation
from .model import CostModel
from .reading import CostModelError
from .scenarios import capacity_scenarios, compare, volume_based
from .support import allocate_support, reciprocal_costs, support_shares
from .time_driven import UNUSED, time_driven

__all__ = [
    "NO_ACTIVITY",
    "NO_POOL",
    "RESIDUALS",
    "SUSTAINING",
    "UNASSIGNED",
    "UNUSED",
    "Activity",
    "Allocation",
    "CostModel",
    "CostModelError",
    "Flows",
    "Pool",
    "TimeEquation",
    "TimeEquationError",
    "allocate",
    "allocate_study",
    "allocate_support",
    "capacity_scenarios",
    "check_costs",
    "compare",
    "driver_quantities",
    "driver_rows",
    "read_equation",
    "reciprocal_costs",
    "split_cents",
    "support_shares",
    "time_driven",
    "volume_based",
]
