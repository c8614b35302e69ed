"""Is the simulated company whole, exact and always the same, and do the shipped data hold what their cards say?"""

import gzip
import itertools
import sys

import numpy as np
import pandas as pd
import pytest

from custprof.datasets import Company, demo_path, load_case, load_cdnow, load_demo, load_truth, shipped, simulate_company
from custprof.datasets import company as company_module
from custprof.datasets.company import BLOCK

TABLES = ["campaigns", "contributions", "customers", "events", "invoices", "leads", "ledger", "ratings", "transactions"]
PARSE = {
    "transactions": ["date"],
    "invoices": ["invoiced_on", "due_on", "paid_on"],
    "leads": ["created_on", "won_on"],
    "customers": ["acquired_on"],
}


@pytest.fixture(scope="module")
def company() -> Company:
    return simulate_company()


@pytest.fixture(scope="module")
def large() -> Company:
    return simulate_company(3 * BLOCK)


@pytest.fixture(scope="module")
def blocks(tmp_path_factory):
    """A company of three small blocks, in memory and written."""
    folder = tmp_path_factory.mktemp("blocks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(company_module, "BLOCK", 150)
        simulate_company(400, random_state=5, out=folder)
        return simulate_company(400, random_state=5), folder


def cents(values) -> np.ndarray:
    return np.rint(np.asarray(values, dtype=float) * 100).astype(np.int64)


def content(file):
    return gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()


def read(folder, table):
    files = sorted(folder.glob(f"{table}*.csv*"))
    frame = pd.concat(
        [pd.read_csv(file, dtype={"period": str, "account": str}, parse_dates=PARSE.get(table)) for file in files], ignore_index=True
    )
    return frame


def test_the_shipped_demo_is_made_again_byte_for_byte(tmp_path):
    simulate_company(2000, random_state=0, out=tmp_path)
    made = {file.relative_to(tmp_path) for file in tmp_path.rglob("*") if file.is_file()}
    assert made == {file.relative_to(demo_path()) for file in demo_path().rglob("*") if file.is_file()}
    different = [str(file) for file in sorted(made) if content(tmp_path / file) != content(demo_path() / file)]
    assert not different


def test_the_demo_is_small_enough_to_ship():
    sizes = {file.name: file.stat().st_size for file in demo_path().rglob("*") if file.is_file()}
    assert max(sizes.values()) < 4 * 2**20
    assert sum(sizes.values()) < 10e6


def test_the_card_says_how_many_rows(company):
    card = (shipped("data") / "README.md").read_text(encoding="utf-8")
    for table in TABLES:
        row = next(line for line in card.splitlines() if line.startswith(f"| {table} |"))
        assert row.split("|")[3].strip() == f"{len(company.tables[table]):,}"


def test_shapes(company):
    assert sorted(company.tables) == TABLES
    assert company.tables["customers"].shape == (2000, 11)
    assert 130_000 < len(company.tables["transactions"]) < 170_000
    for table, key in (
        ("customers", "customer_id"),
        ("invoices", "invoice_id"),
        ("leads", "lead_id"),
        ("ledger", "line_id"),
        ("campaigns", "campaign_id"),
    ):
        assert company.tables[table][key].is_unique
    assert company.tables["customers"]["name"].is_unique
    assert company.tables["transactions"]["date"].max() == pd.Timestamp("2025-12-31")
    assert company.tables["transactions"]["date"].min() >= pd.Timestamp("2023-01-01")


def test_references_point_at_rows(company):
    tables, known = company.tables, set(company.tables["customers"]["customer_id"])
    for table in ("transactions", "events", "invoices", "leads", "ratings", "contributions"):
        assert set(tables[table]["customer_id"].dropna()) <= known
    customers = tables["customers"].set_index("customer_id")
    assert set(customers["campaign_id"].dropna()) <= set(tables["campaigns"]["campaign_id"])
    referred = customers[customers["referred_by"].notna()]
    assert (customers.loc[referred["referred_by"], "acquired_on"].to_numpy() < referred["acquired_on"].to_numpy()).all()
    won = tables["leads"].dropna(subset=["customer_id"]).set_index("customer_id")
    assert won.index.is_unique
    assert (won["won_on"] == customers.loc[won.index, "acquired_on"]).all()
    assert (tables["leads"]["won_on"].isna() == tables["leads"]["customer_id"].isna()).all()
    assert (won["created_on"] <= won["won_on"]).all()


def test_new_customers_first_buy_on_the_day_they_came(company):
    first = company.tables["transactions"].groupby("customer_id")["date"].min()
    new = company.tables["customers"].query("acquired_on >= '2023-01-01'").set_index("customer_id")["acquired_on"]
    pd.testing.assert_series_equal(first.reindex(new.index), new, check_names=False)


def test_list_amount_less_discount_is_revenue_on_every_line(company):
    lines = company.tables["transactions"]
    assert (cents(lines["list_amount"]) - cents(lines["discount"]) == cents(lines["revenue"])).all()
    signs = lines[["quantity", "list_amount", "revenue"]] < 0
    assert (signs.eq(lines["is_return"], axis=0)).all(axis=None)
    assert (lines["freight"] >= 0).all()
    cash = lines[lines["customer_id"].isna()]
    assert 200 < len(cash) < 500
    assert cash["revenue"].sum() < 0.002 * lines["revenue"].sum()


@pytest.mark.parametrize(
    ("account", "column", "sign"),
    [("4000", "revenue", -1), ("5000", "cost_of_goods", 1), ("5100", "freight", 1), ("5200", "commission", 1)],
)
def test_accounts_of_the_lines_tie_by_month(blocks, account, column, sign):
    ledger, lines = blocks[0].tables["ledger"], blocks[0].tables["transactions"]
    posted = ledger[ledger["account"] == account].set_index("period")["amount"]
    months = pd.Series(cents(lines[column])).groupby(lines["date"].dt.strftime("%Y-%m")).sum()
    assert (sign * cents(posted) == months.reindex(posted.index)).all()


def test_interest_and_bad_debt_tie_by_month(company):
    ledger, invoices = company.tables["ledger"], company.tables["invoices"]
    end = company.tables["transactions"]["date"].max()
    month = invoices["invoiced_on"].dt.strftime("%Y-%m")
    days = (invoices["paid_on"].fillna(end) - invoices["invoiced_on"]).dt.days
    interest = cents(np.round(invoices["amount"] * 0.08 * days / 365, 2))
    lost = invoices["paid_on"].isna() & (invoices["due_on"] + pd.Timedelta(days=180) < end)
    for account, amounts in (("5300", interest), ("5400", np.where(lost, cents(invoices["amount"] - invoices["amount_paid"]), 0))):
        posted = ledger[ledger["account"] == account].set_index("period")["amount"]
        assert (cents(posted) == pd.Series(amounts).groupby(month).sum().reindex(posted.index)).all()
        assert posted.sum() > 0


def test_invoices_are_the_orders_of_known_customers(company):
    lines = company.tables["transactions"].dropna(subset=["customer_id"])
    orders = pd.Series(cents(lines["revenue"])).groupby(lines["order_id"].str[1:].to_numpy()).sum()
    invoices = company.tables["invoices"].assign(number=lambda frame: frame["invoice_id"].str[1:]).set_index("number")
    assert (orders == pd.Series(cents(invoices["amount"]), invoices.index).reindex(orders.index)).all()
    assert len(orders) == len(invoices)
    credit = invoices[invoices["amount"] < 0]
    assert (credit["paid_on"] == credit["invoiced_on"]).all()
    assert invoices["paid_on"].isna().any()
    assert invoices["disputed"].any()


def test_campaigns_are_in_the_ledger(company):
    posted = company.tables["ledger"].query("account == '6500'")["amount"].sum()
    assert posted == company.tables["campaigns"]["spend"].sum()


def test_a_company_that_earns_a_little(company):
    ledger = company.tables["ledger"].groupby("account")["amount"].sum()
    revenue, overhead = -ledger["4000"], ledger[ledger.index >= "6000"].sum()
    assert 0.03 < -ledger.sum() / revenue < 0.08
    assert 0.18 < overhead / revenue < 0.26


def test_customer_service_had_too_little_time_in_2025_and_the_others_some_left(company):
    events = company.tables["events"]
    minutes = events.groupby([events["department"], events["date"].dt.year])["minutes"].sum()
    service = minutes["Customer service"] / company.capacity["customer_service"]
    assert service[2025] > 1 > service[2023]
    assert (minutes["Field sales"] < 0.95 * company.capacity["field_sales"]).all()


def test_the_same_seed_the_same_company_and_another_seed_another(company):
    small = [simulate_company(300, random_state=seed).tables for seed in (1, 1, 2)]
    for table in TABLES:
        pd.testing.assert_frame_equal(small[0][table], small[1][table])
    assert not small[0]["transactions"].equals(small[2]["transactions"])


def test_written_in_blocks_equals_in_memory(blocks):
    company, folder = blocks
    assert company.tables["customers"]["customer_id"].iloc[-1] == "C00400"
    for table in TABLES:
        ours, theirs = company.tables[table], read(folder, table)
        if table == "transactions":
            key = ["order_id", "product_id", "quantity", "revenue"]
            ours, theirs = (frame.sort_values(key, ignore_index=True) for frame in (ours, theirs))
        assert list(ours.columns) == list(theirs.columns)
        for column in ours:
            left, right = ours[column], theirs[column]
            if pd.api.types.is_datetime64_any_dtype(left):
                right = pd.to_datetime(right)
            assert (left.isna() == right.isna()).all(), (table, column)
            if pd.api.types.is_float_dtype(left):
                np.testing.assert_allclose(left.dropna(), right.dropna(), atol=0.001)
            else:
                assert (left.dropna() == right.dropna()).all(), (table, column)


def test_larger_companies_grow_in_proportion_and_start_alike(company, large):
    for table in ("transactions", "events", "invoices", "leads"):
        assert len(large.tables[table]) / len(company.tables[table]) == pytest.approx(3, rel=0.15)
    first = large.tables["customers"].head(BLOCK)
    assert (first["acquired_on"] == company.tables["customers"]["acquired_on"]).all()
    for table, key in (("customers", "customer_id"), ("invoices", "invoice_id"), ("leads", "lead_id")):
        assert large.tables[table][key].is_unique
    assert large.capacity["warehouse"] / company.capacity["warehouse"] == pytest.approx(3, rel=0.15)


def test_no_table_tells_the_truth(company):
    hidden = set(company.truth["customers"]["type"]) | {"dropped_out_on", "orders_per_year", "mean_spend", "type"}
    for frame in company.tables.values():
        assert not hidden & set(frame.columns)
        for column in frame.select_dtypes(["object", "string"]):
            assert not hidden & set(frame[column].dropna().unique())
    study = load_demo()
    assert sorted(study.tables) == TABLES


def test_nobody_buys_after_dropping_out(company):
    lines = company.tables["transactions"].query("~is_return")
    last = lines.groupby("customer_id")["date"].max()
    dropped = company.truth["customers"].set_index("customer_id")["dropped_out_on"].dropna()
    late = (last.reindex(dropped.index) - dropped).dt.days.dropna()
    assert (late <= 1).all()  # an order on a Sunday is booked on Monday
    assert 0.15 < len(dropped) / 2000 < 0.4


def test_purchases_follow_the_rates_of_the_truth(company):
    truth = company.truth["customers"].set_index("customer_id")
    lines = company.tables["transactions"].query("~is_return")
    orders = lines.groupby("customer_id")["order_id"].nunique().reindex(truth.index).fillna(0)
    start = company.tables["customers"].set_index("customer_id")["acquired_on"].clip(lower=pd.Timestamp("2023-01-01"))
    end = truth["dropped_out_on"].fillna(pd.Timestamp("2026-01-01"))
    years = (end - start).dt.days / 365.25
    steady = truth["type"] != "drifter"
    new = company.tables["customers"].set_index("customer_id")["acquired_on"] >= "2023-01-01"
    expected = (truth["orders_per_year"] * years + new)[steady].sum()
    assert orders[steady].sum() == pytest.approx(expected, rel=0.02)


def test_drifters_buy_less_and_call_more(company):
    drifters = company.truth["customers"].query("type == 'drifter' and dropped_out_on.isna()")["customer_id"]
    customers = company.tables["customers"].set_index("customer_id").loc[drifters]
    old = customers.index[customers["acquired_on"] < "2023-01-01"]
    assert len(old) > 20
    lines, events = company.tables["transactions"], company.tables["events"]
    lines, events = lines[lines["customer_id"].isin(old)], events[events["customer_id"].isin(old)]
    revenue = lines.groupby(lines["date"].dt.year)["revenue"].sum()
    minutes = events.groupby(events["date"].dt.year)["minutes"].sum()
    assert revenue[2025] < 0.6 * revenue[2023]
    assert minutes[2025] > 1.5 * minutes[2023]


def test_campaigns_convert_as_the_truth_says(large):
    leads, truth = large.tables["leads"], large.truth["campaigns"].set_index("campaign_id")["conversion"]
    seen = leads.groupby("campaign_id")["won_on"].agg(lambda days: days.notna().mean())
    assert np.corrcoef(seen, truth.reindex(seen.index))[0, 1] > 0.85


def test_too_few_customers_are_refused():
    with pytest.raises(ValueError, match="n_customers is 3; a company needs at least 50"):
        simulate_company(3)


def test_truth_is_shipped(company):
    truth = load_truth()
    assert sorted(truth) == sorted(company.truth)
    assert (truth["customers"]["type"] == company.truth["customers"]["type"]).all()


def test_cdnow():
    purchases = load_cdnow()
    assert purchases.shape == (6919, 4)
    assert purchases["customer_id"].nunique() == 2357
    assert purchases["revenue"].sum() == pytest.approx(244_091.94)
    assert (purchases["date"].min(), purchases["date"].max()) == (pd.Timestamp("1997-01-01"), pd.Timestamp("1998-06-30"))


def test_every_case_has_a_source_and_results():
    names = [file.stem for file in (shipped("data") / "cases").glob("*.toml")]
    assert len(names) == 11
    for name in names:
        case = load_case(name)
        assert case["title"] and case["question"].endswith("?") and case["source"]
        columns = itertools.chain.from_iterable(list(value.columns) for value in case.values() if isinstance(value, pd.DataFrame))
        assert any(str(key).startswith("expected") for key in [*case, *columns])


def test_cases_add_up():
    mogul = load_case("mogul_penner_slicer")
    income = mogul["customers"]["sales"] - mogul["customers"].drop(columns="sales").sum(axis=1)
    assert (income == mogul["expected_income"]).all()
    spring = load_case("spring_distribution")
    discount = (spring["list_price"] - spring["customers"]["price"]) * spring["customers"]["cases"]
    np.testing.assert_allclose(discount, spring["expected"]["discount"], atol=1e-6)
    assert spring["expected"]["operating_income"].sum() == 90_787
    service = load_case("customer_service")
    assert (service["activities"].prod(axis=1) == service["expected"]["minutes"]).all()
    rod = load_case("rod_manufacturing")
    assert rod["expected"]["fully_loaded"].sum() == 339_000
    assert load_case("transit")["expected"].sum(axis=1).tolist() == pytest.approx([9100] * 4)


def test_an_unknown_case_lists_the_names():
    with pytest.raises(ValueError, match=r"no case 'tranist'; choose one of allied_office, campaign, .*transit"):
        load_case("tranist")


def test_missing_shipped_folder_is_said():
    with pytest.raises(FileNotFoundError, match="came without its folder 'nothing'"):
        shipped("nothing")


def test_shipped_folders_of_an_installed_package(tmp_path, monkeypatch):
    inside = tmp_path / "custprof" / "_shipped" / "data"
    inside.mkdir(parents=True)
    (tmp_path / "data").mkdir()  # another package's folder, not ours: there is no pyproject.toml beside it
    monkeypatch.setattr(sys.modules["custprof.datasets.shipped"], "__file__", str(tmp_path / "custprof" / "datasets" / "shipped.py"))
    assert shipped("data") == inside
    (tmp_path / "pyproject.toml").touch()
    assert shipped("data") == tmp_path / "data"
