"""GDELT: the loopback server, with twenty articles in an answer and one answer a poll."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from monitor.errors import AnswerUnreadable, CredentialRefused, RateLimited, SourceDown
from tests.collectors.case import NOW, Case
from tests.servers.gdelt_server import BUSY, BUSY_200, TOO_SHORT, GdeltServer
from tests.servers.loopback import BROKEN, DROPPED, HTML, SLOW, Reply


def ident(address: str) -> str:
    return "sha256:" + hashlib.sha256(address.encode()).hexdigest()[:32]


@contextmanager
def case(folder: Path) -> Iterator[Case]:
    with GdeltServer(reachable=20) as server:
        last = NOW - timedelta(hours=10)

        def publish(count: int) -> set[str]:
            nonlocal last
            quarter = timedelta(minutes=15)
            ids = {ident(server.add(last + number // 5 * quarter)) for number in range(count)}
            last += quarter * (count // 5 + 1)
            return ids

        def spoil() -> None:
            server.articles.append({"title": "Acme", "seendate": "20260311T040000Z"})

        def always(reply: Reply) -> None:
            server.always = reply

        def heal() -> None:
            server.always = None

        yield Case(
            options={
                "base_url": f"{server.url}/api/v2/doc/doc",
                "allow_private_hosts": (server.host,),
                "page_size": 20,
                "lookback_hours": 11.0,
                "overlap_seconds": 40_000,
                "timeout": 0.6,
            },
            publish=publish,
            spoil=spoil,
            faults={
                "rate limit": (RateLimited, lambda: always(BUSY)),
                "rate limit with a success": (RateLimited, lambda: always(BUSY_200)),
                "rate limit with a time": (RateLimited, lambda: always(Reply(429, headers={"retry-after": "60"}))),
                "slow body": (RateLimited, lambda: always(SLOW)),
                "dropped socket": (RateLimited, lambda: always(DROPPED)),
                "server fault": (SourceDown, lambda: always(BROKEN)),
                "not allowed": (CredentialRefused, lambda: always(Reply(403))),
                "not found": (AnswerUnreadable, lambda: always(Reply(404))),
                "a page of HTML": (AnswerUnreadable, lambda: always(HTML)),
                "a list": (AnswerUnreadable, lambda: always(Reply(200, b"[]"))),
                "articles of another shape": (AnswerUnreadable, lambda: always(Reply(200, b'{"articles": 1}'))),
                "a search that it refuses": (AnswerUnreadable, lambda: always(TOO_SHORT)),
            },
            heal=heal,
            server=server,
            means={"slow body": RateLimited, "dropped socket": RateLimited},
        )
