"""Installations from a Python package index, each by its own pins: emulator, service models, linter."""

import hashlib
import shutil
import subprocess
import sys

from launcher.home import HERE, Failed, home, lock, say, tail

PINS, MODELS, LINTER = HERE / "pins.txt", HERE / "models.txt", HERE / "lint.txt"
PIP = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"]


def ensure(kind, pins, build):
    """The directory of these pins; built when it is missing or when an earlier build did not finish.

    A virtual environment cannot be moved once built, so it is built in place and counts only
    when the marker, written last, is there.
    """
    # Compiled packages belong to one Python on one platform, hence more than the pins.
    identity = f"{sys.version}|{sys.platform}|{sys.base_prefix}|".encode() + pins
    directory = home() / f"{kind}-{hashlib.sha256(identity).hexdigest()[:12]}"
    marker = directory / ".complete"
    if not marker.exists():
        with lock(directory.name) as held:
            if not marker.exists():
                shutil.rmtree(directory, ignore_errors=True)
                build(directory, held)
                marker.touch()
    return directory


def run(held_lock, *command):
    """The lock is handed to the child: should this process be killed, it stays until that ends."""
    result = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        pass_fds=[held_lock],
    )
    if result.returncode:
        raise Failed(f"It could not be installed from the Python package index:\n{tail(result.stdout)}")


def ensure_environment():
    """The python that runs the emulator and its tests."""

    def build(directory, held):
        say("Creating the Python environment (about a minute, once)…")
        run(held, sys.executable, "-m", "venv", directory)
        run(held, directory / "bin" / "python", *PIP, "--requirement", PINS)

    return ensure("env", PINS.read_bytes(), build) / "bin" / "python"


def ensure_models(requirement=None):
    """The directory of service models, by default those of the pin.

    Of this botocore nothing is run: it stands beside LocalStack's, which it must not replace, and is read as data.
    """
    requirement = requirement or pinned_models()

    def build(directory, held):
        say(f"Fetching the service models of {requirement}…")
        run(held, ensure_environment(), *PIP, "--no-deps", "--no-compile", "--target", directory, requirement)

    return ensure("models", requirement.encode(), build) / "botocore" / "data"


def pinned_models():
    return next(line for line in MODELS.read_text().splitlines() if line and not line.startswith("#"))


def ensure_linter():
    def build(directory, held):
        say("Fetching the linter…")
        run(held, sys.executable, "-m", "venv", directory)
        run(held, directory / "bin" / "python", *PIP, "--requirement", LINTER)

    return ensure("lint", LINTER.read_bytes(), build) / "bin" / "ruff"
