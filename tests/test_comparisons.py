"""Pages 02 to 04 name units and pools, and compare like with like: a period that the data cut short is left out, or said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from custprof.report.execute import execute_notebooks


def compare_pages(folder, first_year: int) -> str:
    """What pages 03 and 04 say, and draw, of sixty customers who buy every month until the end of June 2025."""
    chance, months = np.random.default_rng(7), pd.period_range(f"{first_year}-01", "2025-06", freq="M")
    customers = [f"c{n:02d}" for n in range(60)]
    lines = pd.DataFrame([(c, m.start_time if n % 2 else m.end_time.normalize()) for n, c in enumerate(customers) for m in months])
    lines = lines.set_axis(["customer_id", "date"], axis="columns").assign(order_id=range(len(lines)))
    lines = lines.assign(revenue=chance.lognormal(5, 1, len(lines)).round(2), cost_of_goods=chance.lognormal(4.6, 1, len(lines)).round(2))
    lines = lines.assign(list_amount=(lines["revenue"] * 1.1).round(2))
    (folder / "study.toml").write_text('[study]\ncurrency = "EUR"\n')
    lines.to_csv(folder / "transactions.csv", index=False)
    paths = [ROOT / "notebooks" / name for name in ("03_profit.ipynb", "04_segments.ipynb")]
    done = execute_notebooks(paths, {"study_path": str(folder)}, progress=False)
    return outputs_of(done)


def outputs_of(done: dict) -> str:
    """All sentences and tables of executed notebooks."""
    outputs = [output for notebook in done.values() for cell in notebook.cells for output in cell.get("outputs", [])]
    return "\n".join(
        str(output.get("data", {}).get(kind, "")) for output in outputs for kind in ("text/markdown", "text/html", "text/plain")
    )


@pytest.mark.parametrize("first_year", [2023, 2024])
def test_a_year_of_six_months_is_left_out_or_said(tmp_path, first_year):
    said = compare_pages(tmp_path, first_year)
    assert "within 2025" not in said
    if first_year == 2023:
        assert "**Left out of all comparisons: 2025 holds 6 of 12 months.**" in said and "from 2023 to 2024" in said
        assert "to 2025" not in said and "Left out: 2025 holds 6 of 12 months." in said
    else:
        assert "**Not like with like: 2025 holds 6 of 12 months**" in said
        assert "from 2024 to 2025; 2025 holds 6 of 12 months" in said
    assert "where the list price goes" not in said  # the list amount alone tells it


def test_page_02_names_the_unit_of_a_quantity_and_calls_pools_as_its_figures_do():
    said = outputs_of(execute_notebooks([ROOT / "notebooks" / "02_costs.ipynb"], {}, progress=False))
    assert "quantity (minutes)" in said and "order desk" in said
    assert not any(pool in said for pool in ("order_desk", "customer_service", "field_sales", "credit_control"))
