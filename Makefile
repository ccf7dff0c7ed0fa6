# `make` alone lists the verbs. All need Python 3.11 or newer; the first one that runs builds .venv.

STACK ?= staging
AGAINST ?=
ARGS ?=
PYTHON := .venv/bin/python
PIP := $(PYTHON) -m pip install --quiet --disable-pip-version-check --no-compile

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help preview picture test check bench schema clean

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

preview: .venv/installed ## show what STACK would build (STACK=production AGAINST=main|development ARGS=--full)
	@$(PYTHON) -m sandbox preview --stack '$(STACK)' $(if $(AGAINST),--against '$(AGAINST)') $(ARGS)

picture: .venv/installed ## draw STACK as docs/STACK.svg (STACK=production is the one of the README)
	@$(PYTHON) -m sandbox picture --stack '$(STACK)' --words docs/picture.toml --output 'docs/$(STACK).svg'

test: .venv/installed ## run the tests (ARGS="tests/sandbox -k plan")
	@$(PYTHON) -m pytest -n auto --dist loadfile $(ARGS)

check: .venv/installed-dev ## formatting, lint, types, import contracts
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/pyright
	@.venv/bin/lint-imports --no-logo

bench: .venv/installed ## time and memory of recording each environment against their floor
	@$(PYTHON) -m tests.bench $(ARGS)

schema: .venv/installed ## write the JSON schema that editors check the stack files with
	@$(PYTHON) -m stacks.settings

clean: ## remove .venv and every cache
	@rm -rf .venv .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A machine may have no `python3`, or an older one beside a versioned newer one.
.venv/bin/python:
	@for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi; python=; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "make: Python 3.11 or newer is needed; found $$(python3 --version 2>/dev/null || echo none)." >&2; exit 1; \
	elif ! $$python -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "make: $$python has no venv module; on Debian: apt install python3-venv" >&2; exit 1; \
	fi; \
	$$python -m venv .venv

# The SDKs hold thousands of modules of which a program imports a few: compiling all of them is most of an install.
.venv/installed: requirements.txt | .venv/bin/python
	@echo "Installing requirements.txt into .venv (once, about a minute) ..." >&2
	@$(PIP) -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	@echo "Installing requirements-dev.txt into .venv ..." >&2
	@$(PIP) -r requirements-dev.txt
	@touch $@
