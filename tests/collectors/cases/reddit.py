"""Reddit: the loopback server, submissions and comments, with 10 posts on a page and three pages of each a poll."""

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
from tests.servers import reddit_server as reddit
from tests.servers.loopback import BROKEN, DROPPED, HTML, SLOW, Reply, json_reply

ID, KEY = "TEST_REDDIT_ID", "TEST_REDDIT_SECRET"


@contextmanager
def case(folder: Path) -> Iterator[Case]:
    os.environ |= {ID: "the-id", KEY: SECRET}
    with reddit.RedditServer(SECRET) as server:
        last = NOW - timedelta(hours=3)

        def publish(count: int) -> set[str]:
            nonlocal last
            ids = set()
            for number in range(count):
                at = last + timedelta(seconds=number)
                ids.add(server.comment(at) if number % 3 == 2 else server.submit(at))
            last += timedelta(minutes=10)
            return ids

        def always(reply: Reply) -> None:
            server.always = reply

        def heal() -> None:
            server.always = None

        yield Case(
            options=_options(server),
            publish=publish,
            spoil=lambda: server.data(server.submit(last)).update(created_utc=None),
            faults={
                "rate limit": (RateLimited, lambda: always(reddit.too_many("120"))),
                "rate limit that is over at once": (RateLimited, lambda: always(reddit.too_many("0"))),
                "rate limit without a time": (RateLimited, lambda: always(reddit.too_many(None))),
                "server fault": (SourceDown, lambda: always(BROKEN)),
                "dropped socket": (SourceDown, lambda: always(DROPPED)),
                "slow body": (SourceDown, lambda: always(SLOW)),
                "wrong secret": (CredentialRefused, lambda: always(reddit.EXPIRED)),
                "blocked in HTML": (CredentialRefused, lambda: always(reddit.BLOCKED)),
                "a page of HTML": (AnswerUnreadable, lambda: always(HTML)),
                "no listing": (AnswerUnreadable, lambda: always(json_reply({"kind": "t2", "data": {}}))),
            },
            heal=heal,
            server=server,
            oddities={
                "an empty page before the others": {"empty_first": True},
                "an empty page behind the others": {"always_after": True},
            },
            unkept="of the hundred or so fields of a post a few are kept by name",
            future=lambda: server.submit(NOW + timedelta(days=400)),
        )
    del os.environ[ID], os.environ[KEY]


@contextmanager
def recheck_case(folder: Path) -> Iterator[RecheckCase]:
    os.environ |= {ID: "the-id", KEY: SECRET}
    with reddit.RedditServer(SECRET) as server:

        def limit(after: int) -> None:
            server.fail(reddit.too_many("120"), times=9, after=after + (not server.tokens))  # a token is an answer too

        yield RecheckCase(
            options=_options(server),
            publish=lambda: (server.comment if len(server.posts) % 2 else server.submit)(NOW - timedelta(hours=3)),
            edit=lambda name, text: server.data(name).update({"body" if name.startswith("t1") else "selftext": text}),
            delete=server.delete,
            restore=server.restore,
            unknown="t3_never",
            limit=limit,
            fault=lambda after: server.fail(BROKEN, times=9, after=after),
            heal=server.well,
        )
    del os.environ[ID], os.environ[KEY]


def _options(server: reddit.RedditServer) -> dict[str, Any]:
    return {
        "user_agent": "linux:sentiment-monitor-tests:1.0 (by /u/acme)",
        "client_id": Secret(f"env:{ID}"),
        "client_secret": Secret(f"env:{KEY}"),
        "subreddits": ("acme",),
        "base_url": server.url,
        "auth_url": server.url,
        "allow_private_hosts": (server.host,),
        "page_size": 10,
        "max_pages": 3,
        "overlap_seconds": 60,
        "timeout": 1.0,
    }
