# Everything runs in .venv, which is made once and again when setup.py changes.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: demo test test-slow lint

demo: $(VENV)/installed
	$(RUN) -m experiments.dann --flagfile=experiments/flags/dann.digits.flags $(DEMO_FLAGS)

# Half of the time is LLVM optimising what runs once. Slow tests compile as users do.
test: export XLA_FLAGS += --xla_backend_optimization_level=0
test: $(VENV)/tested
	$(RUN) -m pytest -n 2 --dist loadfile

test-slow: $(VENV)/tested
	$(RUN) -m pytest -m slow

lint: $(VENV)/tested
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: setup.py | $(VENV)/bin/python
	$(RUN) -m pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/tested: setup.py | $(VENV)/bin/python
	$(RUN) -m pip install --quiet --disable-pip-version-check -e '.[test]'
	touch $(VENV)/installed $@
