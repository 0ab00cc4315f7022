"""App Store: the loopback server, with 10 reviews on a page and three pages a poll."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from monitor.errors import AnswerUnreadable, CredentialRefused, RateLimited, SourceDown
from tests.collectors.case import NOW, Case
from tests.servers.appstore_server import AppstoreServer
from tests.servers.loopback import BROKEN, DROPPED, HTML, SLOW, Reply, json_reply


@contextmanager
def case(folder: Path) -> Iterator[Case]:
    with AppstoreServer() as server:
        last = NOW - timedelta(hours=3)

        def publish(count: int) -> set[str]:
            nonlocal last
            ids = {server.add(last + timedelta(seconds=number)) for number in range(count)}
            last += timedelta(minutes=10)
            return ids

        def always(reply: Reply) -> None:
            server.always = reply

        def heal() -> None:
            server.always = None

        def spoil() -> None:
            server.add(last, **{"im:rating": "nine"})

        yield Case(
            options={
                "apps": ("1",),
                "base_url": server.url,
                "allow_private_hosts": (server.host,),
                "max_pages": 3,
                "overlap_seconds": 60,
                "timeout": 1.0,
            },
            publish=publish,
            spoil=spoil,
            faults={
                "rate limit": (RateLimited, lambda: always(Reply(429))),
                "server fault": (SourceDown, lambda: always(BROKEN)),
                "dropped socket": (SourceDown, lambda: always(DROPPED)),
                "slow body": (SourceDown, lambda: always(SLOW)),
                "not allowed": (CredentialRefused, lambda: always(Reply(403, HTML.body))),
                "not found": (AnswerUnreadable, lambda: always(Reply(404))),
                "a page of HTML": (AnswerUnreadable, lambda: always(HTML)),
                "no list": (AnswerUnreadable, lambda: always(json_reply({"feed": None}))),
            },
            heal=heal,
            server=server,
            oddities={"a list that does not count its pages": {"counted": False}},
            future=lambda: server.add(NOW + timedelta(days=400)),
        )
