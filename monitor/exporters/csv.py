"""CSV: a table as RFC 4180 has it, in UTF-8, safe to open in a spreadsheet; knows no store.

An unknown value is an empty field. A text that a spreadsheet would run as a formula gets an apostrophe before it.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from monitor.errors import InputError
from monitor.exporters._values import cell
from monitor.out_file import opened
from monitor.ports import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvOptions:
    """How the table is written."""

    delimiter: str = field(
        default=",", metadata={"help": "one character between fields; some spreadsheets expect a semicolon"}
    )
    mark: bool = field(
        default=False, metadata={"help": "true: begin with the byte order mark by which old spreadsheets know UTF-8"}
    )


class Csv:
    """Writes rows as comma-separated values."""

    kind: ClassVar[str] = "csv"
    Options: ClassVar[type[CsvOptions]] = CsvOptions

    def __init__(self, name: str, options: CsvOptions) -> None:
        self.name = name
        self._options = options

    def write(self, rows: Iterable[Row], columns: tuple[str, ...], target: Path | None) -> int:
        """Write a line of column names and a line for each row; returns the number of rows."""
        if len(self._options.delimiter) != 1 or self._options.delimiter in '"\r\n':
            raise InputError(f"delimiter = {self._options.delimiter!r} cannot part fields; write one character.")
        count = 0
        with opened(target) as stream:
            stream.write("\ufeff" if self._options.mark else "")
            table = csv.writer(stream, delimiter=self._options.delimiter, lineterminator="\r\n")
            table.writerow([cell(name) for name in columns])
            for row in rows:
                table.writerow([cell(row.get(name)) for name in columns])
                count += 1
        return count
