#!/usr/bin/env bash
# Checks that Rust and a C compiler are here, and says what to install when they are not.
#
#     scripts/toolchain.sh [COMPONENT...]     also sees to these components of Rust, for example rustfmt clippy
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/install.sh"

oldest="$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml")"

command -v cargo >/dev/null 2>&1 || die "cargo is missing. Install Rust $oldest or later with rustup (https://rustup.rs), then open a new shell."
version="$(rustc --version | cut -d' ' -f2)"
at_least "$version" "$oldest" || die "rustc is version $version, Domicilio needs $oldest or later: rustup update stable"

if ! command -v cc >/dev/null 2>&1; then
    apt_install "Rust links with a C compiler, and one dependency (ring) has C in it" gcc libc6-dev || true
    command -v cc >/dev/null 2>&1 || die "a C compiler (cc) is missing. On Debian or Ubuntu: apt-get install gcc libc6-dev. On macOS: xcode-select --install."
fi

for component in "$@"; do
    case "$component" in
        rustfmt) program=cargo-fmt ;;
        clippy) program=cargo-clippy ;;
        *) die "toolchain.sh knows rustfmt and clippy, not $component" ;;
    esac
    # rustup leaves stand-ins for components that are not installed: running the program is the only test.
    "$program" --version >/dev/null 2>&1 && continue
    say "installing $component: rustup component add $component"
    { command -v rustup >/dev/null 2>&1 && rustup component add "$component" >&2; } || die "$component is missing. With rustup: rustup component add $component. On Debian's own Rust: apt-get install $component."
done
