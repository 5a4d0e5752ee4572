# Everything works from a bare machine: git, make and any Python >= 3.11.
VENV := .venv
BIN := $(VENV)/bin
BASE := $(VENV)/.base
DEV := $(VENV)/.dev
RESEARCH := $(VENV)/.research
ARGS ?=
DAYS ?= 20
SEED ?= 1
KILLS ?= 10
WHO ?= all
# A file's tests share what they set up; files are begun in the order of tests/conftest.py.
SHARED_OUT := -n auto --dist loadfile --no-loadscope-reorder

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Tests start hundreds of Python processes: compiled once, they need a third less time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run research test test-fast check bench bench-peers conformance clients notebooks fuzz campaign kills weekend lock clean

help:
	@echo "make run        start the simulator and the whole system (ARGS='--duration 2m' adds flags)"
	@echo "make research   install what data, backtests, studies and reports need"
	@echo "make test       every test"
	@echo "make test-fast  the tests that are done within a minute"
	@echo "make check      format, lint, types, import contracts"
	@echo "make bench      measure speed"
	@echo "make bench-peers  measure other people's engines beside ours (DIR=folder of their scripts)"
	@echo "make conformance  print what the simulator answers to each request of each client"
	@echo "make clients    install the clients of other people that it needs beside ours (pip, npm)"
	@echo "make notebooks  run a folder of notebooks against the simulator (DIR=their-folder)"
	@echo "make fuzz       send nonsense to the simulator (ARGS='--cases 1000000 --seed 1')"
	@echo "make campaign   live through simulated bad days (DAYS=20 SEED=1, ARGS='--mutations')"
	@echo "make kills      kill real processes under load (KILLS=10 WHO=desk|gateway|both|all SEED=1)"
	@echo "make weekend    live through a weekend of faults with real processes (ARGS='--speed 120')"
	@echo "make lock       resolve the dependencies anew (needs uv)"
	@echo "make clean      remove what the targets above made"

run: $(BASE)
	@exec $(BIN)/python scripts/foreground.py main.py --simulate --display-interval 1 $(ARGS)

test: $(DEV)
	@exec $(BIN)/python -m pytest $(SHARED_OUT) $(ARGS)

test-fast: $(DEV)
	@exec $(BIN)/python -m pytest $(SHARED_OUT) -m "not slow" $(ARGS)

check: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(DEV)
	@exec $(BIN)/python -m benchmarks

# The newest peers want Python 3.12; they live apart from ours.
$(VENV)/peers: benchmarks/peers.txt
	@echo "installing the peers (once) ..."
	@python="$$(python3.12 -c 'import sys; print(sys.executable)' 2>/dev/null || \
		sh scripts/find-python)" && "$$python" -m venv $@
	@$@/bin/python -m pip install --quiet -r benchmarks/peers.txt
	@touch $@

bench-peers: $(DEV) $(VENV)/peers
	@exec $(BIN)/python -m benchmarks.peers "$(DIR)" $(VENV)/peers/bin/python $(ARGS)

fuzz: $(DEV)
	@exec $(BIN)/python -m benchmarks.fuzz $(ARGS)

campaign: $(DEV)
	@exec $(BIN)/python -m campaign --days $(DAYS) --seed $(SEED) $(ARGS)

kills: $(DEV)
	@exec $(BIN)/python -m campaign.kills --kills $(KILLS) --seed $(SEED) --who $(WHO)

weekend: $(DEV)
	@exec $(BIN)/python -m campaign.weekend $(ARGS)

$(VENV)/bin/python:
	@python="$$(sh scripts/find-python)" && "$$python" -m venv $(VENV)

$(BASE): $(VENV)/bin/python requirements/base.txt pyproject.toml
	@echo "installing what it runs on (once) ..."
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/base.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

research: $(RESEARCH)

$(RESEARCH): $(BASE) requirements/research.txt
	@echo "installing what research needs (once) ..."
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/research.txt
	@touch $@

$(DEV): $(BASE) requirements/dev.txt
	@echo "installing what it is tested with (once) ..."
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

# Old and new ibapi have one name, so the old one lives in a folder of its own.
clients: $(DEV)
	@$(BIN)/python -m pip install --quiet --upgrade --target $(VENV)/old-ibapi --no-deps \
		--no-build-isolation --require-hashes -r tests/conformance/old_ibapi/requirements.txt
	@if command -v npm >/dev/null; then cd tests/conformance/stoqey && npm ci --ignore-scripts --silent; \
	else echo "no npm: without @stoqey/ib"; fi

$(VENV)/notebooks: $(DEV) tests/conformance/notebooks.txt
	@$(BIN)/python -m venv $@
	@$@/bin/python -m pip install --quiet -r tests/conformance/notebooks.txt
	@touch $@

notebooks: $(VENV)/notebooks
	@exec $(BIN)/python -m tests.conformance.notebooks "$(DIR)"

conformance: $(DEV)
	@exec $(BIN)/python -m tests.conformance

lock:
	for set in base research dev; do uv pip compile --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links -q \
		requirements/$$set.in -o requirements/$$set.txt || exit 1; done

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
