# Two commands do everything on a machine with Python 3.11+ and make:  make report   and   make test
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
READY := $(VENV)/.ready
REPORT ?= midterm
export PYTHONHASHSEED := 0

.DEFAULT_GOAL := help
.PHONY: help report test lint types stripped docs lab lock bench proof demo picture clean

help: ## list the commands
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/'

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; run make with PYTHON=/path/to/python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

report: $(READY) ## produce a report: midterm, or REPORT=final
	$(BIN)/evaluation report $(REPORT)

demo: $(READY) ## write the demonstration data to data/demo
	$(BIN)/evaluation demo

# As in the report's kernels: a library of linear algebra that waits in threads of its own takes time from the others.
test: export OPENBLAS_NUM_THREADS := 1
test: export OMP_NUM_THREADS := 1
# The tests start hundreds of processes: where Python is told to write no bytecode, each would compile the suite anew.
test: export PYTHONDONTWRITEBYTECODE :=
test: lint types ## lint, types, every notebook, all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(READY) ## style and format of code and notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## types
	$(BIN)/mypy

stripped: $(READY) ## notebooks are committed without outputs
	$(BIN)/nbstripout --verify --keep-id $$(git ls-files "notebooks/*.ipynb")

docs: $(READY) ## build the documentation
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build
	@echo docs/_build/index.html

lab: $(READY) ## open the chapters in JupyterLab
	$(BIN)/jupyter lab --notebook-dir notebooks

lock: $(READY) ## resolve requirements.lock anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --extra dev --custom-compile-command "make lock" --output-file requirements.lock pyproject.toml

bench: $(READY) ## run the benchmarks; results go to benchmarks/results
	$(BIN)/python -m benchmarks

proof: $(READY) ## run the slow proofs (whole reports, twice); results go to benchmarks/results
	$(BIN)/python -m benchmarks proof

picture: $(READY) ## make the README's pictures anew from the English midterm report
	$(BIN)/python docs/picture.py

clean: ## remove what runs and caches left (not the data, not the reports)
	rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis docs/_build docs/reference
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
