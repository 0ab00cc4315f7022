"""Stack Exchange: the loopback server, two sites, questions and answers in turn."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from monitor.domain import Secret
from monitor.errors import AnswerUnreadable, CredentialRefused, RateLimited, SourceDown
from tests.collectors.case import NOW, SECRET, Case
from tests.collectors.recheck_case import RecheckCase
from tests.servers.loopback import BROKEN, DROPPED, HTML, SLOW, Reply
from tests.servers.stackexchange_server import BAD_KEY, BAD_SITE, THROTTLED, StackexchangeServer, error, packed

VARIABLE = "TEST_STACKEXCHANGE_KEY"


@contextmanager
def case(folder: Path) -> Iterator[Case]:
    os.environ[VARIABLE] = SECRET
    with StackexchangeServer() as server:
        last = NOW - timedelta(hours=3)

        def publish(count: int) -> set[str]:
            nonlocal last
            sites = ("stackoverflow", "webapps")
            ids = {
                server.add(last + timedelta(seconds=number // 3), answer=number % 3 == 0, site=sites[number % 2])
                for number in range(count)
            }
            last += timedelta(minutes=10)
            return ids

        def always(reply: Reply) -> None:
            server.always = reply

        def heal() -> None:
            server.always = None

        yield Case(
            options=_options(server),
            publish=publish,
            spoil=lambda: (server.add(last, item_type="comment"), None)[1],
            faults={
                "throttled": (RateLimited, lambda: always(THROTTLED)),
                "throttled by a 200": (RateLimited, lambda: always(error(502, "throttle_violation", "wait", 200))),
                "rate limit": (RateLimited, lambda: always(Reply(429))),
                "server fault": (SourceDown, lambda: always(BROKEN)),
                "fault in the body": (SourceDown, lambda: always(error(500, "internal_error", "oops"))),
                "dropped socket": (SourceDown, lambda: always(DROPPED)),
                "slow body": (SourceDown, lambda: always(SLOW)),
                "wrong key": (CredentialRefused, lambda: always(BAD_KEY)),
                "not allowed": (CredentialRefused, lambda: always(Reply(403))),
                "unknown site": (AnswerUnreadable, lambda: always(BAD_SITE)),
                "a page of HTML": (AnswerUnreadable, lambda: always(HTML)),
                "no items": (AnswerUnreadable, lambda: always(packed({}))),
            },
            heal=heal,
            server=server,
            oddities={"empty pages with a next one": {"holes": 2}},
        )
    del os.environ[VARIABLE]


@contextmanager
def recheck_case(folder: Path) -> Iterator[RecheckCase]:
    os.environ[VARIABLE] = SECRET
    with StackexchangeServer() as server:
        before: list[Any] = []

        def publish() -> str:
            return server.add(NOW - timedelta(hours=3), answer=bool(len(server.items) % 2))

        def delete(name: str) -> None:
            before[:] = server.items
            server.delete(name)

        def restore(name: str) -> None:
            server.items = list(before)

        def limit(after: int) -> None:
            server.fail(THROTTLED, times=9, after=after + (not server.filters))  # making a filter is an answer too

        yield RecheckCase(
            options=_options(server),
            publish=publish,
            edit=server.edit,
            delete=delete,
            restore=restore,
            unknown="stackoverflow/999",
            limit=limit,
            fault=lambda after: server.fail(BROKEN, times=9, after=after),
            heal=server.well,
        )
    del os.environ[VARIABLE]


def _options(server: StackexchangeServer) -> dict[str, Any]:
    return {
        "sites": ("stackoverflow", "webapps"),
        "key": Secret(f"env:{VARIABLE}"),
        "base_url": f"{server.url}/2.3",
        "allow_private_hosts": (server.host,),
        "page_size": 10,
        "max_pages": 3,
        "overlap_seconds": 60,
        "timeout": 1.0,
    }
