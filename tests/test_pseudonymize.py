"""A study that leaves the house names nobody, and gives the same profit."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest

from custprof.__main__ import main
from custprof.costing import allocate_study
from custprof.datasets import demo_path
from custprof.profit import customer_pnl
from custprof.report import pseudonymize
from custprof.report.execute import ReportError
from custprof.report.pseudonyms import _token, _without_comments
from custprof.study import Study

CUSTOMERS = """customer_id,name,kind,industry,region,account_manager,referred_by
Ada,Ada Lovelace Ltd,business,Retail,North,Kim Lee,
Bob,Bob & Sons,business,Retail,North,Kim Lee,Ada
Eve,Eve Plc,business,Food,North,Jo Roe,Bob
"""
LINES = """customer_id,order_id,date,revenue,product_id,is_return
Ada,O-1,2024-01-05,100.10,Pens,false
Ada,O-1,2024-01-05,100.10,Pens,false
Bob,O-2,2024-02-05,50.05,"Ink, blue",false
Bob,O-3,2024-02-06,-10,Pens,true
,O-4,2024-02-07,1,Pens,false
Eve,O-5,never,9,Pens,false
"""
EVENTS = """customer_id,date,activity,minutes,employee
Ada,2024-01-05,call,5,Kim Lee
Bob,2024-01-05,call,7.5,Jo Roe
Eve,2024-01-05,project for Bob & Sons,1,Jo Roe
"""
LEADS = """lead_id,created_on,customer_id,region,remark,size,urgent
L1,2024-01-01,Ada,North,speak with Grace Hopper,7,yes
L2,2024-01-02,,North,,8,no
"""
LEDGER = "line_id,period,account,account_name,amount\nG1,2024-01,4000,Sales to Ada,-241.25\nG2,2024-01,6000,Salary of Kim Lee,70.01\n"
MODEL = """name = "Lovelace"   # the cost model of Ada
direct = ["4000"]
# Kim Lee answers calls
[pools.desk]
accounts = ["6000"]
[activities.serve]
pool = "desk"
table = "events"
minutes = "minutes"
where = { activity = ["call # of a customer", "call"] }
"""
TIES = '[[ties]]\naccounts = ["4000"]\nfact = "net_revenue"\nsign = -1\n'


@pytest.fixture
def folder(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "study.toml").write_text('[study]\nname = "Lovelace"\ncurrency = "EUR"\n' + TIES)
    texts = {"customers": CUSTOMERS, "transactions": LINES, "events": EVENTS, "leads": LEADS, "ledger": LEDGER}
    for name, text in texts.items():
        (home / f"{name}.csv").write_text(text)
    (home / "costs.toml").write_text(MODEL)
    return home


def everything(out) -> str:
    """All that a reader of the folder sees."""
    read = {file.name: gzip.decompress(file.read_bytes()).decode() if file.suffix == ".gz" else file.read_text() for file in out.iterdir()}
    return "\n".join([*read, *read.values()])


def test_no_name_and_no_free_text_leaves_the_house(folder, tmp_path):
    pseudonymize(folder, tmp_path / "out")
    seen = everything(tmp_path / "out")
    names = ["Ada", "Lovelace", "Kim", "Roe", "Grace", "O-1", "Pens", "Ink", "L1", "G1", "Sales to", "Eve"]
    assert [name for name in names if name in seen] == []
    assert "call" in seen and "Retail" in seen and "North" in seen and "yes" in seen
    assert "6000" in seen and "2024-01-05" in seen


def test_profit_is_the_same_to_the_cent(folder, tmp_path):
    pseudonymize(folder, tmp_path / "out")
    secret = bytes.fromhex((tmp_path / "out.key").read_text())
    here, there = Study.open(folder), Study.open(tmp_path / "out")
    ours = customer_pnl(here.customer_facts(), allocate_study(here))
    theirs = customer_pnl(there.customer_facts(), allocate_study(there))
    ours.index = [name if name.startswith("(") else _token("c", name, secret) for name in ours.index]
    pd.testing.assert_frame_equal(ours.sort_index(), theirs.sort_index(), check_names=False)
    assert there.ties()["difference"].tolist() == [0.0] and there.period == here.period
    assert sorted(there.frame("leads")["size"]) == [7.0, 8.0]


def test_the_demo_s_profit_is_the_same_to_the_cent(tmp_path):
    """Each customer's contribution too; a customer's share of an activity may be a cent off where equal fractions of a cent are a tie."""
    findings = pseudonymize(demo_path(), tmp_path / "out")
    secret = bytes.fromhex((tmp_path / "out.key").read_text())
    here, there = Study.open(demo_path()), Study.open(tmp_path / "out")
    ours = customer_pnl(here.customer_facts(), allocate_study(here))
    theirs = customer_pnl(there.customer_facts(), allocate_study(there))
    ours.index = [name if name.startswith("(") else _token("c", name, secret) for name in ours.index]
    theirs = theirs.loc[ours.index]
    cents = [(frame.select_dtypes("float64") * 100).round().astype("int64") for frame in (ours, theirs)]
    assert (cents[0].sum() == cents[1].sum()).all() and list(cents[0]) == list(cents[1])
    assert (cents[0]["contribution"] == cents[1]["contribution"]).all()
    assert (cents[0]["profit"] - cents[1]["profit"]).abs().max() <= 3
    assert "kind, industry, region, channel" in set(findings["column"]) and (findings["customers"] > 0).all()


def test_the_same_text_is_the_same_pseudonym_everywhere_and_the_next_time(folder, tmp_path):
    pseudonymize(folder, tmp_path / "one")
    pseudonymize(folder, tmp_path / "two", key=tmp_path / "one.key")
    pseudonymize(folder, tmp_path / "three")
    one, two, three = (Study.open(tmp_path / name) for name in ("one", "two", "three"))
    for table in one.tables:
        pd.testing.assert_frame_equal(one.frame(table), two.frame(table))
    assert not set(one.frame("customers")["customer_id"]) & set(three.frame("customers")["customer_id"])
    customers = one.frame("customers")
    assert set(customers["referred_by"].dropna()) < set(customers["customer_id"])
    assert set(one.frame("events")["customer_id"]) == set(customers["customer_id"])
    assert one.frame("transactions")["customer_id"].isna().sum() == 1 and not (tmp_path / "two.key").exists()


def test_the_key_stays_at_home_and_is_for_its_owner_alone(folder, tmp_path):
    pseudonymize(folder, tmp_path / "out", key=tmp_path / "safe" / "key")
    key = tmp_path / "safe" / "key"
    assert key.stat().st_mode & 0o077 == 0 and len(bytes.fromhex(key.read_text())) == 32
    assert key.read_text().strip() not in everything(tmp_path / "out")
    with pytest.raises(ReportError, match="would leave the house"):
        pseudonymize(folder, tmp_path / "other", key=tmp_path / "other" / "key")
    key.write_text("short")
    with pytest.raises(ReportError, match="holds no key of 32 bytes"):
        pseudonymize(folder, tmp_path / "other", key=key)
    assert not (tmp_path / "other").exists()


def test_small_groups_and_names_in_texts_that_stay_are_said(folder, tmp_path):
    findings = pseudonymize(folder, tmp_path / "out", smallest=3).set_index("column")
    assert findings.loc["industry", ["finding", "customers"]].tolist() == ["2 groups of fewer than 3", 3]
    assert "kind" not in findings.index and findings.loc["kind, industry, region", "customers"] == 3
    assert findings.loc["activity", "finding"] == "1 of 2 texts name somebody" and "Bob & Sons" in findings.loc["activity", "examples"]
    hidden = pseudonymize(folder, tmp_path / "hidden", smallest=2, hide=["customers.industry"])
    assert set(hidden["column"]) == {"activity"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hide": ["events.activity"]}, r"activity 'serve' of the cost model chooses rows by events.activity"),
        ({"hide": ["events.minutes"]}, r"events.minutes holds no texts"),
        ({"keep": ["events.nothing"]}, r"'events.nothing' is no column of the study"),
    ],
)
def test_what_cannot_be_hidden_is_said(folder, tmp_path, options, message):
    with pytest.raises(ReportError, match=message):
        pseudonymize(folder, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists() and not (tmp_path / "out.key").exists()


def test_texts_may_be_kept(folder, tmp_path):
    pseudonymize(folder, tmp_path / "out", keep=["ledger.account_name"])
    assert "Salary of Kim Lee" in everything(tmp_path / "out")


def test_nothing_is_overwritten_or_half_written(folder, tmp_path, monkeypatch):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    with pytest.raises(ReportError, match="is not empty"):
        pseudonymize(folder, tmp_path / "full")
    with pytest.raises(ReportError, match="lies in the study's folder"):
        pseudonymize(folder, folder / "out")
    monkeypatch.setattr("custprof.report.pseudonyms._settings", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pseudonymize(folder, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full", "home"]


def test_comments_of_the_cost_model_stay_at_home():
    assert _without_comments(MODEL).splitlines()[0] == 'direct = ["4000"]'
    assert "Kim" not in _without_comments(MODEL) and '"call # of a customer"' in _without_comments(MODEL)


def test_the_command_says_what_to_look_at(folder, tmp_path, capsys):
    assert main(["pseudonymize", str(folder), str(tmp_path / "out"), "--smallest", "3"]) == 0
    said = capsys.readouterr().out
    assert "WARNING customers.industry: 2 groups of fewer than 3 (3 customers)" in said and "out.key" in said
    assert main(["check", str(tmp_path / "out")]) == 0
    assert main(["pseudonymize", str(folder), str(tmp_path / "out")]) == 2


@pytest.mark.parametrize("at", ["_write", "find_disclosures", "_write_key"])
def test_an_interruption_leaves_neither_half_a_study_nor_its_key(folder, tmp_path, monkeypatch, at):
    from custprof.report import pseudonyms

    whole = getattr(pseudonyms, at)

    def interrupted(*arguments, **options):
        whole(*arguments, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(pseudonyms, at, interrupted)
    assert main(["pseudonymize", str(folder), str(tmp_path / "out")]) == 130
    assert [each.name for each in tmp_path.iterdir()] == ["home"]
    monkeypatch.undo()
    assert main(["pseudonymize", str(folder), str(tmp_path / "out")]) == 0
    key = (tmp_path / "out.key").read_text()
    at = "_write" if at == "_write_key" else at  # the key is there
    whole = getattr(pseudonyms, at)
    monkeypatch.setattr(pseudonyms, at, interrupted)
    assert main(["pseudonymize", str(folder), str(tmp_path / "again"), "--key", str(tmp_path / "out.key")]) == 130
    assert (tmp_path / "out.key").read_text() == key and not (tmp_path / "again").exists()


@pytest.fixture
def naming(tmp_path):
    """A study that names customers and people where the analysis reads texts."""
    home = tmp_path / "naming"
    home.mkdir()
    people = ["Zacharias GmbH", "Yggdrasil KG", "Quux GmbH", "Vogt GmbH", "Weber GmbH"]
    (home / "customers.csv").write_text("\n".join(["customer_id,name,channel", *(f"C{n},{name},web" for n, name in enumerate(people))]))
    lines = [f"C{n},{n},2024-01-05,100" for n in range(5)]
    (home / "transactions.csv").write_text("\n".join(["customer_id,order_id,date,revenue", *lines]))
    events = ["C0,2024-01-05,call with Zacharias,5,Frau Tamm", "C1,2024-01-05,call,5,Frau Tamm", "C2,2024-01-05,GmbH call,5,Frau Tamm"]
    (home / "events.csv").write_text("\n".join(["customer_id,date,activity,minutes,employee", *events]))
    (home / "leads.csv").write_text("lead_id,customer_id,created_on,channel\nL,C1,2024-01-01,web Zacharias\n")
    ledger = ["1,2024,8400 Umsatz Zacharias GmbH,,-500,,", "2,2024,6000,Gehalt,50,Tamm,Team Tamm"]
    (home / "ledger.csv").write_text("\n".join(["line_id,period,account,account_name,amount,pool,department", *ledger]))
    tie = '[[ties]]\naccounts = ["8400 Umsatz Zacharias GmbH"]\nfact = "net_revenue"\nsign = -1\n'
    (home / "study.toml").write_text('[study]\nname = "Acme"\n' + tie)
    model = 'direct = ["8400 Umsatz Zacharias GmbH"]\n[pools."Tamm"]\naccounts = ["6000"]\n[activities.serve]\npool = "Tamm"\n'
    (home / "costs.toml").write_text(
        model + 'table = "events"\nminutes = "minutes"\nwhere = { activity = ["call with Zacharias", "call"] }\n'
    )
    return home


def test_texts_that_hold_a_word_of_a_name_become_pseudonyms_wherever_they_stand(naming, tmp_path):
    findings = pseudonymize(naming, tmp_path / "out")
    seen = everything(tmp_path / "out")
    assert [name for name in ("Zacharias", "Tamm", "Vogt", "Yggdrasil") if name.lower() in seen.lower()] == []
    assert "GmbH call" in seen and "web" in seen and "6000" in seen
    found = findings.set_index(findings["table"] + "." + findings["column"])
    assert {"events.activity", "leads.channel", "ledger.account", "ledger.pool", "ledger.department"} <= set(found.index)
    assert found.loc["events.activity", "finding"] == "1 of 3 texts name somebody"
    assert "became pseudonyms" in found.loc["events.activity", "advice"]
    here, there = Study.open(naming), Study.open(tmp_path / "out")
    assert there.ties()["difference"].tolist() == here.ties()["difference"].tolist() == [0.0]
    ours, theirs = (customer_pnl(each.customer_facts(), allocate_study(each))["profit"] for each in (here, there))
    assert sorted(ours) == sorted(theirs)
    assert there.frame("events")["activity"].nunique() == 3


def test_a_name_inside_a_longer_word_is_seen_and_a_short_one_is_not(naming, tmp_path):
    events = ["C0,2024-01-05,visit in Zachariasstraße,5,Ann", "C1,2024-01-05,Yggdrasils call,5,Ann", "C2,2024-01-05,annual call,5,Ann"]
    (naming / "events.csv").write_text("\n".join(["customer_id,date,activity,minutes,employee", *events]), encoding="utf-8")
    model = (naming / "costs.toml").read_text()
    (naming / "costs.toml").write_text(model.replace('["call with Zacharias", "call"]', '["annual call"]'))
    findings = pseudonymize(naming, tmp_path / "out").set_index("column")
    seen = everything(tmp_path / "out")
    assert "zacharias" not in seen.lower() and "yggdrasil" not in seen.lower() and "annual call" in seen
    assert findings.loc["activity", "finding"] == "2 of 3 texts name somebody"


def test_numbers_leave_exactly_as_they_were_read(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "study.toml").write_text("")
    amounts = ["0.1", "1234567.89", "-0.07", "1e3", "33.33"]
    minutes = ["95.00000000000001", "0.1", "1:35:00", "0:00:20", "7"]
    lines = [
        f"C{n},{n},2024-01-05,{amount},{minute.split(':')[0]}" for n, (amount, minute) in enumerate(zip(amounts, minutes, strict=True))
    ]
    (home / "transactions.csv").write_text("\n".join(["customer_id,order_id,date,revenue,quantity", *lines]))
    events = [f"C{n},2024-01-05,call,{minute}" for n, minute in enumerate(minutes)]
    (home / "events.csv").write_text("\n".join(["customer_id,date,activity,minutes", *events]))
    pseudonymize(home, tmp_path / "out")
    here, there = Study.open(home), Study.open(tmp_path / "out")
    for table, column in (("transactions", "revenue"), ("transactions", "quantity"), ("events", "minutes")):
        assert sorted(here.frame(table)[column]) == sorted(there.frame(table)[column])
    assert "95.0\n" in gzip.decompress((tmp_path / "out" / "events.csv.gz").read_bytes()).decode()


def test_names_stay_where_the_user_says_so(naming, tmp_path):
    kept = ["events.activity", "ledger.account"]
    findings = pseudonymize(naming, tmp_path / "out", keep=kept).set_index("column")
    seen = everything(tmp_path / "out")
    assert "call with Zacharias" in seen and "8400 Umsatz Zacharias GmbH" in seen and "Tamm" not in seen and "web Zacharias" not in seen
    assert "hide events.activity" in findings.loc["activity", "advice"]
    assert Study.open(tmp_path / "out").ties()["difference"].tolist() == [0.0]


def test_a_name_in_the_cost_model_alone_is_refused_unless_kept(naming, tmp_path):
    model = (naming / "costs.toml").read_text()
    (naming / "costs.toml").write_text(model.replace("activities.serve", "activities.serve_Yggdrasil").replace("serve_Y", "Y"))
    with pytest.raises(ReportError, match=r"costs.toml names somebody in 1 texts, first \['Yggdrasil'\]; rename them there, or keep"):
        pseudonymize(naming, tmp_path / "out")
    assert not (tmp_path / "out").exists() and not (tmp_path / "out.key").exists()
    pseudonymize(naming, tmp_path / "out", keep=["costs.toml"])
    assert "Yggdrasil" in (tmp_path / "out" / "costs.toml").read_text()
