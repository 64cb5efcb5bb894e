PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.PHONY: demo test lint bench clean

$(READY): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $(READY)

demo: $(READY)  ## The main job on data made on the spot
	$(BIN)/python examples/quickstart.py

test: $(READY) lint  ## Tests, doctests and the coverage floor
	$(BIN)/python -m pytest -n auto --cov --cov-report=term

lint: $(READY)  ## Style, docstrings, imports, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)  ## Every benchmark that needs no GPU
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

clean:
	rm -rf .venv .coverage* .pytest_cache .mypy_cache .ruff_cache
