"""The drawn data of the decisions' figures equal their frames."""

import pandas as pd
import pytest
from matplotlib import pyplot as plt

from custprof import plots


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_repaired_prices_stand_by_the_way_it_takes():
    frame = pd.DataFrame(
        {
            "way": ["fee or effort", "price", "nothing", "price", "price and fee or effort"],
            "brings": [0.0, 3.0, 0.0, 4.0, 5.0],
            "fee": [9.0, 0.0, 0.0, 0.0, 2.0],
        }
    )
    ax = plots.reprice(frame, currency="EUR")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["price", "price and fee or effort", "fee or effort"]
    assert [(float(bar.get_x()), float(bar.get_width())) for bar in ax.patches] == [(0, 7), (0, 5), (0, 0), (7, 0), (5, 2), (0, 9)]
    assert [text.get_text() for text in ax.texts] == ["2 customers, 7", "1 customer, 7", "1 customer, 9"]
    assert ax.get_xlabel() == "lacks to the target (EUR)"
    assert not plots.reprice(frame[frame["way"] == "nothing"]).patches


def test_calls_stand_best_first_with_silence_and_rhythm():
    frame = pd.DataFrame(
        {
            "silent_days": [1200, 90, 400],
            "usual_interval": [30.4, 12.0, float("nan")],
            "most_per_contact": [50.0, 40.0, 30.0],
        },
        index=["a", "b", "c"],
    )
    ax = plots.reengage(frame, top=3, currency="EUR")
    assert sorted(float(bar.get_width()) for bar in ax.patches) == [30.0, 40.0, 50.0]
    assert [text.get_text() for text in ax.texts] == [
        "silent for 1,200 days, came every 30",
        "silent for 90 days, came every 12",
        "silent for 400 days, came once",
    ]
    assert len(plots.reengage(frame, top=1).patches) == 1 and not plots.reengage(frame.head(0)).patches


def test_the_value_matrix_draws_every_referrer_once_and_counts_all_in_their_cells():
    frame = pd.DataFrame(
        {
            "value": [10.0, 500.0, 300.0, -40.0, float("nan")],
            "type_one": [1, 1, 0, 0, 1],
            "type_two": [1, 0, 0, 1, 0],
            "referral_value": [540.0, 60.0, 0.0, 20.0, 70.0],
            "cell": ["advocate", "champion", "affluent", "advocate", None],
        }
    )
    ax = plots.value_matrix(frame, currency="EUR")
    drawn = sorted(tuple(map(float, point)) for points in ax.collections for point in points.get_offsets())
    assert drawn == [(-40.0, 20.0), (10.0, 540.0), (500.0, 60.0)]
    words = [text.get_text() for text in ax.texts]
    assert words == ["advocate\n2 customers, 560", "champion\n1 customer, 60", "miser\n0 customers, 0", "affluent\n1 customer, 0"]
    assert ax.get_xlabel() == "own value (EUR)" and ax.get_ylabel() == "value by referrals (EUR)"
    assert plots.value_matrix(frame.head(0)).get_xlabel() == "own value"
