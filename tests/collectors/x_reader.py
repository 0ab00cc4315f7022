"""What the tests of X share: a collector on the loopback server, and what its cursor holds."""

import base64
import json
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.collectors.x import XCollector, XOptions
from monitor.domain import Cursor, Query, Secret
from tests.collectors.case import Reader
from tests.servers.loopback import Reply
from tests.servers.x_server import XServer

QUERY = Query(terms=("Acme",))
HOUR = timedelta(hours=1)
VARIABLE = "TEST_X_TOKEN"


def collector(server: XServer, **options: Any) -> XCollector:
    usual: dict[str, Any] = {"page_size": 10, "timeout": 2.0, "overlap_seconds": 0.0}
    told = usual | {"token": Secret(f"env:{VARIABLE}"), "base_url": server.url} | options
    return XCollector("acme-on-x", XOptions(**told))


def reader(server: XServer, **options: Any) -> Reader:
    return Reader(collector(server, **options), QUERY)


def memory(cursor: Cursor | None) -> dict[str, Any]:
    assert cursor
    return dict(json.loads(cursor.value))


def strings(ids: list[int]) -> set[str]:
    return {str(ident) for ident in ids}


def recorded(name: str) -> list[Reply]:
    """Real answers of X, where a folder with some is named; else the test is skipped."""
    folder = os.environ.get("MONITOR_RECORDINGS")
    files = sorted((Path(folder) / "x").glob(f"*{name}*.yaml")) if folder else []
    if not files:
        pytest.skip("MONITOR_RECORDINGS does not name a folder with recorded replies in x/")
    packed = re.findall(r"string: !!binary \|\n((?: {8}.*\n)+)", files[0].read_text("utf-8"))
    return [Reply(200, base64.b64decode("".join(part.split())), {"content-encoding": "gzip"}) for part in packed]
