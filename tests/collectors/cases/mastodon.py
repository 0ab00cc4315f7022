"""Mastodon: the loopback server, with posts under a hashtag, in the search, and as mentions, in turn."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from monitor.domain import Query, Secret
from monitor.errors import AnswerUnreadable, CollectorError, CredentialRefused, RateLimited, SourceDown
from tests.collectors.case import NOW, SECRET, Case
from tests.collectors.recheck_case import RecheckCase
from tests.servers.loopback import BROKEN, DROPPED, HTML, SLOW, Reply, json_reply
from tests.servers.mastodon_server import MastodonServer

VARIABLE = "TEST_MASTODON_TOKEN"
Fault = tuple[type[CollectorError], Callable[[], None]]


@contextmanager
def case(folder: Path) -> Iterator[Case]:
    os.environ[VARIABLE] = SECRET
    with MastodonServer(NOW, SECRET) as server:
        last = NOW - timedelta(hours=3)
        server.add(NOW - timedelta(days=9), tags=())  # long ago: the search is seen to work

        def publish(count: int) -> set[str]:
            nonlocal last
            ids = set()
            for number in range(count):
                at = last + timedelta(seconds=number // 2)
                if number % 3 == 2:
                    ids.add(server.notify(at))
                else:
                    tags, text = [(("acme",), "<p>#acme</p>"), ((), "<p>Acme &amp; co</p>")][number % 3]
                    ids.add(server.add(at, text, tags=tags))
            last += timedelta(minutes=10)
            return ids

        def spoil() -> None:
            server.add(last, "<p>late again</p>", created_at="yesterday")  # found by its hashtag alone

        def future() -> str:
            return server.add(NOW + timedelta(hours=1), "<p>late again</p>")

        def always(reply: Reply) -> None:
            server.always = reply

        def heal() -> None:
            server.always = None

        yield Case(
            options=_options(server),
            publish=publish,
            spoil=spoil,
            faults=_faults(server, always),
            heal=heal,
            server=server,
            oddities={
                "fewer rows than were asked for": {"cap": 4, "remaining": 9_000},
                "a search that is switched off": {"searching": False, "remaining": 9_000},
                "a search that knows no offset": {"offsets": False, "remaining": 9_000},
            },
            future=future,
            query=Query(terms=("Acme",), hashtags=("acme",)),
        )
    del os.environ[VARIABLE]


def _faults(server: MastodonServer, always: Callable[[Reply], None]) -> dict[str, Fault]:
    return {
        "rate limit": (RateLimited, lambda: always(server.too_many(timedelta(minutes=5)))),
        "rate limit without a time": (RateLimited, lambda: always(server.too_many(None))),
        "server fault": (SourceDown, lambda: always(BROKEN)),
        "dropped socket": (SourceDown, lambda: always(DROPPED)),
        "slow body": (SourceDown, lambda: always(SLOW)),
        "expired token": (CredentialRefused, lambda: always(json_reply({"error": "invalid"}, 401))),
        "scope missing": (CredentialRefused, lambda: always(json_reply({"error": "scopes"}, 403))),
        "account wanted": (CredentialRefused, lambda: always(json_reply({"error": "user"}, 422))),
        "not found": (AnswerUnreadable, lambda: always(Reply(404))),
        "a page of HTML": (AnswerUnreadable, lambda: always(HTML)),
        "no list": (AnswerUnreadable, lambda: always(json_reply({}))),
    }


@contextmanager
def recheck_case(folder: Path) -> Iterator[RecheckCase]:
    os.environ[VARIABLE] = SECRET
    with MastodonServer(NOW, SECRET) as server:
        server.name = server.host  # posts of the server that is asked
        before: list[Any] = []

        def delete(name: str) -> None:
            before[:] = server.statuses
            server.delete(name)

        def restore(name: str) -> None:
            server.statuses = list(before)

        yield RecheckCase(
            options=_options(server),
            publish=lambda: server.add(NOW - timedelta(hours=3)),
            edit=lambda name, text: server.edit(name, f"<p>{text}</p>", NOW - timedelta(hours=1)),
            delete=delete,
            restore=restore,
            unknown=f"https://{server.host}/users/ann/statuses/7",
            limit=lambda after: server.fail(server.too_many(timedelta(minutes=5)), times=9, after=after),
            fault=lambda after: server.fail(BROKEN, times=9, after=after),
            heal=server.well,
        )
    del os.environ[VARIABLE]


def _options(server: MastodonServer) -> dict[str, Any]:
    return {
        "base_url": server.url,
        "credential": Secret(f"env:{VARIABLE}"),
        "allow_private_hosts": (server.host,),
        "page_size": 10,
        "max_pages": 3,
        "overlap_seconds": 60,
        "timeout": 1.0,
    }
