"""Finds a plugin by its kind: the file of that name in the port's room, or an installed entry point.

Knows no plugin by name, and imports one only when it is asked for. An entry point of another package is declared
in the group "monitor.collectors" (or .detectors, .notifiers, .exporters) and names the plugin's class.
"""

from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from monitor import ports
from monitor.domain import Terms
from monitor.errors import UnknownPlugin

PORTS: Mapping[str, type[Any]] = {
    "collectors": ports.Collector,
    "detectors": ports.Detector,
    "notifiers": ports.Notifier,
    "exporters": ports.Exporter,
}


def kinds(port: str) -> tuple[str, ...]:
    """The kinds that can be loaded for a port, sorted: one for each file, and each entry point.

    >>> "counts" in kinds("detectors")
    True
    """
    room = Path(__file__).parent / port
    files = {path.stem for path in room.glob("*.py") if not path.stem.startswith("_")}
    return tuple(sorted(files | {point.name for point in entry_points(group=f"monitor.{port}")}))


def load(port: str, kind: str) -> type[Any]:
    """The plugin class of a kind. Raises UnknownPlugin, naming those that there are."""
    for point in entry_points(group=f"monitor.{port}"):
        if point.name == kind:
            return _checked(_imported(point.load, port, kind), port, kind)
    if kind not in kinds(port):
        raise UnknownPlugin(f'"{kind}" is not one of the {port}; there are: {", ".join(kinds(port))}.')
    module = _imported(lambda: import_module(f"monitor.{port}.{kind}"), port, kind)
    return _checked(_class_in(module, kind), port, kind)


def drawing(kind: str) -> Callable[[Any], bytes]:
    """What draws a kind of chart as PNG: the `png` of the file of that name in charts/, imported when it is asked for.

    Raises UnknownPlugin where it cannot be loaded.
    """
    module = _imported(lambda: import_module(f"monitor.charts.{kind}"), "charts", kind)
    png: Callable[[Any], bytes] = module.png
    return png


def terms(platform: str) -> Terms:
    """What a platform's rules let people do with its posts; its collector says it, which is of the same name.

    Where no collector is of that name (posts of files), or it names no terms, nothing is asked of us.
    Raises UnknownPlugin where the collector cannot be loaded: what its rules are, nobody knows then.

    >>> terms("file")
    Terms(share='all', share_rows=None, keep=None, note='')
    """
    found = getattr(load("collectors", platform), "terms", None) if platform in kinds("collectors") else None
    return found if isinstance(found, Terms) else Terms()


def _imported(bring: Callable[[], Any], port: str, kind: str) -> Any:
    """What an import gives. Raises UnknownPlugin where it fails: one broken plugin must not break the others."""
    try:
        return bring()
    except Exception as error:  # a plugin's file may raise anything
        raise UnknownPlugin(
            f'"{kind}" of the {port} cannot be loaded ({type(error).__name__}: {error}). Install what it needs.'
        ) from error


def _class_in(module: ModuleType, kind: str) -> type[Any]:
    found = [item for item in vars(module).values() if isinstance(item, type) and getattr(item, "kind", None) == kind]
    if len(found) != 1:
        raise UnknownPlugin(f'{module.__name__} must hold one class with kind = "{kind}"; it holds {len(found)}.')
    return found[0]


def _checked(plugin: type[Any], port: str, kind: str) -> type[Any]:
    verbs = {name for name in vars(PORTS[port]) if not name.startswith("_") and callable(vars(PORTS[port])[name])}
    missing = [name for name in (*sorted(verbs), "Options") if not hasattr(plugin, name)]
    if missing:
        raise UnknownPlugin(f'the plugin "{kind}" of {port} lacks {", ".join(missing)}.')
    if not is_dataclass(plugin.Options):
        raise UnknownPlugin(f'the plugin "{kind}" of {port} needs Options that are a dataclass.')
    return plugin
