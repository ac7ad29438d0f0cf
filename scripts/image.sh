#!/usr/bin/env bash
# Builds the container image and prints where it lies and its digest; with `check`, builds it twice, compares, and runs it.
#
# Static programs on an empty root, the same bytes each time: time stamps are the last commit's, paths of this machine are
# taken out. Linux on x86_64 or aarch64, with buildah; running it needs root and runc. Nothing of the machine's own images
# is touched.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/install.sh"
cd "$root"

[ "$(uname -s)" = Linux ] || die "the image is built on Linux"
machine="$(uname -m)"
target="$machine-unknown-linux-gnu"
programs=(api-domicilio distribuidor queue-resolver domicilio)
built="${CARGO_TARGET_DIR:-$root/target}"
context="$built/image/context"
archive="$built/image/domicilio.tar"
version="$(sed -n '/^\[workspace.package\]/,/^$/s/^version = "\(.*\)"/\1/p' Cargo.toml)"
SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}"
export SOURCE_DATE_EPOCH

need() { # need PROGRAM WHY
    command -v "$1" >/dev/null 2>&1 && return 0
    apt_install "$2" "$1" || true
    command -v "$1" >/dev/null 2>&1 || die "$1 is missing: $2. On Debian or Ubuntu: apt-get install $1."
}

# Images of this project alone, in a folder of its own: no daemon, no overlay mounts.
buildah_here() { buildah --root "$built/image/store" --runroot "$built/image/run" --storage-driver vfs "$@"; }

fill() {
    local flags="-C target-feature=+crt-static --remap-path-prefix=$root=/src --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
    local packages=() program
    for program in "${programs[@]}"; do packages+=(-p "$program"); done
    # With --target the flags do not reach build scripts and macros, which cannot be static.
    RUSTFLAGS="$flags" cargo build --locked --release --target "$target" --bins "${packages[@]}" >&2
    rm -rf "$context"
    mkdir -p "$context/bin"
    for program in "${programs[@]}"; do
        install -m 755 "$built/$target/release/$program" "$context/bin/$program"
    done
    scripts/sbom.py "$target" "${programs[@]}" >"$context/sbom.cdx.json"
    chmod 644 "$context/sbom.cdx.json"
}

# build TAG: prints the digest.
build() {
    buildah_here build --quiet --no-cache --isolation chroot --timestamp "$SOURCE_DATE_EPOCH" --format oci \
        --file charts/image/Containerfile --tag "$1" "$context" >/dev/null
    buildah_here inspect --type image --format '{{.FromImageDigest}}' "$1"
}

need buildah "it builds the image"
fill
digest="$(build "domicilio:$version")"
rm -f "$archive"
buildah_here push --quiet "domicilio:$version" "oci-archive:$archive:domicilio:$version"
say "domicilio:$version, $(du -k "$archive" | cut -f1) KiB"
printf '%s %s\n' "$archive" "$digest"

[ "${1:-}" = check ] || exit 0
again="$(build domicilio:again)"
[ "$again" = "$digest" ] || die "built twice, and not the same: $digest, then $again"
say "built twice: the same digest"
need runc "it runs the image"
NATS_SERVER="$(scripts/nats-server.sh)" scripts/image-run.py "$archive" "$built/image/bundle"
