#!/usr/bin/env python3
"""What the official NATS chart (nats/nats 2.12 or later) makes of values, as far as Domicilio's values use it.

    render.py conf VALUES...        prints nats.conf
    render.py manifests VALUES...   prints what the values add to the chart's manifests, in order to check it

Several files are merged as helm does: maps key by key, everything else is replaced by the later file. It stands in for the
chart where its repository cannot be reached, so that our values can be tested offline. Its output for these values is the
chart's, byte for byte. What it does not know (leaf nodes, gateways, websockets, MQTT, resolvers, patches of the configuration)
it refuses rather than leaves out.
"""

import copy
import json
import re
import sys

try:
    import yaml
except ImportError:
    sys.exit("error: render.py needs PyYAML: python3 -m pip install pyyaml")

# Of the chart's own values, those that decide about nats.conf.
DEFAULTS = {
    "fullnameOverride": None,
    "tlsCA": {"enabled": False, "configMapName": None, "secretName": None, "dir": "/etc/nats-ca-cert", "key": "ca.crt"},
    "config": {
        "cluster": {
            "enabled": False,
            "port": 6222,
            "replicas": 3,
            "noAdvertise": True,
            "tls": {"enabled": False, "secretName": None, "dir": "/etc/nats-certs/cluster"},
        },
        "jetstream": {
            "enabled": False,
            "fileStore": {"enabled": True, "dir": "/data", "pvc": {"enabled": True, "size": "10Gi"}, "maxSize": None},
            "memoryStore": {"enabled": False, "maxSize": "1Gi"},
        },
        "nats": {"port": 4222, "tls": {"enabled": False, "secretName": None, "dir": "/etc/nats-certs/nats"}},
        "monitor": {"enabled": True, "port": 8222},
        "merge": {},
    },
}

# Parts of the configuration that this program does not write.
UNKNOWN = ["leafnodes", "websocket", "mqtt", "gateway", "resolver", "profiling"]


class Refused(Exception):
    """Values that cannot be turned into what the chart would make of them."""


def merged(base, over):
    """`over` over `base`, as helm merges values and the chart merges `merge`."""
    if isinstance(base, dict) and isinstance(over, dict):
        result = dict(base)
        for key, value in over.items():
            result[key] = merged(base.get(key), value)
        return result
    return copy.deepcopy(over)


def with_own_merge(part, values):
    """A part of the configuration with the `merge` that stands beside it."""
    if values.get("patch"):
        raise Refused("`patch` of the configuration is not supported here: use `merge`")
    return merged(part, values.get("merge") or {})


def tls(values, ca):
    part = {}
    if values["secretName"]:
        folder = values["dir"].rstrip("/")
        part["cert_file"] = f"{folder}/{values.get('cert') or 'tls.crt'}"
        part["key_file"] = f"{folder}/{values.get('key') or 'tls.key'}"
    if ca["enabled"] and (ca["configMapName"] or ca["secretName"]):
        part["ca_file"] = f"{ca['dir'].rstrip('/')}/{ca['key']}"
    return with_own_merge(part, values)


def cluster(values, name, ca):
    scheme = "tls" if values["tls"]["enabled"] else "nats"
    if values.get("routeURLs", {}).get("password"):
        raise Refused("config.cluster.routeURLs.password puts the password in a ConfigMap in clear: use merge.routes")
    hosts = [f"{name}-{node}.{name}-headless:{values['port']}" for node in range(values["replicas"])]
    part = {
        "name": name,
        "port": values["port"],
        "no_advertise": values["noAdvertise"],
        "routes": [f"{scheme}://{host}" for host in hosts],
    }
    if values["tls"]["enabled"]:
        part["tls"] = tls(values["tls"], ca)
    return with_own_merge(part, values)


def jetstream(values):
    file, memory = values["fileStore"], values["memoryStore"]
    part = {"max_memory_store": f"<< {memory['maxSize']} >>" if memory["enabled"] else 0}
    if file["enabled"]:
        part["store_dir"] = file["dir"]
        size = file["maxSize"] or (file["pvc"]["size"] if file["pvc"]["enabled"] else None)
        if size:
            part["max_file_store"] = f"<< {size} >>"
    else:
        part["max_file_store"] = 0
    return with_own_merge(part, values)


def configuration(values):
    """The server's configuration as a tree."""
    values = merged(DEFAULTS, values)
    config, name, ca = values["config"], values["fullnameOverride"], values["tlsCA"]
    if not name:
        raise Refused("fullnameOverride is needed: routes must not depend on what the release is called")
    for part in UNKNOWN:
        if (config.get(part) or {}).get("enabled"):
            raise Refused(f"config.{part} is not supported here")
    tree = {
        "server_name": "<< $SERVER_NAME >>",
        "lame_duck_grace_period": "10s",
        "lame_duck_duration": "30s",
        "pid_file": "/var/run/nats/nats.pid",
        "port": config["nats"]["port"],
    }
    if config["nats"]["tls"]["enabled"]:
        tree["tls"] = tls(config["nats"]["tls"], ca)
    if config["cluster"]["enabled"]:
        tree["cluster"] = cluster(config["cluster"], name, ca)
    if config["monitor"]["enabled"]:
        tree["http_port"] = config["monitor"]["port"]
    if config["jetstream"]["enabled"]:
        tree["jetstream"] = jetstream(config["jetstream"])
    return with_own_merge(tree, config)


def nats_conf(values):
    """The text of nats.conf: JSON, with `<< >>` taken off and `...$include` turned into include directives."""
    text = json.dumps(configuration(values), indent=2, sort_keys=True, ensure_ascii=False)
    text = re.sub(r'".*\$include": "(.*)",?', r"include \1;", text)
    return re.sub(r'"<<\s+(.*)\s+>>"', r"\1", text) + "\n"


# What `$tplYaml` may ask for: the chart's own templates, for a release named `nats`.
SELECTOR = {
    "app.kubernetes.io/name": "nats",
    "app.kubernetes.io/instance": "nats",
    "app.kubernetes.io/component": "nats",
}
TEMPLATES = {
    '{{ include "nats.fullname" $ }}': "nats",
    '{{ include "nats.selectorLabels" $ | nindent 2 }}': SELECTOR,
    '{{ include "nats.labels" $ | nindent 2 }}': {**SELECTOR, "app.kubernetes.io/managed-by": "Helm"},
}


def filled_in(value):
    """A tree with each `$tplYaml` replaced by what the chart puts there."""
    if isinstance(value, dict):
        if list(value) == ["$tplYaml"]:
            template = value["$tplYaml"].strip()
            if template not in TEMPLATES:
                raise Refused(f"$tplYaml {template} is not supported here")
            return TEMPLATES[template]
        return {key: filled_in(item) for key, item in value.items()}
    if isinstance(value, list):
        return [filled_in(item) for item in value]
    return value


def patched(document, patch):
    """`document` after a JSON patch that only appends to lists."""
    for step in patch or []:
        path = step["path"].strip("/").split("/")
        if step["op"] != "add" or path[-1] != "-":
            raise Refused(f"patch {step} is not supported here: only appending to lists is")
        target = document
        for key in path[:-1]:
            target = target[key]
        target.append(step["value"])
    return document


def container(name, values):
    image = {"nats": "nats", "reloader": "natsio/nats-server-config-reloader"}.get(name, "natsio/prometheus-nats-exporter")
    env = [{"name": key, "value": value} for key, value in (values.get("env") or {}).items()]
    made = {"name": name, "image": image, "volumeMounts": [{"name": "config", "mountPath": "/etc/nats-config"}], "env": env}
    return patched(merged(made, values.get("merge") or {}), values.get("patch"))


def manifests(values):
    """What the values add to the manifests of the chart, on skeletons of these: for schemas to judge."""
    names = {"container": "nats", "reloader": "reloader", "promExporter": "prom-exporter"}
    containers = [container(name, values[key]) for key, name in names.items() if values.get(key)]
    volumes = [{"name": "config", "configMap": {"name": "nats-config"}}]
    pod = values.get("podTemplate") or {}
    spread = [
        {"topologyKey": key, "labelSelector": {"matchLabels": SELECTOR}, **value}
        for key, value in (pod.get("topologySpreadConstraints") or {}).items()
    ]
    spec = {"containers": containers, "volumes": volumes, "topologySpreadConstraints": spread}
    template = {"metadata": {"labels": SELECTOR}, "spec": spec}
    template = patched(merged(template, pod.get("merge") or {}), pod.get("patch"))
    size = values["config"]["jetstream"]["fileStore"]["pvc"]["size"]
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    yield {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "nats"},
        "spec": {
            "serviceName": "nats-headless",
            "replicas": values["config"]["cluster"]["replicas"],
            "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": SELECTOR},
            "template": template,
            "volumeClaimTemplates": [{"metadata": {"name": "nats-js"}, "spec": claim}],
        },
    }
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "nats"},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": SELECTOR}},
    }
    yield merged(budget, (values.get("podDisruptionBudget") or {}).get("merge") or {})
    yield from values.get("extraResources") or []


def load(paths):
    values = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            values = merged(values, yaml.safe_load(file) or {})
    return values


def main(arguments):
    if len(arguments) < 2 or arguments[0] not in ("conf", "manifests"):
        sys.exit("usage: render.py conf|manifests VALUES...")
    try:
        values = load(arguments[1:])
        if arguments[0] == "conf":
            sys.stdout.write(nats_conf(filled_in(values)))
        else:
            yaml.safe_dump_all(manifests(filled_in(values)), sys.stdout, sort_keys=False)
    except (OSError, yaml.YAMLError, Refused) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
