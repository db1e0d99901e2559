# Thin: everything is built by Meson and Ninja; this only installs what they need and gives the usual names.
BUILD ?= build
PREFIX ?= /usr/local
DEMO_DIR ?= demo

.PHONY: all build packages demo check fuzz mutate bench soak install clean

all: build

packages:
	@tools/packages build

$(BUILD)/build.ninja: | packages
	@meson setup $(BUILD) --prefix $(PREFIX) -Dtests=disabled >/dev/null

build: packages $(BUILD)/build.ninja
	@ninja -C $(BUILD)

demo: build
	@$(BUILD)/nameplate demo --dir $(DEMO_DIR)

check:
	@tools/packages check
	@tools/check

fuzz:
	@tools/packages check
	@tools/fuzz

mutate:
	@tools/packages check
	@tools/mutate

bench:
	@tools/packages check
	@tools/bench

soak:
	@tools/packages check
	@tools/soak

install: packages $(BUILD)/build.ninja
	@meson configure $(BUILD) --prefix $(PREFIX)
	@ninja -C $(BUILD)
	@DESTDIR=$(DESTDIR) meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf build build-*
