#!/usr/bin/env python3
"""Prints what programs are made of, as CycloneDX 1.6 JSON: scripts/sbom.py TARGET PACKAGE...

Every crate that is linked into one of the packages on TARGET, with version, licence and hash, from Cargo.lock. The same
source gives the same bytes.
"""

import json
import os
import subprocess
import sys
import tomllib


def metadata(target):
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def linked(nodes, roots):
    """Ids of what is reached from the roots without what only tests and builds need."""
    reached, waiting = set(), list(roots)
    while waiting:
        package = waiting.pop()
        if package not in reached:
            reached.add(package)
            waiting += [dep["pkg"] for dep in nodes[package]["deps"] if any(k["kind"] is None for k in dep["dep_kinds"])]
    return reached


def reference(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package, hashes, ours):
    told = {
        "type": "application" if ours else "library",
        "bom-ref": reference(package),
        "name": package["name"],
        "version": package["version"],
        "purl": reference(package),
    }
    if package.get("license"):
        # Old crates write a slash where SPDX has OR.
        told["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    digest = hashes.get((package["name"], package["version"]))
    if digest:
        told["hashes"] = [{"alg": "SHA-256", "content": digest}]
    return told


def main():
    target, names = sys.argv[1], sys.argv[2:]
    known = metadata(target)
    packages = {package["id"]: package for package in known["packages"]}
    nodes = {node["id"]: node for node in known["resolve"]["nodes"]}
    roots = [id for id in known["workspace_members"] if packages[id]["name"] in names]
    if len(roots) != len(names):
        sys.exit(f"error: not every one of {', '.join(names)} is a package of this workspace")
    with open(os.path.join(known["workspace_root"], "Cargo.lock"), "rb") as file:
        lock = tomllib.load(file)["package"]
    hashes = {(entry["name"], entry["version"]): entry.get("checksum") for entry in lock}
    ids = sorted(linked(nodes, roots), key=lambda id: (packages[id]["name"], packages[id]["version"]))
    version = packages[roots[0]]["version"]
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "container", "bom-ref": "domicilio", "name": "domicilio", "version": version}},
        "components": [component(packages[id], hashes, id in roots) for id in ids],
        "dependencies": [{"ref": "domicilio", "dependsOn": sorted(reference(packages[id]) for id in roots)}]
        + [
            {
                "ref": reference(packages[id]),
                "dependsOn": sorted({reference(packages[dep["pkg"]]) for dep in nodes[id]["deps"] if dep["pkg"] in ids}),
            }
            for id in ids
        ],
    }
    json.dump(bom, sys.stdout, indent=1, ensure_ascii=False)
    print()


main()
