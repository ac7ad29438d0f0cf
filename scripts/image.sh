#!/usr/bin/env bash
# Builds the container image and prints where it lies and its digest.
#
#     scripts/image.sh check    runs it, too: read-only, without capabilities, each service until it is ready
#     scripts/image.sh twice    builds it again, all of it, from a copy in another folder, and compares the digests
#
# Static programs on an empty root, the same bytes each time: time stamps are the last commit's, paths of this machine are
# taken out. Linux on x86_64 or aarch64, with buildah; running it needs root and runc. Nothing of the machine's own images
# is touched.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/install.sh"
cd "$root"

[ "$(uname -s)" = Linux ] || die "the image is built on Linux"
case "${1:-}" in '' | check | twice) ;; *) die "usage: scripts/image.sh [check|twice]" ;; esac
machine="$(uname -m)"
target="$machine-unknown-linux-gnu"
programs=(api-domicilio distribuidor queue-resolver domicilio)
built="$(realpath -m "${CARGO_TARGET_DIR:-$root/target}")"
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

# Images of this project alone, in a folder of its own that is gone afterwards: no daemon, no overlay mounts.
buildah_here() { buildah --root "$built/image/store" --runroot "$built/image/run" --storage-driver vfs "$@"; }
forget_store() { rm -rf "$built/image/store" "$built/image/run"; }

compile() {
    local flags=(-C target-feature=+crt-static "--remap-path-prefix=$root=/src" "--remap-path-prefix=$built=/built")
    flags+=("--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo")
    local packages=() program encoded
    for program in "${programs[@]}"; do packages+=(-p "$program"); done
    # As cargo wants flags with spaces in them; with --target they do not reach build scripts and macros, which cannot be static.
    encoded="$(IFS=$'\x1f' && printf '%s' "${flags[*]}")"
    CARGO_ENCODED_RUSTFLAGS="$encoded" cargo build --locked --release --target "$target" --bins "${packages[@]}" >&2
}

fill() {
    local program
    rm -rf "$context"
    mkdir -p "$context/bin"
    for program in "${programs[@]}"; do
        install -m 755 "$built/$target/release/$program" "$context/bin/$program"
    done
    scripts/sbom.py "$target" "${programs[@]}" >"$context/sbom.cdx.json"
    chmod 644 "$context/sbom.cdx.json"
}

# Writes the archive and prints the digest of what is in it: the one by which a registry knows the image.
pack() {
    forget_store
    rm -f "$archive"
    buildah_here build --quiet --no-cache --isolation chroot --timestamp "$SOURCE_DATE_EPOCH" --format oci \
        --file charts/image/Containerfile --tag "domicilio:$version" "$context" >/dev/null
    buildah_here push --quiet --digestfile "$built/image/digest" "domicilio:$version" "oci-archive:$archive:domicilio:$version"
    forget_store
    cat "$built/image/digest"
}

need buildah "it builds the image"
compile
fill
digest="$(pack)"
say "domicilio:$version, $(du -k "$archive" | cut -f1) KiB"
printf '%s %s\n' "$archive" "$digest"

case "${1:-}" in
    check)
        need runc "it runs the image"
        NATS_SERVER="$(scripts/nats-server.sh)" scripts/image-run.py "$archive" "$built/image/bundle"
        ;;
    twice)
        [ -z "$(git status --porcelain --untracked-files=no)" ] || die "what is not committed would be missing in the copy"
        elsewhere="$(mktemp -d)"
        trap 'rm -rf "$elsewhere"' EXIT
        git clone --quiet . "$elsewhere/source"
        again="$(CARGO_TARGET_DIR="$elsewhere/built" "$elsewhere/source/scripts/image.sh" | cut -d' ' -f2)"
        [ "$again" = "$digest" ] || die "built twice, and not the same: $digest, then $again"
        say "built twice, in $root and in $elsewhere/source: the same digest"
        ;;
esac
