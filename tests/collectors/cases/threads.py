"""Threads: the loopback server, with ten posts in an answer and three answers a poll."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from monitor.domain import Secret
from monitor.errors import AnswerUnreadable, CredentialRefused, RateLimited, SourceDown
from tests.collectors.case import NOW, SECRET, Case
from tests.servers.loopback import BROKEN, DROPPED, HTML, SLOW, Reply
from tests.servers.threads_server import BUSY, EXPIRED, FAULT, FORBIDDEN, ThreadsServer, graph_error

VARIABLE = "TEST_THREADS_TOKEN"


@contextmanager
def case(folder: Path) -> Iterator[Case]:
    os.environ[VARIABLE] = SECRET
    with ThreadsServer(SECRET) as server:
        last = NOW - timedelta(hours=3)

        def publish(count: int) -> set[str]:
            nonlocal last
            ids = {server.add(last + timedelta(seconds=number // 3)) for number in range(count)}
            last += timedelta(minutes=10)
            return ids

        def future() -> str:
            return server.add(NOW + timedelta(seconds=1))

        def spoil() -> None:
            server.add(last, text={"not": "Acme"})

        def always(reply: Reply) -> None:
            server.always = reply

        def heal() -> None:
            server.always = None

        yield Case(
            options={
                "token": Secret(f"env:{VARIABLE}"),
                "base_url": f"{server.url}/v1.0",
                "allow_private_hosts": (server.host,),
                "page_size": 10,
                "max_pages": 3,
                "timeout": 0.6,
            },
            publish=publish,
            spoil=spoil,
            faults={
                "rate limit in Meta's words": (RateLimited, lambda: always(BUSY)),
                "rate limit": (RateLimited, lambda: always(Reply(429))),
                "server fault in Meta's words": (SourceDown, lambda: always(FAULT)),
                "server fault": (SourceDown, lambda: always(BROKEN)),
                "dropped socket": (SourceDown, lambda: always(DROPPED)),
                "slow body": (SourceDown, lambda: always(SLOW)),
                "expired token": (CredentialRefused, lambda: always(EXPIRED)),
                "not allowed, told as a fault": (CredentialRefused, lambda: always(FORBIDDEN)),
                "not allowed": (CredentialRefused, lambda: always(Reply(403))),
                "a question that is refused": (AnswerUnreadable, lambda: always(graph_error(100))),
                "a page of HTML": (AnswerUnreadable, lambda: always(HTML)),
                "no data": (AnswerUnreadable, lambda: always(Reply(200, b"{}"))),
            },
            heal=heal,
            server=server,
            oddities={"an empty page before the others": {"empty_first": True}, "silent truncation": {"reachable": 12}},
            future=future,
        )
    del os.environ[VARIABLE]
