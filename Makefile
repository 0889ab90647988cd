# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Each target does all its own set-up; `make help` lists them.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup setup-powershell demo demo-guest test test-unit test-integration test-ansible test-guests test-vm test-all test-browser guest-matrix guest-facts audit-score screenshots lint sanity awx bench lock clean

# The first Python that runs at all; set-up looks for the best one itself.
ANY_PYTHON = $(or $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do \
	"$$python" -c '' 2>/dev/null && echo "$$python" && break; done),\
	$(error no Python runs here: sudo apt-get install python3 python3-venv))
# What set-up found, for one command; the environment's tools come first on PATH.
WITH_ENV = set -a; . ./.build/env; PATH="$$HVIS_VENV/bin:$$PATH"; set +a;

# More arguments for pytest, as in: make test-unit ARGS="-k guard"
ARGS =
# The ansible-core for `make test-ansible`.
CORE = 2.16
# How many test files `make test` runs at a time.
WORKERS = 2
# In the order of pyproject.toml; pytest leaves out the virtual machine unless it is named.
ALL_TESTS = tests/lint tests/integration tests/guests tests/guests/virtual_machine tests/browser tests/faults tests/unit

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile

setup: ## make everything ready: Python environment, PowerShell, the built collection
	@$(ANY_PYTHON) tests/lab/setup.py

setup-powershell:
	@$(ANY_PYTHON) tests/lab/setup.py --powershell

demo: setup ## bring a simulated fleet of Hyper-V hosts under a policy, watch, and audit it
	@$(WITH_ENV) python docs/demo/demo.py $(ARGS)

demo-guest: setup ## values from a Hyper-V host to a Linux guest and back, through the real daemon (needs root)
	@$(WITH_ENV) python tests/lab/guest.py play bookworm tests/guests/playbooks/both_directions.yml $(ARGS)

test: setup ## everything that proves the collection: lint, unit, integration and fault tests
	@$(WITH_ENV) python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations 20 $(ARGS)

test-all: setup ## everything in full, with what `make test` thins and the virtual machine (needs root)
	@$(WITH_ENV) HVIS_FULL=1 HVIS_GUESTS=all python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations 40 \
		$(ALL_TESTS) $(ARGS)

test-unit: setup ## the fast tests
	@$(WITH_ENV) python -m pytest tests/unit $(ARGS)

test-integration: setup ## playbooks and modules against simulated hosts, with and without faults
	@$(WITH_ENV) python -m pytest tests/integration tests/faults $(ARGS)

test-ansible: setup ## the same with any ansible-core, as in CORE=2.16, and the filters' tests (from 2.16 to 2.22)
	@$(WITH_ENV) python tests/lab/cores.py "$(CORE)" -m pytest tests/integration tests/unit/plugins/filter tests/unit/plugins/plugin_utils \
		-n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

test-guests: setup ## real daemons, modules and role in four Debian releases, booted here (needs root)
	@$(WITH_ENV) HVIS_GUESTS=$${HVIS_GUESTS:-all} python -m pytest tests/guests -n $(WORKERS) --dist worksteal --durations 10 $(ARGS)

test-vm: setup ## the role in virtual machines that look like Hyper-V: Debian 11, 12, 13 (needs root, takes minutes)
	@$(WITH_ENV) HVIS_GUESTS=$${HVIS_GUESTS:-all} python -m pytest tests/guests/virtual_machine --durations 10 $(ARGS)

test-browser: setup ## the page of an audit in a headless Chromium
	@$(WITH_ENV) python -m pytest tests/browser $(ARGS)

guest-matrix: setup ## the table of Linux distributions: packages, units, verdict and remedy (ARGS=--run runs the role, as root)
	@$(WITH_ENV) python tests/lab/fabricated/matrix.py $(ARGS)

guest-facts: setup ## what distributions package, beside the role's rows and the fabricated releases (ARGS="--release NAME --package FILE": deb, rpm, apk)
	@$(WITH_ENV) python tests/lab/guest_facts/check.py $(ARGS)

audit-score: setup-powershell ## plant defects, combinations and look-alikes in a fleet, audit it, and score (ARGS="--seed 7 8": other fleets)
	@$(WITH_ENV) python tests/lab/planted/score.py $(ARGS)

screenshots: setup ## take the pictures of the audit's page that the documentation shows
	@$(WITH_ENV) python tests/lab/screenshots.py

lint: setup ## every linter, ansible-test's sanity tests included
	@$(WITH_ENV) python -m pytest tests/lint $(ARGS)

sanity: setup ## ansible-test's sanity tests alone
	@$(WITH_ENV) python -m pytest tests/lint/test_ansible_test.py $(ARGS)

awx: setup ## make playbook specifications and AWX configuration anew from the roles' argument specifications, and check them
	@$(WITH_ENV) PYTHONPATH=extensions/awx python -m awx_configuration

bench: setup-powershell ## calls and seconds of the module, beside the naive way and a module that does nothing
	@$(WITH_ENV) python tests/benchmarks/bench.py $(ARGS)

lock: setup ## resolve tests/lab/requirements.in anew into the lock file
	@$(WITH_ENV) python tests/lab/lock.py

clean: ## remove what set-up and tests left in the checkout (the cache directory stays)
	rm -rf .build .ansible .hypothesis tests/output
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
