#!/usr/bin/env python3
"""Runs the services of an image and shows that they get ready: scripts/image-run.py ARCHIVE FOLDER

Each in a container of runc: read-only, no capabilities, no new privileges, user 65532, nothing mounted but /proc. They
share this machine's network, where NATS_SERVER runs for them. Each must answer its probes, and the console must hear all of
them at work. Needs root. What it started is gone at the end.
"""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request

LIMIT_S = 60


def unpack(archive, rootfs):
    """The root of an image of one platform, whose layers only add."""
    shutil.rmtree(rootfs, ignore_errors=True)
    rootfs.mkdir(parents=True)
    with tarfile.open(archive) as image:
        def blob(digest):
            return image.extractfile(f"blobs/{digest.replace(':', '/')}")
        index = json.load(image.extractfile("index.json"))
        manifest = json.load(blob(index["manifests"][0]["digest"]))
        for layer in manifest["layers"]:
            with tarfile.open(fileobj=blob(layer["digest"])) as files:
                files.extractall(rootfs, filter="tar")
        return json.load(blob(manifest["config"]["digest"]))["config"]


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Container:
    """A program of the image, from `with` to its end."""

    def __init__(self, bundle, rootfs, user, name, arguments, environment):
        self.id = f"domicilio-check-{os.getpid()}-{name}"
        self.folder = bundle / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        uid, gid = (int(part) for part in user.split(":"))
        config = {
            "ociVersion": "1.0.2",
            "process": {
                "user": {"uid": uid, "gid": gid},
                "args": arguments,
                "env": [f"{key}={value}" for key, value in environment.items()],
                "cwd": "/",
                "noNewPrivileges": True,
                "capabilities": {kind: [] for kind in ("bounding", "effective", "permitted", "inheritable", "ambient")},
            },
            "root": {"path": str(rootfs), "readonly": True},
            "mounts": [{"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]}],
            "linux": {"namespaces": [{"type": kind} for kind in ("mount", "pid", "ipc", "uts")]},
        }
        (self.folder / "config.json").write_text(json.dumps(config))
        self.log = open(self.folder / "log", "w+")

    def __enter__(self):
        command = ["runc", "run", "--bundle", str(self.folder), self.id]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        return self

    def told(self):
        self.log.flush()
        return (self.folder / "log").read_text()

    def __exit__(self, *_):
        subprocess.run(["runc", "kill", self.id, "TERM"], stderr=subprocess.DEVNULL)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            subprocess.run(["runc", "delete", "--force", self.id], stderr=subprocess.DEVNULL)
            self.process.wait()
        self.log.close()


def until_ready(container, port, path="/readyz"):
    deadline, seen = time.monotonic() + LIMIT_S, None
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.read().decode().strip()
        except urllib.error.HTTPError as error:
            seen = error.read().decode()
        except OSError as error:
            seen = error
        if container.process.poll() is not None:
            break
        time.sleep(0.05)
    sys.exit(f"error: {container.id} never got ready, last seen: {seen}\n{container.told()}")


def main():
    archive, bundle = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    shutil.rmtree(bundle, ignore_errors=True)
    rootfs = bundle / "rootfs"
    user = unpack(archive, rootfs)["User"]
    if user.split(":")[0] in ("", "0", "root"):
        sys.exit(f"error: the image runs as {user or 'root'}")
    nats_port, api_port, probe_d, probe_q = (free_port() for _ in range(4))
    nats = [os.environ["NATS_SERVER"], "-a", "127.0.0.1", "-p", str(nats_port), "-js", "-sd", str(bundle / "nats")]
    server = subprocess.Popen(nats, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        common = {"NATS_URL": f"nats://127.0.0.1:{nats_port}", "DOMICILIO_STORAGE_PERCENT": "1"}

        def container(name, arguments, **more):
            return Container(bundle, rootfs, user, name, arguments, {**common, **more})

        api = container("api", ["/bin/api-domicilio"], DOMICILIO_LISTEN=f"127.0.0.1:{api_port}")
        office = container("distribuidor", ["/bin/distribuidor"], DOMICILIO_PROBE_LISTEN=f"127.0.0.1:{probe_d}")
        lanes = container("queue-resolver", ["/bin/queue-resolver"], DOMICILIO_PROBE_LISTEN=f"127.0.0.1:{probe_q}")
        with api, office, lanes:
            for started, port in ((api, api_port), (office, probe_d), (lanes, probe_q)):
                print(f"{started.folder.name}: /readyz {until_ready(started, port)}")
            expect = [f"--expect={name}=1" for name in ("api-domicilio", "distribuidor", "queue-resolver")]
            console = container("console", ["/bin/domicilio", "services", "--wait=60", *expect], HOME="/")
            with console:
                code = console.process.wait(LIMIT_S + 30)
            print((console.folder / "log").read_text().strip())
            if code != 0:
                sys.exit(f"error: the console of the image ended with {code}")
        for stopped in (api, office, lanes):
            if stopped.process.returncode != 0:
                sys.exit(f"error: {stopped.id} ended with {stopped.process.returncode} on SIGTERM\n{(stopped.folder / 'log').read_text()}")
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(bundle, ignore_errors=True)
    print("read-only, without capabilities, as", user, "- every service got ready and left with 0")


main()
