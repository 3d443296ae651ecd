# SPDX-License-Identifier: Apache-2.0
# A short face for meson. Set CC, BUILD or PREFIX on the command line to change the defaults.
BUILD ?= build
PREFIX ?= /usr/local
CXX_FOR_clang = clang++
export CXX := $(or $(CXX_FOR_$(CC)),$(CXX))

.PHONY: all build deps demo demo-nginx demo-redis demo-python coordinator-enclave test fuzz lint bench \
	install clean
all: build

deps:
	@tools/install-packages build run test lint bench

$(BUILD)/build.ninja:
	@tools/install-packages build run test
	meson setup $(BUILD) --prefix $(PREFIX)

build: $(BUILD)/build.ninja
	ninja -C $(BUILD)

demo: build
	samples/hello/demo $(BUILD)

demo-nginx demo-redis demo-python: demo-%: build
	@tools/install-packages demo-$*
	samples/$*/demo $(BUILD)

# KEY=FILE signs it, else one that stays in the build folder; TRUST_ROOT=FILE for a simulated platform.
# WITNESS=DIR, an absolute folder on other storage, notices older states. Gramine's own tools are taken
# where they are installed.
KEY ?= $(BUILD)/enclave-key.pem
coordinator-enclave: build
	@[ -e $(KEY) ] || { echo "making $(KEY)"; $(BUILD)/bin/graphene-sign --gen-key $(KEY); }
	PATH="$(abspath $(BUILD))/bin:$$PATH:$(abspath $(BUILD))/lib/graphene-sim/bin" \
		packaging/gramine/coordinator-enclave $(BUILD)/coordinator-enclave $(BUILD)/bin/coordinator \
		$(KEY) $(TRUST_ROOT)

test: build
	@tools/install-packages test
	tools/run-tests $(BUILD)

# FUZZ_SECONDS for each of TARGETS, which are names as in fuzz/fuzz_NAME.c, or suites; all by default.
FUZZ_SECONDS ?= 60
fuzz:
	@tools/install-packages build test
	tools/run-fuzz $(BUILD) $(FUZZ_SECONDS) $(TARGETS)

lint: build
	@tools/install-packages lint
	tools/lint $(BUILD)

bench: build
	@tools/install-packages bench
	tools/run-bench $(BUILD)

install: build
	meson configure $(BUILD) --prefix $(PREFIX)
	meson install -C $(BUILD)

clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-tsan $(BUILD)-bench $(BUILD)-fuzz
