# Set-up, lessons and tests of the course; `make` alone lists what there is.
# Written for GNU make 3.81, which macOS still ships.

# PIP_USER=1, which some systems set, would make pip refuse to install into an environment.
PIP = PIP_USER=0 .venv/bin/python -m pip --quiet --disable-pip-version-check
# Two processes of one thread, as on Binder: with two threads each they wait for one another. The
# cells of a notebook share a kernel; conftest.py has the order of the files. Compiled modules are
# kept, whatever the system says, as a hundred processes import them.
PYTEST = TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 PYTHONDONTWRITEBYTECODE= \
	.venv/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder
CANDIDATES = $(if $(PYTHON),"$(PYTHON)",python3.12 python3.11 python3.13 python3.10 python3 python)

# Puts the first suitable Python into $python and its version into $version, or stops and says
# what to do. Each is run, as the shims of pyenv are there and fail; venv is missing on a bare Debian.
choose_python = python=; found=; for candidate in $(CANDIDATES); do \
		version=`"$$candidate" $(PRINT_VERSION) 2>/dev/null` || continue; \
		case $$version in $(PYTHONS)) \
			if "$$candidate" -c 'import ensurepip, venv' 2>/dev/null; then python=$$candidate; break; fi; \
			version="$$version without venv (sudo apt install python$$version-venv)";; \
		esac; \
		case $$found in *"$$version"*) ;; *) found="$${found:+$$found and }Python $$version";; esac; \
	done; \
	if test -z "$$python"; then \
		echo "The course needs Python 3.10, 3.11, 3.12 or 3.13; found here: $${found:-none}." \
			"Install Python 3.12, then run: make PYTHON=/path/to/python3.12 lab" >&2; \
		exit 1; \
	fi

PYTHONS = 3.10|3.11|3.12|3.13
PRINT_VERSION = -c 'import sys; print("%d.%d" % sys.version_info[:2])'

# .venv/installed holds the folder it was made for, and .venv/unfinished marks one that make began
# and could not finish, that was moved, or whose Python is gone: it is made anew.  One that somebody
# made without make, as uv does, has neither: it stays, and the course is installed into it.
$(shell test ! -e .venv/installed || { test "`cat .venv/installed`" = "$(CURDIR)" && \
	.venv/bin/python -c '' 2>/dev/null; } || { touch .venv/unfinished; rm -f .venv/installed; })

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-11s %s\n", $$1, $$2}' Makefile

lab: .venv/installed  ## open the course in JupyterLab; as root: ARGS="--allow-root"
	@.venv/bin/python -m jupyterlab --config=binder/jupyter_lab_config.py $(ARGS)

project: .venv/installed  ## run the hands-on project without a screen; options: ARGS="--trials 5"
	@.venv/bin/python -m nascourse project $(ARGS)

doctor:  ## say whether this machine can run the course; installs nothing
	@if .venv/bin/python -c '' 2>/dev/null; then python=.venv/bin/python; else $(choose_python); fi; \
		"$$python" -m nascourse doctor

test: .venv/tested  ## run all tests
	@$(PYTEST) $(ARGS)

notebooks: .venv/tested  ## make notebooks, solutions and exercises from their sources; ARGS="02"
	@.venv/bin/python -m notebooks.build $(ARGS)

exercises: .venv/tested  ## make the exercises alone, which executes nothing
	@.venv/bin/python -m notebooks.build --exercises $(ARGS)

site: .venv/tested  ## build the course as a web site into build/site
	@.venv/bin/python -m sphinx --quiet --fail-on-warning --jobs 2 -c notebooks/site . build/site
	@echo "Open build/site/index.html."

slides: .venv/tested  ## make slides of the units into build/slides; ARGS="02"
	@.venv/bin/python -m notebooks.slides.make $(ARGS)

timings: .venv/tested  ## run every notebook on one processor and write notebooks/timings.md
	@.venv/bin/python -m tests.benchmarks.make_timings $(ARGS)

bench: .venv/tested  ## measure the ratios that notebooks/README.md quotes; takes over an hour
	@for script in $(wildcard tests/benchmarks/bench_*.py); do \
		echo "$$script"; .venv/bin/python $$script || exit 1; \
	done

bench-table: .venv/tested  ## train the networks of MNIST-NAS-Bench (hours); TEST_MNIST=mnist.npz
	@for step in train measure report export verify; do \
		.venv/bin/python nascourse/recordings/make_bench_table.py $$step --mnist "$(TEST_MNIST)" \
			|| exit 1; \
	done

check: .venv/tested  ## style, types, import rules and the fast tests, while you work
	@.venv/bin/python -m ruff check
	@.venv/bin/python -m ruff format --check
	@.venv/bin/python -m mypy
	@$(PYTEST) -m "not slow and not browser and not notebook" $(ARGS)

resolve: .venv/tested  ## prove that the pins fit together on every system (needs the network)
	@.venv/bin/python tests/drills/resolve.py

badge: .venv/tested  ## put launch badges of a repository into README and notebooks; REPO=owner/name
	@.venv/bin/python -m notebooks.launch "$(REPO)"

clean:  ## remove .venv and what tools left behind; your runs stay
	@rm -rf .venv build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -prune -exec rm -rf {} +

.venv/installed: requirements.txt pyproject.toml
	@if test -e $@; then echo "Bringing .venv up to the pins."; \
	elif test ! -e .venv/unfinished && \
		case `.venv/bin/python $(PRINT_VERSION) 2>/dev/null` in $(PYTHONS)) true;; *) false;; esac; then \
		echo "Installing the course into the .venv that is there."; \
		.venv/bin/python -c 'import pip' 2>/dev/null || .venv/bin/python -m ensurepip >/dev/null; \
	else \
		$(choose_python); \
		echo "Installing the course into .venv with Python $$version: about 2.2 GB, 1-3 minutes, once."; \
		"$$python" -m venv --clear .venv && touch .venv/unfinished; \
	fi
	@rm -f $@
	@$(PIP) install -e . || { echo "This did not finish: see above, then run make again." >&2; exit 1; }
	@rm -f .venv/unfinished
	@echo "$(CURDIR)" > $@

.venv/tested: tests/requirements.txt .venv/installed
	@echo "Installing the test tools into .venv."
	@$(PIP) install -r tests/requirements.txt
	@touch $@

.PHONY: help lab project doctor test notebooks exercises site slides timings bench bench-table check resolve badge clean
.DEFAULT_GOAL = help
