# SPDX-License-Identifier: Apache-2.0
# A short face for meson. Set CC, BUILD or PREFIX on the command line to change the defaults.
BUILD ?= build
PREFIX ?= /usr/local
CXX_FOR_clang = clang++
export CXX := $(or $(CXX_FOR_$(CC)),$(CXX))

.PHONY: all build deps demo demo-nginx demo-redis demo-python test lint bench install clean
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

test: build
	tools/run-tests $(BUILD)

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
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-bench
