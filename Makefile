# The two that a newcomer needs are demo and test. Both install what they lack
# (scripts/setup) and work on a new machine with Go alone.

SHELL := /bin/bash

.PHONY: help demo test check race fuzz soak build clean

help:
	@echo 'make demo    the same attack without and with Sallyport, in a browser'
	@echo 'make test    everything that must hold: check, tests, browsers, fuzzing'
	@echo 'make check   formatting, vet, staticcheck, TypeScript, generated files'
	@echo 'make race    the Go tests with the race detector'
	@echo 'make fuzz    every fuzz target for a few seconds (FUZZTIME=3s)'
	@echo 'make soak    mixed load with reloads and dropped sockets for a while (SOAK=10m), looking for leaks'
	@echo 'make build   bin/sallyport'

# ARGS goes to the command: make demo ARGS=--json
demo:
	@scripts/setup demo
	@scripts/demo $(ARGS)

test:
	@scripts/setup test
	@scripts/test

check:
	@scripts/setup check
	@scripts/check

race:
	@scripts/setup race
	SALLYPORT_REQUIRE_BROWSERS=1 go test -race ./...

fuzz:
	@scripts/setup fuzz
	@scripts/fuzz

soak:
	@scripts/setup race
	SALLYPORT_REQUIRE_BROWSERS=1 SOAK=$${SOAK:-10m} go test -timeout 0 -count=1 -v -run '^TestSoak$$' ./internal/soak

build:
	CGO_ENABLED=0 go build -trimpath -o bin/sallyport ./cmd/sallyport

clean:
	rm -rf bin sandbox-iframe/node_modules internal/attacks/frameworks/node_modules scripts/node/node_modules
