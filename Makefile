.PHONY: run test check bench setup lock format

PYTHON = .venv/bin/python
READY = .venv/.ready
COMPILE = .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header --no-emit-index-url

run: $(READY) ## the gateway over a demo retailer, with GraphiQL
	.venv/bin/tessera demo

test: $(READY) ## every test, on real servers
	$(PYTHON) -m pytest -n 2
	TESSERA_EXECUTOR=reference $(PYTHON) -m pytest -n 2 tests/api tests/flows

check: $(READY) ## format, lint, types, import contracts, schema snapshot, Dockerfile
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/tessera schema check
	.venv/bin/hadolint Dockerfile

bench: $(READY) ## side-by-side measurements
	$(PYTHON) -m benchmarks

setup: $(READY)

$(READY): .ci/setup tests/requirements.lock pyproject.toml
	sh .ci/setup

lock: ## pin everything again
	test -x .venv/bin/uv || sh .ci/setup
	$(COMPILE) pyproject.toml --group build --extra tracing -o requirements.lock
	$(COMPILE) pyproject.toml --group dev -o tests/requirements.lock
	$(COMPILE) tests/attacks/tools/clairvoyance.in -o tests/attacks/tools/clairvoyance.lock
	$(COMPILE) tests/attacks/tools/schemathesis.in -o tests/attacks/tools/schemathesis.lock
	$(COMPILE) tests/real/tryton/requirements.in -o tests/real/tryton/requirements.lock

format: $(READY)
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .
	.venv/bin/tessera schema print > schema.graphql
