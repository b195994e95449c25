# `make explain` and `make test` are all a newcomer needs; each makes what it needs first.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Those of the hook, in an order in which each finds what it needs of those before it.
STUDIES := accuracy oracle corpus peers sets false_alarms detection cost
PACKAGES := packages/cascade-spec packages/cascade-graph packages/cascade-engine packages/asv-explain
# One process for each of two cores, on which it stays, so that none disturbs what another measures.
AT_ONCE := --numprocesses=2 --dist=loadfile --no-loadscope-reorder --durations=5

.PHONY: help explain study test check clean

help: ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

$(READY): requirements.txt
	@echo "making the virtual environment $(VENV)"
	@# Debian's Python can't make one without its package python3-venv; pip alone can.
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { \
		rm -rf $(VENV) && \
		$(PYTHON) -m pip install --quiet --target $(VENV)/bootstrap virtualenv && \
		PYTHONPATH=$(VENV)/bootstrap $(PYTHON) -m virtualenv --quiet $(VENV); }
	@$(BIN)/python -m pip install --quiet --requirement requirements.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation $(PACKAGES:%=--editable %)
	@touch $@

explain: $(READY) ## time the engine across its milestones, publish a dashboard, say what changed and why
	$(BIN)/python -m observatory.explain

study: $(READY) ## run a small sample of each study of the hook, in some minutes
	for study in $(STUDIES); do \
		$(BIN)/python -m observatory.studies.$$study --sample || exit; \
	done
	$(BIN)/python -m observatory.studies.accuracy_document .asv/studies/sample

test: $(READY) ## check the code, then run every test
	$(MAKE) check
	@# Measuring coverage slows all code down, and it is the engine's that is asked for.
	$(BIN)/python -m pytest $(AT_ONCE) --cov --cov-report=term packages/cascade-*
	$(BIN)/python -m pytest $(AT_ONCE) packages/asv-explain observatory

check: $(READY) ## lint, type-check, and see who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --quiet observatory/tests/test_import_direction.py

clean: ## remove the virtual environment, asv's results and what the tools left behind
	rm -rf $(VENV) .asv .mypy_cache .pytest_cache .ruff_cache .coverage
