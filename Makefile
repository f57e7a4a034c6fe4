PYTHON ?= python3
VENV := .venv
OLD := .venv-datasets-2.21
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test check format clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The environment is made again when what it is made of changes.
$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

# The oldest version of datasets that the data set promises to load in.
$(OLD)/.ready: constraints-datasets-2.21.txt
	$(PYTHON) -m venv $(OLD)
	$(OLD)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints-datasets-2.21.txt datasets
	@touch $@

demo: $(VENV)/.ready ## Build the benchmark from the built-in marketplace and score two predictors
	@rm -rf out/demo out/demo-private
	$(BIN)/petoolbench demo -o out/demo

test: $(VENV)/.ready $(OLD)/.ready ## Run all tests
	PETOOLBENCH_OLD_PYTHON=$(CURDIR)/$(OLD)/bin/python $(BIN)/python -m pytest -n auto

check: $(VENV)/.ready ## Check format, lint, types and the layering of the packages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.ready ## Format the code and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## Remove environments, caches and what was built
	rm -rf $(VENV) $(OLD) out .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
