"""What became of Bluesky's posts: app.bsky.feed.getPosts, 25 at a time. Knows no stream and no settings.

A post that is left out was deleted, or its account was closed or taken down. The public servers are asked rather than
the account's own: an account does not see who has blocked it.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from monitor.collectors._bluesky_events import PLATFORM, POSTS
from monitor.collectors._bluesky_search import Asked, limits_of, mention_in, refusal
from monitor.collectors._fields import Row, ident
from monitor.collectors._recheck import is_believed, judged, parts_of
from monitor.collectors._state import write_state
from monitor.collectors._web import document_of
from monitor.domain import Coverage, Page
from monitor.errors import AnswerUnreadable
from monitor.http import Answer

BATCH = 25
METHOD = "app.bsky.feed.getPosts"


def recheck(
    ask: Callable[[Asked], Answer], ids: tuple[str, ...], memory: dict[str, Any], source: str, now: datetime
) -> Iterator[Page]:
    """Yield what became of posts. `ask` gives an answer of any status, `memory` is the re-check's cursor."""
    for names in parts_of([name for name in ids if name.startswith("at://") and f"/{POSTS}/" in name], BATCH):
        answer = ask([("uris", name) for name in names])
        if answer.status != 200:
            raise refusal(answer, source, now)
        rows = document_of(answer, source).get("posts")
        if not isinstance(rows, list):
            raise AnswerUnreadable(f"{source}: the answer has no posts. Check `appview_url`.")
        believed = is_believed(memory, len(names), len(rows), now)
        page = judged(
            names, rows, lambda row: mention_in(row, now), platform=PLATFORM, name_of=_name, believed=believed
        )
        left, ends = limits_of(answer)
        coverage = Coverage(asked=len(names), returned=len(rows), remaining=left, resets_at=ends)
        yield replace(page, cursor=write_state(memory), coverage=coverage)


def _name(row: Row) -> str:
    return ident(row.get("uri"), "uri")
