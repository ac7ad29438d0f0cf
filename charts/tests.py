"""Tests of what runs Domicilio without Kubernetes: compose.yaml and the units of systemd. `make charts` runs them."""

import pathlib
import re
import shutil
import subprocess
import unittest

import yaml

HERE = pathlib.Path(__file__).parent
UNITS = sorted(HERE.glob("systemd/*.service"))

# The most that `systemd-analyze security` may say, from 0 (nothing is left open) to 10.
EXPOSURE_MAX = 1.1

# Who each program is to the bus, as docs/permissions.md has it; other programs are the console.
USERS = {"api-domicilio", "distribuidor", "queue-resolver"}


class Compose(unittest.TestCase):
    def setUp(self):
        self.file = yaml.safe_load((HERE / "compose.yaml").read_text())
        self.services = self.file["services"]

    def test_everything_is_read_only_and_without_capabilities(self):
        for name, service in self.services.items():
            with self.subTest(name):
                self.assertTrue(service["read_only"])
                self.assertEqual(service["cap_drop"], ["ALL"])
                self.assertEqual(service["security_opt"], ["no-new-privileges:true"])

    def test_each_program_is_its_own_user_under_a_name_of_its_own(self):
        ids = set()
        for name, service in self.services.items():
            program = service["command"][0].removeprefix("/bin/")
            if program not in USERS:
                continue
            environment = service["environment"]
            self.assertEqual(environment["NATS_USER"], program)
            variable = program.upper().replace("-", "_") + "_PASSWORD"
            self.assertTrue(environment["NATS_PASSWORD"].startswith(f"${{{variable}:?"), name)
            self.assertEqual(environment["DOMICILIO_ID"], name)
            ids.add(name)
        self.assertGreaterEqual(len(ids), 5)

    def test_every_password_is_one_that_the_server_knows(self):
        known = set(re.findall(r"^ *password: \$([A-Z_]+)$", (HERE / "nats" / "users.conf").read_text(), re.MULTILINE))
        asked = set(re.findall(r"\$\{([A-Z_]+_PASSWORD):", (HERE / "compose.yaml").read_text()))
        self.assertTrue(asked and asked <= known, asked - known)

    def test_images_are_named_with_a_version(self):
        version = re.search(r'^version = "(.*)"$', (HERE.parent / "Cargo.toml").read_text(), re.MULTILINE)[1]
        images = {service["image"] for service in self.services.values()}
        self.assertIn(f"domicilio:{version}", images)
        self.assertTrue(all(":" in image and not image.endswith(":latest") for image in images), images)


class Units(unittest.TestCase):
    def test_there_is_one_for_each_service(self):
        programs = {unit.name.split(".")[0].rstrip("@"): unit for unit in UNITS}
        # The bus has one, too, for where it is not on Kubernetes: charts/nats/steps-for-install.md.
        self.assertIn("ExecStart=/usr/bin/nats-server -c /etc/nats/single-node.conf\n", programs.pop("nats").read_text())
        self.assertEqual(set(programs), USERS)
        for program, unit in programs.items():
            self.assertIn(f"ExecStart=/usr/bin/{program}\n", unit.read_text())
            self.assertIn(f"EnvironmentFile=/etc/domicilio/{program}.env\n", unit.read_text())

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not on this machine")
    def test_systemd_knows_every_key(self):
        for unit in UNITS:
            told = subprocess.run(["systemd-analyze", "verify", "--man=no", unit.resolve()], capture_output=True, text=True)
            # Where the programs are not installed that is all that it says.
            other = [line for line in told.stderr.splitlines() if not re.search(r"Command /usr/bin/\S+ is not executable", line)]
            self.assertEqual(other, [], unit.name)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not on this machine")
    def test_little_is_left_open(self):
        for unit in UNITS:
            command = ["systemd-analyze", "security", "--offline=yes", "--no-pager", unit.resolve()]
            told = subprocess.run(command, capture_output=True, text=True)
            figure = re.search(r"Overall exposure level for .*: ([0-9.]+)", told.stdout)
            self.assertTrue(figure, told.stdout + told.stderr)
            self.assertLessEqual(float(figure[1]), EXPOSURE_MAX, unit.name)


if __name__ == "__main__":
    unittest.main()
