# make demo    the whole loop on a small case: train, export, simulate, judge, report
# make test    lint, types and every test (what continuous integration runs)
# make check   lint, format and types only
# make check-claims   runs the commands whose figures README and docs quote, and compares
# make docs    runs the tutorials and builds the documentation into site/, strictly: a broken link or
#              page is an error
# make wheels  a source distribution and a wheel in dist/ (compiles the kernel: minutes)
# make setup   what the others need: .venv, pinned dependencies, ngspice, sky130 and gf180mcu models
# make tools   Debian's netgen-lvs, xschem and adms, which some tests take where they are there (root)
# make clean   removes what was made here (the model cache of the user stays)
#
# PYTHON=/path/to/python3 chooses the interpreter that .venv is made with.

VENV := .venv
BIN := $(VENV)/bin
SOURCES := setup.py setup mtc_codesign neuron_model mapping circuits netlists codesign tests benchmarks examples documentation docs/tutorials
KERNEL := $(wildcard neuron_model/fused/*.c neuron_model/fused/*.h)
# A terminal shows pip's progress (torch is large), a log stays short.
PIP := $(BIN)/python -m pip --disable-pip-version-check $(shell [ -t 2 ] || echo --quiet)

.PHONY: demo test check check-claims docs wheels tools setup system models clean
.DELETE_ON_ERROR:

demo: setup
	$(BIN)/codesign demo

test: check
	$(BIN)/python -m pytest -n 2

check: setup
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy

check-claims: setup
	$(BIN)/python -m benchmarks.claims

docs: $(VENV)/.docs
	PYTHONPATH=. NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "site/index.html, or with the search: $(BIN)/python -m http.server -d site"

wheels: $(VENV)/.installed
	$(BIN)/python -m build --no-isolation --outdir dist

setup: models

# Both of these look first and do nothing where everything is there, so they need no stamp
# that could be wrong after an upgrade or an emptied cache.
models: $(VENV)/.installed
	@$(BIN)/codesign pdk install sky130 --quiet
	@$(BIN)/codesign pdk install gf180mcu --quiet

system:
	@sh setup/system.sh

# Order-only: "system" is always run, but must not make what follows it out of date.
$(VENV)/.made: | system
	@"$$(sh setup/system.sh --python)" -m venv $(VENV)
	@touch $@

$(VENV)/.installed: pyproject.toml setup.py setup/one_name.py constraints.txt $(KERNEL) $(VENV)/.made | system
	@echo "Installing the pinned dependencies into $(VENV); the first time takes some minutes." >&2
	$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $@

tools:
	apt-get install -y --no-install-recommends netgen-lvs xschem adms

# The tutorials run ngspice, on models of our own: none of a PDK are needed.
$(VENV)/.docs: $(VENV)/.installed
	$(PIP) install --constraint constraints.txt --editable '.[docs]'
	@touch $@

clean:
	rm -rf $(VENV) build dist site *.egg-info neuron_model/fused/*.so .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
