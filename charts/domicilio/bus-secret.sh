#!/usr/bin/env bash
# Prints the Secret `domicilio-bus` with the passwords of the users that this chart uses, out of the vars.conf that
# ../nats/new-passwords.sh made:
#
#   charts/domicilio/bus-secret.sh vars.conf | kubectl apply -n domicilio -f -
set -euo pipefail

[ $# = 1 ] && [ -r "$1" ] || {
    echo "usage: bus-secret.sh VARS_CONF" >&2
    exit 2
}
printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: domicilio-bus\ntype: Opaque\nstringData:\n'
for user in api-domicilio distribuidor queue-resolver ops-admin ops-read; do
    variable="$(printf '%s' "$user" | tr 'a-z-' 'A-Z_')_PASSWORD"
    password="$(sed -n "s/^$variable: \"\(.*\)\"\$/\1/p" "$1")"
    [ -n "$password" ] || {
        echo "error: $1 has no $variable" >&2
        exit 1
    }
    # A quoted text of YAML takes what a quoted text of nats-server takes.
    printf '  %s: "%s"\n' "$user" "$password"
done
