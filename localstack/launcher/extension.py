"""The extension as LocalStack finds and loads it: the package with its entry points, compiled."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from launcher.home import HERE, PACKAGE, home, lock

NAME = PACKAGE.name
METADATA = f"{NAME}.dist-info"
ENTRY_POINTS = f"""\
[localstack.hooks.on_infra_start]
isobar = {NAME}.core.plugin:start

[localstack.lambda.runtime_executor]
isobar = {NAME}.services.lambda_.functions:NoRuntimePlugin

[localstack.aws.provider]
"""


def source_files():
    return [file for file in sorted(PACKAGE.rglob("*")) if file.is_file() and "__pycache__" not in file.parts]


def sources_hash():
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for file in source_files():
        digest.update(str(file.relative_to(HERE)).encode() + file.read_bytes())
    return digest.hexdigest()


def entry_points():
    """Each folder of `services` is a provider, under the name that AWS's SDKs have for the API."""
    folders = sorted(
        folder.name for folder in (PACKAGE / "services").iterdir() if (folder / "__init__.py").exists()
    )
    providers = (
        f"{name.rstrip('_').replace('_', '-')}:isobar = {NAME}.core.plugin:{name}" for name in folders
    )
    return ENTRY_POINTS + "\n".join(providers) + "\n"


def write_extension(directory):
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(PACKAGE, directory / NAME, ignore=shutil.ignore_patterns("__pycache__"))
    (directory / METADATA).mkdir()
    (directory / METADATA / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: isobar-localstack\nVersion: 1.0\n"
    )
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
                compiling = [
                    python,
                    "-m",
                    "compileall",
                    "-q",
                    "--invalidation-mode",
                    "unchecked-hash",
                    directory / NAME,
                ]
                subprocess.run(compiling, check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)
                marker.touch()
    return directory
