"""RSS: the loopback feed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from monitor.errors import AnswerUnreadable, CredentialRefused, RateLimited, SourceDown
from tests.collectors.case import NOW, Case
from tests.servers.feed_server import FeedServer
from tests.servers.loopback import BROKEN, DROPPED, HTML, SLOW, Reply


@contextmanager
def case(folder: Path) -> Iterator[Case]:
    with FeedServer() as server:

        def publish(count: int) -> set[str]:
            ids = {f"urn:news:{len(server.entries) + number}" for number in range(count)}
            for number in range(count):
                place = len(server.entries)
                server.add(place, NOW - timedelta(hours=2) + timedelta(seconds=place), guid=f"urn:news:{place}")
                del number
            return ids

        def future() -> str:
            server.add(9_999, NOW + timedelta(days=400), guid="urn:future")
            return "urn:future"

        def always(reply: Reply) -> None:
            server.always = reply

        def heal() -> None:
            server.always = None

        yield Case(
            options={"url": f"{server.url}/feed.xml", "allow_private_hosts": (server.host,), "timeout": 0.3},
            publish=publish,
            spoil=lambda: server.entries.append("<item><author>nobody</author></item>"),
            faults={
                "rate limit": (RateLimited, lambda: always(Reply(429, headers={"retry-after": "60"}))),
                "rate limit without a time": (RateLimited, lambda: always(Reply(429))),
                "server fault": (SourceDown, lambda: always(BROKEN)),
                "dropped socket": (SourceDown, lambda: always(DROPPED)),
                "slow body": (SourceDown, lambda: always(SLOW)),
                "not allowed": (CredentialRefused, lambda: always(Reply(403))),
                "gone": (AnswerUnreadable, lambda: always(Reply(410))),
                "a page of HTML": (AnswerUnreadable, lambda: always(HTML)),
                "an empty body": (AnswerUnreadable, lambda: always(Reply(200))),
            },
            heal=heal,
            server=server,
            unkept="a feed has no fields, and its reader tells of few that it does not know",
            future=future,
        )
