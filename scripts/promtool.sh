#!/usr/bin/env bash
# Prints the path of a promtool, which judges rules of alerts, and nothing else, on stdout: the one on PATH, or on Debian and
# its kin the one of the package `prometheus`, taken out of it into .tools/ without installing a server.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/install.sh"

promtool="$(command -v promtool || true)"
[ -n "$promtool" ] || promtool="$tools/promtool"
if [ ! -x "$promtool" ]; then
    { command -v apt-get && command -v dpkg-deb; } >/dev/null 2>&1 ||
        die "promtool is needed to check the rules of alerts; it comes with Prometheus. On macOS: brew install prometheus."
    say "taking promtool out of Debian's package prometheus into .tools/"
    mkdir -p "$tools"
    work="$(mktemp -d "$tools/promtool.XXXXXX")"
    trap 'rm -rf "$work"' EXIT
    cd "$work"
    # apt holds what it downloads against the signed list of packages, which may be missing on a fresh image.
    if ! apt-get download -qq prometheus >/dev/null 2>&1; then
        { apt-get update -qq && apt-get download -qq prometheus; } >&2 || die "Debian's package prometheus could not be downloaded (see above)."
    fi
    dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x --strip-components=3 ./usr/bin/promtool
    mv -f promtool "$promtool"
fi
"$promtool" --version >/dev/null 2>&1 || die "$promtool does not run on this machine."
printf '%s\n' "$promtool"
