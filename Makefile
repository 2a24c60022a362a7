# Two commands: `make tables` and `make test`. The rest are names for what is written in README.md.
PYTHON ?= python3
VENV := .venv
# a folder of `relclip init` has no pyproject.toml: it takes the environment that is active
READY := $(if $(wildcard pyproject.toml),$(VENV)/ready)
# ... nor tests, documents and a lock
CLONE := $(if $(READY),,in-a-clone-only)
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# DVC and MLflow stay on this machine.
export DVC_NO_ANALYTICS := true
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true

.PHONY: help tables test test-arithmetic gpu-check ui record adopt models open-vocabulary preset dvc schema readme study lint audit clean in-a-clone-only
ROUNDING := tests/core/test_arithmetic.py tests/model tests/train/test_contrast.py tests/train/test_losses.py tests/clip/test_encoder.py

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | grep -v '$(if $(CLONE),(CLONE),^$$)' | sed -E 's/:.*## /\t/' | expand -t 17

tables: $(READY)  ## environment, then every table and the report
	python -m relclip.project.snakemake --cores all

test: $(READY) $(CLONE)  ## environment, then all tests, the whole pipeline in small among them
	pytest

test-arithmetic: $(READY) $(CLONE)  ## the tests that depend on rounding, in other arithmetics of the processor
	MKL_CBWR=COMPATIBLE ATEN_CPU_CAPABILITY=default OMP_NUM_THREADS=1 pytest -n 0 $(ROUNDING)
	MKL_CBWR=AVX2,STRICT ATEN_CPU_CAPABILITY=avx2 OMP_NUM_THREADS=2 pytest -n 0 $(ROUNDING)

gpu-check: $(READY)  ## every path that computes on a GPU, a few steps each: reports/gpu_check.md
	python -m relclip.project.gpu_check

ui: $(READY)  ## MLflow's pages on http://127.0.0.1:5000 (PORT=...)
	python -m relclip.tracking.ui --port $(or $(PORT),5000)

record: $(READY)  ## after snakemake: DVC records what was made as the result of params.yaml
	python -m relclip.project.record

adopt: $(READY)  ## after a clone, pull or switch of branch: DVC's files back, up to date for Snakemake
	python -m relclip.project.adopt

models: $(READY)  ## each table row's best run into MLflow's model registry, to answer photos
	python -m relclip.photo.register

preset: $(READY)  ## NAME=scenes, or another of workflow/presets: params.yaml (SEEDS=3: three of each)
	python -m relclip.project.preset "$(NAME)" $(if $(SEEDS),--seeds "$(SEEDS)")

schema: $(READY)  ## workflow/params.schema.json, for editors, after an edit of relclip/core/params
	python -m relclip.project.schema

dvc: $(READY)  ## dvc.yaml from the Snakefile's rules, after an edit of a rule or a stage's imports
	python -m relclip.project.dvc

readme: $(READY) $(CLONE)  ## the tables of docs/results.md from the last run
	python -m relclip.tables.readme

study: $(READY)  ## docs/study.md from what the preset `study` has trained so far
	python -m relclip.study

open-vocabulary: $(READY)  ## docs/open_vocabulary.md from the last run of the preset `open_vocabulary`
	python -m relclip.evaluate.unseen

lint: $(READY) $(CLONE)  ## formatting, lint, types, workflow
	ruff format --check .
	ruff check .
	mypy
	@# the environment is requirements.lock, not one per rule; FORKED is how all rules start a module
	! snakemake --lint 2>&1 | grep -E '^ +\* |Error' | grep -vE 'Specify a conda environment|variable FORKED'

audit: $(CLONE)  ## known vulnerabilities of requirements.lock; asks a service of the network
	$(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/python -m pip install --quiet pip-audit
	@# strict: what the service was not able to tell of is an error, not a pass
	$(VENV)/audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements.lock || \
		{ echo "audit: see above what is vulnerable, or that the service was not reached and nothing is known"; exit 2; }

in-a-clone-only:
	@echo "this needs the repository's tests, documents and lock, so a clone; what there is here: make help"; exit 2

clean:  ## remove data, checkpoints and reports; keep environment, downloads, DVC's cache
	[ ! -d data ] || find data -mindepth 1 -maxdepth 1 ! -name downloads -exec rm -rf {} +
	rm -rf checkpoints logs reports/tables reports/figures reports/model_cards reports/index.html .snakemake

$(VENV)/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "relclip needs Python 3.11, 3.12 or 3.13 (gensim has no wheel for 3.14); met $$($(PYTHON) --version 2>&1). Say which one: make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --require-hashes -r requirements.lock
	$(VENV)/bin/python -m pip install --quiet --no-build-isolation --no-deps -e .
	@touch $@
