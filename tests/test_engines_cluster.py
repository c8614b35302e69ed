"""What holds in Spark's local mode holds where the work is done by other processes: workers of a cluster, or a server of Spark Connect."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest
from conftest import NO_SPARK

NO_CONNECT = next(
    (f"{name} is not installed" for name in ("grpc", "grpc_status", "pyarrow", "zstandard") if importlib.util.find_spec(name) is None), ""
)
SESSIONS = {
    # two executors, each a process of its own with one core
    "cluster": 'SparkSession.builder.master("local-cluster[2,1,1024]").config("spark.executor.memory", "1g")',
    "connect": 'SparkSession.builder.remote("local[1]")',
}
RUN = """
import sys, warnings
warnings.simplefilter("ignore")
from pandas.testing import assert_frame_equal
from pyspark.sql import SparkSession
import custprof as cp
from custprof.study import Study

session = {session}.config("spark.ui.enabled", "false").config("spark.sql.session.timeZone", "UTC").getOrCreate()
held, here = (Study.open(sys.argv[1], engine=engine) for engine in (session, "duckdb"))
assert held.engine == "spark"
assert_frame_equal(held.check(), here.check(), check_exact=True)
assert_frame_equal(held.reconciliation(), here.reconciliation(), check_exact=True)
assert_frame_equal(held.quarantine(), here.quarantine(), check_exact=True, check_dtype=False)
pnls = [cp.profit.customer_pnl(study.customer_facts(), cp.costing.allocate_study(study)) for study in (held, here)]
assert_frame_equal(*pnls, check_exact=True)
assert pnls[0].loc["c1", "profit"] < 0 and held.rows.moved == {{}}
print("equal to the cent")
session.stop()
"""


@pytest.mark.parametrize(
    "session",
    [
        pytest.param("cluster", marks=pytest.mark.skipif(bool(NO_SPARK), reason=NO_SPARK)),
        pytest.param("connect", marks=pytest.mark.skipif(bool(NO_SPARK or NO_CONNECT), reason=NO_SPARK or NO_CONNECT)),
    ],
)
def test_other_processes_find_the_same_cents(session, tmp_path):
    """Parquet is read by the workers, CSV by the driver, who hands it on."""
    import duckdb

    duckdb.sql(
        "select 'c' || i % 7 as customer_id, i::varchar as order_id, case when i = 5 then 'soon' else '2024-01-05' end as date, "
        "i * 0.105 as revenue, i * 0.05 as cost_of_goods from range(200) t(i)"
    ).write_parquet(str(tmp_path / "transactions.parquet"))
    (tmp_path / "events.csv").write_text(
        "customer_id,date,activity\n" + "c1,2024-01-05,call\n" * 9 + ",2024-01-06,call\n", encoding="utf-8"
    )
    (tmp_path / "ledger.csv").write_text("line_id,period,account,amount\n1,2024,6000,1000.01\n", encoding="utf-8")
    (tmp_path / "costs.toml").write_text(
        '[pools.service]\naccounts = ["6000"]\n'
        '[activities.calls]\npool = "service"\nlevel = "customer"\ntable = "events"\ndriver = "rows"\n',
        encoding="utf-8",
    )
    (tmp_path / "study.toml").write_text('[study]\ncurrency = "EUR"\ncost_model = "costs.toml"\n', encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(session=SESSIONS[session]), str(tmp_path)], capture_output=True, text=True, timeout=600
    )
    assert done.stdout.strip().endswith("equal to the cent"), done.stderr[-3000:]
