# The front door: short names for what CMake, CTest and the tools do. `make help` lists them.
JOBS ?= $(shell getconf _NPROCESSORS_ONLN)
PREFIX ?= /usr/local
FUZZ_S ?= 15
MAKEFLAGS += --no-print-directory
PRESETS := release debug clang asan tsan
SOURCES = $(shell git ls-files '*.c' '*.h')

.PHONY: all help $(PRESETS) $(PRESETS:%=test-%) test fuzz ready strict rules index format format-check lint bench install \
        clean arm64 wasm cuda test-gpu
all: release

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | expand -t 14
	@echo "presets:      $(PRESETS): 'make PRESET' builds in build/PRESET, 'make test-PRESET' tests there"

$(PRESETS):
	@cmake --preset $@ >/dev/null
	@cmake --build --preset $@ -j $(JOBS)

$(PRESETS:%=test-%): test-%: %
	@ctest --preset $* -j $(JOBS)

test: ## installs what is missing, builds and tests: release and sanitizers
	@script/test

fuzz: ## each fuzz harness for FUZZ_S seconds (15)
	@cmake --preset fuzz >/dev/null
	@cmake --build --preset fuzz -j $(JOBS)
	@tools/fuzz build/fuzz $(FUZZ_S)

ready: strict rules format-check lint test-release test-clang test-asan test-tsan fuzz ## all checks, before a change goes out
	@echo ready

strict: ## gcc and clang builds with warnings as errors
	@cmake --preset release -DINK_WERROR=ON >/dev/null
	@cmake --preset clang -DINK_WERROR=ON >/dev/null
	@cmake --build --preset release -j $(JOBS)
	@cmake --build --preset clang -j $(JOBS)

rules: ## include directions, lengths, INDEX.md and the other house rules
	@tools/rules

index: ## writes INDEX.md anew from the first line of each file
	@tools/index

format: ## clang-format, in place
	@clang-format -i $(SOURCES)

format-check: ## clang-format, only looking
	@clang-format --dry-run --Werror $(SOURCES)

lint: clang ## clang-tidy and cppcheck
	@tools/lint build/clang $(JOBS)

bench: ## script/bench
	@script/bench

arm64: ## cross build of the library; core, ops and nn tests under qemu-user
	@cmake --preset arm64 >/dev/null
	@cmake --build --preset arm64 -j $(JOBS)
	@ctest --preset arm64

wasm: ## inkling-draw.html, the page that needs no server (clang and lld)
	@cmake --preset wasm >/dev/null
	@cmake --build --preset wasm -j $(JOBS)

cuda: ## release in build/cuda, with the CUDA plug-in for every GPU from sm_75 (nvcc)
	@cmake --preset cuda >/dev/null
	@cmake --build --preset cuda -j $(JOBS)

test-gpu: ## script/test-gpu: all that needs a GPU
	@script/test-gpu

install: release ## into PREFIX (/usr/local)
	@cmake --install build/release --prefix $(PREFIX)

clean: ## removes build/
	@rm -rf build
