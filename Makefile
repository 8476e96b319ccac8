# Needs Python 3.11+, git and make; everything else goes into $(VENV), which is made again when pyproject.toml changes.
PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.stamp
PYTEST_ARGS ?=
PROTOCOL ?=
# Whole files go to one process each, so that what a file sets up is set up once. `logical`: the cores that there are.
PARALLEL ?= -n logical --maxprocesses 4 --dist loadfile
BENCH_ARGS ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help venv demo test test-fast lint bench bench-peers notebook datasets clean

help: ## what there is to make
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-12s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "spuframe needs Python 3.11 or newer; call: make PYTHON=python3.x ...")'
	@echo "making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install -qq --disable-pip-version-check -e '.[test,lint]'
	@touch $@

venv: $(STAMP) ## the virtual environment alone

demo: $(STAMP) ## two owners, three parties, one answer; PROTOCOL=semi2k: two parties
	@$(PY) examples/demo.py $(PROTOCOL)

test: $(STAMP) ## all tests, and the examples in the docstrings
	$(PY) -m pytest tests spuframe --doctest-modules -q $(PARALLEL) $(PYTEST_ARGS)

test-fast: $(STAMP) ## the tests without the slow ones
	$(PY) -m pytest tests -q -m "not slow" $(PARALLEL) $(PYTEST_ARGS)

lint: $(STAMP) ## ruff, mypy --strict, and who may import whom
	$(PY) -m ruff check .
	$(PY) -m mypy --strict spuframe
	$(PY) -m pytest tests/test_layers.py -q

bench: $(STAMP) ## the figures of this machine (BENCH_ARGS="--release 0.1.0", "--compare 0.1.0", "--sweep", "--sweep-network")
	$(PY) -m benchmarks.run $(BENCH_ARGS)

bench-peers: $(STAMP) ## the same, beside other toolkits (makes a virtual environment for them)
	$(PY) -m benchmarks.peers $(BENCH_ARGS)

notebook: $(STAMP) ## run the notebooks again, in place
	$(VENV)/bin/jupyter-execute --inplace notebooks/*.ipynb

datasets: $(STAMP) ## make the files of datasets/ again
	$(PY) datasets/make.py

clean: ## remove the virtual environment, caches and build output
	rm -rf $(VENV) .venv-peers build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
