"""Builds the emulator's Python environment, starts it, stops it, tests it.

Only the standard library is used, since this runs before there is an environment. Nothing is
written beside the sources: see `home`.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import urllib.request

from launcher import models
from launcher.docker import compose, up_in_docker, wants_docker
from launcher.environment import ensure_environment, ensure_linter, ensure_models
from launcher.extension import sources_hash
from launcher.home import HERE, Failed, lock, say
from launcher.instance import Instance, end_process, start, wait_until_healthy

DEFAULT_PORT = 4566


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
    """Prints what is alive, as the emulator lists it."""
    url = f"{Instance(port).endpoint}/_isobar/inventory" + (f"?regions={regions}" if regions else "")
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
    os.environ |= {"PYTHONDONTWRITEBYTECODE": "1", "ISOBAR_EMULATOR_MODELS": str(ensure_models())}
    os.execv(python, [str(python), *map(str, command)])


def lint(arguments):
    """Lints and format; with --fix what can be put right is."""
    ruff, fixes = str(ensure_linter()), "--fix" in arguments
    checks = [
        [ruff, "check", "--no-cache", *(["--fix"] if fixes else [])],
        [ruff, "format", "--no-cache", *([] if fixes else ["--check"])],
    ]
    sys.exit(max(subprocess.run([*check, HERE]).returncode for check in checks))


def main():
    command, *rest = sys.argv[1:]
    if command == "test":
        os.chdir(HERE)
        run_with_environment("-m", "pytest", "-p", "no:cacheprovider", "-q", *rest)
    if command == "lint":
        lint(rest)
    parser = argparse.ArgumentParser(prog=command)
    if command == "models":
        parser.add_argument("--to", help="a version of botocore; the newest by default")
        return models.move(parser.parse_args(rest).to)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    if command == "inventory":
        parser.description = "Lists everything alive in the emulator."
        parser.add_argument("--regions", help="comma-separated; by default all that are in use")
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
