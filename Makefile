# The two commands a newcomer needs: make demo, make test. The environment is .venv; what reads USD with NVIDIA's own
# tools has .venv-isaac, since they want other versions and gigabytes.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
VENV_ISAAC ?= .venv-isaac
VENV_RAY ?= .venv-ray
BIN := $(VENV)/bin
OLDEST_USD := $(VENV)/oldest-usd
RUN := $(BIN)/python -m vla_isaac run "Pick up the red cube and place it on the blue box"

# dash, which comes with Newton's importers, brings a plugin that this pytest complains about
TEST_ISAAC := $(VENV_ISAAC)/bin/python -m pytest -p no:dash tests/isaac_usd tests/scene/test_usd.py

.PHONY: help demo check test test-all test-isaac test-interop test-oldest-usd lint bench docs wheel train-mini clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/.demo: requirements/demo.txt pyproject.toml | $(VENV)/.made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/demo.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

# SAPIEN without what it declares and its import does not need: OpenCV and others, 220 MB
$(VENV)/.dev: requirements/dev.txt requirements/physx.txt pyproject.toml | $(VENV)/.made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements/physx.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

# not compiled: half the time, and most of it is never imported
$(VENV_ISAAC)/.dev: requirements/dev-isaac.txt pyproject.toml | $(VENV_ISAAC)/.made
	$(VENV_ISAAC)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements/dev-isaac.txt
	$(VENV_ISAAC)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(OLDEST_USD)/.made: requirements/oldest-usd.txt | $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade --target $(OLDEST_USD) -r $<
	@touch $@

$(VENV_RAY)/.dev: requirements/ray.txt pyproject.toml | $(VENV_RAY)/.made
	$(VENV_RAY)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements/ray.txt
	$(VENV_RAY)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/.made $(VENV_ISAAC)/.made $(VENV_RAY)/.made:
	@PYTHON="$(PYTHON)" sh tools/make_venv.sh "$(@D)"
	@touch $@

demo: $(VENV)/.demo ## Watch the arm follow an instruction (about a minute, no GPU)
	@sh tools/ensure_gl.sh "$(BIN)/python"
	@$(RUN) --seed 3

check: $(VENV)/.demo ## A smoke test in half a minute, with what the demo installs
	@sh tools/ensure_gl.sh "$(BIN)/python"
	@$(BIN)/python tools/smoke_test.py

test: $(VENV)/.dev $(VENV_ISAAC)/.dev ## Run the quick suite: style, types, tests (eight minutes on two cores, once the environments are there)
	@sh tools/ensure_gl.sh "$(BIN)/python"
	@sh tools/ensure_strace.sh
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@$(BIN)/python -m compileall -q vla_isaac  # hundreds of processes that tests start import it
	$(BIN)/python -m pytest -n 2 --dist worksteal --durations=10 --durations-min=1 -m "not slow and not timing"
	$(BIN)/python -m pytest -m "timing and not slow" -s
	$(TEST_ISAAC) -m "not slow"

test-all: test test-isaac test-oldest-usd test-interop ## Run the long suites too: every figure in full
	$(BIN)/python -m pytest -m slow -s

test-isaac: $(VENV_ISAAC)/.dev ## Read every scene preset with NVIDIA's asset validator and in Newton
	$(TEST_ISAAC)

test-interop: $(VENV_RAY)/.dev ## Run what needs other people's programs: the real Ray
	RAY_USAGE_STATS_ENABLED=0 $(VENV_RAY)/bin/python -m pytest tests/interop

test-oldest-usd: $(OLDEST_USD)/.made ## Run the tests of the USD writer with the oldest usd-core
	PYTHONPATH=$(OLDEST_USD) $(BIN)/python -c "from pxr import Usd; print('USD', *Usd.GetVersion())"
	PYTHONPATH=$(OLDEST_USD) $(BIN)/python -m pytest tests/scene/test_usd.py

lint: $(VENV)/.dev ## Check style and types only
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

bench: $(VENV)/.dev ## Print every speed figure
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

docs: $(VENV)/.made ## Build the documentation into site/
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/docs.txt
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

wheel: $(VENV)/.made ## Build the wheel into dist/
	$(BIN)/python -m pip install --quiet --disable-pip-version-check build
	$(BIN)/python -m build --wheel

train-mini: $(VENV)/.dev ## Make the shipped policy anew: collect, train, correct, export (hours on two cores)
	@sh tools/ensure_gl.sh "$(BIN)/python"
	$(BIN)/python -m tools.train_mini
	$(BIN)/python -m tools.train_mini.card
	$(BIN)/python -m tools.train_mini.grounding_card

clean: ## Remove what these commands made
	rm -rf $(VENV) $(VENV_ISAAC) $(VENV_RAY) build dist site outputs

.PHONY: extension
extension: $(VENV)/.made ## Build the folder that Isaac Sim takes as an extension into dist/
	$(BIN)/python tools/package_extension.py
