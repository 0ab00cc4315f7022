"""Bluesky: the loopback Jetstream, with ten posts on a page and thirty new lines a poll.

A post from the future is as old as its witness says, which is earlier than now: see test_bluesky.py.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from monitor.errors import AnswerUnreadable, CredentialRefused, RateLimited, SourceDown
from tests.collectors.case import NOW, Case
from tests.collectors.recheck_case import RecheckCase
from tests.servers.jetstream_server import V1, JetstreamServer
from tests.servers.loopback import BROKEN, HTML, SLOW, Reply
from tests.servers.pds_server import PdsServer, error


@contextmanager
def case(folder: Path) -> Iterator[Case]:
    with JetstreamServer(NOW + timedelta(days=1)) as server:  # its line of the present is never behind a later poll
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
                "stream_page": 10,
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
            server=server,
            means={"dropped socket": AnswerUnreadable, "packed wrongly": AnswerUnreadable},
        )


@contextmanager
def recheck_case(folder: Path) -> Iterator[RecheckCase]:
    """The network's public servers: no account is needed."""
    with PdsServer("") as server:
        server.public = True
        before: list[Any] = []

        def delete(name: str) -> None:
            before[:] = server.posts
            server.posts = [post for post in server.posts if post["uri"] != name]

        def restore(name: str) -> None:
            server.posts = list(before)

        def edit(name: str, text: str) -> None:
            server.post(name)["record"] |= {"text": text}

        yield RecheckCase(
            options={"appview_url": server.url, "allow_private_hosts": (server.host,), "timeout": 1.0},
            publish=lambda: server.add(NOW - timedelta(hours=3)),
            edit=edit,
            delete=delete,
            restore=restore,
            unknown="at://did:plc:nobody/app.bsky.feed.post/3never",
            limit=lambda after: server.fail(error("RateLimitExceeded", 429), times=9, after=after),
            fault=lambda after: server.fail(BROKEN, times=9, after=after),
            heal=server.well,
        )
