# Set-up, the main job and the tests. Needs make and Python 3.11 or later, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUTPUT ?= results
# Processes that share the tests; each takes about 1 GiB.
TESTERS ?= 2

.PHONY: leaderboard test lint docs suite-demo clean

leaderboard: $(VENV)/ready
	$(BIN)/srbench profile --models all,rfdn-paper,bsrn-s --scale 4 --output $(OUTPUT)
	$(BIN)/srbench plot --scale 4 --x params --y psnr --dataset set5 --size multi-adds --output $(OUTPUT)
	$(BIN)/srbench report --with-published --output $(OUTPUT)

test: $(VENV)/ready
	$(BIN)/python -m pytest -n $(TESTERS) --dist worksteal

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The networks of NTIRE 2024 from a checkout of their repository: make suite-demo CHECKOUT=dir
suite-demo: $(VENV)/ready
	$(BIN)/python scripts/suite_demo.py $(CHECKOUT) --static-only --lr 256x256 --output $(OUTPUT)

# Into build/docs; a broken link fails it.
docs: $(VENV)/docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# The marker is written last, so an interrupted installation is made again.
$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "srbench needs Python 3.11 or later")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

$(VENV)/docs: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[docs]'
	touch $@

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis
