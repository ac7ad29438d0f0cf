# One command for each thing to do here; `make` alone lists them. Tools that are missing go to .tools/, pinned and
# hash-checked but for promtool (scripts/). CARGO_TARGET_DIR and NATS_SERVER are respected.

target_dir := $(or $(CARGO_TARGET_DIR),target)
nats_server := server="$$(scripts/nats-server.sh)" && NATS_SERVER="$$server"
# The lock file is part of the source: building never changes it.
cargo := cargo --locked

# rustup puts cargo here and adds it to PATH only in login shells.
export PATH := $(or $(CARGO_HOME),$(HOME)/.cargo)/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help demo chaos bounds screenshots captures bench charts image test build lint fmt advisories toolchain

help: ## Lists what can be made.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: toolchain ## Builds in release and opens the console on a private deployment. More options: make demo ARGS="--headless --for 30s --json"
	@scripts/nats-server.sh >/dev/null
	@$(cargo) build --release --workspace --exclude bench --bins
	@$(nats_server) exec "$(target_dir)/release/domicilio" demo $(ARGS)

chaos: build ## Breaks a private deployment by a seeded plan and proves that no order suffered: make chaos SEED=7 ARGS="--rounds 5"
	@$(nats_server) exec "$(target_dir)/debug/chaos" $(if $(SEED),--seed $(SEED)) --report-dir "$(target_dir)/chaos" $(ARGS)

bounds: toolchain ## Shows that memory, waiting and pace stay bounded, in about twenty minutes: make bounds ARGS="outage --away-s 60"
	@scripts/nats-server.sh >/dev/null
	@$(cargo) build --release --bins -p api-domicilio -p distribuidor -p queue-resolver -p pos-simulator -p chaos
	@$(nats_server) exec "$(target_dir)/release/bounds" --report "$(target_dir)/bounds.json" $(ARGS)

screenshots: toolchain ## Takes the pictures in assets/ anew from a demo with a fixed seed; needs tmux. Some of them: make screenshots ARGS="overview bus"
	@scripts/nats-server.sh >/dev/null
	@$(cargo) build --release --workspace --bins
	@$(nats_server) exec scripts/screenshots.py "$(target_dir)/release/domicilio" $(ARGS)

captures: toolchain ## Writes each screen of that demo at three sizes in both languages as text to target/captures/; needs tmux.
	@scripts/nats-server.sh >/dev/null
	@$(cargo) build --release --workspace --bins
	@$(nats_server) exec scripts/screenshots.py --text "$(target_dir)/release/domicilio"

bench: toolchain ## Measures order path and console beside the smallest programs that do the same; the part over SSH needs root, openssh-server and iproute2. make bench ARGS="--only wire --short"
	@scripts/nats-server.sh >/dev/null
	@$(cargo) build --release --bins -p api-domicilio -p distribuidor -p queue-resolver -p domicilio -p bench
	@$(nats_server) exec "$(target_dir)/release/bench" --peers scripts/python-tool.sh --report "$(target_dir)/bench/report.json" $(ARGS)

charts: build ## Checks what lies in charts/ without a cluster, and runs the order path on the three nodes of their configuration.
	@scripts/charts.sh --policy
	$(nats_server) $(cargo) test -p bus --test permissions --test backup
	$(nats_server) $(cargo) test -p queue-resolver --test order_path cluster

image: toolchain ## Builds the container image; with ARGS=check runs it, too, with ARGS=twice builds all of it again elsewhere and compares. Needs buildah, and runc for the check.
	@scripts/image.sh $(ARGS)

test: lint build ## Runs every check and every test.
	@scripts/charts.sh
	$(nats_server) $(cargo) test --workspace

build: toolchain ## Builds every program for development.
	$(cargo) build --workspace --bins

lint: toolchain ## Checks format, clippy, documentation, licences and sources of dependencies.
	@scripts/toolchain.sh rustfmt clippy
	cargo fmt --all --check
	$(cargo) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(cargo) doc --workspace --no-deps --quiet
	"$$(scripts/cargo-deny.sh)" --locked check --hide-inclusion-graph bans licenses sources

fmt: ## Formats the code.
	cargo fmt --all

advisories: toolchain ## Looks for known weaknesses in dependencies. Fetches the RustSec database from the network.
	"$$(scripts/cargo-deny.sh)" --locked check advisories

toolchain:
	@scripts/toolchain.sh
