"""Turns a Vega-Lite chart into a picture, in this process and without the network. Knows no chart."""

import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import vl_convert

SCALE = 2.0  # pixels for each unit of length: sharp on a telephone
MOST_BYTES = 1_000_000  # of a picture; what is larger would not be carried
_PNG = b"\x89PNG\r\n\x1a\n"
_NOWHERE: list[str] = []  # addresses that a chart may read


def png(spec: Mapping[str, Any]) -> bytes:
    """A picture for messages. Raises ValueError where the chart cannot be drawn, or is far too large."""
    picture = _packed(bytes(_drawn(vl_convert.vegalite_to_png, spec, scale=SCALE)))
    if len(picture) > MOST_BYTES:
        raise ValueError(f"the picture has {len(picture):,} bytes, more than {MOST_BYTES:,}")
    return picture


def svg(spec: Mapping[str, Any]) -> str:
    """A picture for pages. Raises ValueError where the chart cannot be drawn."""
    return str(_drawn(vl_convert.vegalite_to_svg, spec))


def _packed(picture: bytes) -> bytes:
    """The same PNG, its rows packed better: the library hardly packs them, and each of them goes through the mail."""
    pieces, place, rows = [], len(_PNG), b""
    while place < len(picture):
        (size,) = struct.unpack_from(">I", picture, place)
        kind, content = picture[place + 4 : place + 8], picture[place + 8 : place + 8 + size]
        place += size + 12
        if kind == b"IDAT":
            rows += content
        else:
            pieces.append((kind, content))
    pieces.insert(-1, (b"IDAT", zlib.compress(zlib.decompress(rows), 6)))  # the last piece is the end
    return _PNG + b"".join(_piece(kind, content) for kind, content in pieces)


def _piece(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _drawn(convert: Any, spec: Mapping[str, Any], **more: Any) -> Any:
    words = json.dumps(spec)
    if '"url":' in words:  # data from elsewhere the library would refuse, pictures it would fetch
        raise ValueError("a chart may name no address")
    try:
        return convert(words, allowed_base_urls=_NOWHERE, **more)
    except Exception as error:
        raise ValueError(f"the chart cannot be drawn ({type(error).__name__})") from error
    except BaseException as error:
        if type(error).__module__ != "pyo3_runtime":  # a fault inside the library comes as no Exception
            raise
        raise ValueError("the chart cannot be drawn (a fault in the library)") from error
