"""Imports between the extension's own modules: none in a circle, none hidden in a function."""

import ast

import pytest
from conftest import FOLDER

PACKAGE = "isobar_localstack"
# Entry points, which LocalStack loads before it is ready for the rest.
LAZY = {f"{PACKAGE}.core.plugin"}


def name_of(file) -> str:
    parts = file.relative_to(FOLDER).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {name_of(file): ast.parse(file.read_text()) for file in sorted((FOLDER / PACKAGE).rglob("*.py"))}


def imported(node) -> list[str]:
    """Modules of ours that an import statement names."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        names = [f"{node.module}.{alias.name}" for alias in node.names]
    else:
        return []
    found = [name if name in SOURCES else name.rpartition(".")[0] for name in names]
    return [name for name in found if name in SOURCES]


def with_packages(module: str, target: str) -> set[str]:
    """To import a module is to import the packages around it, but for those that are around both."""
    parts = target.split(".")
    around = {".".join(parts[:number]) for number in range(1, len(parts) + 1)}
    return {name for name in around if not f"{module}.".startswith(f"{name}.")}


def graph() -> dict[str, set]:
    return {
        module: {
            name
            for node in ast.walk(tree)
            for target in imported(node)
            for name in with_packages(module, target)
        }
        for module, tree in SOURCES.items()
    }


def circle(edges: dict[str, set]) -> list[str] | None:
    """One circle, if there is any: what is left when all that depends on nothing left is taken away."""
    left = {module: set(targets) for module, targets in edges.items()}
    while free := [module for module, targets in left.items() if not targets & left.keys()]:
        for module in free:
            del left[module]
    if not left:
        return None
    path = [next(iter(left))]
    while path[-1] not in path[:-1]:
        path.append(min(left[path[-1]] & left.keys()))
    return path[path.index(path[-1]) :]


def test_no_modules_import_each_other_in_a_circle():
    assert circle(graph()) is None


@pytest.mark.parametrize(
    "edges", [{"a": {"b"}, "b": {"a"}}, {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}]
)
def test_circles_are_found(edges):
    assert sorted(set(circle(edges))) == sorted(edges.keys() - {"d"})


def test_no_module_of_ours_is_imported_inside_a_function():
    hidden = [
        f"{module}:{node.lineno}"
        for module, tree in SOURCES.items()
        if module not in LAZY
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if imported(node)
    ]
    assert hidden == []


def test_layers_know_those_below_them_alone():
    layers = {
        "core": ("realism", "services", "traffic"),
        "realism": ("services", "traffic"),
        "services": ("traffic",),
    }
    wrong = [
        f"{module} -> {target}"
        for module, targets in graph().items()
        for layer, above in layers.items()
        if module.startswith(f"{PACKAGE}.{layer}") and module not in LAZY
        for target in targets
        if target.startswith(tuple(f"{PACKAGE}.{name}" for name in above))
    ]
    assert wrong == []
