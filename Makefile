# make run    the whole city on http://127.0.0.1:8080 (PORT=), Ctrl-C stops it      make feed   a utility that reports
# (DATABASE_URL= an administrator's, NATS_URL= with NATS_CREDS_DIR=: servers to use instead of our own)
# make test   lint, types, import rules, all tests                                 make reset  empty var/
PYTHON ?= python3
PORT ?= 8080
BIN := .venv/bin
PACKAGES := shared services/goals-api services/measures-ingest services/rollup-worker services/opendata-catalog
export PORT

.PHONY: run stop feed reset test lint faults faults-short browser bench

run: .venv/installed
	@exec $(BIN)/python -m deploy.local up

stop reset: .venv/installed
	@exec $(BIN)/python -m deploy.local $@

feed: .venv/installed
	@exec $(BIN)/python -m deploy.local feed

test: lint
	$(BIN)/pytest -q -n 2 --dist loadfile

lint: .venv/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

faults browser: .venv/installed-dev
	$(BIN)/pytest -q tests/$@

faults-short: .venv/installed-dev
	$(BIN)/pytest -q tests/faults -k "measures-ingest or rollup-worker"

bench: .venv/installed-dev
	$(BIN)/python -m tests.benchmarks

# The containers, for real; COMPOSE= names another engine than Docker's.
compose-test: COMPOSE ?= docker compose
compose-test: .venv/installed-dev
	TIDELINE_COMPOSE="$(COMPOSE)" $(BIN)/pytest -q tests/e2e/test_compose.py

# One at a time, each all or nothing: the stamp is written when everything before it has succeeded.
.venv/installed: requirements.lock $(PACKAGES:=/pyproject.toml)
	@$(PYTHON) deploy/local/environment.py requirements.lock $(PACKAGES)
	@touch $@

.venv/installed-dev: requirements-dev.lock $(PACKAGES:=/pyproject.toml)
	@$(PYTHON) deploy/local/environment.py requirements-dev.lock $(PACKAGES)
	@touch $@ .venv/installed
