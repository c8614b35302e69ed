"""Published results of the lifetime models on CDNOW (1/10 sample, calibration to 1997-09-30, weeks); one test per table."""

import numpy as np
import pandas as pd
import pytest

from custprof.datasets import load_case, load_cdnow
from custprof.lifetime import (
    BetaDiscreteWeibull,
    BetaGeoBinomial,
    BetaGeoNBD,
    GammaGamma,
    ModifiedBetaGeoNBD,
    ParetoNBD,
    ShiftedBetaGeometric,
    split,
    summarize,
)

HEAVY = pd.DataFrame({"frequency": [26], "recency": [216 / 7], "T": [31.0]})


@pytest.fixture(scope="module")
def halves():
    return split(load_cdnow(), "1997-09-30")


@pytest.fixture(scope="module")
def known(halves):
    return halves.calibration


@pytest.fixture(scope="module")
def pareto(known):
    return ParetoNBD().fit(known)


@pytest.fixture(scope="module")
def geo(known):
    return BetaGeoNBD().fit(known)


def test_summary_has_the_counts_of_the_paper(halves):
    """Fader, Hardie & Lee 2005: 2,357 customers, 946 of whom bought again; 1,882 purchases in the holdout."""
    known, later = halves
    assert (len(known), int((known["frequency"] > 0).sum()), int(later["frequency"].sum())) == (2357, 946, 1882)
    assert known.loc["0001"].round(2).tolist() == [2, 30.43, 38.86, 22.34]  # 22.345, the exact mean
    assert known.attrs == {"unit": "W", "end": "1997-09-30", "value": "revenue", "grain": "D", "returns": "net", "free": True}


def test_pareto_parameters_and_likelihood(pareto):
    """Fader, Hardie & Lee 2005, table 2: .553 / 10.578 / .606 / 11.669, -9595.0; further digits by independent computation."""
    assert pareto.converged_
    assert pareto.params_.tolist() == pytest.approx([0.55327706, 10.57768349, 0.60623983, 11.66873048], rel=1e-5)
    assert pareto.loglik_ == pytest.approx(-9594.976179, abs=1e-5)
    assert pareto.se_.tolist() == pytest.approx([0.04763, 0.84272, 0.18728, 6.211], rel=1e-3)


def test_pareto_expectations(pareto, known):
    """Fader & Hardie's worked values: a new customer in a year, customer (26, 30.86, 31), one-timers, all customers in 39 weeks."""
    assert pareto.predict_new(52) == pytest.approx(1.473434, abs=1e-5)
    assert pareto.predict(HEAVY, 52)[0] == pytest.approx(25.45518, abs=1e-4)
    assert pareto.p_alive(HEAVY)[0] == pytest.approx(0.997873, abs=1e-6)
    one_timer = pd.DataFrame({"frequency": [0], "recency": [0.0], "T": [39.0]})
    assert pareto.p_alive(one_timer)[0] == pytest.approx(0.294276, abs=1e-6)
    assert pareto.predict(known, 39).sum() == pytest.approx(1665.513, abs=0.01)
    assert pareto.p_alive(known).mean() == pytest.approx(0.446, abs=5e-4)


def test_gamma_gamma(known):
    """Fader & Hardie 2013: 6.25 / 3.74 / 15.44 on 946 repeaters; expected purchase of the first ten customers."""
    spend = GammaGamma().fit(known)
    assert spend.converged_
    assert spend.params_.tolist() == pytest.approx([6.249572, 3.744225, 15.443522], rel=1e-5)
    assert spend.loglik_ == pytest.approx(-4055.917695, abs=1e-5)
    expected = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    assert spend.predict(known)[:10].tolist() == pytest.approx(expected, abs=0.006)


def test_bg_nbd_parameters_and_likelihood(geo):
    """Fader, Hardie & Lee 2005, table 2: .243 / 4.414 / .793 / 2.426, -9582.4."""
    assert geo.params_.tolist() == pytest.approx([0.24259448, 4.41360035, 0.79292167, 2.42590582], rel=1e-5)
    assert geo.loglik_ == pytest.approx(-9582.429207, abs=1e-5)


def test_bg_nbd_expectations(geo, known):
    """Fader, Hardie & Lee 2005 and their spreadsheet note: customer (2, 30.43, 38.86), new customers, all customers in 39 weeks."""
    first = pd.DataFrame({"frequency": [2], "recency": [30.43], "T": [38.86]})
    assert geo.predict(first, 39)[0] == pytest.approx(1.225907, abs=1e-5)
    assert geo.p_alive(first)[0] == pytest.approx(0.726609, abs=1e-5)
    assert geo.predict_new([1, 3, 78]) == pytest.approx([0.0531843, 0.1506309, 1.857959], rel=1e-5)
    assert geo.predict(HEAVY, 52)[0] == pytest.approx(25.7573, abs=1e-4)
    assert geo.p_alive(HEAVY)[0] == pytest.approx(0.968854, abs=1e-6)
    assert geo.predict(known, 39).sum() == pytest.approx(1653.409, abs=0.01)


def test_bg_nbd_does_not_depend_on_the_unit(geo, known):
    """In days alpha is 30.8952025 and the log-likelihood lower by exactly sum(x) ln 7 (computed)."""
    days = BetaGeoNBD().fit(summarize(load_cdnow(), unit="D", end="1997-09-30"))
    assert days.params_["alpha"] == pytest.approx(30.8952025, rel=1e-5)
    assert days.loglik_ == pytest.approx(-14363.530443, abs=1e-4)
    assert geo.loglik_ - days.loglik_ == pytest.approx(known["frequency"].sum() * np.log(7), abs=1e-5)


def test_modified_bg_nbd(known):
    """Parameters of the modified model on the same customers (independent computation); one-timers may have left, mean P(alive) .449."""
    model = ModifiedBetaGeoNBD().fit(known)
    assert model.params_.tolist() == pytest.approx([0.52484310, 6.18308503, 0.89135944, 1.61400253], rel=1e-5)
    assert model.loglik_ == pytest.approx(-9582.135716, abs=1e-5)
    assert model.p_alive(known).mean() == pytest.approx(0.449, abs=5e-4)


@pytest.mark.parametrize("line", load_case("renewals")["expected"].index)
def test_renewals_of_contracts(line):
    """Fader & Hardie 2007, and Fader, Hardie, Liu, Davin & Steenburgh 2018: parameters, likelihood and share left after twelve years."""
    case = load_case("renewals")
    cohort, years, kind = line.split(", ")
    expected = case["expected"].loc[line].dropna()
    left = case["customers_left"][cohort][: int(years[0])]
    model = {"shifted beta-geometric": ShiftedBetaGeometric, "beta-discrete-Weibull": BetaDiscreteWeibull}[kind]().fit(left)
    assert model.converged_
    assert model.params_.tolist() == pytest.approx(expected[list(model.params_.index)].tolist(), rel=2e-6)
    assert model.loglik_ == pytest.approx(expected["loglik"], abs=1e-6)
    if "survival" in expected:
        assert model.survival(12).item() == pytest.approx(expected["survival"], abs=5e-5)


def test_discounted_lifetimes_of_contracts():
    """Fader & Hardie 2010: discounted expected lifetime (d = .1) of new customers, and of High-End ones after seven renewals."""
    left = load_case("renewals")["customers_left"][:8]
    regular, high = (ShiftedBetaGeometric().fit(left[name]) for name in ("Regular", "High-End"))
    assert (regular.del_(), high.del_()) == (pytest.approx(3.694908, abs=5e-7), pytest.approx(5.922254, abs=1e-6))
    assert high.del_(renewals=7) == pytest.approx(7.530, abs=5e-4)


def test_donors_at_yearly_occasions():
    """Fader, Hardie & Shang 2010: 11,104 donors, 1.204 / .750 / .657 / 2.783; expectations by an independent computation.

    The values .13022 and 3.62797, of donors who never gave again and of those who gave four times, last in the fifth year of six, are of
    ten years; over the five years of the paper's holdout it is .07286 and 2.03002.
    """
    case = load_case("donors")
    donors, expected = case["donors"], case["expected"]
    count = donors["donors"]
    assert count.sum() == 11104
    model = BetaGeoBinomial(unit="Y").fit(donors, count)
    assert model.converged_
    assert model.params_.tolist() == pytest.approx(expected[:4].tolist(), rel=1e-6)
    assert model.loglik_ == pytest.approx(expected["loglik"], abs=1e-6)
    assert model.predict(donors, 5) @ count == pytest.approx(expected["gifts_in_five_years"], abs=0.005)
    for years, given in ((10, [0.13022, 3.62797]), (5, [0.07286, 2.03002])):
        assert model.predict(donors, years)[[0, 17]].tolist() == pytest.approx(given, abs=6e-6)
    assert model.dert(donors, annual_rate=0.1)[21] == pytest.approx(5.90989, abs=5e-6)
