"""The files that set up an environment say the same."""

from __future__ import annotations

import re
import tomllib

import pytest
from conftest import ROOT

CONDA = {"duckdb": "python-duckdb", "matplotlib": "matplotlib-base", "seaborn": "seaborn-base"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def split(requirement: str) -> tuple[str, str]:
    name, bound = re.fullmatch(r"([A-Za-z0-9_-]+)(.*)", requirement).groups()
    return name.lower(), bound


def test_environment_yml_names_the_packages_and_bounds_of_pyproject():
    lines = (ROOT / "environment.yml").read_text(encoding="utf-8").splitlines()
    conda = [line.removeprefix("  - ") for line in lines if re.fullmatch(r"  - [a-z0-9-]+(>=[0-9.]+)?", line) and ":" not in line]
    conda = dict(split(line) for line in conda if line not in ("conda-forge", "nodefaults", "pip"))
    expected = {CONDA.get(name, name): bound for name, bound in map(split, PROJECT["dependencies"])}
    assert conda == {"python": PROJECT["requires-python"], **expected}
    assert "      - -e ." in lines


def test_constraints_pin_every_dependency_once_per_python_and_hold_no_url():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in text and " @ " not in text
    pins = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert all(re.match(r"[A-Za-z0-9._-]+==[^ ]+( ; .+)?$", line) for line in pins)
    names = {line.split("==")[0].lower() for line in pins}
    wanted = PROJECT["dependencies"] + [each for extra in PROJECT["optional-dependencies"].values() for each in extra]
    assert {split(each)[0] for each in wanted} <= names
    numpy = [line for line in pins if line.startswith("numpy==")]
    assert len(numpy) == 2 and all("python_full_version" in line for line in numpy)


@pytest.mark.parametrize("target", ["report", "lab", "check", "test", "demo", "constraints", "clean"])
def test_makefile_has_the_targets_that_the_readme_names(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_reports_and_studies_stay_out_of_git():
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    assert {"/report*/", "/studies/", "*.xlsx", "*.duckdb", ".venv/"} <= set(ignored)
