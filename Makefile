# `make app` opens the app, `make test` checks everything, `make quick` what takes half a minute.
VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
PORT ?= 8501

.PHONY: app serve test quick lint audit chromium caddy wheel image install-check checkpoints pins pictures clean

app: $(VENV)/.app
	$(BIN)/streamlit run app.py --server.port $(PORT)

# Replicas behind Caddy; where it is missing: apt-get install caddy, brew install caddy, or caddyserver.com/download.
REPLICAS ?= 2
serve: $(VENV)/.app
	$(BIN)/python deploy/serve.py --replicas $(REPLICAS) --port $(PORT)

# Data that others made, for tests of what can be read; from packages, the last of them.
FILES := tests/data/emoji.zip

test: $(VENV)/.dev chromium caddy lint $(FILES)
	$(BIN)/node --test tests/js/*.test.js
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# What needs no page, no browser and no process of its own: for the time between two changes.
quick: $(VENV)/.dev $(FILES)
	$(BIN)/node --test tests/js/*.test.js
	$(BIN)/python -m pytest -n 2 -m "not page and not browser and not process"

lint: $(VENV)/.dev tests/js/node_modules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(MODULES)/@biomejs/biome/bin/biome check pages tests/js
	$(MODULES)/typescript/bin/tsc -p tests/js

# Fails if a pinned package is known to be vulnerable, or was not found. Where PyPI's database cannot be reached, which a
# mirror of the packages alone also means, it says so and passes: a build must not depend on somebody else's server.
DATABASE := https://pypi.org/pypi/pip/25.0/json
AUDIT := -m pip_audit --strict --disable-pip --require-hashes -r requirements-cluster.txt -r requirements-dev.txt
audit: $(VENV)/.dev
	@if $(BIN)/python -c "import requests; requests.get('$(DATABASE)', timeout=15).raise_for_status()" 2>/dev/null; \
	then $(BIN)/python $(AUDIT); \
	else echo "Nothing was audited: the database of vulnerabilities cannot be reached from here."; fi

# Chromium without a window: Debian's for root, Playwright's own for everyone else.
chromium: $(VENV)/.dev
	@command -v chromium-headless-shell >/dev/null 2>&1 || \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium-headless-shell; \
	  else \
	    $(BIN)/playwright install --only-shell chromium; \
	  fi

# For root; everyone else's tests of replicas are skipped where it is missing.
caddy:
	@command -v caddy >/dev/null 2>&1 || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1 || \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends caddy; }

# Into dist/.
wheel: $(VENV)/.app
	$(BIN)/python -m pip wheel -q --no-deps --wheel-dir dist .

image:
	docker build --tag latent-explorer .

# Installs into an empty environment of each interpreter, and uses what was installed.
PYTHONS ?= $(PYTHON)
install-check: $(VENV)/.dev chromium
	$(BIN)/python tests/install/check.py $(PYTHONS)

checkpoints: $(VENV)/.app
	$(BIN)/python -m ae_core.shipping

INSTALL := $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes

$(VENV)/.app: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) -r requirements.txt
	touch $@

$(VENV)/.dev: $(VENV)/.app requirements-cluster.txt requirements-dev.txt
	$(INSTALL) -r requirements-cluster.txt -r requirements-dev.txt
	touch $@

$(FILES): | $(VENV)/.dev
	$(BIN)/python -m tests.data_sources

# Biome and TypeScript, run by the Node that came with the other requirements.
MODULES := $(BIN)/node tests/js/node_modules
tests/js/node_modules: $(VENV)/.dev tests/js/package-lock.json
	$(BIN)/npm --prefix tests/js ci --silent
	touch $@

# After a change of pyproject.toml; delete the files first for newer versions.
COMPILE := uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header
pins:
	$(COMPILE) pyproject.toml --extra train -o requirements.txt
	$(COMPILE) pyproject.toml --extra train --extra cluster -c requirements.txt -o requirements-cluster.txt
	$(COMPILE) --group dev -c requirements-cluster.txt -o requirements-dev.txt

clean:
	rm -rf $(VENV) tests/js/node_modules .pytest_cache .mypy_cache .ruff_cache

# The README's pictures, taken from the running app.
pictures: $(VENV)/.dev chromium
	$(BIN)/python tests/browser/pictures.py
