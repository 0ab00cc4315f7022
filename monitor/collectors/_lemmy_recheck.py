"""What became of Lemmy's posts and comments: /resolve_object, which knows them by their address, one at a time.

Without an account a server looks only among what it holds itself. What is deleted or removed it does not give out: 0.19
answers 400 with "couldnt_find_object", 1.0 answers 404 with "not_found". Any other refusal says nothing about the post.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from monitor.collectors._fields import Row, part, word
from monitor.collectors._lemmy_posts import PLATFORM, read_view
from monitor.collectors._recheck import judged, one_by_one
from monitor.domain import Page
from monitor.http import Answer

BATCH = 20
_GONE = frozenset(("couldnt_find_object", "couldnt_find_post", "couldnt_find_comment", "not_found"))
_KINDS = ("comment", "post")  # a comment's view holds its post as well


def recheck(
    ask: Callable[[str], Row | None], ids: tuple[str, ...], memory: dict[str, Any], now: datetime
) -> Iterator[Page]:
    """Yield what became of each; `ask` gives the answer for an address, None where there is no such post any more."""

    def page_of(name: str) -> Page | None:
        document = ask(name)
        if document is None:
            return None
        return judged(
            [name], _views(document), lambda row: read_view(row, _kind(row), now),
            platform=PLATFORM, name_of=_name, believed=False,
        )  # fmt: skip

    return one_by_one(ids, page_of, memory, platform=PLATFORM, now=now)


def is_gone(answer: Answer) -> bool:
    """Whether an answer says that there is no such post, in the server's own words."""
    if answer.status not in (400, 404):
        return False
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError):
        return False
    return isinstance(told, dict) and str(told.get("error")) in _GONE


def _views(document: Row) -> list[Row]:
    """The posts in an answer: under their kind in 0.19, in a list in 1.0 (of whatever name it has had)."""
    found = [document[name] for name in _KINDS if isinstance(document.get(name), dict)]
    for name in ("results", "resolve"):
        rows = document.get(name)
        found += rows if isinstance(rows, list) else [rows] if isinstance(rows, dict) else []
    return [view for view in found if isinstance(view, dict)]


def _kind(view: Row) -> str:
    return next((f"{name}s" for name in _KINDS if part(view, name)), "posts")


def _name(view: Row) -> str:
    address = word(part(view, _kind(view).removesuffix("s")).get("ap_id"))
    if address is None:
        raise ValueError("no ap_id")
    return address
