# `make` alone lists what there is. Nothing but python3 (3.8 or newer) and make must be installed: setup fetches the rest.

PYTHON ?= python3
STUDY ?= demo
FORMS ?= 1000000 10000000
CRASHES ?= 300
SEED ?= 7
EXAMPLES ?= 200
RUN := .venv/bin
# hospitals' networks often re-sign TLS: trust what the machine trusts, where it has a list of its own
export UV_SYSTEM_CERTS ?= $(if $(wildcard /etc/ssl/certs/*.crt /etc/ssl/cert.pem /etc/pki/tls/certs/*),1,0)
.DEFAULT_GOAL := help
.PHONY: help setup demo test check crash model bench dagster clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.complete ## build .venv from uv.lock

.venv/.complete: pyproject.toml uv.lock scripts/get_uv.py
	@uv=$$($(PYTHON) scripts/get_uv.py) && env -u VIRTUAL_ENV "$$uv" sync --locked --quiet
	@touch $@

demo: setup ## write the demo study to demo/, run it, show what came out
	$(RUN)/alliance-etl demo $(STUDY)

test: setup ## every test, the wheel and the slow ones included
	$(RUN)/python -m pytest -n 2 --dist loadfile

check: setup ## lint, format, types, import rules, stale pages
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports
	$(RUN)/python -m pytest -q tests/conventions

crash: setup ## kill, starve and disturb hundreds of nights (as root, for small disks and taken rights); CRASHES=300 SEED=7
	$(RUN)/python -m tests.crash --crashes $(CRASHES) --seed $(SEED)

model: setup ## hundreds of histories against a slow, obvious model; EXAMPLES=200 SEED=3
	MODEL_SEED=$(SEED) MODEL_EXAMPLES=$(EXAMPLES) MODEL_STEPS=25 $(RUN)/python -m pytest -q -x --timeout 0 tests/model --hypothesis-seed=$(SEED)

bench: setup ## time and memory at 1 and 10 million forms, as ratios; FORMS="1000000" for less
	$(RUN)/python -m scripts.bench --forms $(FORMS)

dagster: setup ## Dagster's page on the demo study: http://127.0.0.1:3000
	@test -f $(STUDY)/study.yaml || $(RUN)/alliance-etl demo $(STUDY)
	@$(RUN)/python -c "from pathlib import Path; from assets.home import own_home, prepare_home; prepare_home(own_home(Path('$(STUDY)')))"
	ALLIANCE_STUDY="$(abspath $(STUDY))" DAGSTER_HOME="$(abspath $(STUDY))/.state/dagster" \
	  $(RUN)/dagster dev --workspace workspace.yaml --host 127.0.0.1 --port 3000

clean: ## remove what the other commands made, except studies' data
	rm -rf .venv .uv dist build bench .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
