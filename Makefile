.DEFAULT_GOAL := help

GOLANGCI_LINT := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
# A tarball has no git history to name itself by.
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
TEST_TIMEOUT ?= 20m
ROWS ?= 5000000
REPEAT ?= 2
# Whole jobs under traffic, whose races are in the database: the race detector would only slow them down.
WHOLE_JOBS := -e /tests/laws$$ -e /tests/random$$

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/repave
	go build -trimpath -buildvcs=false -ldflags '-X main.version=$(VERSION)' -o bin/repave ./cmd/repave

.PHONY: test
test: ## Run every test (PostgreSQL at $REPAVE_TEST_DSN, in docker, or installed here)
	@test -n "$$REPAVE_TEST_DSN" || .ci/ensure-postgres
	go test -race -timeout $(TEST_TIMEOUT) $$(go list ./... | grep -v $(WHOLE_JOBS))
	go test -timeout $(TEST_TIMEOUT) $$(go list ./... | grep $(WHOLE_JOBS))

.PHONY: test-matrix
test-matrix: ## Run the tests on PostgreSQL 14 to 18 (MATRIX="14 18", "14:18" for moves, MATRIX_RUN=regexp)
	.ci/test-matrix

.PHONY: test-pooler
test-pooler: ## Test a cutover behind PgBouncer (which must be installed, as psql must)
	@.ci/ensure-postgres --local
	go test -tags pooler -timeout 5m ./tests/pooler

.PHONY: lint
lint: ## Run the linters
	$(GOLANGCI_LINT) run
	$(GOLANGCI_LINT) fmt --diff

.PHONY: fuzz
fuzz: ## Fuzz each target for ten seconds (FUZZ_TIME=1m)
	.ci/fuzz

.PHONY: check
check: lint test ## What must pass before a commit

.PHONY: demo
demo: build ## Rewrite a table under load on a throw-away server
	@.ci/ensure-postgres --local
	bin/repave demo

.PHONY: demo-logical
demo-logical: build ## Move tables under load from one throw-away server to another, and back
	@.ci/ensure-postgres --local
	bin/repave demo --across

.PHONY: bench
bench: build ## Measure repave against VACUUM FULL, pg_repack and others (ROWS=500000 REPEAT=1 for a quick look)
	go run ./tests/bench -repave bin/repave -rows $(ROWS) -repeat $(REPEAT) $(BENCH_FLAGS)

.PHONY: bench-logical
bench-logical: build ## Measure moves to another cluster against pgcopydb, a native subscription and COPY pipes
	go run ./tests/bench -repave bin/repave -rows $(ROWS) -repeat $(REPEAT) -only across $(BENCH_FLAGS)
	REPAVE_BENCH_ROWS=1000000 go test -run - -bench Apply -benchtime 1x -timeout 30m ./strategies/logical

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin
