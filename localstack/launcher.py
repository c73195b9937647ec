"""Builds the emulator's Python environment, starts it, stops it.

Only the standard library is used, since this runs before there is an environment. Nothing is
written beside this file: everything lives under one home directory,

    $ISOBAR_LOCALSTACK_HOME, else $XDG_CACHE_HOME/isobar/localstack, else ~/.cache/isobar/localstack
        env-<hash>/    virtual environment, one per set of pins and Python version
        extension-<hash>/  the extension as LocalStack loads it, one per state of the sources and environment
        port-<N>/      data, log, temporary files and process record of the emulator on port N
        locks/         one file per environment and port

One directory per port lets several emulators run side by side without seeing each other.
"""

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
PINS = HERE / "pins.txt"
PACKAGE = "isobar_localstack"
METADATA = f"{PACKAGE}.dist-info"
ENTRY_POINTS = f"""\
[localstack.hooks.on_infra_start]
isobar = {PACKAGE}.core.plugin:start

[localstack.lambda.runtime_executor]
isobar = {PACKAGE}.services.lambda_.functions:NoRuntimePlugin

[localstack.aws.provider]
"""
DEFAULT_PORT = 4566
START_LIMIT_SECONDS = 120
STOP_LIMIT_SECONDS = 10
LOG_TAIL_LINES = 25


class Failed(Exception):
    """Something the user has to know; printed without a traceback."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def home():
    if explicit := os.environ.get("ISOBAR_LOCALSTACK_HOME"):
        return Path(explicit).absolute()
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "isobar" / "localstack"


@contextlib.contextmanager
def lock(name):
    """Holds an exclusive lock; the system frees it even when this process is killed."""
    locks = home() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with open(locks / name, "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another process is at it; waiting for it…")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


# --- the Python environment ---------------------------------------------------------------------


def environment_name():
    # The compiled packages belong to one Python on one platform, hence more than the pins.
    identity = f"{sys.version}|{sys.platform}|{sys.base_prefix}|".encode() + PINS.read_bytes()
    return "env-" + hashlib.sha256(identity).hexdigest()[:12]


def ensure_environment():
    """The environment's python; built when missing or when an earlier build did not finish.

    A virtual environment cannot be moved once built, so it is built in place and counts only
    when the marker, written last, is there.
    """
    directory = home() / environment_name()
    python, marker = directory / "bin" / "python", directory / ".complete"
    if marker.exists():
        return python
    with lock(directory.name) as held:
        if not marker.exists():
            build_environment(directory, held)
            marker.touch()
    return python


def build_environment(directory, held_lock):
    """The lock is handed to the children: should this process be killed, it stays until they end."""
    say("Creating the Python environment (about a minute, once)…")
    shutil.rmtree(directory, ignore_errors=True)
    pip = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"]
    for command in (
        [sys.executable, "-m", "venv", directory],
        [directory / "bin" / "python", *pip, "--requirement", PINS],
    ):
        result = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            pass_fds=[held_lock],
        )
        if result.returncode:
            raise Failed(f"The Python environment could not be created:\n{tail(result.stdout)}")


# --- one emulator per port ----------------------------------------------------------------------


class Instance:
    """What this machine knows about the emulator on one port."""

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
            capture_output=True, text=True,
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
        """What was checked and refused, in a line; empty when nothing was, or the emulator does not answer."""
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


# --- the extension ------------------------------------------------------------------------------


def source_files():
    return [file for file in sorted((HERE / PACKAGE).rglob("*")) if file.is_file() and "__pycache__" not in file.parts]


def sources_hash():
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for file in source_files():
        digest.update(str(file.relative_to(HERE)).encode() + file.read_bytes())
    return digest.hexdigest()


def entry_points():
    """Each folder of `services` is a provider, under the name that AWS's SDKs have for the API."""
    folders = sorted(folder.name for folder in (HERE / PACKAGE / "services").iterdir() if (folder / "__init__.py").exists())
    providers = (f"{name.rstrip('_').replace('_', '-')}:isobar = {PACKAGE}.core.plugin:{name}" for name in folders)
    return ENTRY_POINTS + "\n".join(providers) + "\n"


def write_extension(directory):
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(HERE / PACKAGE, directory / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    (directory / METADATA).mkdir()
    (directory / METADATA / "METADATA").write_text("Metadata-Version: 2.1\nName: isobar-localstack\nVersion: 1.0\n")
    (directory / METADATA / "entry_points.txt").write_text(entry_points())


def ensure_extension(python):
    """The extension with its metadata and compiled: the emulators of all ports share it.

    They import lazily; a copy of its own keeps them whole when the sources change or vanish.
    """
    identity = f"{python}|{sources_hash()}".encode()
    directory = home() / ("extension-" + hashlib.sha256(identity).hexdigest()[:12])
    marker = directory / ".complete"
    if not marker.exists():
        with lock(directory.name):
            if not marker.exists():
                write_extension(directory)
                compiling = [python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", directory / PACKAGE]
                subprocess.run(compiling, check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)
                marker.touch()
    return directory


# --- starting and stopping ----------------------------------------------------------------------


def child_environment(instance, extension):
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
        "PYTHONDONTWRITEBYTECODE": "1",
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DNS_ADDRESS": "0",  # no DNS server
    }


def start(instance, python):
    shutil.rmtree(instance.directory, ignore_errors=True)
    for name in ("files", "tmp", "cache"):
        (instance.directory / name).mkdir(parents=True)
    extension = ensure_extension(python)
    token = f"isobar-emulator-{secrets.token_hex(8)}"
    with open(instance.log, "wb") as log:
        process = subprocess.Popen(
            [python, "-m", "localstack.runtime.main", token],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            cwd=instance.directory, env=child_environment(instance, extension),
            start_new_session=True,  # an interrupt at the terminal must not reach it
        )
    record = {"pid": process.pid, "token": token, "sources": sources_hash()}
    instance.record.write_text(json.dumps(record))
    return process


def wait_until_healthy(instance):
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while time.monotonic() < deadline:
        if instance.is_healthy():
            return
        if instance.running_pid() is None:
            raise Failed(f"The emulator stopped while starting. Its log ends with:\n{log_tail(instance)}")
        time.sleep(0.1)
    raise Failed(
        f"The emulator did not answer within {START_LIMIT_SECONDS} s. Its log ends with:\n{log_tail(instance)}"
    )


def tail(text):
    return "\n".join(text.splitlines()[-LOG_TAIL_LINES:])


def log_tail(instance):
    return tail(instance.log.read_text(errors="replace")) + f"\n(all of it: {instance.log})"


def end_process(instance):
    pid = instance.running_pid()
    if pid is None:
        return False
    for sig, patience in ((signal.SIGTERM, STOP_LIMIT_SECONDS), (signal.SIGKILL, 5)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sig)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            reap(pid)
            if instance.running_pid() is None:
                return True
            time.sleep(0.1)
    raise Failed(f"Process {pid} does not end.")


def reap(pid):
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


# --- Docker -------------------------------------------------------------------------------------


def wants_docker():
    return os.environ.get("ISOBAR_LOCALSTACK_MODE") == "docker"


def compose(port, *arguments):
    try:
        answers = subprocess.run(["docker", "info"], capture_output=True).returncode == 0
    except FileNotFoundError:
        answers = False
    if not answers:
        raise Failed("ISOBAR_LOCALSTACK_MODE=docker is set, but no Docker engine answers ('docker info').")
    result = subprocess.run(
        ["docker", "compose", "--file", HERE / "compose.yaml", "--project-name", f"isobar-localstack-{port}",
         *arguments],
        stdin=subprocess.DEVNULL, stdout=sys.stderr,
        env=os.environ | {"ISOBAR_LOCALSTACK_PORT": str(port), "ISOBAR_LOCALSTACK_EXTENSION": str(docker_extension(port))},
    )
    if result.returncode:
        raise Failed("docker compose failed.")


def docker_extension(port):
    return Instance(port).directory / "extension"


def up_in_docker(instance):
    say("Starting the emulator in Docker…")
    write_extension(docker_extension(instance.port))
    compose(instance.port, "up", "--detach", "--quiet-pull")
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while not instance.is_healthy():
        if time.monotonic() > deadline:
            raise Failed(f"The emulator in Docker did not answer within {START_LIMIT_SECONDS} s.")
        time.sleep(0.5)


# --- commands -----------------------------------------------------------------------------------


def up(port):
    instance = Instance(port)
    if wants_docker():
        up_in_docker(instance)
    else:
        up_on_host(instance)
    print(instance.endpoint)


def up_on_host(instance):
    python = ensure_environment()
    with lock(instance.directory.name):
        if instance.running_pid() is None:
            if instance.port_is_taken():
                raise Failed(f"Port {instance.port} is taken by another program; choose one with --port.")
            say(f"Starting the emulator on port {instance.port}…")
            start(instance, python)
        elif instance.read_record().get("sources") != sources_hash():
            say("It is already running, from other sources: 'down' and 'up' again to take these.")
        try:
            wait_until_healthy(instance)
        except BaseException:  # also on interrupt: do not leave a half-started process behind
            end_process(instance)
            raise


def down(port):
    instance = Instance(port)
    if wants_docker():
        compose(port, "down", "--volumes")
        return
    with lock(instance.directory.name):
        summary = instance.strictness() if instance.running_pid() else ""
        if end_process(instance):
            say(f"Stopped the emulator on port {port}. {summary}".rstrip())
        shutil.rmtree(instance.directory, ignore_errors=True)


def inventory(port, regions, as_json):
    """What is alive, as the emulator lists it."""
    url = f"{Instance(port).endpoint}/_isobar/inventory?regions={regions or 'all'}"
    try:
        with urllib.request.urlopen(url) as answer:
            things = json.load(answer)
    except (OSError, ValueError) as problem:
        raise Failed(f"The emulator on port {port} does not answer: {problem}") from None
    if as_json:
        print(json.dumps(things, indent=1))
        return
    for thing in things:
        print(*thing.values())


def run_with_environment(*command):
    python = ensure_environment()
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    os.execv(python, [str(python), *map(str, command)])


def main():
    command, *rest = sys.argv[1:]
    if command == "test":
        os.chdir(HERE)
        run_with_environment("-m", "pytest", "-p", "no:cacheprovider", "-q", *rest)
    parser = argparse.ArgumentParser(prog=command)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    if command == "inventory":
        parser.description = "Lists everything alive in the emulator."
        parser.add_argument("--regions", help="comma-separated; all regions by default")
        parser.add_argument("--json", action="store_true", help="a JSON list of objects instead of lines")
    options = parser.parse_args(rest)
    if command == "inventory":
        inventory(options.port, options.regions, options.json)
    else:
        {"up": up, "down": down}[command](options.port)


if __name__ == "__main__":
    try:
        main()
    except Failed as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit(130)
