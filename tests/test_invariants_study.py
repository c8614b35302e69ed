"""Whatever is wrong with the rows: what is read is used or set aside, to the row and the cent, in whatever order the rows stand."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custprof.study import Study
from custprof.study.facts import customer_facts

HEADER = "customer_id,order_id,date,revenue,list_amount,is_return"
THOUSANDTHS = st.integers(-100_000_000, 100_000_000).map(lambda thousandths: f"{Decimal(thousandths) / 1000:f}")
BAD_MONEY = st.sampled_from(["", "abc", "1,5", "inf", "nan", "1e400", "--3", "12 €", "0x10"])


@st.composite
def rows(draw):
    """A line that is right, or damaged in one or several ways."""
    cells = [
        draw(st.sampled_from(["C1", "C2", "C3", "", '"C ""4"""', '"C\n5"'])),
        draw(st.sampled_from(["O1", "O2", "O3", ""])),
        draw(st.sampled_from(["2023-12-31", "2024-01-01", "2024-06-30", "31.12.2023", "2024-02-30", "", "soon"])),
        draw(THOUSANDTHS | BAD_MONEY).replace(",", ";"),
        draw(THOUSANDTHS | st.sampled_from(["", "", "n/a"])),
        draw(st.sampled_from(["", "true", "no", "perhaps"])),
    ]
    damage = draw(st.sampled_from([0, 0, 0, 0, -2, 1]))
    return ",".join(cells[:damage] if damage < 0 else [*cells, *["extra"] * damage])


def opened(folder, lines, toml="", customers=()):
    (Path(folder) / "study.toml").write_text('[study]\nperiod = "quarter"\n' + toml)
    (Path(folder) / "transactions.csv").write_text("\n".join([HEADER, *lines]) + "\n")
    if customers:
        (Path(folder) / "customers.csv").write_text("\n".join(["customer_id,name", *customers]) + "\n")
    return Study.open(folder)


@settings(max_examples=20, deadline=None)
@given(lines=st.lists(rows(), min_size=1, max_size=12), seed=st.randoms(use_true_random=False), aside=st.booleans())
def test_used_and_set_aside_are_what_was_read_in_any_order(lines, seed, aside):
    toml = '[tables.transactions]\nduplicates = "set_aside"\n' if aside else ""
    names = [f"C{seed.randint(1, 3)},{seed.choice('xyz')}" for _ in range(4)]
    shuffled, names_again = lines[:], names[:]
    seed.shuffle(shuffled), seed.shuffle(names_again)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        study, again = opened(one, lines, toml, names), opened(two, shuffled, toml, names_again)
        whole = study.reconciliation()
        counts = whole.set_index("table")
        assert counts.loc["transactions", "rows_read"].max() == len(lines)
        assert (whole["rows_read"] == whole["rows_used"] + whole["rows_set_aside"]).all()
        money = whole[whole["column"] != ""]
        rest = money["amount_read"] - money["amount_used"] - money["amount_set_aside"] - money["amount_rounding"]
        assert rest.abs().max() < 1e-6
        known = sum(Decimal(amount) for amount in revenue_cells(lines))
        assert money.set_index("column").loc["revenue", "amount_read"] == pytest.approx(float(known), abs=1e-6)
        pd.testing.assert_frame_equal(whole, again.reconciliation())

        issues, others = study.check(), again.check()
        aside_rows = issues[issues["rule"].str.startswith("set aside")].groupby("table")["rows"].sum()
        assert aside_rows.to_dict() == {table: n for table, n in whole.groupby("table")["rows_set_aside"].first().items() if n}
        same = ["severity", "table", "column", "rule", "rows", "amount"]
        pd.testing.assert_frame_equal(issues[same], others[same])
        if counts.loc["transactions", "rows_used"].max():
            pd.testing.assert_frame_equal(study.frame("transactions"), again.frame("transactions"))
            pd.testing.assert_frame_equal(study.frame("customers"), again.frame("customers"))
            for by in (None, "period"):
                facts = study.customer_facts(by)
                pd.testing.assert_frame_equal(facts, again.customer_facts(by))
                used = money.set_index("column").loc["revenue", "amount_used"]
                assert facts["net_revenue"].sum() == pytest.approx(used, abs=1e-6) and facts["lines"].sum() == len(
                    study.frame("transactions")
                )


def revenue_cells(lines):
    """Amounts that a person reading the lines would add up: of those with the header's number of fields, the plain numbers."""
    for line in lines:
        cells = line.split(",")
        if len(cells) == 6 and cells[3].lstrip("-").replace(".", "").isdigit() and "--" not in cells[3]:
            yield cells[3]


LINES = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", None]),
        st.sampled_from(["1", "2", "3"]),
        st.integers(0, 800),
        st.integers(-100_000, 100_000),
        st.none() | st.integers(-100_000, 100_000),
        st.sampled_from([True, False, None]),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=40, deadline=None)
@given(lines=LINES)
def test_the_ladder_adds_up_for_every_customer_and_period(lines):
    frame = pd.DataFrame(lines, columns=["customer_id", "order_id", "day", "revenue", "list_amount", "is_return"])
    frame["date"] = pd.Timestamp("2023-01-01") + pd.to_timedelta(frame["day"], unit="D")
    frame[["revenue", "list_amount"]] = frame[["revenue", "list_amount"]].astype("float64") / 100
    before = frame.copy(deep=True)
    whole = customer_facts(frame)
    for facts in (whole, customer_facts(frame, by="period", period="quarter", fiscal_start=4)):
        cents = (facts.select_dtypes("float64") * 100).round().astype("int64")
        assert (cents["list_revenue"] - cents["discounts"] == cents["invoice_revenue"]).all()
        assert (cents["invoice_revenue"] - cents["returns"] == cents["net_revenue"]).all()
        assert cents["net_revenue"].sum() == (frame["revenue"] * 100).round().sum() and facts["lines"].sum() == len(frame)
        assert (facts["returns_lines"] <= facts["lines"]).all() and (facts["orders"] <= facts["lines"] - facts["returns_lines"]).all()
    sold = frame[~frame["is_return"].astype("boolean").fillna(frame["revenue"] < 0).astype(bool)]
    orders = sold.fillna({"customer_id": "(unknown customer)"}).groupby("customer_id")["order_id"].nunique()
    assert whole["orders"].to_dict() == {name: int(orders.get(name, 0)) for name in whole.index}
    pd.testing.assert_frame_equal(frame, before)
