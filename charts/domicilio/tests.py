"""Tests of this chart without a cluster: `make charts` runs them.

HELM, PROMTOOL and CHECKOV name these programs; without CHECKOV nothing is scanned. Python is the one of kubernetes-validate, so its schemas are at hand. With UPDATE=1 the
renderings in rendered/ are written anew.
"""

import copy
import functools
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import jsonschema
import kubernetes_validate
import yaml

HERE = pathlib.Path(__file__).parent
CASES = sorted(HERE.glob("ci/*-values.yaml"))

# The Kubernetes versions for which manifests are checked: the oldest that clouds still offer, one between, the newest known.
KUBERNETES = ["1.31", "1.34", "1.37"]

# Kinds of the Prometheus operator, whose schemas are not Kubernetes' own.
OPERATOR = "monitoring.coreos.com/v1"

# What checkov asks for in vain, each with the reason.
NOT_ASKED = {
    "CKV_K8S_43": "the least case names an image by its tag; image.digest is there for who pins it",
    "CKV_K8S_15": "an image of a fixed version need not be pulled each time",
    "CKV_K8S_11": "no CPU limits, by intention: they only make a busy service slow",
    "CKV_K8S_35": "every program takes its password as a variable; none has a file for it",
    "CKV_K8S_21": "the namespace is the release's",
    "CKV_K8S_8": "the test pod ends by itself: nothing to probe",
    "CKV_K8S_9": "the test pod ends by itself: nothing to probe",
}


def helm(*arguments):
    return subprocess.run([os.environ["HELM"], *map(str, arguments)], capture_output=True, text=True)


@functools.cache
def template(*values):
    files = [part for file in values for part in ("--values", file)]
    return helm("template", "domicilio", HERE, "--namespace", "domicilio", *files)


def documents(text):
    return [document for document in yaml.safe_load_all(text) if document]


def paths(values, before=()):
    """Every key that our values have, with the place where it stands."""
    for key, value in values.items():
        yield (*before, key)
        if isinstance(value, dict):
            yield from paths(value, (*before, key))


def events(document):
    """When a hook runs; nothing for what is no hook."""
    return set((document["metadata"].get("annotations") or {}).get("helm.sh/hook", "").split(",")) - {""}


def weight(document):
    return int(document["metadata"]["annotations"].get("helm.sh/hook-weight", "0"))


def selects(policy, labels):
    return policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()


def named(tree, reference):
    """The names in every such reference, however deep."""
    if isinstance(tree, list):
        return {name for item in tree for name in named(item, reference)}
    if not isinstance(tree, dict):
        return set()
    here = {tree[reference]["name"]} if reference in tree else set()
    return here | {name for item in tree.values() for name in named(item, reference)}


class Chart(unittest.TestCase):
    def test_lint(self):
        for case in CASES:
            linted = helm("lint", "--strict", HERE, "--values", case)
            self.assertEqual(linted.returncode, 0, linted.stdout + linted.stderr)

    def test_what_is_rendered_is_kept_beside_the_values(self):
        for case in CASES:
            made = template(case)
            self.assertEqual(made.returncode, 0, made.stderr)
            kept = HERE / "rendered" / f"{case.name.removesuffix('-values.yaml')}.yaml"
            if os.environ.get("UPDATE"):
                kept.write_text(made.stdout)
            self.assertTrue(kept.exists() and kept.read_text() == made.stdout, f"{kept}: look at the change, then UPDATE=1")

    def test_manifests_fit_the_schemas_of_kubernetes(self):
        for case in CASES:
            for document in documents(template(case).stdout):
                if document["apiVersion"] == OPERATOR:
                    continue
                for version in KUBERNETES:
                    with self.subTest(case=case.name, kind=document["kind"], version=version):
                        # An unknown kind is an error here, too.
                        kubernetes_validate.validate(document, version, strict=True)

    def test_names_of_pods_fit_names_of_instances(self):
        case = HERE / "ci" / "least-values.yaml"
        made = helm("template", "a" * 18, HERE, "--values", case)
        for document in documents(made.stdout):
            name = document["metadata"]["name"]
            # A Deployment's pods get 17 characters more, a StatefulSet's 4 as long as it has fewer than a thousand.
            more = {"Deployment": 17, "StatefulSet": 4}.get(document["kind"])
            if more:
                self.assertLessEqual(len(name) + more, 48, name)
        self.assertNotEqual(helm("template", "a" * 19, HERE, "--values", case).returncode, 0)

    def test_what_runs_before_everything_else_needs_nothing_that_comes_later(self):
        """Under a policy that denies by default, the Job of the first install must be let out before it starts."""
        jobs = 0
        for case in CASES:
            made = documents(template(case).stdout)
            later = {(d["kind"], d["metadata"]["name"]) for d in made if not events(d)}
            for job in (d for d in made if d["kind"] == "Job"):
                jobs += 1
                pod = job["spec"]["template"]
                before = [d for d in made if events(d) == events(job) and weight(d) < weight(job)]
                letting_out = [d for d in before if d["kind"] == "NetworkPolicy" and selects(d, pod["metadata"]["labels"])]
                self.assertEqual(len(letting_out), 1, case.name)
                self.assertEqual(letting_out[0]["spec"]["egress"][0]["ports"], [{"protocol": "TCP", "port": 4222}])
                asked = {("ConfigMap", name) for name in named(pod, "configMapRef")} | {("Secret", name) for name in named(pod, "secretKeyRef")}
                self.assertTrue(asked and not asked & later, asked & later)
        self.assertEqual(jobs, 2)

    def test_a_policy_that_nobody_needs_is_not_there(self):
        case = HERE / "ci" / "least-values.yaml"
        made = helm("template", "domicilio", HERE, "--values", case, "--set", "bus.init.enabled=false")
        self.assertEqual([d for d in documents(made.stdout) if events(d) and not events(d) == {"test"}], [])
        self.assertNotIn("bus-init", made.stdout)

    def test_pods_are_restricted(self):
        """As the `restricted` level of Kubernetes' pod security standards asks, and a read-only root."""
        found = 0
        for case in CASES:
            for document in documents(template(case).stdout):
                spec = document.get("spec", {})
                pod = spec if document["kind"] == "Pod" else spec.get("template", {}).get("spec")
                if not pod:
                    continue
                self.assertTrue(pod["securityContext"]["runAsNonRoot"])
                self.assertEqual(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
                self.assertFalse(pod["automountServiceAccountToken"])
                for container in pod["containers"]:
                    found += 1
                    context = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
                    self.assertEqual(container["securityContext"], context)
        self.assertGreater(found, 10)

    @unittest.skipUnless(os.environ.get("CHECKOV"), "CHECKOV names no program")
    def test_checkov_finds_nothing_else(self):
        with tempfile.TemporaryDirectory() as folder:
            for case in CASES:
                core = [d for d in documents(template(case).stdout) if d["apiVersion"] != OPERATOR]
                pathlib.Path(folder, f"{case.stem}.yaml").write_text(yaml.safe_dump_all(core))
            command = [os.environ["CHECKOV"], "--framework", "kubernetes", "--skip-download", "--quiet", "--compact"]
            command += ["--skip-check", ",".join(NOT_ASKED), "--directory", folder, "--output", "json"]
            scanned = subprocess.run(command, capture_output=True, text=True)
            told = json.loads(scanned.stdout)
            self.assertGreater(told["summary"]["passed"], 100, scanned.stderr)
            failed = {(c["check_id"], c["check_name"], c["resource"]) for c in told["results"]["failed_checks"]}
            self.assertEqual(failed, set())


class Values(unittest.TestCase):
    def test_what_must_be_refused_is_refused_for_its_reason(self):
        cases = sorted(HERE.glob("refused/*.yaml"))
        self.assertGreater(len(cases), 10)
        for case in cases:
            reason = case.read_text().splitlines()[0].removeprefix("# ")
            made = template(case)
            with self.subTest(case.name):
                self.assertNotEqual(made.returncode, 0)
                self.assertIn(reason, made.stderr)

    def test_a_typo_in_any_key_is_refused(self):
        schema = json.loads((HERE / "values.schema.json").read_text())
        judge = jsonschema.Draft202012Validator(schema)
        values = yaml.safe_load((HERE / "values.yaml").read_text())
        free = {"annotations", "podAnnotations", "nodeSelector", "labels"}
        self.assertEqual(list(judge.iter_errors(values)), [])
        count = 0
        for path in paths(values):
            if free & set(path[:-1]):
                continue
            typo = copy.deepcopy(values)
            place = typo
            for key in path[:-1]:
                place = place[key]
            place[f"{path[-1]}s"] = place.pop(path[-1])
            with self.subTest(".".join(path)):
                self.assertTrue(list(judge.iter_errors(typo)))
            count += 1
        self.assertGreater(count, 80)

    def test_values_and_schema_know_the_same_keys(self):
        def known(schema, before=()):
            for key, inner in schema.get("properties", {}).items():
                yield (*before, key)
                yield from known(inner, (*before, key))

        schema = set(known(json.loads((HERE / "values.schema.json").read_text())))
        values = set(paths(yaml.safe_load((HERE / "values.yaml").read_text())))
        optional = {path for path in schema - values if "resources" in path} | {("global",)}
        self.assertEqual(schema - values - optional, set())

    def test_no_password_stands_in_what_is_rendered(self):
        for case in CASES:
            for line in template(case).stdout.splitlines():
                self.assertNotRegex(line, r"(?i)(password|secret-?key|\btoken): *\S", case.name)


class Secrets(unittest.TestCase):
    USERS = ["api-domicilio", "distribuidor", "queue-resolver", "ops-admin", "ops-read"]

    def secret(self, users):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            for user in users:
                file.write(f'{user.upper().replace("-", "_")}_PASSWORD: "of-{user}"\n')
            file.flush()
            return subprocess.run([HERE / "bus-secret.sh", file.name], capture_output=True, text=True)

    def test_the_secret_has_what_the_chart_asks_for(self):
        made = yaml.safe_load(self.secret(self.USERS).stdout)
        self.assertEqual(made["stringData"], {user: f"of-{user}" for user in self.USERS})
        rendered = (HERE / "rendered" / "least.yaml").read_text()
        asked = {
            line.strip()
            for before, line in zip(rendered.splitlines(), rendered.splitlines()[1:])
            if before.strip() == f"name: {made['metadata']['name']}"
        }
        self.assertEqual(asked, {f"key: {user}" for user in self.USERS})

    def test_a_password_that_is_missing_is_told(self):
        made = self.secret(self.USERS[1:])
        self.assertEqual(made.returncode, 1)
        self.assertIn("API_DOMICILIO_PASSWORD", made.stderr)


class Watching(unittest.TestCase):
    def setUp(self):
        self.board = json.loads((HERE / "files" / "dashboard.json").read_text())

    def test_panels_of_the_dashboard_lie_side_by_side_and_ask_the_chosen_source(self):
        taken = {}
        for panel in self.board["panels"]:
            x, y, w, h = (panel["gridPos"][key] for key in "xywh")
            # Grafana's grid is 24 wide.
            self.assertLessEqual(x + w, 24, panel["title"])
            for place in ((column, row) for column in range(x, x + w) for row in range(y, y + h)):
                self.assertNotIn(place, taken, f"{panel['title']} lies on {taken.get(place)}")
                taken[place] = panel["title"]
            self.assertEqual(panel["datasource"], {"type": "prometheus", "uid": "${datasource}"})
        ids = [panel["id"] for panel in self.board["panels"]]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual([variable["name"] for variable in self.board["templating"]["list"]], ["datasource", "namespace"])

    def test_what_the_dashboard_asks_is_promql(self):
        questions = [target["expr"] for panel in self.board["panels"] for target in panel["targets"]]
        self.assertGreater(len(questions), 10)
        # Grafana's own variables, as it fills them in.
        filled = [question.replace("$__rate_interval", "1m").replace("$namespace", "a|b") for question in questions]
        self.assertNotIn("$", "".join(filled))
        rules = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(filled)]
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)
            file.flush()
            ran = subprocess.run([os.environ["PROMTOOL"], "check", "rules", file.name], capture_output=True, text=True)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        self.assertIn(f"{len(rules)} rules found", ran.stdout + ran.stderr)

    def test_each_alert_fires_when_it_should_and_not_before(self):
        """Judged by promtool, from series that scrapes could have brought."""
        table = (HERE / "alerts.test.yaml").read_text()
        for command in (("check", "rules", "files/alerts.yaml"), ("test", "rules", "alerts.test.yaml")):
            ran = subprocess.run([os.environ["PROMTOOL"], *command], capture_output=True, text=True, cwd=HERE)
            self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        (group,) = yaml.safe_load((HERE / "files" / "alerts.yaml").read_text())["groups"]
        names = {rule["alert"] for rule in group["rules"]}
        self.assertEqual(set(re.findall(r'alertname="(\w+)",alertstate="firing"', table)), names)

    def test_each_alert_says_what_it_means(self):
        (group,) = yaml.safe_load((HERE / "files" / "alerts.yaml").read_text())["groups"]
        for rule in group["rules"]:
            self.assertRegex(rule["labels"]["severity"], "^(critical|warning|info)$")
            self.assertEqual(set(rule["annotations"]), {"summary", "description"}, rule["alert"])


if __name__ == "__main__":
    unittest.main()
