#!/usr/bin/env python3
"""Names every key of a values file that the official NATS chart ignores today, and what says the same now.

    check-old-values.py VALUES...

Each file is looked at by itself. Exit code: 0 nothing to say, 1 keys were named, 2 a file could not be read.
"""

import pathlib
import sys

try:
    import yaml
except ImportError:
    print("error: check-old-values.py needs PyYAML: python3 -m pip install pyyaml", file=sys.stderr)
    sys.exit(2)

KEYS = pathlib.Path(__file__).with_name("chart-keys.yaml")


def keys():
    """The keys that the chart knows, as a tree, and the old ones with what says the same now."""
    known = yaml.safe_load(KEYS.read_text(encoding="utf-8"))
    return known["current"], known["old"]


def leaves(value, path):
    """The dotted paths of everything below `path`, or the path itself."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}")
    else:
        yield path


def unknown(values, current, path=""):
    """The dotted paths of what the chart does not know."""
    for key, value in values.items():
        here = f"{path}.{key}" if path else str(key)
        if key in ("$tplYaml", "$tplYamlSpread"):
            continue
        if key not in current:
            yield from leaves(value, here)
            continue
        below = "any" if isinstance(current, list) else current[key]
        if below == "any" or value is None:
            continue
        if isinstance(value, dict):
            yield from unknown(value, below, here)
        else:
            # Something simple where there are keys now, as an image of 0.x.
            yield here


def advice(path, old):
    """What to write instead; nothing when it is no key of 0.x either."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        found = old.get(".".join(parts[:length]))
        if found:
            return found
    return None


def findings(values):
    """Each ignored key with what says the same now, or that nobody ever knew it."""
    current, old = keys()
    for path in unknown(values, current):
        yield path, advice(path, old) or "no key of any version: a mistake in writing?"


def main(paths):
    if not paths:
        print("usage: check-old-values.py VALUES...", file=sys.stderr)
        return 2
    found = 0
    for path in paths:
        try:
            values = yaml.safe_load(pathlib.Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            print(f"error: {path}: {error}", file=sys.stderr)
            return 2
        if values is not None and not isinstance(values, dict):
            print(f"error: {path}: no map of values", file=sys.stderr)
            return 2
        for key, instead in findings(values or {}):
            print(f"{path}: {key}\n    {instead}")
            found += 1
    if found:
        print(f"{found} keys are ignored by the chart, without a word", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
