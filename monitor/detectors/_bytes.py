"""A detector's memory as bytes and back: JSON with a tag, exact to the last bit. Knows no part of it by meaning.

Long lists of floats are packed, since writing each as digits would cost most of what a bucket costs.
"""

import json
import struct
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar

Memory = TypeVar("Memory")
_LONG = 8  # numbers from which a list is packed


def freeze(tag: str, memory: Any) -> bytes:
    """The memory, of dataclasses and lists, as bytes that `thaw` turns into an equal one, given the same tag."""
    return _ENCODER.encode([tag, memory]).encode()


def thaw(tag: str, state: bytes, built: Callable[..., Memory]) -> Memory:
    """The memory that was frozen, built from its parts. Raises ValueError for bytes of another tag."""
    try:
        found, parts = _DECODER.decode(state.decode())
        if found != tag:
            raise ValueError(f'it says "{found}", not "{tag}"')
        return built(*parts)
    except (ValueError, TypeError, KeyError, struct.error, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"This detector cannot go on from that state: {error}. Start again from history.") from error


@cache
def _names_of(kind: Any) -> tuple[str, ...]:
    return tuple(part.name for part in fields(kind))


def _plain(memory: Any) -> list[Any]:
    """A dataclass as its fields, for the encoder, which asks for nothing else."""
    return [_packed(getattr(memory, name)) for name in _names_of(memory.__class__)]


def _packed(value: Any) -> Any:
    if type(value) is not list or len(value) < _LONG or any(type(each) is not float for each in value):
        return value
    return {"packed": b64encode(struct.pack(f"<{len(value)}d", *value)).decode()}


def _unpacked(found: dict[str, str]) -> list[float]:
    packed = b64decode(found["packed"], validate=True)
    return list(struct.unpack(f"<{len(packed) // 8}d", packed))


_ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False, default=_plain)
_DECODER = json.JSONDecoder(object_hook=_unpacked)
