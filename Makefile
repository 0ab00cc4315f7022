PYTHON ?= python

help:            ## show this list
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/: *##/\t/' | expand -t 17

run:             ## listen, score and alert from config/
	$(PYTHON) run_monitor.py run

demo:            ## two weeks of demo posts, one alert
	$(PYTHON) run_monitor.py demo

test:            ## the whole test suite, doctests among it
	$(PYTHON) -m pytest

check: lint types test  ## everything that continuous integration does

lint:            ## style and formatting
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

types:           ## mypy, strict
	$(PYTHON) -m mypy

docs:            ## write docs/cli.md and docs/config.md anew
	$(PYTHON) docs/generate.py --write

bench:           ## measure speed and memory
	$(PYTHON) -m benchmarks.pipeline
	$(PYTHON) -m benchmarks.score

.PHONY: help run demo test check lint types docs bench
