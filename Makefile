# Two commands do everything on a machine with Python >= 3.11 and make: `make demo` and `make test`.
# Each creates .venv and installs into it what it needs; PYTHON=/path/to/python chooses another interpreter.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.DEFAULT_GOAL := help
.PHONY: help demo test check golden clean

help:           ## this list
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*## */\t/' | expand -t 10

demo: $(VENV)/installed  ## predict Llama-3-8B at bf16 and W4A16 on A100 and H100, and compare
	@$(BIN)/python examples/demo.py

test: check  ## all checks, all tests
	$(BIN)/python -m pytest

check: $(VENV)/installed-for-tests  ## style, types, layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

golden: $(VENV)/installed-for-tests  ## rewrite the golden results, the outputs in the README and of the examples, and print what changed
	$(BIN)/python tests/golden/prices.py --write
	$(BIN)/python tests/golden/reproductions.py --write
	$(BIN)/python tests/golden/readme.py --write
	$(BIN)/python tests/golden/examples.py --write

clean:          ## remove what make and the tools made
	rm -rf $(VENV) build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo 'no Python >= 3.11 found; give one: make PYTHON=/path/to/python' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml
	$(PIP) --editable .
	@touch $@

$(VENV)/installed-for-tests: $(VENV)/bin/python pyproject.toml
	$(PIP) --editable '.[test,lint]'
	@touch $@ $(VENV)/installed
