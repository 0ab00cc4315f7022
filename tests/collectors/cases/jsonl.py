"""Files: one JSONL file that grows, with 10 rows on a page."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from monitor import clock
from monitor.errors import SourceDown
from tests.collectors.case import NOW, Case


@contextmanager
def case(folder: Path) -> Iterator[Case]:
    file, away = folder / "posts.jsonl", folder / "elsewhere"
    file.touch()
    written = 0

    def write(line: str) -> None:
        with file.open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")

    def publish(count: int) -> set[str]:
        nonlocal written
        ids = {f"p{written + number}" for number in range(count)}
        for number in range(written, written + count):
            at = clock.iso(NOW - timedelta(hours=1) + timedelta(seconds=number))
            write(json.dumps({"id": f"p{number}", "text": f"Post {number}", "created_at": at, "brand_new": [1]}))
        written += count
        return ids

    def future() -> str:
        write(json.dumps({"id": "tomorrow", "text": "From the future", "created_at": "9999-12-31T23:59:59Z"}))
        return "tomorrow"

    def hide() -> None:
        file.rename(away)

    def show() -> None:
        away.rename(file)

    yield Case(
        options={"path": file, "page_rows": 10},
        publish=publish,
        spoil=lambda: write('{"text": '),
        faults={"no file": (SourceDown, hide)},
        offline="it reads files, and asks nobody",
        heal=show,
        future=future,
    )
