# `make` alone lists the targets. Everything happens in .venv and var/ of this folder.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
PIP := .venv/bin/pip --disable-pip-version-check --quiet
# torch stands outside the locks: see pyproject.toml
TORCH := torch==2.13.0
# PyTorch's own index of CPU builds spares gigabytes where PyPI would give a CUDA build
TORCH_INDEX ?=
PIP_AUDIT := 2.10.1
CORPUS ?= ../shared/corpus

.PHONY: help install demo check format imports types test suite test-browser bench validate audit lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: .venv/.develop  ## make .venv with everything: cpu, demo, train, dev

.venv/.run: requirements/run.lock pyproject.toml
	@echo "Making .venv from requirements/run.lock (about a minute) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3"; exit 1; }
	@[ -x .venv/bin/python ] || $(PYTHON) -m venv .venv
	@$(PIP) install --require-hashes --no-deps -r requirements/run.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.develop: .venv/.run requirements/develop.lock
	@echo "Adding the development packages and PyTorch (about a minute) ..."
	@$(PIP) install --require-hashes --no-deps -r requirements/develop.lock
	@$(PIP) install $(TORCH) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	@touch $@

demo: .venv/.run  ## from a bare clone to reports: media, S3, a playlist, a fleet, PDFs under var/
	@.venv/bin/python -m console.demo

check: .venv/.develop format imports types  ## format, lint, imports, types, unit and architecture tests
	@.venv/bin/python -m pytest -q -n 2 tests/unit tests/architecture

format: .venv/.develop
	@.venv/bin/ruff format --check --quiet . && .venv/bin/ruff check --quiet .

imports: .venv/.develop
	@.venv/bin/lint-imports --no-logo 2>/dev/null || .venv/bin/lint-imports

types: .venv/.develop
	@.venv/bin/mypy
	@.venv/bin/mypy tests

# the types are checked while the tests wait: for Ray to start, a lease to end, a killed worker to be missed
test: .venv/.develop  ## the whole suite: real PostgreSQL, S3, Ray, ffmpeg, ONNX
	@$(MAKE) --no-print-directory --jobs 2 format imports types suite

# three at a time on two cores: much of a test is waiting; in the order of their names, since the other way
# leaves the few long tests, those of whole fleets, to the end, when nothing else can run beside them
suite: .venv/.develop format imports
	@.venv/bin/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder --ignore tests/browser tests

test-browser: .venv/.develop  ## a real Chromium over the running stack (Debian: apt-get install chromium)
	@command -v chromium >/dev/null || { echo "Chromium is not installed: apt-get install chromium"; exit 2; }
	@.venv/bin/python -m pytest -q tests/browser

bench: .venv/.develop  ## speed and memory on this machine, printed with the machine's name
	@.venv/bin/python -m bench.pipeline --minutes 10

validate: .venv/.develop  ## the detector's headline table: make validate CORPUS=../shared/corpus
	@[ -f $(CORPUS)/manifest.csv ] || { echo "There is no corpus in $(CORPUS); name one: make validate CORPUS=path"; exit 2; }
	@.venv/bin/python -m training validate --corpus $(CORPUS)

audit: .venv/.run  ## compare the locked packages with known weaknesses; accepted ones stand in requirements/accepted.txt
	@[ -x var/audit/bin/pip-audit ] || { $(PYTHON) -m venv var/audit && var/audit/bin/pip install --quiet pip-audit==$(PIP_AUDIT); }
	@.venv/bin/python -m console.package_audit

lock:  ## work the lock files out again (needs uv)
	@uv pip compile --universal --python-version 3.11 --generate-hashes -q --extra cpu --extra demo --extra build pyproject.toml -o requirements/run.lock
	@uv pip compile --universal --python-version 3.11 --generate-hashes -q --extra cpu --extra demo --extra build --extra dev --extra train --extra reports-cjk --constraint requirements/run.lock pyproject.toml -o requirements/develop.lock

clean:  ## stop what we started, remove what we made
	@[ ! -x .venv/bin/python ] || .venv/bin/python -m console.clean
	@rm -rf .venv var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
