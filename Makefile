# `make` alone lists what can be asked for.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
# Tests start hundreds of processes; each would compile all of our code again.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
MEMBERS := contracts services/ledger services/projections services/standalone
PROJECTS := $(addsuffix /pyproject.toml,$(MEMBERS))
PACKAGES := contracts/opsledger_contracts services/ledger/opsledger_ledger \
  services/projections/opsledger_projections services/standalone/opsledger
TYPED := $(PACKAGES) tests $(wildcard benchmarks)
# Where every branch is covered by a test.
PURE := contracts/opsledger_contracts/*,services/ledger/opsledger_ledger/domain/*
# The build backend is looked for on the path.
PIP := PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pip --disable-pip-version-check
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-header --no-annotate $(UPGRADE) \
  $(addprefix --no-emit-package ,opsledger opsledger-contracts opsledger-ledger opsledger-projections)

# Two workers more than processors: tests that kill and restart services wait much of their time.
WORKERS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 2)))

# A file stays with one worker, so that what its tests share is made once; tests/conftest.py orders files.
SPREAD := --dist loadfile --no-loadscope-reorder

# More arguments for pytest, and more for `make lock` (UPGRADE=--upgrade takes the newest versions).
PYTEST_ARGS ?=
BENCH_ARGS ?=
UPGRADE ?=

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: $(STAMP) ## everything installed into .venv, from the hashed lock

# A name such as python3.13 can exist and not work (version managers leave such shims, and some systems
# split off what makes an environment), so each is run.
$(STAMP): requirements/dev.txt $(PROJECTS)
	@for python in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
	  if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    found=$$python; break; \
	  fi; \
	done; \
	if [ -z "$${found:-}" ]; then \
	  echo "No Python 3.11 or newer found that can make an environment; name one: make setup PYTHON=..." >&2; exit 1; \
	fi; \
	$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Making $(VENV) with $$("$$found" -V)"; "$$found" -m venv --clear $(VENV); }
	@echo "Installing the locked packages, which takes a minute or two"
	@$(PIP) install --quiet --require-hashes --requirement requirements/dev.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation $(addprefix --editable ./,$(MEMBERS))
	@touch $@

.PHONY: demo
demo: $(STAMP) ## play a disputed score through the HTTP API and show what happened
	@$(BIN)/opsledger demo

.PHONY: test
test: $(STAMP) ## all tests
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) $(SPREAD) $(PYTEST_ARGS)

.PHONY: cov
cov: $(STAMP) ## all tests, with the coverage of branches that is promised
	@mkdir -p build/coverage && rm -f build/coverage/*
	@$(MAKE) test PYTEST_ARGS="--cov --cov-branch --cov-report=term --cov-fail-under=95 $(PYTEST_ARGS)"
	@$(BIN)/coverage report --include='$(PURE)' --fail-under=100 >build/coverage/pure.txt || \
	  { cat build/coverage/pure.txt; echo "below 100 %, which is promised for these" >&2; exit 1; }

.PHONY: check
check: format lint types imports dependencies ## format, lint, types, imports, dependencies

.PHONY: format lint types imports dependencies
format: $(STAMP)
	@$(BIN)/ruff format --check --quiet . || { echo "not formatted: run make fix"; exit 1; }

lint: $(STAMP)
	@$(BIN)/ruff check --quiet .

types: $(STAMP)
	@$(BIN)/mypy $(TYPED)
	@$(BIN)/basedpyright --level error

imports: $(STAMP)
	@$(BIN)/lint-imports --no-logo

dependencies: $(STAMP)
	@for member in $(MEMBERS); do (cd $$member && "$(CURDIR)/$(BIN)/deptry" .); done

.PHONY: fix
fix: $(STAMP) ## format, and mend what the linter can mend
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

.PHONY: contracts
contracts: $(STAMP) ## write schemas, API documents and vectors again from the catalogue
	@$(BIN)/python -m opsledger.generate

# Further arguments: CORPUS='export FOLDER', CORPUS='show 17 42', CORPUS='replay --blocks 1000'.
CORPUS ?= replay

.PHONY: corpus
corpus: $(STAMP) ## replay 20,000 recorded assessments under every interpreter, seed, zone and locale
	@PYTHONPATH=tests $(BIN)/python -m support.corpus_command $(CORPUS)

# Further arguments: MUTANTS='--module numbers days', MUTANTS='--sample 300 --workers 1'.
MUTANTS ?=

.PHONY: mutants
mutants: $(STAMP) ## plant faults in the rules, one at a time, and see that the tests notice
	@PYTHONPATH=tests $(BIN)/python -m support.mutation $(MUTANTS)

.PHONY: bench
bench: $(STAMP) ## measure, each figure beside a peer or a limit of the same run
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

.PHONY: bench-readme
bench-readme: $(STAMP) # write the figures of the last run into the README
	@$(BIN)/python -m benchmarks --readme

.PHONY: faults
faults: $(STAMP) ## the tests that kill, cut and starve real processes (CYCLES=10000 for a release)
	@$(if $(CYCLES),OPSLEDGER_FAULT_CYCLES=$(CYCLES) OPSLEDGER_FAULT_REPORTS=build/faults) \
	  $(BIN)/python -m pytest -m faults --numprocesses $(WORKERS) $(SPREAD) $(PYTEST_ARGS)

.PHONY: wheels
wheels: $(STAMP) ## build the four wheels, install them into an empty environment, try them
	@rm -rf build/wheels build/wheels-venv
	@for member in $(MEMBERS); do \
	  $(PIP) wheel --quiet --no-deps --no-build-isolation --wheel-dir build/wheels ./$$member; \
	done
	@$(BIN)/python -m venv build/wheels-venv
	@build/wheels-venv/bin/python -m pip --disable-pip-version-check install --quiet \
	  --require-hashes --requirement requirements/runtime.txt
	@build/wheels-venv/bin/python -m pip --disable-pip-version-check install --quiet \
	  --no-deps build/wheels/*.whl
	@build/wheels-venv/bin/python -m pip check --disable-pip-version-check
	@build/wheels-venv/bin/python -I tests/support/installed.py
	@build/wheels-venv/bin/opsledger --help >/dev/null
	@ls build/wheels

.PHONY: lock
lock: ## write requirements/ again (UPGRADE=--upgrade takes the newest versions)
	@test -x $(BIN)/uv || { echo "run make setup first" >&2; exit 1; }
	@$(LOCK) $(PROJECTS) --extra postgres --extra nats --output-file requirements/runtime.txt >/dev/null
	@$(LOCK) --group build --output-file requirements/build.txt >/dev/null
	@$(LOCK) $(PROJECTS) --all-extras --group dev \
	  --constraint requirements/runtime.txt --constraint requirements/build.txt \
	  --output-file requirements/dev.txt >/dev/null

.PHONY: clean
clean: ## remove what was installed, built and measured
	@rm -rf $(VENV) build .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
