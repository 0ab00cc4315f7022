"""Google Play: the loopback server, with 10 reviews on a page and three pages a poll."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from monitor.domain import Secret
from monitor.errors import AnswerUnreadable, CredentialRefused, RateLimited, SourceDown
from tests.collectors.case import NOW, SECRET, Case
from tests.servers import googleplay_server as play
from tests.servers.loopback import BROKEN, DROPPED, HTML, SLOW, Reply, json_reply

VARIABLE = "TEST_PLAY_TOKEN"


@contextmanager
def case(folder: Path) -> Iterator[Case]:
    os.environ[VARIABLE] = SECRET
    with play.GoogleplayServer(NOW, SECRET) as server:
        last = NOW - timedelta(hours=3)

        def publish(count: int) -> set[str]:
            nonlocal last
            ids = {server.add(last + timedelta(seconds=number)) for number in range(count)}
            last += timedelta(minutes=10)
            return ids

        def spoil() -> None:
            server.add(last, "\t")

        def always(reply: Reply) -> None:
            server.always = reply

        def heal() -> None:
            server.always = None

        yield Case(
            options={
                "apps": (server.app,),
                "token": Secret(f"env:{VARIABLE}"),
                "base_url": f"{server.url}/androidpublisher/v3",
                "allow_private_hosts": (server.host,),
                "page_size": 10,
                "max_pages": 3,
                "overlap_seconds": 60,
                "timeout": 1.0,
            },
            publish=publish,
            spoil=spoil,
            faults={
                "rate limit": (RateLimited, lambda: always(play.TOO_MUCH)),
                "rate limit by status": (RateLimited, lambda: always(Reply(429))),
                "server fault": (SourceDown, lambda: always(BROKEN)),
                "dropped socket": (SourceDown, lambda: always(DROPPED)),
                "slow body": (SourceDown, lambda: always(SLOW)),
                "expired token": (CredentialRefused, lambda: always(play.EXPIRED)),
                "not allowed": (CredentialRefused, lambda: always(play.FORBIDDEN)),
                "a refusal in HTML": (CredentialRefused, lambda: always(Reply(403, HTML.body))),
                "another's app": (AnswerUnreadable, lambda: always(play.NO_APP)),
                "a page of HTML": (AnswerUnreadable, lambda: always(HTML)),
                "an error under 200": (AnswerUnreadable, lambda: always(json_reply({"error": {"code": 500}}))),
            },
            heal=heal,
            server=server,
            oddities={"an empty page before the others": {"empty_first": True}, "silent truncation": {"most_pages": 2}},
            means={"another object": None},  # an app without reviews is an object without the list
            future=lambda: server.add(NOW + timedelta(days=400)),
        )
    del os.environ[VARIABLE]
