"""What became of Stack Exchange's posts: /posts/{ids}, a hundred numbers of one site at a time. Knows no settings.

What a post's answer holds is chosen by a filter, which the API makes once and for ever (/filters/create); its name is
remembered. A post that is left out was deleted.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from monitor.collectors._fields import Row, word
from monitor.collectors._recheck import is_believed, judged, parts_of
from monitor.collectors._stackexchange_posts import PLATFORM, name_of, read_post
from monitor.domain import Page
from monitor.errors import AnswerUnreadable

BATCH = 100
_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9.-]*)/(\d{1,15})", re.ASCII)
_FILTER = "filter"
Ask = Callable[[str, Mapping[str, str]], Row]  # path and parameters → the answer


def recheck(ask: Ask, ids: tuple[str, ...], memory: dict[str, Any], source: str, now: datetime) -> Iterator[Page]:
    """Yield what became of posts, site by site. `memory` is changed; `ask` raises the collectors' errors."""
    sites: dict[str, list[str]] = {}
    for name in ids:
        if found := _NAME.fullmatch(name):
            sites.setdefault(found[1], []).append(name)
    if sites and _FILTER not in memory:
        memory[_FILTER] = _new_filter(ask, source)
        yield Page()  # it is remembered, whatever comes
    for site, names in sites.items():
        for some in parts_of(names, BATCH):
            yield _page(ask, site, some, memory, source, now)


def _page(ask: Ask, site: str, names: tuple[str, ...], memory: dict[str, Any], source: str, now: datetime) -> Page:
    numbers = ";".join(name.rpartition("/")[2] for name in names)
    asked = {"site": site, "pagesize": str(BATCH), "page": "1", "filter": str(memory[_FILTER])}
    rows = ask(f"/posts/{numbers}", asked).get("items")
    if not isinstance(rows, list):
        raise AnswerUnreadable(f"{source}: the answer has no items. Check `base_url`.")
    believed = is_believed(memory, len(names), len(rows), now)
    page = judged(
        names, rows, lambda row: read_post(row, site, now),
        platform=PLATFORM, name_of=lambda row: name_of(row, site), believed=believed,
    )  # fmt: skip
    return replace(page, coverage=replace(page.coverage, asked=len(names), returned=len(rows)))


def _new_filter(ask: Ask, source: str) -> str:
    """A filter by which posts come with title and text."""
    asked = {"include": "post.title;post.body;post.last_edit_date", "base": "default", "unsafe": "false"}
    items = ask("/filters/create", asked).get("items")
    made = word(items[0].get(_FILTER)) if isinstance(items, list) and items and isinstance(items[0], dict) else None
    if made is None:
        raise AnswerUnreadable(f"{source}: Stack Exchange makes no filter. Check `base_url`.")
    return made
