"""The service models that requests are checked against: moves their pin, and tells what that changes.

The models are botocore's data files, read here as what they are: JSON.
"""

import gzip
import json
import subprocess
from pathlib import Path

from launcher import calls
from launcher.environment import MODELS, PIP, ensure_environment, ensure_models, pinned_models
from launcher.home import HERE, Failed

SOURCES = HERE.parent / "src"
CONSTRAINTS = ("type", "required", "min", "max", "pattern", "enum")


class Model:
    """One service, by the shapes of its operations."""

    def __init__(self, data: Path, api: str):
        self.operations, self.shapes = {}, {}
        versions = sorted((data / api).iterdir()) if (data / api).is_dir() else []
        for file in (file for version in versions for file in version.glob("service-2.json*")):
            text = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
            model = json.loads(text)  # the latest version is the last
            self.operations, self.shapes = model["operations"], model["shapes"]

    def members(self, operation: str, side: str) -> dict[str, dict]:
        """Path -> constraints, of all that the `input` or `output` of an operation can hold."""
        found: dict = {}
        shape = self.operations.get(operation, {}).get(side)
        if shape:
            self._walk(shape["shape"], "", False, (), found)
        return found

    def _walk(self, name: str, path: str, required: bool, around: tuple, found: dict):
        shape = self.shapes[name]
        found[path] = {key: shape[key] for key in CONSTRAINTS if key in shape and key != "required"} | {
            "required": required
        }
        if name in around:
            return
        around = (*around, name)
        for member, target in shape.get("members", {}).items():
            self._walk(
                target["shape"], f"{path}.{member}", member in shape.get("required", ()), around, found
            )
        if shape["type"] == "list":
            self._walk(shape["member"]["shape"], f"{path}[]", False, around, found)
        if shape["type"] == "map":
            self._walk(shape["key"]["shape"], f"{path}<key>", False, around, found)
            self._walk(shape["value"]["shape"], f"{path}<value>", False, around, found)


# --- what differs -----------------------------------------------------------------------------------


def differences(old: Model, new: Model, operation: str) -> list[str]:
    if operation not in new.operations:
        return ["the operation is gone"] if operation in old.operations else []
    lines = []
    for side in ("input", "output"):
        before, after = old.members(operation, side), new.members(operation, side)
        lines += [f"+ {side}{path}{words(after[path])}" for path in outermost(after.keys() - before.keys())]
        lines += [f"- {side}{path}" for path in outermost(before.keys() - after.keys())]
        for path in before.keys() & after.keys():
            if change := changed(before[path], after[path]):
                lines.append(f"~ {side}{path}: {change}")
    return sorted(lines)


def outermost(paths: set[str]) -> list[str]:
    """A member that is new is told, and not again for each of its own members."""
    return sorted(
        path for path in paths if not any(path.startswith(other) and path != other for other in paths)
    )


def words(constraints: dict) -> str:
    return f" ({constraints['type']}{', required' if constraints['required'] else ''})"


def changed(before: dict, after: dict) -> str:
    parts = []
    for name in CONSTRAINTS:
        old, new = before.get(name), after.get(name)
        if name == "enum" and old != new:
            added, gone = set(new or ()) - set(old or ()), set(old or ()) - set(new or ())
            parts += (
                [
                    f"enum{''.join(f' +{one}' for one in sorted(added))}{''.join(f' -{one}' for one in sorted(gone))}"
                ]
                if added | gone
                else []
            )
        elif old != new:
            parts.append(f"{name} {old} -> {new}")
    return ", ".join(parts)


def report(old_data: Path, new_data: Path, sources: Path) -> list[str]:
    models = {}

    def both(api):
        if api not in models:
            models[api] = Model(old_data, api), Model(new_data, api)
        return models[api]

    found = calls.called(sources, lambda api: both(api)[0].operations.keys() | both(api)[1].operations.keys())
    lines, number = [], 0
    for api, operations in found.items():
        for operation in sorted(operations):
            number += 1
            if told := differences(*both(api), operation):
                lines += [f"{api} {operation}", *(f"    {line}" for line in told)]
    return [*lines, f"{number} operations of {len(found)} services are called."]


# --- the command ------------------------------------------------------------------------------------


def move(version: str | None):
    old = pinned_models()
    new = f"botocore=={version or newest()}"
    print(f"{old} -> {new}")
    for line in report(ensure_models(old), ensure_models(new), SOURCES):
        print(line)
    MODELS.write_text(MODELS.read_text().replace(old, new))


def newest() -> str:
    command = [
        ensure_environment(),
        *PIP,
        "--dry-run",
        "--no-deps",
        "--ignore-installed",
        "--report",
        "-",
        "botocore",
    ]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise Failed(f"The Python package index does not answer:\n{result.stderr}")
    return json.loads(result.stdout)["install"][0]["metadata"]["version"]
