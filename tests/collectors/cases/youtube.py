"""YouTube: the loopback server, comments of one video, with 10 threads on a page and three pages a poll."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from monitor.domain import Secret
from monitor.errors import AnswerUnreadable, CredentialRefused, RateLimited, SourceDown
from tests.collectors.case import NOW, SECRET, Case
from tests.collectors.recheck_case import RecheckCase
from tests.servers import youtube_server as youtube
from tests.servers.loopback import BROKEN, DROPPED, HTML, SLOW, Reply, json_reply

VARIABLE = "TEST_YOUTUBE_KEY"


@contextmanager
def case(folder: Path) -> Iterator[Case]:
    os.environ[VARIABLE] = SECRET
    with youtube.YoutubeServer(SECRET) as server:
        last = NOW - timedelta(hours=3)

        def publish(count: int) -> set[str]:
            """Every fourth is a reply to the thread before it, so that threads show some of their replies only."""
            nonlocal last
            ids: list[str] = []
            for number in range(count):
                at = last + timedelta(seconds=number)
                thread = next((ident for ident in ids if "." not in ident), None)
                ids.append(server.reply_to(thread, at) if number % 4 == 3 and thread else server.add("video-1", at))
            last += timedelta(minutes=10)
            return set(ids)

        def future() -> str:
            return server.add("video-1", NOW + timedelta(days=400))

        def always(reply: Reply) -> None:
            server.always = reply

        def heal() -> None:
            server.always = None

        yield Case(
            options=_options(server),
            publish=publish,
            spoil=lambda: server.thread(server.add("video-1", last)).update(textOriginal=None, textDisplay=""),
            faults={
                "server fault": (SourceDown, lambda: always(BROKEN)),
                "rate limit": (RateLimited, lambda: always(youtube.TOO_FAST)),
                "rate limit by status": (RateLimited, lambda: always(Reply(429, headers={"retry-after": "30"}))),
                "quota": (RateLimited, lambda: always(youtube.QUOTA)),
                "dropped socket": (SourceDown, lambda: always(DROPPED)),
                "slow body": (SourceDown, lambda: always(SLOW)),
                "wrong key": (CredentialRefused, lambda: always(youtube.BAD_KEY)),
                "not allowed": (CredentialRefused, lambda: always(youtube.UNUSED_API)),
                "a refusal in HTML": (CredentialRefused, lambda: always(Reply(403, HTML.body))),
                "a page of HTML": (AnswerUnreadable, lambda: always(HTML)),
                "no items": (AnswerUnreadable, lambda: always(json_reply({"kind": "youtube#list"}))),
            },
            heal=heal,
            server=server,
            oddities={
                "an empty page before the others": {"empty_first": True},
                "a page that names itself as the next": {"stuck": True},
            },
            future=future,
        )
    del os.environ[VARIABLE]


@contextmanager
def recheck_case(folder: Path) -> Iterator[RecheckCase]:
    os.environ[VARIABLE] = SECRET
    with youtube.YoutubeServer(SECRET) as server:
        before: dict[str, Any] = {}

        def delete(name: str) -> None:
            before[name] = (list(server.videos), list(server.threads))
            server.take_away(name)

        def restore(name: str) -> None:
            server.videos, server.threads = before.pop(name)

        def publish() -> str:
            return server.add("video-1", NOW - timedelta(hours=3))

        yield RecheckCase(
            options=_options(server),
            publish=publish,
            edit=lambda name, text: server.thread(name).update(textOriginal=text, textDisplay=text),
            delete=delete,
            restore=restore,
            unknown="UgNeverWas",
            limit=lambda after: server.fail(youtube.QUOTA, times=9, after=after),
            fault=lambda after: server.fail(BROKEN, times=9, after=after),
            heal=server.well,
        )
    del os.environ[VARIABLE]


def _options(server: youtube.YoutubeServer) -> dict[str, Any]:
    return {
        "key": Secret(f"env:{VARIABLE}"),
        "base_url": f"{server.url}/youtube/v3",
        "allow_private_hosts": (server.host,),
        "videos": ("video-1",),
        "search": False,
        "quiet_hours": 0.0,
        "page_size": 10,
        "max_pages": 3,
        "overlap_seconds": 60,
        "timeout": 1.0,
    }
