# `make run` and `make test` are all that a newcomer needs; each does its own set-up.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help run demo test test-clocks test-deploy trace-service mutants install lint vulnerabilities schema translations \
  common-passwords fonts card-font demo-pictures screenshots \
  freeze audit spam soak bench bench-reading bench-growth bench-hostile chromium libfaketime proxies clean

help: ## List what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 15

run: $(VENV)/run.done ## Run the site at http://localhost:8000; its data is in ./data
	@$(BIN)/quickpub serve

demo: $(VENV)/run.done ## Fill an empty site with authors, posts and weeks of views
	@$(BIN)/quickpub demo

# How many processes run tests. Tests often wait for other processes, so this is twice the number of cores.
# JOBS=0 is for a debugger.
JOBS ?= 4

test: $(VENV)/test.done chromium libfaketime ## Run all tests (ARGS="-k name" for some, ARGS="-m 'not slow'" in a minute)
	@$(BIN)/python -m pytest -n $(JOBS) --maxschedchunk 4 $(ARGS)

mutants: $(VENV)/test.done ## Put one fault after another into a copy, and see that the tests notice (ARGS="--only mail")
	@$(BIN)/python tests/mutations.py $(ARGS)

test-clocks: $(VENV)/test.done libfaketime ## Run them by other clocks and in random order (ARGS=--short for a few)
	@$(BIN)/python tests/clocks.py $(ARGS)

test-deploy: $(VENV)/test.done proxies ## Install as docs/deploy.md says, and use the site through Caddy and nginx
	@$(BIN)/python -m pytest tests/deploy $(ARGS)

trace-service: $(VENV)/test.done ## Compare what a site asks of Linux with what its unit allows (needs root and strace)
	@command -v strace >/dev/null || { echo "Install it first: sudo apt install strace"; exit 1; }
	@$(BIN)/python tests/deploy/trace_service.py

# Where an installed site lives. Never a folder that has anything else in it.
INTO ?= /opt/quickpub
# Extras to install with it, with commas between: EXTRAS=heic
EXTRAS ?=

install: ## Install for a server, INTO=/opt/quickpub; docs/deploy.md says what comes next
	@[ ! -e $(INTO) ] || [ -f $(INTO)/pyvenv.cfg ] || { echo "$(INTO) is there, and is no virtual environment"; exit 1; }
	@real=$$($(PYTHON) -c 'import os, sys; print(os.path.realpath(sys.executable))'); \
	[ "$$(id -u)" != 0 ] || runuser -u nobody -- "$$real" -c '' 2>/dev/null || \
	  { echo "Only root can run $$real, so the site could not. Try: make install PYTHON=/usr/bin/python3"; exit 1; }
	@umask 022 && $(MAKE) --no-print-directory VENV=$(INTO) $(INTO)/bin/pip
	@echo "Installing Quickpub into $(INTO)"
	@umask 022 && copy=$$(mktemp -d) && trap 'rm -rf "$$copy"' EXIT && \
	  cp -R setup.cfg pyproject.toml README.md LICENSE quickpub "$$copy" && \
	  $(INTO)/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt "$$copy$(if $(EXTRAS),[$(EXTRAS)])"

lint: $(VENV)/test.done ## Look for what ruff, mypy and bandit find
	@$(BIN)/ruff check .
	@$(BIN)/mypy quickpub
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive quickpub run_consumer.py

# In a virtual environment of its own: pip-audit brings three dozen packages.
vulnerabilities: ## Ask the Python vulnerability databases about the pinned versions (needs the network)
	@[ -x $(VENV)/audit/bin/pip-audit ] || { $(PYTHON) -m venv $(VENV)/audit && \
	  $(VENV)/audit/bin/pip install --quiet --disable-pip-version-check pip-audit; }
	@$(VENV)/audit/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip --progress-spinner off

schema: $(VENV)/test.done ## Write quickpub/schema.sql again, after a migration was added
	@$(BIN)/python -m tests.make_schema

translations: $(VENV)/test.done ## Extract new messages into quickpub/translations/*.po, and list what is not translated
	@$(BIN)/python -m tests.make_translations

common-passwords: $(VENV)/test.done ## Write quickpub/wordlists again from the zxcvbn package
	@$(BIN)/python -m tests.make_common_passwords

demo-pictures: $(VENV)/test.done ## Draw the pictures of the demo site anew
	@$(BIN)/python tests/make_demo_pictures.py

screenshots: $(VENV)/test.done chromium ## Take the pictures of README and docs anew, of a demo site made for it
	@$(BIN)/python docs/screenshots.py

fonts: ## Write quickpub/static/fonts anew from the packages of their makers (needs npm and the network)
	@[ -x $(VENV)/fonts/bin/fonttools ] || { $(PYTHON) -m venv $(VENV)/fonts && \
	  $(VENV)/fonts/bin/pip install --quiet --disable-pip-version-check fonttools brotli; }
	@PYTHONPATH=. $(VENV)/fonts/bin/python tests/make_fonts.py

card-font: ## Write the font of the cards anew from the packages of its makers (needs npm and the network)
	@[ -x $(VENV)/fonts/bin/fonttools ] || { $(PYTHON) -m venv $(VENV)/fonts && \
	  $(VENV)/fonts/bin/pip install --quiet --disable-pip-version-check fonttools brotli; }
	@PYTHONPATH=. $(VENV)/fonts/bin/python tests/make_card_font.py

freeze: ## Note that all migrations have landed: from now on none of them may change
	@cd quickpub/migrations && sha256sum 0*.py > ../../tests/migrations.sha256

clean: ## Remove the virtual environment and what tools leave; your data stays
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache

$(VENV)/run.done: setup.cfg constraints.txt
	@$(MAKE) --no-print-directory $(BIN)/pip
	@echo "Installing Quickpub into $(VENV)"
	@$(PIP) --editable .
	@touch $@

$(VENV)/test.done: setup.cfg constraints.txt
	@$(MAKE) --no-print-directory $(BIN)/pip
	@echo "Installing Quickpub and what its tests need into $(VENV)"
	@$(PIP) --editable '.[test]'
	@touch $@ $(VENV)/run.done

# Debian leaves venv out of its Python; the package is python3-venv.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Quickpub needs Python 3.11 or later; this is $$($(PYTHON) --version). Try: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing python3-venv" && apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null && \
	    $(PYTHON) -m venv $(VENV); \
	  else echo "Install python3-venv first: sudo apt install python3-venv"; exit 1; fi; }

chromium: $(VENV)/test.done # A browser for the tests, where none is found
	@if command -v chromium >/dev/null || command -v google-chrome >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "No chromium found: installing Debian's" && apt-get update -qq && \
	  apt-get install -y -qq chromium >/dev/null; \
	else echo "No chromium found: fetching Playwright's own" && $(BIN)/playwright install chromium; fi

libfaketime: # The library that sets the clock of whole processes for the tests, on Linux; without it they fail, and say so
	@if [ "$$(uname)" != Linux ] || ls /usr/lib*/faketime/libfaketimeMT.so.1 /usr/lib/*/faketime/libfaketimeMT.so.1 \
	  2>/dev/null | grep -q .; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "No libfaketime found: installing Debian's" && apt-get update -qq && \
	  apt-get install -y -qq libfaketime >/dev/null; \
	else echo "No libfaketime found, which tests/faults/test_clock.py needs: sudo apt install libfaketime"; fi

proxies: # What `make test-deploy` needs of Debian
	@for name in caddy nginx openssl; do command -v $$name >/dev/null || missing="$$missing $$name"; done; \
	command -v systemd-analyze >/dev/null || missing="$$missing systemd"; \
	if [ -z "$$missing" ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing Debian's$$missing" && apt-get update -qq && apt-get install -y -qq $$missing >/dev/null; \
	else echo "Install them first: sudo apt install$$missing"; exit 1; fi

audit: $(VENV)/test.done chromium ## Let the Nu HTML Checker, Lighthouse (npm) and axe look at a demo site, and SpamAssassin at its mails
	@command -v npx >/dev/null || { echo "Install Node.js first: sudo apt install npm"; exit 1; }
	@command -v java >/dev/null || { echo "Install Java first: sudo apt install default-jre-headless"; exit 1; }
	@$(BIN)/python benchmarks/audit.py $(ARGS)
	@$(MAKE) --no-print-directory spam

spam: $(VENV)/test.done ## Ask SpamAssassin (Debian's, offline) what it thinks of each kind of mail
	@command -v spamassassin >/dev/null || { echo "Install it first: sudo apt install spamassassin"; exit 1; }
	@$(BIN)/python tests/spam.py

soak: $(VENV)/test.done ## Kill processes at random for MINUTES (10) and balance the books
	@PYTHONPATH=tests $(BIN)/python tests/faults/soak.py $(or $(MINUTES),10)

bench: $(VENV)/test.done ## Measure background work beside Celery with Redis and plain Huey (ARGS="--quick")
	@$(BIN)/python benchmarks/background.py $(ARGS)

bench-reading: $(VENV)/test.done ## Measure reading, forms, slow clients, start and memory (ARGS="--quick")
	@$(BIN)/python benchmarks/reading.py $(ARGS)

bench-hostile: $(VENV)/test.done ## Measure pages beside hostile texts and many searches (ARGS="--also ../other")
	@$(BIN)/python benchmarks/hostile.py $(ARGS)

bench-growth: $(VENV)/test.done ## Measure pages with 100 to 100,000 posts (ARGS="--quick")
	@$(BIN)/python benchmarks/growth.py $(ARGS)
