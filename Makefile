# The two that matter: make build, make test. README.md says the rest.

GOLANGCI = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOFUMPT  = mvdan.cc/gofumpt@v0.12.0
GOVULN   = golang.org/x/vuln/cmd/govulncheck@v1.9.0

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
# What is tested is what is shipped: the same flags, and one build cache for all.
FLAGS    = -trimpath -buildvcs=false
BUILD    = CGO_ENABLED=0 go build $(FLAGS) -ldflags '-s -w -X main.version=$(VERSION)'
OUT      = bin/fleet
FUZZTIME = 5s
export PATH := $(PATH):/usr/sbin:/sbin

.PHONY: all build test confirm race lint fuzz bench demo cross tidy vuln clean
all: build

build: ## the binary, static, in bin/
	$(BUILD) -o $(OUT) ./cmd/fleet

test: ## everything; installs what the tests need where it may
	@if scripts/needs.sh; then export FLEET_REQUIRE_SSHD=1; fi; \
	export CGO_ENABLED=0; set -x; go test $(FLAGS) -timeout 30m ./...

confirm: ## the command's scripts against a real sshd
	@scripts/needs.sh
	CGO_ENABLED=0 FLEET_REQUIRE_SSHD=1 go test $(FLAGS) -count=1 -v -run '^TestConfirm$$' ./cmd/fleet

race: ## the tests under the race detector
	@scripts/needs.sh race
	FLEET_REQUIRE_SSHD=1 CGO_ENABLED=1 go test $(FLAGS) -race -short -timeout 30m ./...

lint: ## golangci-lint and gofumpt, at pinned versions
	go run $(GOLANGCI) run
	@out=$$(go run $(GOFUMPT) -l .) && if [ -n "$$out" ]; then \
		echo "not formatted by gofumpt:"; echo "$$out"; exit 1; fi

fuzz: ## every fuzz target for FUZZTIME each
	CGO_ENABLED=0 scripts/fuzz.sh $(FUZZTIME)

bench: ## the figures of docs/performance.md
	scripts/bench.sh

demo: ## the tour: throw-away hosts, a real run on them
	@go run ./cmd/fleet demo

cross: ## build and vet for every platform
	scripts/cross.sh $(PLATFORMS)

tidy: ## go.mod says exactly what is used
	go mod tidy -diff

vuln: ## known vulnerabilities in what is linked
	go run $(GOVULN) ./...

clean:
	rm -rf bin dist
