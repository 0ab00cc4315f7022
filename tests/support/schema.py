"""As much of JSON Schema as our own schemas use; what it does not know it refuses, so that nothing passes unread."""

import re
from collections.abc import Iterator
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "boolean": (bool,), "null": (type(None),),
    "number": (int, float),
}  # fmt: skip
_READ = {
    *("$schema", "title", "description", "type", "additionalProperties", "required", "properties", "items"),
    *("const", "enum", "pattern", "maxLength"),
}


def problems(value: Any, schema: dict[str, Any], place: str = "$") -> Iterator[str]:
    """What is wrong with a value, one sentence each."""
    assert set(schema) <= _READ, f"{place}: the schema says more than is read here"
    if "type" in schema and not _is(value, schema["type"]):
        yield f"{place} is a {type(value).__name__}"
        return
    if "const" in schema and value != schema["const"]:
        yield f"{place} is not {schema['const']}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place} is none of {schema['enum']}"
    if isinstance(value, str):
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield f"{place} does not look like {schema['pattern']}"
        if len(value) > schema.get("maxLength", len(value)):
            yield f"{place} is too long"
    if isinstance(value, list) and "items" in schema:
        for number, each in enumerate(value):
            yield from problems(each, schema["items"], f"{place}[{number}]")
    if isinstance(value, dict):
        yield from _fields(value, schema, place)


def _fields(value: dict[str, Any], schema: dict[str, Any], place: str) -> Iterator[str]:
    known = schema.get("properties", {})
    yield from (f"{place}.{name} is missing" for name in schema.get("required", ()) if name not in value)
    for name, each in value.items():
        if name in known:
            yield from problems(each, known[name], f"{place}.{name}")
        elif schema.get("additionalProperties") is False:
            yield f"{place}.{name} is not described"


def _is(value: Any, wanted: str | list[str]) -> bool:
    names = [wanted] if isinstance(wanted, str) else wanted
    if isinstance(value, bool):
        return "boolean" in names
    return isinstance(value, tuple(kind for name in names for kind in _TYPES[name]))
