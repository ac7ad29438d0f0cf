#!/usr/bin/env bash
# Checks everything in charts/ that can be checked without a cluster; the tools for it go to .tools/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

NATS_SERVER="$(scripts/nats-server.sh)"
KUBERNETES_VALIDATE="$(scripts/python-tool.sh kubernetes-validate)"
export NATS_SERVER KUBERNETES_VALIDATE

echo "charts/nats"
"$(dirname "$KUBERNETES_VALIDATE")/python" charts/nats/tests.py
