"""Lemmy: the loopback server in the dialect of 0.19, posts and comments in turn."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from monitor.errors import AnswerUnreadable, CredentialRefused, RateLimited, SourceDown
from tests.collectors.case import NOW, Case
from tests.collectors.recheck_case import RecheckCase
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
            options=_options(server),
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
            server=server,
            oddities={"empty pages with a next one": {"holes": 2}, "fewer rows than were asked for": {"cap": 4}},
            future=future,
        )


@contextmanager
def recheck_case(folder: Path) -> Iterator[RecheckCase]:
    with LemmyServer(NOW) as server:

        def publish() -> str:
            return server.add(NOW - timedelta(hours=3), kind=("posts", "comments")[len(server.views) % 2])

        def edit(name: str, text: str) -> None:
            server.thing(name).update({"content" if "comment" in name else "name": text})

        yield RecheckCase(
            options=_options(server) | {"dialect": "0.19"},
            publish=publish,
            edit=edit,
            delete=lambda name: server.thing(name).update(deleted=True),
            restore=lambda name: server.thing(name).update(deleted=False),
            unknown="https://lemmy.example/post/999",
            limit=lambda after: server.fail(json_reply({"error": "rate_limit_error"}, 400), times=9, after=after),
            fault=lambda after: server.fail(BROKEN, times=9, after=after),
            heal=server.well,
        )


def _options(server: LemmyServer) -> dict[str, Any]:
    return {
        "base_url": server.url,
        "allow_private_hosts": (server.host,),
        "page_size": 10,
        "max_pages": 3,
        "overlap_seconds": 60,
        "timeout": 1.0,
    }
