"""JSONL: one JSON object a line, in UTF-8, each with all columns in their order; knows no store.

An unknown value is null. Lists and objects stay lists and objects.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from monitor.exporters._values import plain
from monitor.out_file import opened
from monitor.ports import Row

# JSON may hold these as they are, but many programs take them for the end of a line.
_LINE_ENDS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}


@dataclass(frozen=True, slots=True)
class JsonlOptions:
    """There is nothing to choose."""


class Jsonl:
    """Writes rows as JSON lines."""

    kind: ClassVar[str] = "jsonl"
    Options: ClassVar[type[JsonlOptions]] = JsonlOptions

    def __init__(self, name: str, options: JsonlOptions) -> None:
        self.name = name
        self._options = options

    def write(self, rows: Iterable[Row], columns: tuple[str, ...], target: Path | None) -> int:
        """Write a line for each row; returns how many there were."""
        count = 0
        with opened(target) as stream:
            for row in rows:
                record = {name: plain(row.get(name)) for name in columns}
                line = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
                stream.write(line.translate(_LINE_ENDS) + "\n")
                count += 1
        return count
