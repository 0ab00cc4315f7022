"""YouTube's duty to read again: what was kept of a video or a comment is renewed, or goes, within 30 days.

A question costs a unit and names up to 50 ids of one kind. An id that the API refuses with all others beside it (a
comment of a video that was closed) is found by halving. Knows no settings; the units are those kept for this alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from monitor.collectors import _youtube_read as reads
from monitor.collectors._fields import Row
from monitor.collectors._google import DAILY, GoogleRefusal
from monitor.collectors._recheck import is_believed, judged, parts_of
from monitor.collectors._state import write_state
from monitor.collectors._youtube_client import YoutubeClient
from monitor.collectors._youtube_plan import until_reset
from monitor.domain import Deletion, Page
from monitor.errors import RateLimited

BATCH = 50
_GONE = frozenset({"videoNotFound", "commentNotFound", "commentsDisabled", "forbidden", "notFound"})
Targets = Callable[[str | None, str | None], tuple[str, ...]]  # video, channel → brands that its comments are about


def is_comment(name: str) -> bool:
    """Whether an id is a comment's; a video's has eleven signs.

    >>> is_comment("UgzDE8Z0OTQSm5hcmZJ4AaABAg"), is_comment("dQw4w9WgXcQ"), is_comment("Ug_w4w9WgXc")
    (True, False, False)
    """
    return name.startswith("Ug") and len(name) != 11


def recheck(client: YoutubeClient, ids: tuple[str, ...], memory: dict[str, Any], targets: Targets) -> Iterator[Page]:
    """Yield what became of posts, question by question, until the units that are kept for it are spent."""
    for path, wanted in (("videos", False), ("comments", True)):
        for names in parts_of([name for name in ids if is_comment(name) == wanted], BATCH):
            for page in _asked(client, path, names, memory, targets):
                cursor = write_state(memory | {"budget": client.budget.told()})
                told = client.coverage(len(names), len(page.mentions), more=False)
                coverage = replace(told, remaining=None, resets_at=None)  # these units are not those of the polls
                yield replace(page, cursor=cursor, coverage=coverage)


def _asked(
    client: YoutubeClient, path: str, names: tuple[str, ...], memory: dict[str, Any], targets: Targets
) -> Iterator[Page]:
    if client.budget.spent:
        return  # tomorrow
    try:
        rows = client.named(path, names)
    except GoogleRefusal as refusal:
        yield from _refused(refusal, client, path, names, memory, targets)
        return

    def read(row: Row) -> Any:
        if path == "videos":
            return reads.still(row, client.now)
        place, channel = reads.place_of(row)
        return reads.comment(row, place, targets(place, channel), client.now)

    believed = is_believed(memory, len(names), len(rows), client.now)
    yield judged(names, rows, read, platform=reads.PLATFORM, name_of=reads.name_of, believed=believed)


def _refused(
    refusal: GoogleRefusal,
    client: YoutubeClient,
    path: str,
    names: tuple[str, ...],
    memory: dict[str, Any],
    targets: Targets,
) -> Iterator[Page]:
    """Halve what was asked until the refused id is alone, and gone. Raises where the refusal is about more than ids."""
    if refusal.reasons & DAILY:
        raise RateLimited(client.source, until_reset(client.now)) from None
    if not refusal.reasons & _GONE:
        raise refusal.error from None
    if len(names) == 1:
        yield Page(deletions=(Deletion(platform=reads.PLATFORM, native_id=names[0]),), checked=names)
        return
    half = len(names) // 2
    for some in (names[:half], names[half:]):
        yield from _asked(client, path, some, memory, targets)
