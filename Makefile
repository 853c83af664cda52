# Two commands do all the set-up: `make bindings` and `make test`. `make help` lists the rest.

SOURCE ?= /sys/kernel/btf/vmlinux
JOBS   ?= 2
# Passed on to pytest, or to the benchmark: make test ARGS='tests/btf -x'
ARGS   ?=

VENV := .venv
BIN  := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help bindings test test-slow test-all lint coverage golden grammar syscalls bench wheel clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

bindings: $(VENV)/.package  ## bindings of this machine's kernel (or SOURCE=...), in bindings/
	@test -r '$(SOURCE)' || { \
	  echo '$(SOURCE) cannot be read: a kernel without CONFIG_DEBUG_INFO_BTF?' \
	       'Name another source: make bindings SOURCE=path/to/vmlinux' >&2; exit 1; }
	@$(BIN)/uapigen '$(SOURCE)' -o bindings
	@echo 'The types of $(SOURCE) are in bindings/. Try:'
	@echo '  $(BIN)/python -c "import bindings as k; print(k.task_struct.comm.offset, k.BPF_MAP_TYPE_RINGBUF)"'

test: $(VENV)/.dev  ## the tests, without those marked slow
	$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

test-slow: $(VENV)/.dev  ## only the slow ones: every kernel on every Python, every compiler (UAPIGEN_TESTS=all: more)
	$(BIN)/python -m pytest -n $(JOBS) -m slow $(ARGS)

test-all: $(VENV)/.dev  ## all tests
	$(BIN)/python -m pytest -n $(JOBS) -m 'slow or not slow' $(ARGS)

lint: $(VENV)/.dev  ## types, style, formatting
	$(BIN)/mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

coverage: $(VENV)/.dev  ## the tests under coverage, processes they start included; at least 90 %
	@rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest -n $(JOBS) $(ARGS)
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered --fail-under=90

golden: $(VENV)/.dev  ## write tests/golden anew; git diff shows what changed
	$(BIN)/python -m pytest -q -m golden --update-golden
	@git status --short tests/golden

grammar: $(VENV)/.dev  ## the tables of the grammar of C's expressions anew
	$(BIN)/python -m uapigen.headers.expressions.tables

syscalls: $(VENV)/.package  ## the syscall tables that packages have, anew
	$(BIN)/python -m uapigen.cli.package_syscalls

bench: $(VENV)/.bench  ## uapigen beside bpftool, pahole and ctypesgen, as tables
	$(BIN)/python benchmarks/run.py $(ARGS)

wheel: $(VENV)/.package  ## a wheel, in dist/
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .
	@ls dist/*.whl

clean:  ## remove what make made
	rm -rf $(VENV) dist bindings .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find uapigen tests benchmarks examples -name __pycache__ -prune -exec rm -rf {} +

# The virtual environment: the package itself (editable), and on top of it what tests need

PYTHONS := $(PYTHON) python3 python3.11 python3.12 python3.13 python3.14

$(VENV)/.venv:
	@for python in $(PYTHONS); do \
	  if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    $$python -m venv --clear $(VENV) && touch $@ && exit 0; exit 1; \
	  fi; \
	done; \
	echo 'uapigen needs Python 3.11 or newer with its venv module, and none is on PATH' \
	     '(Debian: apt-get install python3-venv; or name one: make PYTHON=...)' >&2; exit 1

$(VENV)/.package: pyproject.toml | $(VENV)/.venv
	@echo 'Setting up $(VENV) ...'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@# An editable install is not compiled, and an environment may forbid that later.
	@$(BIN)/python -m compileall -q uapigen
	@touch $@

$(VENV)/.bench: $(VENV)/.package
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $@

$(VENV)/.dev: $(VENV)/.package
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
