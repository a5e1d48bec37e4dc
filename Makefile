# Two commands: `make refresh` (the whole way through on the sample, no network but the package
# registries) and `make test`. Both set up all they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: refresh test check dagster bench mutations reliability fuzz audit sample readme examples lock clean

refresh: $(READY)
	@$(BIN)/core-measures refresh --from sample

test: $(READY) check
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# What a machine can say of the code without running it.
check: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check -q .
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint --config dbt_project/.sqlfluff --disable-progress-bar -q dbt_project
	@$(BIN)/bandit -c pyproject.toml -q -r ingest expectations warehouse orchestration

dagster: $(READY)
	@CORE_MEASURES_SOURCE=$${CORE_MEASURES_SOURCE:-sample} DAGSTER_TELEMETRY_ENABLED=false \
		$(BIN)/dagster dev -w workspace.yaml

bench: $(READY)
	@$(BIN)/python benchmarks/refresh.py
	@$(BIN)/python benchmarks/nightly.py

mutations: $(READY)
	@$(BIN)/python -m reliability.mutations

# Kills, full disks and readers, in full; writes docs/reliability.md. Half an hour and more.
reliability: $(READY)
	@$(BIN)/python -m reliability.report

# Fuzzing led by coverage, two minutes a target. Its tool has wheels for Linux and Python 3.11 to
# 3.13 alone: it is none of our packages, and stands in a folder of its own.
fuzz: $(READY)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --upgrade \
		--target .venv/fuzz atheris==3.0.0
	@PYTHONPATH=.venv/fuzz $(BIN)/python -m reliability.fuzz

# Known vulnerabilities of what constraints.txt pins. Needs a registry that knows of them, and
# fails, naming a package, where it does not; the tool stands in an environment of its own. With
# ADVISORIES=all.zip they are looked up in osv.dev's file instead, without a network.
ADVISORIES :=
audit: $(READY)
ifneq ($(ADVISORIES),)
	@$(BIN)/python -m reliability.audit $(ADVISORIES)
else
	@$(PYTHON) -m venv .venv/audit
	@.venv/audit/bin/python -m pip install -qq --disable-pip-version-check pip-audit
	@.venv/audit/bin/pip-audit -r constraints.txt --require-hashes --disable-pip --strict
endif

sample: $(READY)
	@$(BIN)/python scripts/write_sample.py

readme: refresh
	@$(BIN)/python scripts/readme_examples.py data

# What documents show of the sample: the cookbook's answers, the consumers' examples, the marts' schema.
examples: refresh
	@$(BIN)/python scripts/fresh_examples.py data
	@$(BIN)/python scripts/marts_schema.py data

# The constraints file pins every package with its hashes; it names no registry.
lock: $(READY)
	@$(BIN)/python -m pip install -q uv
	@$(BIN)/uv pip compile pyproject.toml --extra dev --generate-hashes --universal --no-strip-extras \
		--python-version 3.11 --custom-compile-command "make lock" -q -o constraints.txt

clean:
	@rm -rf $(VENV) data

# Byte-code is compiled at installation: Great Expectations alone takes three times as long to
# import without it. The environment is made anew when the constraints change.
$(READY): constraints.txt pyproject.toml
	@echo "Setting up $(VENV) (once; a minute or two)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with PYTHON=..."; exit 1; }
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pip install -qq --disable-pip-version-check \
		--require-hashes --compile -r constraints.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check \
		--no-deps --no-build-isolation --editable .
	@touch $@
