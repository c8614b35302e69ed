"""The built wheel in an empty environment gives the same command with the same result, outside the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile

import pandas as pd
import pytest
from conftest import NOTEBOOKS, ROOT

from custprof.study.presets import presets


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out], cwd=ROOT, check=True, capture_output=True)
    (path,) = out.glob("*.whl")
    return path


def test_the_wheel_carries_notebooks_and_demo(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"custprof/_shipped/notebooks/{path.name}" for path in NOTEBOOKS} <= names
    demo = ROOT / "data" / "demo"
    assert {f"custprof/_shipped/data/demo/{path.relative_to(demo).as_posix()}" for path in demo.rglob("*") if path.is_file()} <= names
    assert "custprof/report/templates/custprof/index.html.j2" in names
    assert {f"custprof/presets/{name}.toml" for name in presets()} <= names and len(presets()) >= 20
    assert not [name for name in names if name.endswith((".xlsx", ".pyc", ".duckdb")) or name.startswith("tests")]


def test_the_wheel_s_command_gives_the_checkout_s_report(wheel, tmp_path, demo_report):
    """The environment is new and has the wheel alone; its dependencies are those of this environment, named in a .pth file.

    A .pth file inside another's site-packages is not followed, so the editable install of the checkout stays out of sight.
    """
    home = tmp_path / "env"
    venv.create(home, with_pip=False)
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    places = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], check=True, capture_output=True, text=True
    )
    site = places.stdout.strip()
    zipfile.ZipFile(wheel).extractall(site)
    with open(os.path.join(site, "dependencies.pth"), "w", encoding="utf-8") as file:
        file.write("\n".join(dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])) + "\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment["JUPYTER_PATH"] = os.path.join(
        sys.prefix, "share", "jupyter"
    )  # the templates that nbconvert brings lie outside site-packages
    where = subprocess.run(
        [python, "-c", "import custprof; print(custprof.__file__)"],
        cwd=elsewhere,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert where.stdout.startswith(str(home))
    done = subprocess.run(
        [python, "-m", "custprof", "report", "--out", "here"], cwd=elsewhere, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(elsewhere / "here" / "index.html")
    ours, theirs = (pd.read_excel(path / "customer_profit.xlsx", sheet_name=None) for path in (demo_report, elsewhere / "here"))
    assert list(ours) == list(theirs)
    pd.testing.assert_frame_equal(ours["Customer P&L"], theirs["Customer P&L"])
    assert sorted(path.name for path in demo_report.iterdir()) == sorted(path.name for path in (elsewhere / "here").iterdir())
