"""Hacker News: the loopback server, with 10 hits in an answer and three answers a poll."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from monitor.errors import AnswerUnreadable, CredentialRefused, RateLimited, SourceDown
from tests.collectors.case import NOW, Case
from tests.servers.hn_server import HnServer
from tests.servers.loopback import BROKEN, DROPPED, HTML, SLOW, Reply


@contextmanager
def case(folder: Path) -> Iterator[Case]:
    with HnServer(reachable=10) as server:
        last = NOW - timedelta(hours=3)

        def publish(count: int) -> set[str]:
            nonlocal last
            ids = {server.add(last + timedelta(seconds=number // 3)) for number in range(count)}
            last += timedelta(minutes=10)
            return ids

        def always(reply: Reply) -> None:
            server.always = reply

        def heal() -> None:
            server.always = None

        yield Case(
            options={
                "base_url": f"{server.url}/api/v1",
                "allow_private_hosts": (server.host,),
                "page_size": 10,
                "max_pages": 3,
                "overlap_seconds": 60,
                "timeout": 0.3,
            },
            publish=publish,
            spoil=lambda: server.hits.append({"objectID": "1", "created_at_i": None, "comment_text": "Acme"}),
            faults={
                "rate limit": (RateLimited, lambda: always(Reply(429))),
                "server fault": (SourceDown, lambda: always(BROKEN)),
                "dropped socket": (SourceDown, lambda: always(DROPPED)),
                "slow body": (SourceDown, lambda: always(SLOW)),
                "not allowed": (CredentialRefused, lambda: always(Reply(403))),
                "not found": (AnswerUnreadable, lambda: always(Reply(404))),
                "a page of HTML": (AnswerUnreadable, lambda: always(HTML)),
                "no hits": (AnswerUnreadable, lambda: always(Reply(200, b"{}"))),
            },
            heal=heal,
            server=server,
        )
