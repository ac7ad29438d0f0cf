#!/usr/bin/env bash
# Prints a vars.conf with new passwords for every user of the cluster, for the Secret `nats-auth`:
#
#   charts/nats/new-passwords.sh > vars.conf
#   kubectl create secret generic nats-auth -n nats --from-file=vars.conf --dry-run=client -o yaml | kubectl apply -f -
#
# With --single-node it prints those of users.conf alone, for the passwords.conf of single-node.conf.
#
# With -k FILE the passwords that FILE has are kept and only those that it lacks are made. Each is 48 hexadecimal digits, 192
# bits of chance: such a password needs no escaping in a URL and is quoted, lest one of digits alone be taken for a number.
set -euo pipefail
umask 077
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
keep=/dev/null
asking="$here/install-config-clustering-seed.yaml"
while [ $# != 0 ]; do
    case "$1" in
        --single-node) asking="$here/users.conf" ;;
        -k) shift && keep="${1:-}" ;;
        *) keep="" ;;
    esac
    if ! [ -r "$keep" ]; then
        echo "usage: new-passwords.sh [--single-node] [-k FILE]" >&2
        exit 2
    fi
    shift
done

# password VARIABLE: the one that is kept, or a new one.
password() {
    local kept
    kept="$(sed -n "s/^$1: \"\(.*\)\"\$/\1/p" "$keep")"
    if [ -n "$kept" ]; then
        printf '%s' "$kept"
    else
        head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n'
    fi
}

# Exactly the variables that are asked for: the server does not start when one is missing.
for variable in $(sed -n 's/^ *password: [< ]*\$\([A-Z_]*\)[ >]*$/\1/p' "$asking"); do
    value="$(password "$variable")"
    printf '%s: "%s"\n' "$variable" "$value"
    if [ "$variable" = ROUTE_PASSWORD ]; then
        for node in 0 1 2; do
            printf 'ROUTE_%s: "nats-route://route:%s@nats-%s.nats-headless:6222"\n' "$node" "$value" "$node"
        done
    fi
done
