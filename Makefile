# Every verb works for both twins. `make` lists them. What a verb needs is set up at its first use;
# stamp files make the second use start at once.

PYTHON ?= python3
PROFILE ?= default
VENV := .venv/bin
RUN := $(VENV)/python -m
# The commands of this repository; they are no part of the package that people install.
TWINS := PYTHONPATH=$(CURDIR)/contract-tests:$(CURDIR) $(RUN)
PIP_INSTALL := $(RUN) pip install --quiet --disable-pip-version-check

# DATABASE_URL, if set, names a PostgreSQL to use instead of the embedded one.
export PROFILE PYTHON
export PYTHONUNBUFFERED := 1
# Nothing here may call home, or fetch an engine that it does not use.
export CHECKPOINT_DISABLE := 1
export PRISMA_HIDE_UPDATE_MESSAGE := 1
export NPM_CONFIG_UPDATE_NOTIFIER := false
export REDOCLY_TELEMETRY := off
export REDOCLY_SUPPRESS_UPDATE_NOTICE := true

PYTHON_PACKAGES := .venv/.stamp-packages
PYTHON_READY := .venv/.stamp
NODE_PACKAGES := node/node_modules/.stamp
NODE_READY := node/dist/.stamp
LINT_READY := tooling/lint/node_modules/.stamp
# Pages are looked at in a browser; where there is none, Linux on x64 gets one from a package.
BROWSER_READY := $(shell for name in chromium chromium-browser google-chrome google-chrome-stable; do \
	command -v $$name >/dev/null && exit; done; \
	[ "$$(uname -sm)" = 'Linux x86_64' ] && echo tooling/browser/node_modules/.stamp)
SENDER_READY := tooling/benchmark/node_modules/.stamp
# Other frameworks over the services of the twins.
PYTHON_ADAPTERS := fastapi django
NODE_ADAPTERS := fastify nest
NODE_ADAPTER_PACKAGES := $(NODE_ADAPTERS:%=node/adapters/%/node_modules/.stamp)
ADAPTERS_READY := $(PYTHON_ADAPTERS:%=.venv/.stamp-%) $(NODE_ADAPTERS:%=node/adapters/%/dist/.stamp)
AUDIT_READY := tooling/audit/.venv/.stamp
CLIENTS_READY := build/clients/.stamp
DOCS_PAGE := docs/index.html
# Whatever a run came to, the site says so; the run's own status stays.
THEN_DOCS = status=$$?; $(MAKE) --no-print-directory $(DOCS_PAGE) >/dev/null; exit $$status
TWINS_READY := $(PYTHON_READY) $(NODE_READY) $(DOCS_PAGE)

NODE_SOURCES := $(shell find node/src node/prisma -name generated -prune -o -type f -print 2>/dev/null)
# What the site shows: the contract, the tests, both programs and the newest reports.
DOCS_SOURCES := openapi.yaml $(NODE_SOURCES) $(shell find python/task_timer python/tests node/tests contract-tests/stories \
	contract-tests/traps tooling/site tooling/benchmark \( -name __pycache__ -o -name node_modules -o -name tests \) -prune -o -type f -print) \
	.env.example contract-tests/suite/mirror.yaml tooling/client/list_tasks.py tooling/client/list-tasks.mjs \
	$(wildcard build/contract-report.html build/contract-report.json build/mutants.json build/compare.json)
PYTHON_SOURCES := python/task_timer python/migrations python/tests
ROOMS := benchmark cutover overview power shadow site swap
HARNESS_SOURCES := lockstep suite testbed tests $(ROOMS:%=../tooling/%)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help test test-contract test-production test-faults test-swap test-cutover test-adapters test-dozen test-mutants test-seeds test-python test-node test-lockstep lint types \
	serve docs inventory contract-diff check-mirror client compare swap cutover bench-lockstep bench-power bench-proxy format lock clean

##@ Contract tests
test-contract: $(TWINS_READY) $(if $(SERVERS),$(ADAPTERS_READY)) ## Run the contract tests: send both twins the same requests and compare (PROFILE=quick|default|deep SEED= DATABASE_URL= SERVERS=; select one: STORY= TRAP= RACE= OP=)
	@$(TWINS) suite; $(THEN_DOCS)

test-production: $(TWINS_READY) ## Run fault injection on both twins: database, processes and clients (PROFILE= SERVERS=; select one: FAULT=frozen; ARGS=--table)
	@$(TWINS) suite.faults $(ARGS)

test-faults: $(TWINS_READY) ## Run the short form of the fault injection
	@$(TWINS) suite.faults --short

test-swap: $(TWINS_READY) ## Run the short form of the swap
	@PROFILE=quick $(TWINS) tooling.swap

test-cutover: $(TWINS_READY) ## Run the short form of the cutover
	@PROFILE=quick $(TWINS) tooling.cutover

test-adapters: $(TWINS_READY) $(ADAPTERS_READY) ## Run the contract tests on the FastAPI, Django, Fastify and NestJS adapters
	@PROFILE=quick SERVERS=fastapi,django,fastify,nest $(TWINS) suite stories traps generated

test-dozen: $(TWINS_READY) ## Run mutation tests: a dozen mutants of the twins, at least one per layer
	@$(TWINS) suite.mutants --tag quick

test-mutants: $(TWINS_READY) ## Run all mutation tests, and show which driver catches which mutant (ARGS='--all-drivers --plain'; or a random sample of mutants: SAMPLE=60 SEED= ARGS=--resume)
	@$(TWINS) $(if $(SAMPLE),suite.automatic,suite.mutants) $(ARGS); $(THEN_DOCS)

test-seeds: $(TWINS_READY) ## Check that generated requests with other seeds report no findings (SEEDS=20)
	@$(TWINS) suite.seeds

test: lint types test-python test-node test-lockstep test-contract test-faults test-swap test-cutover test-dozen ## Run everything that CI runs

##@ Tests and checks
test-python: $(PYTHON_READY) $(DOCS_PAGE) ## Run the unit tests of the Python twin (ARGS='-k cursor', ARGS=tests/test_cursor.py)
	@cd python && PYTHONPATH=$(CURDIR)/contract-tests ../$(RUN) testbed.with_postgres -- ../$(RUN) pytest -q $(ARGS)

test-node: $(TWINS_READY) ## Run the unit tests of the Node twin (ARGS='-t cursor', ARGS=tests/cursor.test.ts)
	@$(TWINS) testbed.with_postgres -- npm --prefix node test --silent -- $(ARGS)

test-lockstep: $(TWINS_READY) $(ADAPTERS_READY) $(CLIENTS_READY) $(SENDER_READY) $(BROWSER_READY) ## Run the tests of lockstep, the suite and the tooling (ARGS=suite/tests/test_mirror.py)
	@cd contract-tests && ../$(RUN) pytest -c pyproject.toml -q -n 2 --dist loadfile $(or $(ARGS),tests testbed/tests suite/tests $(ROOMS:%=../tooling/%/tests))

lint: $(PYTHON_READY) $(NODE_PACKAGES) $(LINT_READY) ## Lint the contract, all code and the revisions of the schema, and check the mirror
	@$(VENV)/ruff check python contract-tests tooling
	@$(VENV)/ruff format --check --quiet python contract-tests tooling
	@npm --prefix node run --silent lint
	@cd contract-tests && ../node/node_modules/.bin/biome check --error-on-warnings
	@cd tooling && ../node/node_modules/.bin/biome check --error-on-warnings
	@cd tooling/lint && npx --no-install redocly lint --config redocly.yaml ../../openapi.yaml
	@cd tooling/lint && npx --no-install spectral lint --ruleset .spectral.yaml --fail-severity hint ../../openapi.yaml
	@$(VENV)/hadolint python/Dockerfile node/Dockerfile
	@$(VENV)/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml
	@cd contract-tests && PYTHONPATH=$(CURDIR) ../$(VENV)/lint-imports --no-cache
	@$(TWINS) suite.mirror
	@$(TWINS) suite.revisions

types: $(PYTHON_READY) $(NODE_READY) $(ADAPTERS_READY) $(CLIENTS_READY) ## Check types: mypy --strict, tsc
	@cd python && ../$(VENV)/mypy --strict task_timer tests
	@cd contract-tests && ../$(VENV)/mypy --strict $(HARNESS_SOURCES)
	@$(foreach adapter,$(PYTHON_ADAPTERS),(cd python/adapters/$(adapter) && ../../../$(VENV)/mypy .) &&) true
	@npm --prefix node run --silent typecheck
	@$(foreach adapter,$(NODE_ADAPTERS),npm --prefix node/adapters/$(adapter) run --silent typecheck &&) true
	@MYPYPATH=build/clients/python $(VENV)/mypy --strict tooling/client/use_client.py
	@cd tooling/client && npx --no-install tsc

##@ Usage
serve: $(TWINS_READY) ## Run PostgreSQL and both twins with sample data; stop with Ctrl-C (DEBUG=python|node enables a debugger)
	@$(TWINS) testbed.serve

docs: $(DOCS_PAGE) ## Build the documentation site in docs/
	@echo "file://$(CURDIR)/$(DOCS_PAGE)"

inventory: $(PYTHON_READY) $(NODE_READY) ## Print the routes, models and services of both twins as JSON
	@$(TWINS) tooling.overview.inventory

contract-diff: $(PYTHON_READY) ## List the changes of openapi.yaml since REV, and whether they break clients (REV=HEAD or a file, ARGS=--all)
	@$(TWINS) tooling.overview.contract_diff $(or $(REV),HEAD) $(ARGS)

check-mirror: $(PYTHON_READY) ## Check that the twins mirror each other, file by file
	@$(TWINS) suite.mirror

client: $(CLIENTS_READY) ## Generate typed clients for Python and Node, in build/clients
	@echo 'pip install ./build/clients/python    npm install --install-links ./build/clients/node'

compare: $(TWINS_READY) $(SENDER_READY) $(ADAPTERS_READY) $(AUDIT_READY) ## Benchmark the runtimes, after checking parity, write docs/compare.html, and keep it for README (PROFILE= SEED= ARGS='--resume --keep')
	@$(TWINS) tooling.benchmark $(ARGS)
	@$(MAKE) --no-print-directory docs

swap: $(TWINS_READY) ## Swap the runtimes behind Caddy under load: 0 failed, 0 inconsistent, nothing lost (PROFILE= SEED= ARGS=--planted)
	@$(TWINS) tooling.swap $(ARGS)

cutover: $(TWINS_READY) ## Move live traffic from Python to Node by `lockstep cutover`, and back from a faulty Node (PROFILE= SEED= ARGS='--fault later')
	@$(TWINS) tooling.cutover $(ARGS)

bench-lockstep: $(TWINS_READY) ## Benchmark lockstep against plain Schemathesis (ROUNDS= PROFILE= WORKERS= ARGS=--memory)
	@$(TWINS) tooling.power.speed $(ARGS)

bench-power: $(PYTHON_READY) ## Benchmark what lockstep finds on unfamiliar servers against other tools (ARGS='--quick --set NAME --no-rivals')
	@tooling/require node
	@PYTHONPATH=$(CURDIR)/contract-tests:$(CURDIR)/contract-tests/tests:$(CURDIR) $(RUN) tooling.power $(ARGS)

bench-proxy: $(PYTHON_READY) $(SENDER_READY) ## Benchmark what the proxy of lockstep adds to a request (ARGS='--rate 500 --rounds 4')
	@$(TWINS) tooling.shadow $(ARGS)

##@ Maintenance
format: $(PYTHON_READY) $(NODE_PACKAGES) ## Format all code
	@$(VENV)/ruff check --fix --quiet python contract-tests tooling
	@$(VENV)/ruff format --quiet python contract-tests tooling
	@npm --prefix node run --silent format
	@cd contract-tests && ../node/node_modules/.bin/biome check --write
	@cd tooling && ../node/node_modules/.bin/biome check --write

lock: ## Update all lock files
	@tooling/require python
	@tooling/require node
	@tooling/lock

clean: ## Delete all build output, including the data of `make serve`
	@rm -rf .venv build docs .data node/dist node/src/generated node/node_modules node/adapters/*/dist node/adapters/*/node_modules tooling/*/node_modules tooling/*/.venv tooling/client/node/contract.ts
	@find . -name __pycache__ -prune -exec rm -rf {} +
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis */.pytest_cache */.mypy_cache */.ruff_cache \
		*/.hypothesis */*.egg-info

help: ## Show this list
	@if [ -t 1 ]; then bold=$$(printf '\033[1m'); cyan=$$(printf '\033[36m'); off=$$(printf '\033[0m'); fi; \
	printf 'Usage: make <verb>\n'; \
	awk -v bold="$$bold" -v cyan="$$cyan" -v off="$$off" ' \
		/^##@ / { printf "\n%s%s%s\n", bold, substr($$0, 5), off } \
		/^[a-z-]+:.*## / { split($$0, part, /:.*## /); printf "  %s%-15s%s %s\n", cyan, part[1], off, part[2] }' \
		$(MAKEFILE_LIST)

# Set-up. A stamp is newer than all it was made from. What is said of it is no output of a verb.

$(PYTHON_PACKAGES): python/requirements.txt contract-tests/requirements.txt
	@tooling/require python
	@echo 'Setting up Python packages in .venv ...' >&2
	@$(PYTHON) -m venv --clear .venv
	@$(PIP_INSTALL) --require-hashes -r python/requirements.txt -r contract-tests/requirements.txt
	@touch $@

$(PYTHON_READY): $(PYTHON_PACKAGES) python/pyproject.toml contract-tests/pyproject.toml
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e python -e contract-tests
	@touch $@

$(NODE_PACKAGES): node/package.json node/package-lock.json
	@tooling/require node
	@echo 'Setting up Node packages in node/node_modules ...' >&2
	@npm --prefix node ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
	@touch $@

$(NODE_READY): $(NODE_PACKAGES) openapi.yaml $(NODE_SOURCES) $(wildcard node/tsconfig*.json)
	@echo 'Building the Node twin ...' >&2
	@npm --prefix node run --silent build >&2
	@touch $@

# Installed beside its test as others install it: a copy, with what it names in its package.json.
$(CLIENTS_READY): openapi.yaml tooling/client/openapi-python-client.yaml tooling/client/node_modules/.stamp \
		$(addprefix tooling/client/node/,index.ts package.json README.md tsconfig.json) $(PYTHON_READY)
	@echo 'Making the clients ...' >&2
	@rm -rf build/clients tooling/client/node_modules/task-timer-client
	@mkdir -p build/clients/node
	@PATH="$(CURDIR)/$(VENV):$$PATH" openapi-python-client generate --path openapi.yaml --fail-on-warning \
		--config tooling/client/openapi-python-client.yaml --meta pdm --output-path build/clients/python >build/clients/log
	@cd tooling/client && npx --no-install openapi-typescript ../../openapi.yaml --default-non-nullable=false \
		-o node/contract.ts >>../../build/clients/log 2>&1
	@cd tooling/client && npx --no-install tsc -p node
	@cp tooling/client/node/package.json tooling/client/node/README.md build/clients/node
	@npm --prefix tooling/client install --no-save --install-links --offline --no-audit --no-fund --loglevel=error \
		./build/clients/node >>build/clients/log
	@touch $@

.venv/.stamp-%: python/adapters/%/requirements.txt $(PYTHON_READY)
	@echo 'Setting up the adapter for $* ...' >&2
	@$(PIP_INSTALL) --require-hashes -r $<
	@touch $@

$(NODE_ADAPTER_PACKAGES): node/adapters/%/node_modules/.stamp: node/adapters/%/package.json node/adapters/%/package-lock.json
	@tooling/require node
	@echo 'Setting up the adapter for $* ...' >&2
	@npm --prefix node/adapters/$* ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
	@touch $@

node/adapters/%/dist/.stamp: node/adapters/%/node_modules/.stamp node/adapters/%/tsconfig.json $(NODE_READY) \
		$(wildcard node/adapters/*/src/*.ts)
	@npm --prefix node/adapters/$* run --silent build >&2
	@touch $@

tooling/%/node_modules/.stamp: tooling/%/package.json tooling/%/package-lock.json
	@tooling/require node
	@echo 'Setting up tooling/$* ...' >&2
	@npm --prefix tooling/$* ci --no-audit --no-fund --loglevel=error >&2
	@touch $@

$(AUDIT_READY): tooling/audit/requirements.txt
	@tooling/require python
	@echo 'Setting up tooling/audit ...' >&2
	@$(PYTHON) -m venv --clear tooling/audit/.venv
	@tooling/audit/.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(DOCS_PAGE): $(DOCS_SOURCES) tooling/site/node_modules/.stamp $(NODE_PACKAGES) $(PYTHON_READY)
	@$(TWINS) tooling.site
