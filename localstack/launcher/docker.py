"""The emulator in Docker, with `compose.yaml`."""

import os
import subprocess
import sys
import time

from launcher.environment import ensure_models
from launcher.extension import write_extension
from launcher.home import HERE, Failed, say
from launcher.instance import START_LIMIT_SECONDS, Instance


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
        [
            "docker",
            "compose",
            "--file",
            HERE / "compose.yaml",
            "--project-name",
            f"isobar-localstack-{port}",
            *arguments,
        ],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        env=os.environ
        | {
            "ISOBAR_LOCALSTACK_PORT": str(port),
            "ISOBAR_LOCALSTACK_EXTENSION": str(docker_extension(port)),
            "ISOBAR_LOCALSTACK_MODELS": str(ensure_models()),
        },
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
