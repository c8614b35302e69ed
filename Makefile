# Everything runs in .venv, which is made at the first call and again when pyproject.toml or constraints.txt change.
#   make report [STUDY=folder] [OUT=folder]   make test   make lab [STUDY=folder]   make check STUDY=folder   make demo   make benchmark   make clean

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := report
.PHONY: report lab check test demo benchmark constraints clean

STUDY ?=
OUT ?= report
EXTRAS ?= test
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
UV ?= $(shell command -v uv)
PY := .venv/bin/python

report: .venv/ready
	@$(PY) -m custprof report $(STUDY) --out $(OUT)

lab: .venv/ready
	@$(PY) -m custprof lab $(STUDY)

check: .venv/ready
	@$(PY) -m custprof check $(STUDY)

test: .venv/ready-test
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m pytest -n 2 --dist loadfile

demo: .venv/ready
	$(PY) -m custprof.datasets

# Ratios beside named peers, measured in one run (minutes; some peers are skipped, with a reason, where they are not installed).
benchmark: .venv/ready-test
	@for file in tests/benchmarks/*.py; do echo "== $$file"; $(PY) $$file; done

constraints:
	@head -2 constraints.txt > constraints.new
	uv pip compile pyproject.toml --extra test --extra spark --extra bayes --universal --python-version 3.11 --no-header --no-annotate -q >> constraints.new
	mv constraints.new constraints.txt

clean:
	rm -rf .venv report report_failed build dist .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/ready: pyproject.toml constraints.txt | .venv/bin/python
	$(call install,.)
	@touch $@

.venv/ready-test: pyproject.toml constraints.txt | .venv/bin/python
	$(call install,.[$(EXTRAS)])
	@touch .venv/ready $@

.venv/bin/python:
ifeq ($(strip $(PYTHON)),)
	@echo "custprof needs Python 3.11 or newer and found none; install one, or name it: make PYTHON=/path/to/python3 ..." >&2; exit 1
else ifneq ($(strip $(UV)),)
	@$(UV) venv --quiet --allow-existing --no-python-downloads --python $(PYTHON) .venv
else
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "This Python cannot make virtual environments. On Debian or Ubuntu: sudo apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv .venv
endif

ifneq ($(strip $(UV)),)
install = @echo "Installing custprof in .venv ..." && $(UV) pip install --quiet --python $(PY) -c constraints.txt -e '$(1)'
else
install = @echo "Installing custprof in .venv (two to four minutes the first time) ..." && \
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '$(1)'
endif
