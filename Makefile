# Two commands: `make refresh` (the whole way through on the sample, no network but the package
# registries) and `make test`. Both set up all they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TOOLS := $(VENV)/.tools

.PHONY: refresh test check check-types check-rest dagster bench mutations drift reliability fuzz audit sample readme examples lock clean

refresh: $(READY)
	@$(BIN)/core-measures refresh --from sample

# A process more than there are processors, and four at most: a third of what each does is waiting.
test: $(TOOLS) check
	@$(BIN)/python -m pytest \
		-n $$($(BIN)/python -c "from ingest.beside import processors; print(min(4, processors() + 1))") \
		--dist loadfile --no-loadscope-reorder

# What a machine can say of the code without running it; types take as long as all else.
check: $(TOOLS)
	@$(MAKE) --no-print-directory -j2 check-types check-rest

check-types: $(TOOLS)
	@$(BIN)/mypy

check-rest: $(TOOLS)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check -q .
# sqlfluff's pool leaves semaphores to Python's tracker, which warns of each.
	@PYTHONWARNINGS=ignore $(BIN)/sqlfluff lint --processes 0 --config dbt_project/.sqlfluff --disable-progress-bar -q dbt_project
	@$(BIN)/bandit -c pyproject.toml -q -r ingest expectations warehouse orchestration

dagster: $(READY)
	@CORE_MEASURES_SOURCE=$${CORE_MEASURES_SOURCE:-sample} DAGSTER_TELEMETRY_ENABLED=false \
		$(BIN)/dagster dev -w workspace.yaml

bench: $(TOOLS)
	@$(BIN)/python benchmarks/refresh.py
	@$(BIN)/python benchmarks/nightly.py

mutations: $(TOOLS)
	@$(BIN)/python -m reliability.mutations

# What publishers do to their files from year to year, done to every publication; writes docs/drift.md.
drift: $(READY)
	@$(BIN)/python -m reliability.drift

# Kills, full disks, interrupts, readers and a lake, in full; writes docs/reliability.md. An hour or so.
reliability: $(TOOLS)
	@$(BIN)/python -m reliability.report

# Fuzzing led by coverage, two minutes a target. Its tool has wheels for Linux and Python 3.11 to
# 3.13 alone: it is none of our packages, and stands in a folder of its own.
fuzz: $(TOOLS)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --upgrade \
		--target .venv/fuzz atheris==3.0.0
	@PYTHONPATH=.venv/fuzz $(BIN)/python -m reliability.fuzz

# Known vulnerabilities of what the constraints pin. Needs a registry that knows of them, and
# fails, naming a package, where it does not; the tool stands in an environment of its own. With
# ADVISORIES=all.zip they are looked up in osv.dev's file instead, without a network.
ADVISORIES :=
audit: $(TOOLS)
ifneq ($(ADVISORIES),)
	@$(BIN)/python -m reliability.audit $(ADVISORIES)
else
	@$(PYTHON) -m venv .venv/audit
	@.venv/audit/bin/python -m pip install -qq --disable-pip-version-check pip-audit
	@.venv/audit/bin/pip-audit --require-hashes --disable-pip --strict \
		$(addprefix -r ,$(wildcard constraints*.txt))
endif

sample: $(TOOLS)
	@$(BIN)/python scripts/write_sample.py

readme: $(TOOLS) refresh
	@$(BIN)/python scripts/readme_examples.py data

# What documents show of the sample: the consumers' examples, the marts' schema.
examples: $(TOOLS) refresh
	@$(BIN)/python scripts/fresh_examples.py data
	@$(BIN)/python scripts/marts_schema.py data

# Every package pinned with its hashes, no registry named: what a refresh needs, and what deployment
# and tests need beyond that. uv, which installs them, has a list of its own.
COMPILE = $(BIN)/uv pip compile --generate-hashes --universal --no-strip-extras --python-version 3.11 \
	--custom-compile-command "make lock" -q
PINNED = $$(sed -n 's/^\([a-z0-9._-]*\).*==.*/--no-emit-package \1/p' $(1))

lock: $(READY)
	@$(BIN)/python -m pip install -q uv
	@echo uv | $(COMPILE) - -o constraints-uv.txt
	@$(COMPILE) pyproject.toml --extra build -o constraints.txt
	@$(COMPILE) pyproject.toml --extra build --extra deploy --extra lake --extra objects -c constraints.txt \
		$(call PINNED,constraints.txt) -o constraints-deploy.txt
	@$(COMPILE) pyproject.toml --extra dev -c constraints.txt -c constraints-deploy.txt \
		$(call PINNED,constraints.txt constraints-deploy.txt) -o constraints-dev.txt

clean:
	@rm -rf $(VENV) data

# The environment is made anew when the constraints change; what tests need beside it is added when
# something asks for it.
$(READY): constraints.txt constraints-uv.txt pyproject.toml
	@echo "Setting up $(VENV) (once; half a minute or so)"
	@$(PYTHON) scripts/set_up.py $(VENV)
	@touch $@

$(TOOLS): $(READY) constraints-deploy.txt constraints-dev.txt
	@echo "Adding what tests need to $(VENV) (once)"
	@$(PYTHON) scripts/set_up.py $(VENV) --extra dev
	@touch $@
