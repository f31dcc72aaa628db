# Two commands do everything on a fresh machine with Python 3.11 or newer: `make demo` and `make test`.
# Where this folder or the home folder cannot be written, they write into a folder of their own below TMPDIR.

PYTHON ?= python3
SPARE := $(or $(TMPDIR),/tmp)/studio-$(shell id -u)
WRITABLE := $(shell test -w . && echo yes)
VENV ?= $(if $(or $(WRITABLE),$(wildcard .venv/.installed)),.venv,$(SPARE)/venv)
OUT ?= $(if $(WRITABLE),out,$(SPARE)/out)
BIN := $(VENV)/bin
DOCS ?= $(if $(WRITABLE),build/docs,$(SPARE)/docs)
MEDIA_SECONDS ?= 12
PIP := "$(BIN)/python" -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# two processes share the cores: threads of torch in both would wait for each other
PYTEST := OMP_NUM_THREADS=1 "$(BIN)/python" -P -m pytest -q -n 2 --dist loadgroup --durations 30 --durations-min 1

.PHONY: demo test test-all check lint docs man format clean install

demo: install
	@test -w "$${XDG_CACHE_HOME:-$${HOME:-/nonexistent}}" || export STUDIO_CACHE_DIR="$(SPARE)/cache"; \
	"$(BIN)/studio" run graphs/poster.json -o "$(OUT)"
	@echo "The poster is $(abspath $(OUT))/poster.png"

test: install
	$(PYTEST) -m "not slow"

test-all: install
	$(PYTEST) --hypothesis-profile random --cov --cov-report=term:skip-covered

# all that CI checks besides the tests
check: lint

lint: install
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	"$(BIN)/mypy"
	"$(BIN)/lint-imports" --config pyproject.toml
	"$(BIN)/codespell"
	"$(BIN)/python" -m docs_site --check

# the manual pages, where `man studio` finds them while the environment is active
man: install
	"$(BIN)/studio" man --output "$(VENV)/share/man/man1"

# the documentation as a site; what examples make is shown as far as it is made in MEDIA_SECONDS, and kept for the next time
docs: install
	"$(BIN)/python" -m docs_site --folder "$(DOCS)" --media-seconds $(MEDIA_SECONDS)

format: install
	"$(BIN)/ruff" check --fix-only .
	"$(BIN)/ruff" format .

install:
	@if [ "$(BIN)/../.installed" -nt pyproject.toml ] && [ "$(BIN)/../.installed" -nt constraints.txt ]; then exit 0; fi; set -e; \
	$(PYTHON) -c 'import sys; sys.exit("Studio needs Python 3.11 or newer, and this is %d.%d: make PYTHON=python3.12 ..." % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'; \
	echo "Installing into $(VENV), which takes a few minutes the first time"; \
	if [ -z "$(WRITABLE)" ]; then mkdir -p -m 700 "$(SPARE)"; test -O "$(SPARE)" || { echo "$(SPARE) belongs to somebody else: set TMPDIR"; exit 1; }; fi; \
	$(PYTHON) -m venv "$(VENV)"; \
	$(PIP) torch; \
	if [ -n "$(WRITABLE)" ]; then $(PIP) --editable ".[dev]"; else \
	  copy=$$(mktemp -d); cp -R . "$$copy"; chmod -R u+w "$$copy"; $(PIP) "$$copy[dev]"; rm -rf "$$copy"; fi; \
	: "spandrel asks for torchvision, whose registry build does not fit the CPU build of torch; it works without"; \
	$(PIP) --no-deps spandrel; \
	touch "$(VENV)/.installed"

clean:
	rm -rf "$(VENV)" out build dist *.egg-info
