"""The objects that the services declare."""

import ast

from conftest import FOLDER
from localstack.aws.spec import load_service

from isobar_localstack.core import inventory, plugin, registry, state
from isobar_localstack.core.durations import DOCUMENTED, SECONDS
from isobar_localstack.core.emulated import Base, Emulated
from isobar_localstack.realism import consistency
from launcher import extension

PACKAGE = FOLDER / "isobar_localstack"
CONTAINERS = ("dict", "list", "set", "defaultdict", "Scheduled")


def test_every_folder_declares_the_service_of_its_name():
    for folder in registry.folders():
        service = registry.in_folder(folder)
        assert isinstance(service, Emulated) and service.is_replaced
        assert service.api == plugin.api_of(folder)
        assert f"{service.api}:isobar = isobar_localstack.core.plugin:{folder}\n" in extension.entry_points()


def test_operations_and_rules_are_of_the_model():
    for service in registry.services().values():
        names = set(load_service(service.api).operation_names)
        assert set(service.rules) <= names
        if service.based_on is Base.OWN:
            assert set(service.operations({})) <= names


def test_names_are_declared_once():
    services = registry.services().values()
    for names in (
        [path for service in services for path in service.controls],
        [name for service in services for name in service.quotas],
    ):
        assert len(names) == len(set(names))


def test_durations_have_the_name_of_their_service():
    assert DOCUMENTED <= set(SECONDS)
    assert {name.split(".")[0] for name in SECONDS} <= {*registry.services(), "consistency"}
    used = {
        node.args[number].value
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("due", "after", "due_after")
        for number in range(len(node.args))
        if isinstance(node.args[number], ast.Constant) and isinstance(node.args[number].value, str)
    }
    assert used <= set(SECONDS)


def undeclared(file) -> list[str]:
    """Containers at the top of a module that are variables, by their names, and no stores."""
    found = []
    for node in ast.parse(file.read_text()).body:
        value = getattr(node, "value", None)
        is_empty = isinstance(value, (ast.Dict, ast.List, ast.Set)) and not getattr(
            value, "keys", getattr(value, "elts", ())
        )
        is_made = (
            isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in CONTAINERS
        )
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and (is_empty or is_made):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            found.append(f"{file.parent.name}/{file.name}: {target.id}")
    return found


def test_what_services_remember_is_declared():
    assert [name for file in (PACKAGE / "services").rglob("*.py") for name in undeclared(file)] == []
    named = [part for service in registry.services().values() for part in service.state]
    shared = [consistency.state, inventory.state]
    assert {id(part) for part in state.parts.values()} == {id(part) for part in (*named, *shared)}


def test_a_state_refuses_what_is_no_store():
    try:
        own = state.State("of a test")
        for name, container in (("number", 1), ("first", ())):
            try:
                own.store(name, container)
            except ValueError:
                continue
            raise AssertionError(f"{name} was taken")
        own.store("first", {})["a"] = 1
        kept = own.take()
        own.give(None)
        assert own.stores == {"first": {}}
        own.give(kept)
        assert own.stores == {"first": {"a": 1}}
    finally:
        del state.parts["of a test"]
