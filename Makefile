# Every command that a person or CI runs. A bare `make` lists them.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup setup-tests demo test check lint test-faults test-mysql bench-stream bench-nightly bench-plan bench-dashboards bench-setup audit bench-forecast bench-restock screenshots docs lock clean

BIN := .venv/bin
AIRFLOW := .build/airflow/bin
# Of the crashes and planted faults, what every change runs; `make test-faults` runs all.
HISTORIES := tests/faults/test_histories.py
SAMPLE := $(HISTORIES)::test_whatever_crashes_nothing_is_lost_and_nothing_counts_twice \
	'$(HISTORIES)::test_a_wrong_design_is_caught[no_floor]' '$(HISTORIES)::test_a_wrong_design_is_caught[cut_not_atomic]'
# What runs in Airflow's environment; the rest of the code is checked with the product's.
IN_AIRFLOW := dags/*.py plugins/*.py docs/*.py tests/dags/*.py

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what is missing: system packages, Python environment, jars
	@setup/setup.sh

setup-tests: # what the tests need besides: a browser
	@setup/setup.sh tests

demo: setup ## start the whole stack with three years of a simulated shop and show the answers
	@setup/demo.sh

test: setup-tests audit lint ## everything that CI runs: lint, types, contracts and all tests
	$(AIRFLOW)/python -m pytest tests/dags
	$(BIN)/pytest --numprocesses 2 --dist loadfile tests/e2e tests/integration $(SAMPLE) tests/spark tests/unit

check: setup lint ## lint, types, contracts and unit tests, in under a minute
	$(AIRFLOW)/python -m pytest tests/dags
	$(BIN)/pytest --numprocesses 2 --dist loadfile tests/unit

lint:
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mypy --follow-imports=skip --ignore-missing-imports superset/prepare.py
	MYPYPATH=plugins $(BIN)/mypy --explicit-package-bases --python-executable $(AIRFLOW)/python \
		--cache-dir .mypy_cache/airflow $(IN_AIRFLOW)
	$(BIN)/lint-imports

audit: ## look up the known vulnerabilities of every locked version
	@setup/setup.sh audit
	@.build/audit/bin/python setup/audit.py

test-mysql: setup ## run what touches the database on a MySQL of yours: MYSQL=host:port PASSWORD=file of its root's
	@test -n '$(MYSQL)' -a -r '$(PASSWORD)' || \
		{ echo "Say which: make test-mysql MYSQL=host:port PASSWORD=file with its root's password"; exit 2; }
	TILLSTREAM_TEST_MYSQL=$(MYSQL) TILLSTREAM_TEST_MYSQL_PASSWORD=$(PASSWORD) $(BIN)/pytest -m 'not embedded' \
		$(addprefix tests/integration/test_,desk_*.py forecast_*.py gate_*.py live_store.py quarantine.py schema.py \
		stack_accounts.py truth_*.py watch_stream.py)

test-faults: setup ## crash every part on purpose; SEED=n repeats a run
	@$(if $(SEED),TILLSTREAM_TEST_SEED=$(SEED)) $(BIN)/python -m tests.faults

bench-stream: setup ## measure the stream: throughput, latency, recovery
	@$(BIN)/python -m benchmarks.stream

bench-nightly: setup ## measure the night: first, ordinary and full ones, their publication, the stream beside them
	@$(BIN)/python -m benchmarks.nightly

bench-plan: setup ## measure the forecast's way from published truth to published plan, of 500 to 20,000 products
	@$(BIN)/python -m benchmarks.plan

bench-dashboards: setup-tests ## measure the dashboards: pages, queries, viewers beside the stream, idle memory
	@$(BIN)/python -m benchmarks.dashboards

bench-setup: # what the two below need besides
	@setup/setup.sh bench

bench-forecast: bench-setup ## measure the forecast against statsforecast: accuracy, intervals, speed; ARGS=--fresh: the peers anew
	@.build/bench/bin/python -m benchmarks.forecast $(ARGS)

bench-restock: bench-setup ## replay the last twelve months of panels through the order policy and its peers
	@.build/bench/bin/python -m benchmarks.restock $(ARGS)

screenshots: setup-tests ## pictures of the dashboards of the stack that runs, into docs/images
	@$(BIN)/python -m tests.screenshots

docs: setup ## write the generated pages of docs/ and .env.example anew
	@$(BIN)/python -m tillstream.reference_docs
	@$(AIRFLOW)/python -m docs.dags_page
	@$(BIN)/python -m expectations.reference

lock: ## resolve versions and checksums anew; UPGRADE=1 takes the newest
	@setup/setup.sh lock

clean: ## remove what was installed and built here; the shop's data stays
	-@[ ! -x $(BIN)/tillstream ] || $(BIN)/tillstream down
	rm -rf .venv .build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
