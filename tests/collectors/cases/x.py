"""X: the loopback server, with 10 posts on a page and three pages a poll."""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from monitor.domain import Secret
from monitor.errors import AnswerUnreadable, CredentialRefused, RateLimited, SourceDown
from tests.collectors.case import NOW, SECRET, Case
from tests.collectors.recheck_case import RecheckCase
from tests.servers import x_server
from tests.servers.loopback import BROKEN, DROPPED, HTML, SLOW, Reply

VARIABLE = "TEST_X_TOKEN"


@contextmanager
def case(folder: Path) -> Iterator[Case]:
    os.environ[VARIABLE] = SECRET
    with x_server.XServer(NOW, SECRET) as server:
        last = NOW - timedelta(hours=3)

        def publish(count: int) -> set[str]:
            nonlocal last
            ids = server.publish(count, last)
            last += timedelta(minutes=10)
            return {str(ident) for ident in ids}

        def spoil() -> None:
            server.add(last, text=None)

        def always(reply: Reply) -> None:
            server.always = reply

        def heal() -> None:
            server.always = None

        faults = {
            "rate limit": (RateLimited, lambda: always(x_server.too_many(NOW + timedelta(minutes=5)))),
            "rate limit without a time": (RateLimited, lambda: always(x_server.too_many(None))),
            "server fault": (SourceDown, lambda: always(BROKEN)),
            "dropped socket": (SourceDown, lambda: always(DROPPED)),
            "slow body": (SourceDown, lambda: always(SLOW)),
            "expired token": (CredentialRefused, lambda: always(x_server.EXPIRED)),
            "usage cap": (CredentialRefused, lambda: always(x_server.CAPPED)),
            "no credit": (CredentialRefused, lambda: always(x_server.UNPAID)),
            "not allowed": (CredentialRefused, lambda: always(x_server.FORBIDDEN)),
            "a page of HTML": (AnswerUnreadable, lambda: always(HTML)),
            "a list": (AnswerUnreadable, lambda: always(Reply(200, b"[]"))),
        }
        yield Case(
            options=_options(server),
            publish=publish,
            spoil=spoil,
            faults=faults,
            heal=heal,
            server=server,
            oddities={
                "an empty page before the others": {"empty_first": True},
                "rows in no order": {"order": random.Random(7)},
                "a token that leads in a circle": {"circling": True},
                "pages without an end": {"hollow": True},
                "any posts, whatever the token": {"rough": random.Random(7)},
                "the other dialect": {"dialect": "post"},
                "the other dialect, without a word": {"dialect": "post", "lenient": True},
            },
            means={"packed wrongly": SourceDown},
        )
    del os.environ[VARIABLE]


@contextmanager
def recheck_case(folder: Path) -> Iterator[RecheckCase]:
    """By compliance jobs, which answer later."""
    os.environ[VARIABLE] = SECRET
    with x_server.XServer(NOW, SECRET) as server:

        def publish() -> str:
            return str(server.add(NOW - timedelta(hours=3)))

        def edit(name: str, text: str) -> None:
            versions = [name, str(server.add(NOW - timedelta(hours=2), text=text))]
            for version in versions:
                server.posts[int(version)]["edit_history_tweet_ids"] = versions
            server.fates[name] = {"action": "rehydrate", "reason": "tweet_edited"}

        yield RecheckCase(
            options=_options(server),
            publish=publish,
            edit=edit,
            delete=lambda name: server.fates.update({name: {"action": "delete", "reason": "deleted"}}),
            restore=lambda name: server.fates.update({name: {"action": "rehydrate", "reason": "tweet_undeleted"}}),
            unknown="1",
            limit=lambda after: server.fail(x_server.too_many(NOW + timedelta(minutes=5)), times=9, after=after),
            fault=lambda after: server.fail(BROKEN, times=9, after=after),
            heal=server.well,
            settle=server.finish_jobs,
        )
    del os.environ[VARIABLE]


def _options(server: x_server.XServer) -> dict[str, Any]:
    return {
        "token": Secret(f"env:{VARIABLE}"),
        "base_url": server.url,
        "page_size": 10,
        "max_pages": 3,
        "timeout": 0.8,
    }
