"""Tests of what lies in this folder, without a cluster: `make charts` runs them.

NATS_SERVER names the nats-server that judges configurations; KUBERNETES_VALIDATE the program that judges manifests.
"""

import importlib.util
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

import yaml

HERE = pathlib.Path(__file__).parent
VALUES = HERE / "install-config-clustering-seed.yaml"
TLS = HERE / "tls.yaml"

# The Kubernetes versions for which manifests are checked: the oldest that clouds still offer, one between, the newest known.
KUBERNETES = ["1.31", "1.34", "1.37"]


def program(name):
    spec = importlib.util.spec_from_file_location(name.replace("-", "_"), HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


render = program("render")
checker = program("check-old-values")


def new_passwords(*arguments):
    made = subprocess.run([HERE / "new-passwords.sh", *arguments], capture_output=True, text=True, check=True)
    return made.stdout


def variables(text):
    """The variables that a configuration asks for, without what the chart itself sets."""
    return set(re.findall(r'(?<!")\$([A-Z][A-Z0-9_]*)', text)) - {"SERVER_NAME"}


def defined(text):
    return set(re.findall(r'^ *([A-Z][A-Z0-9_]*): "', text, re.MULTILINE))


class Rendering(unittest.TestCase):
    def conf(self, values):
        return render.nats_conf({"fullnameOverride": "nats", **values})

    def test_what_the_chart_makes_of_our_values_is_kept_beside_them(self):
        kept = HERE / "rendered" / "nats.conf"
        made = render.nats_conf(render.filled_in(render.load([VALUES])))
        if os.environ.get("UPDATE"):
            kept.write_text(made)
        self.assertTrue(kept.read_text() == made, f"{kept} is not what the values say: run this test with UPDATE=1")

    def test_arrows_take_quotes_off_and_includes_become_directives(self):
        conf = self.conf({"config": {"merge": {"00$include": "../a.conf", "max_payload": "<< 1MB >>", "zz$include": "b.conf"}}})
        self.assertIn("  include ../a.conf;\n", conf)
        self.assertIn('  "max_payload": 1MB,\n', conf)
        self.assertTrue(conf.endswith('  include b.conf;\n}\n'), conf)

    def test_later_files_replace_lists_and_add_to_maps(self):
        base = {"a": {"x": 1, "list": [1, 2]}, "b": 1}
        over = {"a": {"y": 2, "list": [3]}}
        self.assertEqual(render.merged(base, over), {"a": {"x": 1, "y": 2, "list": [3]}, "b": 1})

    def test_routes_follow_the_number_of_nodes_unless_they_are_given(self):
        conf = self.conf({"config": {"cluster": {"enabled": True, "replicas": 2}}})
        self.assertIn('"nats://nats-1.nats-headless:6222"\n', conf)

    def test_what_is_not_understood_is_refused(self):
        for config in (
            {"gateway": {"enabled": True}},
            {"patch": [{"op": "add", "path": "/x", "value": 1}]},
            {"cluster": {"enabled": True, "routeURLs": {"user": "route", "password": "in clear"}}},
        ):
            with self.subTest(config), self.assertRaises(render.Refused):
                self.conf({"config": config})


class OldValues(unittest.TestCase):
    def found(self, values):
        return dict(checker.findings(values))

    def test_every_key_of_0_x_is_named_with_what_says_the_same_now(self):
        _, old = checker.keys()
        self.assertGreater(len(old), 150)
        for path, instead in old.items():
            values = "set"
            for key in reversed(path.split(".")):
                values = {key: values}
            with self.subTest(path):
                self.assertEqual(self.found(values), {path: instead})

    def test_the_values_of_the_old_guide_are_named_one_by_one(self):
        values = {
            "nats": {"image": "nats:alpine"},
            "cluster": {
                "enabled": True,
                "replicas": 3,
                "name": "x",
                "noAdvertise": True,
                "authorization": {"user": "x", "password": "x", "timeout": 3},
            },
            "auth": {"enabled": True, "basic": {"users": [{"user": "x", "password": "x"}]}},
        }
        self.assertEqual(len(self.found(values)), 10)

    def test_a_mistake_in_writing_is_named_too(self):
        self.assertIn("mistake", self.found({"config": {"jetstraem": {"enabled": True}}})["config.jetstraem.enabled"])

    def test_our_own_values_have_no_key_that_the_chart_ignores(self):
        for path in (VALUES, TLS):
            self.assertEqual(self.found(yaml.safe_load(path.read_text())), {}, path)

    def test_exit_codes_tell_what_was_found(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "values.yaml")
            for text, expected in (("cluster: {enabled: true}", 1), ("config: {}", 0), ("", 0), ("a: [", 2), ("- a", 2)):
                file.write_text(text)
                ran = subprocess.run([sys.executable, HERE / "check-old-values.py", file], capture_output=True, text=True)
                self.assertEqual(ran.returncode, expected, f"{text!r}: {ran.stdout}{ran.stderr}")
                self.assertNotIn("Traceback", ran.stderr)


class Secrets(unittest.TestCase):
    def test_no_password_stands_in_a_file_of_values(self):
        for path in (VALUES, TLS):
            for line in path.read_text().splitlines():
                if re.match(r"\s*(- \{?)?.*password:", line) and not line.lstrip().startswith("#"):
                    self.assertRegex(line, r"password: << \$[A-Z_]+ >>$", f"{path}: {line}")

    def test_the_secret_has_exactly_the_variables_that_are_asked_for(self):
        asked = variables(render.nats_conf(render.filled_in(render.load([VALUES]))))
        example = yaml.safe_load((HERE / "secret.example.yaml").read_text())["stringData"]["vars.conf"]
        self.assertEqual(asked, defined(new_passwords()))
        self.assertEqual(asked, defined(example))
        single = variables((HERE / "users.conf").read_text())
        self.assertEqual(single, defined(new_passwords("--single-node")))

    def test_new_passwords_are_new_and_kept_ones_are_kept(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "vars.conf")
            first = new_passwords()
            self.assertNotEqual(first, new_passwords())
            file.write_text(first)
            self.assertEqual(new_passwords("-k", file), first)
            less = [line for line in first.splitlines(keepends=True) if not line.startswith("OPS_ACT_PASSWORD")]
            file.write_text("".join(less))
            again = new_passwords("-k", file)
            self.assertEqual([line for line in again.splitlines(keepends=True) if line in less], less)
            self.assertEqual(defined(again), defined(first))


class Server(unittest.TestCase):
    """nats-server's own judgement, with `-t`."""

    def judged(self, conf, secret, beside=()):
        with tempfile.TemporaryDirectory() as folder:
            config, auth = pathlib.Path(folder, "nats-config"), pathlib.Path(folder, "nats-auth")
            config.mkdir()
            auth.mkdir()
            (config / "nats.conf").write_text(conf)
            (auth / "vars.conf").write_text(secret)
            for name, text in beside:
                (config / name).write_text(text)
            command = [os.environ["NATS_SERVER"], "-t", "-c", config / "nats.conf"]
            ran = subprocess.run(command, capture_output=True, text=True, env={"SERVER_NAME": "nats-0"})
            return ran.returncode, ran.stdout + ran.stderr

    def test_the_configuration_of_the_values_is_valid(self):
        code, told = self.judged((HERE / "rendered" / "nats.conf").read_text(), new_passwords())
        self.assertEqual(code, 0, told)

    def test_each_variable_is_needed(self):
        conf, passwords = (HERE / "rendered" / "nats.conf").read_text(), new_passwords().splitlines(keepends=True)
        for line in passwords:
            rest = [other for other in passwords if other != line]
            code, told = self.judged(conf, "".join(rest))
            self.assertNotEqual(code, 0, f"valid without {line.split(':')[0]}")
            self.assertIn(line.split(":")[0], told)

    def test_the_configuration_of_a_single_node_is_valid(self):
        conf = (HERE / "single-node.conf").read_text()
        beside = [("passwords.conf", new_passwords("--single-node")), ("users.conf", (HERE / "users.conf").read_text())]
        code, told = self.judged(conf, "", beside)
        self.assertEqual(code, 0, told)


class Tls(unittest.TestCase):
    """Three real servers with the values and tls.yaml, on ports and in folders of their own."""

    def node(self, folder, number, routes):
        """Starts a node; everything is as rendered but what has to differ where three share a machine."""
        here = pathlib.Path(folder, f"nats-{number}")
        here.mkdir()
        monitor = free_ports(1)[0]
        conf = render.nats_conf(render.filled_in(render.load([VALUES, TLS])))
        for theirs, ours in (
            ("../nats-auth/vars.conf", "vars.conf"),
            ('"port": 6222', f'"host": "127.0.0.1", "port": {routes[number]}'),
            ('"port": 4222', '"host": "127.0.0.1", "port": -1'),
            ('"http_port": 8222', f'"http": "127.0.0.1:{monitor}"'),
            ('"/data"', f'"{here}/data"'),
            ("/var/run/nats/nats.pid", f"{here}/nats.pid"),
            ("/etc/nats-certs/nats/", f"{folder}/"),
            ("/etc/nats-certs/cluster/", f"{folder}/"),
            ("/etc/nats-ca-cert/", f"{folder}/"),
        ):
            self.assertIn(theirs, conf)
            conf = conf.replace(theirs, ours)
        secret = self.passwords
        for other, port in enumerate(routes):
            secret = secret.replace(f"nats-{other}.nats-headless:6222", f"127.0.0.1:{port}")
        (here / "nats.conf").write_text(conf)
        (here / "vars.conf").write_text(secret)
        command = [os.environ["NATS_SERVER"], "-c", here / "nats.conf", "-l", here / "log"]
        server = subprocess.Popen(command, env={"SERVER_NAME": f"nats-{number}"})
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        return f"http://127.0.0.1:{monitor}"

    def test_three_nodes_with_tls_form_a_cluster_and_clients_must_use_it(self):
        self.passwords = new_passwords()
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        make += ["-subj", "/CN=nats", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "1"]
        made = [*make, "-keyout", f"{folder}/tls.key", "-out", f"{folder}/tls.crt"]
        subprocess.run(made, capture_output=True, check=True)
        shutil.copy(f"{folder}/tls.crt", f"{folder}/ca.crt")
        routes = free_ports(3)
        nodes = [self.node(folder, number, routes) for number in range(3)]
        for node in nodes:
            eventually(self, f"{node}/routez", lambda told: {r["remote_name"] for r in told["routes"]}, 2)
            self.assertTrue(asked(f"{node}/varz")["tls_required"])
        eventually(self, f"{nodes[0]}/jsz", lambda told: told["meta_cluster"]["replicas"], 2)


def free_ports(count):
    """Ports that were free a moment ago, all different."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def asked(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)


def eventually(test, url, of, count):
    """Asks until `of` the answer has so many things; tells the last answer when it never has."""
    told, deadline = None, time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            told = asked(url)
            if len(of(told)) == count:
                return
        except (OSError, KeyError, TypeError) as error:
            told = told or error
        time.sleep(0.05)
    test.fail(f"{url}: not in time; last seen: {told}")


class Manifests(unittest.TestCase):
    def test_what_the_values_add_to_the_manifests_keeps_to_the_schemas(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "manifests.yaml")
            made = list(render.manifests(render.filled_in(render.load([VALUES, TLS]))))
            made.append(yaml.safe_load((HERE / "secret.example.yaml").read_text()))
            kinds = [manifest["kind"] for manifest in made]
            self.assertEqual(kinds, ["StatefulSet", "PodDisruptionBudget", "NetworkPolicy", "Secret"])
            file.write_text(yaml.safe_dump_all(made))
            for version in KUBERNETES:
                command = [os.environ["KUBERNETES_VALIDATE"], "-k", version, "--strict", file]
                ran = subprocess.run(command, capture_output=True, text=True)
                told = ran.stdout + ran.stderr
                # A kind that it does not know is a warning to it, and no check at all.
                self.assertTrue(ran.returncode == 0 and "WARN" not in told, f"{version}: {told}")


class Guide(unittest.TestCase):
    def test_every_file_that_the_guide_names_is_there(self):
        guide = (HERE / "steps-for-install.md").read_text()
        for name in re.findall(r"[\w.-]+\.(?:yaml|sh|py|conf)\b", guide):
            theirs = {"vars.conf", "new-vars.conf", "passwords.conf", "old-values.yaml"}
            self.assertTrue(name in theirs or list(HERE.parent.rglob(name)), f"the guide names {name}")


if __name__ == "__main__":
    unittest.main()
