"""Bluesky: the loopback Jetstream, with ten posts on a page and thirty new lines a poll.

A post from the future is as old as its witness says, which is earlier than now: see test_bluesky.py.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from monitor.errors import AnswerUnreadable, CredentialRefused, RateLimited, SourceDown
from tests.collectors.case import NOW, Case
from tests.servers.jetstream_server import V1, JetstreamServer
from tests.servers.loopback import BROKEN, HTML, SLOW, Reply


@contextmanager
def case(folder: Path) -> Iterator[Case]:
    with JetstreamServer(NOW) as server:
        last = NOW - timedelta(hours=3)

        def publish(count: int) -> set[str]:
            nonlocal last
            ids = {server.post(last + timedelta(seconds=number // 2)) for number in range(count)}
            last += timedelta(minutes=10)
            return ids

        def spoil() -> None:
            server.post(last, text=["Acme"])

        def always(reply: Reply) -> None:
            server.always = reply

        def fault(name: str) -> None:
            server.fault = name

        def heal() -> None:
            server.always, server.fault = None, ""

        yield Case(
            options={
                "stream_url": f"ws://{server.host}{V1}",
                "allow_private_hosts": (server.host,),
                "page_size": 10,
                "max_messages": 30,
                "replay_hours": 24.0,
                "silence_seconds": 1e9,
                "overlap_seconds": 1.0,
                "idle_seconds": 0.6,
                "timeout": 0.6,
            },
            publish=publish,
            spoil=spoil,
            faults={
                "dropped socket": (SourceDown, lambda: fault("drop")),
                "a message without an end": (SourceDown, lambda: fault("stall")),
                "closed by the server": (SourceDown, lambda: fault("close")),
                "an error in the stream": (SourceDown, lambda: fault("error")),
                "a message too large": (SourceDown, lambda: fault("large")),
                "slow handshake": (SourceDown, lambda: fault("slow")),
                "no answer": (SourceDown, lambda: always(SLOW)),
                "rate limit": (RateLimited, lambda: always(Reply(429))),
                "server fault": (SourceDown, lambda: always(BROKEN)),
                "not allowed": (CredentialRefused, lambda: always(Reply(403))),
                "not found": (AnswerUnreadable, lambda: always(Reply(404))),
                "a page of HTML": (AnswerUnreadable, lambda: always(HTML)),
            },
            heal=heal,
        )
