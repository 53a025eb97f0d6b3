# Broadside. `make run` serves it, `make test` tests it, `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
COMPILE := $(VENV)/uv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 \
	--generate-hashes --no-annotate --custom-compile-command "make lock" --quiet
# Each test file is run by one process, with its own database.
AT_ONCE := --numprocesses 3 --dist loadfile --no-loadscope-reorder
CLUSTER := etcd haproxy patroni pgbouncer
# For those that take as long as they are told to.
ENDLESS := --timeout 0 --override-ini faulthandler_timeout=0
BROWSERS := chromium-headless-shell chromium chromium-browser google-chrome chrome

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: run test test-coverage fuzz worst lint demo bench bench-slow cluster lock messages screenshots lighthouse clean help \
	chromium exiftool etcd haproxy headless-shell node nginx patroni pgbouncer promtool wrk xmllint

run: $(VENV)/run.stamp ## Serve the site on http://127.0.0.1:5000 until Ctrl-C
	@exec $(BIN)/blog serve

test: $(VENV)/dev.stamp headless-shell chromium exiftool nginx promtool xmllint $(CLUSTER) ## Run all tests, or some: make test ARGS="-k login"
	@$(BIN)/pytest $(AT_ONCE) $(ARGS)

test-coverage: $(VENV)/dev.stamp headless-shell chromium exiftool nginx promtool xmllint $(CLUSTER) ## Run all tests with line and branch coverage
	@$(BIN)/pytest $(AT_ONCE) --cov --cov-report term --cov-report html $(ARGS)

fuzz: $(VENV)/dev.stamp ## Fuzz the site: make fuzz EXAMPLES=1000 SEED=7
	@FUZZ_EXAMPLES=$(or $(EXAMPLES),100) FUZZ_SEED=$(or $(SEED),$(shell date +%s)) \
		$(BIN)/pytest $(ENDLESS) tests/api/test_fuzz.py tests/live/test_odd_requests.py -s $(ARGS)

worst: $(VENV)/dev.stamp ## Search for texts that are slow to render: make worst SECONDS=60 SEED=7
	@WORST_SECONDS=$(or $(SECONDS),10) WORST_SEED=$(or $(SEED),$(shell date +%s)) \
		$(BIN)/pytest $(ENDLESS) tests/core/test_worst_texts.py $(ARGS)

lint: $(VENV)/dev.stamp ## Check style, types and imports between folders
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-cache > $(VENV)/imports.txt || { cat $(VENV)/imports.txt; exit 1; }

demo: $(VENV)/run.stamp ## Load demo data: make demo ARGS="--users 10 --posts 100"
	@exec $(BIN)/blog demo $(ARGS)

bench: $(VENV)/dev.stamp wrk nginx pgbouncer ## Run the benchmarks, or measure one optimisation: make bench ARGS="--without fragments"
ifneq ($(findstring --without,$(ARGS)),)
	@$(BIN)/python -m benchmarks.without $(ARGS)
else
	@$(BIN)/python -m benchmarks.pages $(ARGS)
	@$(BIN)/python -m benchmarks.writes $(ARGS)
	@$(BIN)/python -m benchmarks.hot_rows $(filter --quick,$(ARGS))
	@$(BIN)/python -m benchmarks.arrangements $(filter --quick,$(ARGS))
endif

bench-slow: $(VENV)/dev.stamp ## Measure the effect of slow clients: make bench-slow ARGS="--quick"
	@$(BIN)/python -m benchmarks.slow_clients $(ARGS)

cluster: $(VENV)/dev.stamp nginx $(CLUSTER) ## Run a cluster on this machine, or drill it: make cluster ARGS="--drill --rounds 20"
	@exec $(BIN)/python -m benchmarks.cluster $(ARGS)

messages: $(VENV)/run.stamp ## Collect the texts of the source, and bring the catalogs in blog/locales up to date
	@$(BIN)/python -m blog.core.i18n.extraction

screenshots: $(VENV)/dev.stamp chromium ## Picture every page, at four widths, light and dark, or some: make screenshots WORD=profile
	@$(BIN)/python -m tests.browser.screenshots screenshots $(WORD)
	@echo "They are in the folder screenshots"

lighthouse: $(VENV)/npm.stamp chromium ## Run Lighthouse on the main pages, or on some: make lighthouse WORD=home
	@$(BIN)/python -m benchmarks.lighthouse $(WORD)

lock: $(VENV)/uv/bin/uv ## Pin the dependencies; with ARGS=--upgrade to the newest versions
	@echo "Pinning the dependencies in requirements/"
	@$(COMPILE) $(ARGS) --group build --output-file requirements/run.lock
	@$(COMPILE) $(ARGS) --group build --extra telemetry --constraint requirements/run.lock \
		--output-file requirements/telemetry.lock
	@$(COMPILE) $(ARGS) --group build --group dev --extra telemetry \
		--constraint requirements/telemetry.lock --output-file requirements/dev.lock
	@$(subst pyproject.toml,,$(COMPILE)) $(ARGS) --group cluster --output-file requirements/cluster.lock

clean: ## Remove generated files, except the site's data in var/
	@rm -rf $(VENV) static/fonts .coverage* htmlcov .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -prune -exec rm -rf {} +

help: ## Show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

# Installs the packages of a lock file. pip is silent for most of a minute, so they are counted.
define locked
	if [ -t 1 ]; then end='\r'; else end='\n'; fi; \
	{ $(PIP) install --no-deps --require-hashes --only-binary :all: --requirement $(1) || echo failed; } \
	| awk -v end="$$end" ' \
		/^Collecting/ && (++n % 10 == 0 || end == "\r") { printf "Fetching packages: %d" end, n; fflush() } \
		/^Installing collected/ { printf "Installing %d packages of $(1)\n", n; fflush() } \
		/^failed$$/ { failed = 1 } \
		END { exit failed }'
endef

# The environment is recreated when its Python is missing, and updated when a lock file has
# changed.
$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { \
		echo "Broadside needs Python 3.11 or newer, and there is no $(PYTHON)." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Broadside needs Python 3.11 or newer, and this is $$($(PYTHON) --version 2>&1)." \
		"Choose another one by: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "This Python lacks its module venv. On Debian: apt install python3-venv" >&2; exit 1; }
	@echo "Making a Python environment in $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV)

$(VENV)/run.stamp: requirements/run.lock pyproject.toml hatch_build.py | $(BIN)/python
	@$(call locked,requirements/run.lock)
	@echo "Building the fonts"
	@$(PIP) --quiet install --no-deps --no-build-isolation --editable .
	@touch $@

# With OpenTelemetry.
$(VENV)/telemetry.stamp: requirements/telemetry.lock $(VENV)/run.stamp
	@$(call locked,requirements/telemetry.lock)
	@touch $@

$(VENV)/dev.stamp: requirements/dev.lock $(VENV)/run.stamp
	@$(call locked,requirements/dev.lock)
	@touch $@

# Tools for development that come from npm.
$(VENV)/npm.stamp: requirements/package.json requirements/package-lock.json $(VENV)/dev.stamp | node
	@echo "Installing Lighthouse"
	@mkdir -p $(VENV)/npm && cp requirements/package*.json $(VENV)/npm
	@cd $(VENV)/npm && npm ci --silent --no-audit --no-fund
	@touch $@

# An environment of its own, as on a database server. Two of its packages are published as source only.
$(VENV)/cluster.stamp: requirements/cluster.lock | $(BIN)/python
	@echo "Installing Patroni"
	@$(BIN)/python -m venv --clear $(VENV)/cluster
	@$(VENV)/cluster/bin/python -m pip --disable-pip-version-check --no-input --quiet \
		install --no-deps --require-hashes --requirement requirements/cluster.lock
	@touch $@

$(VENV)/uv/bin/uv: | $(BIN)/python
	@echo "Installing uv"
	@$(BIN)/python -m venv $(VENV)/uv
	@$(VENV)/uv/bin/python -m pip install --quiet --disable-pip-version-check uv

# System packages: installed on Debian as root; otherwise a message says what to install.
ROOT_ON_DEBIAN := { [ "$$(id -u)" = 0 ] && grep -qs '^ID=debian' /etc/os-release; }
define apt
	if $(ROOT_ON_DEBIAN); then \
		echo "Installing $(1)"; \
		export DEBIAN_FRONTEND=noninteractive; \
		{ apt-get -qq update && apt-get -qq --yes --no-install-recommends install $(1); } \
			</dev/null >$(VENV)/apt.log 2>&1 || echo "This failed; $(VENV)/apt.log says why"; \
	else \
		echo "$(2). On Debian: apt install $(1)"; \
	fi
endef

# Tests with a real browser, ExifTool, nginx, promtool, xmllint or the cluster's programs are skipped if one is
# missing, and fail if CI=true.
# Chromium without windows, which takes the tests a quarter of the processor time. Any other will do.
headless-shell:
	@command -v chromium-headless-shell >/dev/null && exit 0; \
	$(ROOT_ON_DEBIAN) || exit 0; \
	$(call apt,chromium-headless-shell,)

chromium:
	@for name in $(BROWSERS); do command -v $$name >/dev/null && exit 0; done; \
	$(call apt,chromium,The browser tests are skipped without Chromium)

exiftool:
	@command -v exiftool >/dev/null && exit 0; \
	$(call apt,libimage-exiftool-perl,The test of metadata is skipped without ExifTool)

nginx:
	@PATH=$$PATH:/usr/sbin command -v nginx >/dev/null && exit 0; \
	$(call apt,nginx-light,The test behind a proxy is skipped without nginx)

# Of Prometheus's package, this one program is unpacked; to install it would start a server.
promtool:
	@test -x $(VENV)/prometheus/usr/bin/promtool && exit 0; \
	if command -v apt-get >/dev/null; then \
		echo "Fetching promtool"; \
		mkdir -p $(VENV)/prometheus && cd $(VENV)/prometheus && \
		{ { ! $(ROOT_ON_DEBIAN) || apt-get -qq update; } && apt-get -qq download prometheus && \
			dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool && rm prometheus_*.deb; } \
			</dev/null >../promtool.log 2>&1 || echo "This failed; $(VENV)/promtool.log says why"; \
	else \
		echo "The test of the alerts is skipped without $(VENV)/prometheus/usr/bin/promtool"; \
	fi

wrk:
	@command -v wrk >/dev/null && exit 0; \
	$(call apt,wrk,The benchmark needs wrk)

xmllint:
	@command -v xmllint >/dev/null && exit 0; \
	$(call apt,libxml2-utils,The tests of feeds are skipped without xmllint)

patroni: $(VENV)/cluster.stamp

etcd:
	@command -v etcd >/dev/null && exit 0; \
	$(call apt,etcd-server,The test of the cluster is skipped without etcd)

haproxy:
	@PATH=$$PATH:/usr/sbin command -v haproxy >/dev/null && exit 0; \
	$(call apt,haproxy,The test of the cluster is skipped without HAProxy)

pgbouncer:
	@test -x $(VENV)/pgbouncer/bin/pgbouncer && exit 0; \
	if [ "$$(id -u)" = 0 ] && grep -qs '^ID=debian' /etc/os-release; then \
		echo "Building PgBouncer"; \
		requirements/build_pgbouncer.sh $(VENV)/pgbouncer </dev/null >$(VENV)/pgbouncer.log 2>&1 \
			|| echo "This failed; $(VENV)/pgbouncer.log says why"; \
	else \
		echo "The test of the cluster is skipped without $(VENV)/pgbouncer/bin/pgbouncer, 1.21 or newer"; \
	fi

node:
	@command -v npm >/dev/null && exit 0; \
	$(call apt,nodejs npm,Lighthouse needs Node.js 18 or newer with npm)
