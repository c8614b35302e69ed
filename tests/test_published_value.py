"""Values of customers and curves as the papers and textbooks print them."""

import numpy as np
import pandas as pd
import pytest

from custprof.lifetime import chain_value, margin_multiple, retention_curve


def test_markov_chain_of_pfeifer_and_carraway():
    """Pfeifer & Carraway (2000), Journal of Interactive Marketing 14(2): margin 40, marketing 4, lost after four periods of silence."""
    chance = [0.3, 0.2, 0.15, 0.05]
    moves = pd.DataFrame(0.0, index=[1, 2, 3, 4], columns=[1, 2, 3, 4, "lost"])
    for recency, (p, silent) in enumerate(zip(chance, [2, 3, 4, "lost"], strict=True), start=1):
        moves.loc[recency, 1] = p
        moves.loc[recency, silent] = 1 - p
    earnings = pd.Series([36.0, -4, -4, -4], index=moves.index)
    value = chain_value(moves, earnings, annual_rate=0.0)
    assert value[1] == pytest.approx(64.25, abs=0.005)
    v1 = [0.0] * 5  # by hand: what one who just bought is worth, before any of it is known, put in again and again
    for _ in range(200):
        v1 = [0.0] + [earnings[k] + chance[k - 1] * v1[1] + (1 - chance[k - 1]) * (v1[k + 1] if k < 4 else 0.0) for k in (1, 2, 3, 4)] + [0]
    assert value.tolist() == pytest.approx(v1[1:5])


@pytest.mark.parametrize(
    ("retention", "printed"),
    [
        (0.6, [1.20, 1.15, 1.11, 1.07]),
        (0.7, [1.75, 1.67, 1.59, 1.52]),
        (0.8, [2.67, 2.50, 2.35, 2.22]),
        (0.9, [4.50, 4.09, 3.75, 3.46]),
    ],
)
def test_margin_multiples_of_gupta_and_lehmann(retention, printed):
    """Gupta & Lehmann (2003), Journal of Interactive Marketing 17(1): r / (1 + i - r) at 10, 12, 14 and 16 %."""
    multiples = [margin_multiple(retention, rate) for rate in (0.10, 0.12, 0.14, 0.16)]
    assert np.round(multiples, 2).tolist() == printed
    stay = pd.DataFrame({"there": [retention], "lost": [1 - retention]}, index=["there"])
    chain = [chain_value(stay, pd.Series({"there": 1.0}), annual_rate=rate)["there"] for rate in (0.10, 0.12, 0.14, 0.16)]
    assert np.subtract(chain, 1) == pytest.approx(multiples)  # the chain counts this year's margin, too


def test_kaplan_meier_of_the_leukaemia_trial():
    """Weeks in remission under 6-MP (Freireich et al. 1963), the example of most textbooks: Kalbfleisch & Prentice (2002), chapter 1."""
    lost = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    kept = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    summary = pd.DataFrame(
        {"frequency": 1, "recency": [t - 0.5 for t in lost] + [float(t) for t in kept], "T": [99.0] * len(lost) + [float(t) for t in kept]}
    )
    curve = retention_curve(summary, inactive_after=0.5)
    assert curve["age"].tolist() == [0, 6, 7, 10, 13, 16, 22, 23, 35]  # at 35 the last one is followed no more
    assert curve["at_risk"].tolist()[1:] == [21, 17, 15, 12, 11, 7, 6, 1]
    assert curve["retention"].round(3).tolist() == [1.0, 0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448, 0.448]
    at_six = curve.iloc[1]  # Greenwood's standard error .0764, on the log-log scale
    spread = 0.0764 / (0.8571 * abs(np.log(0.8571)))
    assert at_six["low"] == pytest.approx(0.8571 ** np.exp(1.96 * spread), abs=1e-3)
    assert at_six["high"] == pytest.approx(0.8571 ** np.exp(-1.96 * spread), abs=1e-3)
