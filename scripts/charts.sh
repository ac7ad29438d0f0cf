#!/usr/bin/env bash
# Checks everything in charts/ that can be checked without a cluster; the tools for it go to .tools/.
#
#     scripts/charts.sh [--policy]     with it checkov scans the manifests, too, which takes most of the time
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/install.sh"
cd "$root"

if ! command -v openssl >/dev/null 2>&1; then
    apt_install "certificates for the test of TLS" openssl || die "openssl is needed to check the charts. On Debian or Ubuntu: apt-get install openssl."
fi

NATS_SERVER="$(scripts/nats-server.sh)"
KUBERNETES_VALIDATE="$(scripts/python-tool.sh kubernetes-validate)"
HELM="$(scripts/helm.sh)"
PROMTOOL="$(scripts/promtool.sh)"
export NATS_SERVER KUBERNETES_VALIDATE HELM PROMTOOL
if [ "${1:-}" = --policy ]; then
    CHECKOV="$(scripts/python-tool.sh checkov)"
    export CHECKOV
fi

for folder in charts/nats charts/domicilio charts; do
    echo "$folder"
    "$(dirname "$KUBERNETES_VALIDATE")/python" "$folder/tests.py"
done
