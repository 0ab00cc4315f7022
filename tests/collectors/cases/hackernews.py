"""Hacker News: the loopback server, with 10 hits in an answer and three answers a poll."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from monitor.errors import AnswerUnreadable, CredentialRefused, RateLimited, SourceDown
from tests.collectors.case import NOW, Case
from tests.collectors.recheck_case import RecheckCase
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
            options=_options(server),
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


@contextmanager
def recheck_case(folder: Path) -> Iterator[RecheckCase]:
    with HnServer() as server:

        def edit(name: str, text: str) -> None:
            next(hit for hit in server.hits if hit["objectID"] == name)["comment_text"] = text

        yield RecheckCase(
            options=_options(server),
            publish=lambda: server.add(NOW - timedelta(hours=3)),
            edit=edit,
            delete=lambda name: server.fates.update({name: ("deleted", "dead")[int(name) % 2]}),
            restore=lambda name: (server.fates.pop(name), None)[1],
            unknown="999",
            limit=lambda after: server.fail(Reply(429), times=9, after=after),
            fault=lambda after: server.fail(BROKEN, times=9, after=after),
            heal=server.well,
        )


def _options(server: HnServer) -> dict[str, Any]:
    return {
        "base_url": f"{server.url}/api/v1",
        "items_url": f"{server.url}/v0",
        "allow_private_hosts": (server.host,),
        "page_size": 10,
        "max_pages": 3,
        "overlap_seconds": 60,
        "timeout": 0.3,
    }
