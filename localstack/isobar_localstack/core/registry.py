"""All services: those of the folders, found by their names, and those that are only known."""

import functools
import importlib
import pkgutil

from isobar_localstack.core.emulated import Emulated

SERVICES = "isobar_localstack.services"


def folders() -> list[str]:
    path = importlib.import_module(SERVICES).__path__
    return sorted(module.name for module in pkgutil.iter_modules(path) if module.ispkg)


def in_folder(folder: str) -> Emulated:
    return importlib.import_module(f"{SERVICES}.{folder}").SERVICE


@functools.cache
def services() -> dict[str, Emulated]:
    """By API."""
    known = importlib.import_module(f"{SERVICES}.unchanged").SERVICES
    return {service.api: service for service in (*map(in_folder, folders()), *known)}
