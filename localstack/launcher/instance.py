"""One emulator per port: its process, from the start to the end."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from launcher.environment import ensure_models
from launcher.extension import ensure_extension, sources_hash
from launcher.home import Failed, home, tail

START_LIMIT_SECONDS = 120
STOP_LIMIT_SECONDS = 10


class Instance:
    """The emulator on one port, as far as this machine knows it."""

    def __init__(self, port):
        self.port = port
        self.directory = home() / f"port-{port}"
        self.record = self.directory / "process.json"
        self.log = self.directory / "localstack.log"
        self.endpoint = f"http://127.0.0.1:{port}"

    def read_record(self):
        try:
            return json.loads(self.record.read_text())
        except (OSError, ValueError):
            return {}

    def running_pid(self):
        """The pid of our process, or None.

        Process ids are reused, so the id alone proves nothing: the command line has to carry
        the random token that was written down at the start.
        """
        record = self.read_record()
        if not record:
            return None
        shown = subprocess.run(
            ["ps", "-ww", "-o", "stat=", "-o", "command=", "-p", str(record["pid"])],
            capture_output=True,
            text=True,
        ).stdout
        alive = record["token"] in shown and not shown.startswith("Z")
        return record["pid"] if alive else None

    def is_healthy(self):
        try:
            with urllib.request.urlopen(f"{self.endpoint}/_localstack/health", timeout=5) as answer:
                return answer.status == 200
        except (OSError, ValueError, urllib.error.URLError):
            return False

    def strictness(self):
        """The report on strict requests in a line; empty when there were none, or the emulator does not answer."""
        try:
            with urllib.request.urlopen(f"{self.endpoint}/_isobar/strict", timeout=2) as answer:
                report = json.load(answer)
                return report["line"] if report["checked"] else ""
        except (OSError, ValueError, KeyError, urllib.error.URLError):
            return ""

    def port_is_taken(self):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError:
                return True
        with socket.socket() as probe:  # a listener on all interfaces does not refuse the bind everywhere
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def child_environment(instance, extension, models):
    """A clean set of variables: the caller's AWS and LocalStack settings must not leak in."""
    dropped = ("AWS_", "LOCALSTACK_", "PROVIDER_OVERRIDE_", "PYTHON", "LAMBDA_", "GATEWAY_")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
    directory = instance.directory
    return inherited | {
        "GATEWAY_LISTEN": f"127.0.0.1:{instance.port}",
        "FILESYSTEM_ROOT": str(directory / "files"),
        "TMPDIR": str(directory / "tmp"),
        "XDG_CACHE_HOME": str(directory / "cache"),
        "PYTHONPATH": str(extension),
        "ISOBAR_EMULATOR_MODELS": str(models),
        "PYTHONDONTWRITEBYTECODE": "1",
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DNS_ADDRESS": "0",  # no DNS server
    }


def start(instance, python):
    shutil.rmtree(instance.directory, ignore_errors=True)
    for name in ("files", "tmp", "cache"):
        (instance.directory / name).mkdir(parents=True)
    extension, models = ensure_extension(python), ensure_models()
    token = f"isobar-emulator-{secrets.token_hex(8)}"
    with open(instance.log, "wb") as log:
        process = subprocess.Popen(
            [python, "-m", "localstack.runtime.main", token],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=instance.directory,
            env=child_environment(instance, extension, models),
            start_new_session=True,  # an interrupt at the terminal must not reach it
        )
    record = {"pid": process.pid, "token": token, "sources": sources_hash()}
    instance.record.write_text(json.dumps(record))
    return process


def wait_until_healthy(instance):
    deadline = time.monotonic() + START_LIMIT_SECONDS
    look_at_process = 0.0  # which takes longer than to ask the emulator
    while time.monotonic() < deadline:
        if instance.is_healthy():
            return
        if time.monotonic() >= look_at_process:
            if instance.running_pid() is None:
                raise Failed(f"The emulator stopped while starting. Its log ends with:\n{log_tail(instance)}")
            look_at_process = time.monotonic() + 1
        time.sleep(0.1)
    raise Failed(
        f"The emulator did not answer within {START_LIMIT_SECONDS} s. Its log ends with:\n{log_tail(instance)}"
    )


def log_tail(instance):
    return tail(instance.log.read_text(errors="replace")) + f"\n(all of it: {instance.log})"


def end_process(instance):
    """Kills it and what it has started: it has nothing to put away, and its own way out takes seconds."""
    pid = instance.running_pid()
    if pid is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    deadline = time.monotonic() + STOP_LIMIT_SECONDS
    while time.monotonic() < deadline:
        reap(pid)
        if instance.running_pid() is None:
            return True
        time.sleep(0.02)
    raise Failed(f"Process {pid} does not end.")


def reap(pid):
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
