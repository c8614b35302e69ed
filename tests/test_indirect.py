"""What a customer brings beyond what it buys: referrals, case studies, features, its name."""

import duckdb
import numpy as np
import pandas as pd
import polars
import pytest

from custprof import decisions
from custprof.decisions.indirect import CELLS

PEOPLE = pd.DataFrame(
    {
        "customer_id": ["a", "b", "c", "d", "e", "f"],
        "referred_by": [None, "a", "a", "b", "gone", None],
        "referral_type": [None, "one", "two", "one", "one", "two"],
    }
)
VALUE = pd.Series({"a": 10.0, "b": 500.0, "c": 300.0, "d": -40.0, "e": 70.0, "f": 5.0})


def test_type_one_brings_its_value_and_the_saved_cost_type_two_the_cost_only():
    found = decisions.referral_value(PEOPLE, VALUE, acquisition_cost=20.0)
    assert found.loc["a"].tolist() == [10.0, 1, 1, 500.0, 40.0, 540.0, "advocate"]
    assert found.loc["b"].tolist() == [500.0, 1, 0, -40.0, 20.0, -20.0, "affluent"]  # a bad referral counts as one
    assert found.loc["c", "cell"] == "affluent" and found.loc["d", "cell"] == "miser"


def test_of_a_chain_everybody_counts_for_its_own_referrer():
    """a refers b, b refers d: d is no part of a's value by referrals."""
    found = decisions.referral_value(PEOPLE, VALUE)
    assert found["referred_value"].to_dict() == {"a": 500.0, "b": -40.0, "c": 0.0, "d": 0.0, "e": 0.0, "f": 0.0, "(unknown referrer)": 70.0}


def test_who_was_referred_by_nobody_known_stands_in_a_row_of_its_own():
    row = decisions.referral_value(PEOPLE, VALUE, acquisition_cost=20.0).loc["(unknown referrer)"]
    assert row[["type_one", "type_two", "referral_value"]].tolist() == [1, 1, 110.0]  # e's referrer is no customer, f's is not named
    assert np.isnan(row["value"]) and pd.isna(row["cell"])


def test_no_column_holds_own_value_and_referral_value_together():
    """No euro twice: the sum of all referral values is that of the referred, and own values are never added to it."""
    found = decisions.referral_value(PEOPLE, VALUE, acquisition_cost=20.0)
    assert list(found) == ["value", "type_one", "type_two", "referred_value", "saved_cost", "referral_value", "cell"]
    referred = PEOPLE.set_index("customer_id")["referral_type"].eq("one")
    assert found["referred_value"].sum() == VALUE[referred[referred].index].sum()
    assert found["saved_cost"].sum() == 20.0 * PEOPLE["referral_type"].notna().sum()
    both = VALUE.add(found["referral_value"], fill_value=0.0)
    for name in found.select_dtypes("number"):
        assert not np.isclose(found[name].sum(), both.sum()), name


def test_the_four_cells_of_the_matrix():
    people = pd.DataFrame(
        {"customer_id": list("abcdx"), "referred_by": [None, None, None, "a", "c"], "referral_type": [None] * 3 + ["one"] * 2}
    )
    value = pd.Series({"a": 100.0, "b": 90.0, "c": 1.0, "d": 50.0, "x": 2.0})
    cells = decisions.referral_value(people, value)["cell"]
    assert cells.to_dict() == {"a": "champion", "b": "affluent", "c": "advocate", "d": "miser", "x": "miser"}
    assert set(cells) == set(CELLS.values())


def test_the_saved_cost_may_differ_by_customer_and_a_type_may_be_assumed():
    cost = pd.Series({"b": 7.0, "c": 11.0, "d": 1.0, "e": 1.0, "f": 1.0})
    assert decisions.referral_value(PEOPLE, VALUE, acquisition_cost=cost).loc["a", "saved_cost"] == 18.0
    untyped = PEOPLE.drop(columns="referral_type")
    assert decisions.referral_value(untyped, VALUE, missing_type="two")["type_two"].sum() == 4
    assert decisions.referral_value(untyped, VALUE, missing_type="one").loc["a", "referral_value"] == 800.0


def test_order_decides_nothing_and_nothing_is_mutated():
    kept = PEOPLE.copy(deep=True), VALUE.copy(deep=True)
    found = decisions.referral_value(PEOPLE, VALUE, acquisition_cost=20.0)
    again = decisions.referral_value(PEOPLE.sample(frac=1, random_state=3), VALUE.sample(frac=1, random_state=4), acquisition_cost=20.0)
    pd.testing.assert_frame_equal(found, again)
    pd.testing.assert_frame_equal(PEOPLE, kept[0])
    pd.testing.assert_series_equal(VALUE, kept[1])


def test_a_value_that_nobody_knows_is_no_value():
    few = VALUE.drop(["a", "c"])
    found = decisions.referral_value(PEOPLE, few)
    assert np.isnan(found.loc["a", "value"]) and found.loc["a", "referral_value"] == 500.0 and pd.isna(found.loc["a", "cell"])
    with pytest.raises(
        ValueError, match=r"value is missing for 1 of 3 referred customers, first \['b'\]; give it, 0 for who brings nothing"
    ):
        decisions.referral_value(PEOPLE, VALUE.drop("b"))


def people(**columns):
    return pd.DataFrame({"customer_id": ["a", "b", "c"], "referral_type": "one"} | columns)


@pytest.mark.parametrize(
    ("customers", "message"),
    [
        (people(referred_by=["a", None, None]), r"1 customers refer themselves, first \['a'\]; correct referred_by"),
        (people(referred_by=["b", "a", "a"]), r"2 customers refer each other in a circle, first \['a', 'b'\]; correct referred_by"),
        (people(referred_by=["c", "a", "b"]), "3 customers refer each other in a circle"),
        (
            people(referred_by=[None, "a", "a"], referral_type=[None, "one", None]),
            r"referral_type is missing for 1 of 2 referred customers",
        ),
        (
            people(referred_by=[None, "a", "a"], referral_type=[None, "one", "three"]),
            "referral_type is 'three' for 'c'; it is 'one' or 'two'",
        ),
        (people(referred_by=[None] * 3, customer_id="a"), "customers .* stand in more than one row"),
        (people(), "customers lacks referred_by"),
    ],
)
def test_referrals_that_cannot_be(customers, message):
    with pytest.raises(ValueError, match=message):
        decisions.referral_value(customers, VALUE)


def test_messages_of_options():
    with pytest.raises(ValueError, match="acquisition_cost is -1; give what winning a customer costs, zero or more"):
        decisions.referral_value(PEOPLE, VALUE, acquisition_cost=-1)
    with pytest.raises(ValueError, match="missing_type is 'both'; choose 'one'"):
        decisions.referral_value(PEOPLE, VALUE, missing_type="both")
    with pytest.raises(TypeError, match="value is a dict; give a Series by customer_id"):
        decisions.referral_value(PEOPLE, dict(VALUE))
    with pytest.raises(ValueError, match="acquisition_cost is missing for 4 of 5 referred customers"):
        decisions.referral_value(PEOPLE, VALUE, acquisition_cost=pd.Series({"b": 1.0}))


ROWS = pd.DataFrame(
    {
        "customer_id": ["b", "a", "a", None, "a"],
        "date": pd.to_datetime(["2024-01-01"] * 5),
        "kind": ["brand", "feature", "brand", "case study", None],
        "value": [0.1, 10.0, None, 7.0, 0.2],
    }
)


@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
def test_indirect_benefits_are_added_up_in_the_engine_by_customer_and_kind(engine):
    columns = {name: [None if pd.isna(value) else value for value in ROWS[name]] for name in ("customer_id", "kind", "value")}
    rows = {"pandas": lambda: ROWS, "polars": lambda: polars.DataFrame(columns), "duckdb": lambda: duckdb.from_df(ROWS)}[engine]()
    found = decisions.indirect_benefit(rows)
    assert list(found) == ["benefits", "not_valued", "(no kind)", "brand", "case study", "feature", "indirect_benefit"]
    assert found.to_dict("index") == {
        "(unknown customer)": dict(zip(found, [1, 0, 0.0, 0.0, 7.0, 0.0, 7.0], strict=True)),
        "a": dict(zip(found, [3, 1, 0.2, 0.0, 0.0, 10.0, 10.2], strict=True)),
        "b": dict(zip(found, [1, 0, 0.0, 0.1, 0.0, 0.0, 0.1], strict=True)),
    }


def test_benefits_without_kind_or_value_are_counted():
    found = decisions.indirect_benefit(ROWS[["customer_id", "date"]])
    assert found.loc["a"].tolist() == [3, 3, 0.0, 0.0]
    with pytest.raises(ValueError, match="contributions lack customer_id; they have date"):
        decisions.indirect_benefit(ROWS[["date"]])


def test_ids_that_are_missing_or_of_another_type_are_refused():
    people = pd.DataFrame({"customer_id": [1, 2, 3], "referred_by": [None, "1", "1"], "referral_type": [None, "one", "two"]})
    with pytest.raises(
        ValueError, match=r"0 of 1 ids of referred_by match those of the customers, first three \['1'\] against \[1, 2, 3\]"
    ):
        decisions.referral_value(people, pd.Series({1: 10.0, 2: 5.0, 3: 1.0}))
    nameless = pd.DataFrame({"customer_id": ["a", None], "referred_by": [None, "a"], "referral_type": [None, "one"]})
    with pytest.raises(ValueError, match="customer_id is missing in 1 of 2 rows of customers; fill or drop them before"):
        decisions.referral_value(nameless, pd.Series({"a": 10.0}))


def test_benefits_that_are_no_amounts_or_no_kinds_are_refused():
    rows = pd.DataFrame({"customer_id": ["a", "b"], "kind": ["brand", "feature"], "value": [1.0, float("inf")]})
    with pytest.raises(ValueError, match="value is infinite in 1 rows of contributions"):
        decisions.indirect_benefit(rows)
    with pytest.raises(TypeError, match="value of contributions is of type String, not a number"):
        decisions.indirect_benefit(rows.assign(value=["much", "1"]))
    with pytest.raises(ValueError, match="kind is 'benefits', the name of a column of the result"):
        decisions.indirect_benefit(rows.assign(kind="benefits", value=1.0))
