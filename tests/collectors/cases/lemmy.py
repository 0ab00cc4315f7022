"""Lemmy: the loopback server in the dialect of 0.19, posts and comments in turn."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from monitor.errors import AnswerUnreadable, CredentialRefused, RateLimited, SourceDown
from tests.collectors.case import NOW, Case
from tests.servers.lemmy_server import LemmyServer
from tests.servers.loopback import BROKEN, DROPPED, HTML, SLOW, Reply, json_reply


@contextmanager
def case(folder: Path) -> Iterator[Case]:
    with LemmyServer(NOW) as server:
        last = NOW - timedelta(hours=3)

        def publish(count: int) -> set[str]:
            nonlocal last
            kinds = ("posts", "comments")
            ids = {server.add(last + timedelta(seconds=number // 3), kind=kinds[number % 2]) for number in range(count)}
            last += timedelta(minutes=10)
            return ids

        def spoil() -> None:
            server.add(last, published="yesterday")

        def future() -> str:
            return server.add(NOW + timedelta(hours=1))

        def always(reply: Reply) -> None:
            server.always = reply

        def heal() -> None:
            server.always = None

        yield Case(
            options={
                "base_url": server.url,
                "allow_private_hosts": (server.host,),
                "page_size": 10,
                "max_pages": 3,
                "overlap_seconds": 60,
                "timeout": 1.0,
            },
            publish=publish,
            spoil=spoil,
            faults={
                "rate limit": (RateLimited, lambda: always(Reply(429, headers={"retry-after": "30"}))),
                "rate limit of 0.19": (RateLimited, lambda: always(json_reply({"error": "rate_limit_error"}, 400))),
                "server fault": (SourceDown, lambda: always(BROKEN)),
                "dropped socket": (SourceDown, lambda: always(DROPPED)),
                "slow body": (SourceDown, lambda: always(SLOW)),
                "private server": (
                    CredentialRefused,
                    lambda: always(json_reply({"error": "instance_is_private"}, 400)),
                ),
                "not allowed": (CredentialRefused, lambda: always(Reply(403, b"<html>go away</html>"))),
                "not found": (AnswerUnreadable, lambda: always(Reply(404))),
                "a page of HTML": (AnswerUnreadable, lambda: always(HTML)),
                "no rows": (AnswerUnreadable, lambda: always(json_reply({"version": "0.19.14"}))),
            },
            heal=heal,
            future=future,
        )
