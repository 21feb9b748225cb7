# Everything that is done with this repository, by people and by CI. `make help` lists it.
# ARGS is handed on: make test ARGS="-k annotations -x"
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
BIN := .venv/bin
READY := .venv/.ready
MANIFESTS := conf/crd.yaml conf/rbac.yaml conf/daemonset.yaml
PROTOCOLS := multus_py/node/podresources.proto tests/protocols/deviceplugin.proto tests/protocols/draplugin.proto \
	tests/protocols/pluginregistration.proto
COVERED := cni multinet attach cluster
PEER_VERSION := v4.3.0
PEER := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/multus-py/peer-$(PEER_VERSION)/multus

help: ## This list
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: packages ## Make .venv and install what is missing on the machine (the other targets do it too)
	@flock pyproject.toml tools/setup venv
	@touch $(READY)

demo: packages $(READY) ## Two nodes, a pod on each, one more network between them (as root)
	@test "$$(id -u)" = 0 || { echo "make demo: makes network namespaces, so it must be root: sudo make demo" >&2; exit 1; }
	$(BIN)/python -m multus_py lab demo $(ARGS)

test: packages $(READY) ## All tests; those that need root are skipped, and counted, for other users
	$(BIN)/python -m pytest $(ARGS)

test-quick: $(READY) ## The tests that need neither root nor patience
	$(BIN)/python -m pytest -m 'not root and not slow' $(ARGS)

e2e-tools: packages ## Get etcd, containerd and runc, and build Kubernetes (once; KUBE_ASSETS=DIR uses yours)
	@tests/e2e/tools/build >/dev/null

e2e: packages $(READY) dist/multus dist/multus-image.tar ## Real pods on a real Kubernetes (as root); CASE=F1 for one case, PEER=FILE for your Go Multus
	@MULTUS=$(CURDIR)/dist/multus PEER=$(PEER) $(BIN)/python -m tests.e2e $(CASE)

scale: packages $(READY) ## What a hundred nodes' caches cost a real API server (as root, five minutes; ARGS="--nodes 50")
	@$(BIN)/python -m tests.e2e --run=tests.e2e.scale $(if $(wildcard $(PEER)),--peer $(PEER)) $(ARGS)

pictures: $(READY) dist/multus dist/multus-image.tar ## Draw docs/img anew: the dashboard on a real Kubernetes (as root)
	@$(BIN)/python -c 'import matplotlib' 2>/dev/null || $(BIN)/python -m pip install --quiet '.[pictures]' </dev/null
	@$(BIN)/python -m tests.e2e --run=tests.e2e.pictures "$$(tests/e2e/tools/prometheus)"

build: ## Make dist/multus, the one executable (PYTHON=/path/to/python3 builds with another interpreter)
	@flock build.spec tools/build

dist/multus: $(shell find multus_py plugins build.spec tools/build tools/bundle.py -type f -not -name '*.pyc')
	@flock build.spec tools/build

image: dist/multus-image.tar ## Make dist/multus-image.tar, the container image of the build: `ctr images import`, `docker load`
	@echo "image: $<"

dist/multus-image.tar: $(READY) dist/multus tools/image.py tools/elf.py
	@$(BIN)/python -m tools.image

sbom: dist/multus ## Make dist/multus.cdx.json, the list of what is in the build (CycloneDX)
	@build/venv/bin/python -m tools.sbom

manifest: conf/multus.yaml ## Put conf/multus.yaml together from its parts

stubs: $(READY) ## Generate the modules of the gRPC services that are spoken here from their .proto files
	$(BIN)/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. --grpc_python_out=. $(PROTOCOLS)

conf/multus.yaml: $(MANIFESTS)
	@{ echo "# Everything that a cluster needs, in one file. Made by 'make manifest': $(notdir $(MANIFESTS))"; \
		for part in $(MANIFESTS); do echo "---"; cat "$$part"; done; } > $@

lock: ## Write requirements/*.lock anew after a change of pyproject.toml (UPGRADE=1: with the newest versions)
	@tools/lock

docs: $(READY) ## Write the pages of docs/ that are made of the code: the references
	@$(BIN)/python -m tools.configuration
	@$(BIN)/python -m tools.findings
	@$(BIN)/python -m tools.checks
	@$(BIN)/python -m tools.reference

docs-check: packages $(READY) ## What docs/ says is so: links, documents, and the commands with what they print
	$(BIN)/python -m pytest tests/docs $(ARGS)

chaos: packages $(READY) ## Ten minutes of crashes, torn files, bad plugins, wrong API servers and crowds (as root); ARGS="--seed N --only crash"
	@$(BIN)/python -m tests.chaos $(ARGS)

soak: packages $(READY) ## Two thousand pods come and go, and nothing grows (as root; ARGS="--cycles 200 --seed N")
	@$(BIN)/python -m tests.soak $(ARGS)

mutation: $(READY) ## Small mistakes put into the code in memory: which do the unit tests notice? (ARGS=multus_py/attach/plan.py)
	@nice -n 19 $(BIN)/python -m tests.mutation $(ARGS)

lint: $(READY) ## Style, types, and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

fmt: $(READY) ## Format, and mend what ruff can mend by itself
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

cover: packages $(READY) ## All tests with branch coverage: the lines and branches that none of them reaches
	$(BIN)/python -m pytest --cov --cov-report=term-missing --cov-report=html $(ARGS)

cover-unit: packages $(READY) ## Branch coverage of what a call runs, by its unit tests alone: at least 95 %
	$(BIN)/python -m pytest $(foreach part,$(COVERED),tests/unit/$(part) --cov=multus_py.$(part)) \
		--cov-branch --cov-report=term-missing --cov-fail-under=95 $(ARGS)

fuzz: packages $(READY) ## Hostile input for all that reads input, found by coverage (SECONDS=30 a target; TARGET=record)
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(BIN)/python -m pip install --quiet --editable '.[fuzz]' </dev/null
	@$(BIN)/python -m tests.fuzz $(TARGET) $(if $(SECONDS),--seconds $(SECONDS)) $(ARGS)

bench: packages $(READY) ## What a call costs, against the plugins alone and the Go Multus (as root; ROUNDS=25)
	@$(BIN)/python -m tests.bench $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(wildcard $(PEER)),--peer $(PEER)) $(ARGS)

bench-peer: ## Build the Go Multus for `make bench` to compare with (once; PEER=FILE uses yours)
	@tests/bench/build-peer $(PEER_VERSION) $(dir $(PEER))

clean: ## Remove caches and reports (.venv stays: rm -r .venv)
	rm -rf build dist htmlcov .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

# Checked at every use, in milliseconds: .venv may be older than the need for a package.
packages:
	@tools/setup packages

# The lock is for two makes at once. Whoever comes second finds nothing left to install.
$(READY): pyproject.toml requirements/dev.lock tools/setup
	@flock pyproject.toml tools/setup venv
	@touch $@

.PHONY: help setup demo build image sbom manifest stubs lock docs docs-check test test-quick chaos soak mutation e2e-tools e2e scale pictures lint fmt cover cover-unit fuzz bench bench-peer clean packages
