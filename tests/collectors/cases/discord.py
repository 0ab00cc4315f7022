"""Discord: the loopback server, with ten messages in an answer and three answers a poll."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from monitor.domain import Secret
from monitor.errors import AnswerUnreadable, CredentialRefused, RateLimited, SourceDown
from tests.collectors.case import NOW, SECRET, Case
from tests.servers.discord_server import GUILD, INDEXING, LIMITED, NO_ACCESS, WRONG_TOKEN, DiscordServer
from tests.servers.loopback import BROKEN, DROPPED, HTML, SLOW, Reply

VARIABLE = "TEST_DISCORD_TOKEN"


@contextmanager
def case(folder: Path) -> Iterator[Case]:
    os.environ[VARIABLE] = SECRET
    with DiscordServer(SECRET) as server:
        last = NOW - timedelta(hours=3)

        def publish(count: int) -> set[str]:
            nonlocal last
            ids = {server.add(last + timedelta(milliseconds=number // 3)) for number in range(count)}
            last += timedelta(minutes=10)
            return ids

        def spoil() -> None:
            server.add(last, content={"not": "Acme"})

        def always(reply: Reply) -> None:
            server.always = reply

        def heal() -> None:
            server.always = None

        yield Case(
            options={
                "guild": GUILD,
                "bot_token": Secret(f"env:{VARIABLE}"),
                "base_url": f"{server.url}/api/v10",
                "allow_private_hosts": (server.host,),
                "page_size": 10,
                "max_pages": 3,
                "timeout": 0.6,
            },
            publish=publish,
            spoil=spoil,
            faults={
                "rate limit": (RateLimited, lambda: always(LIMITED)),
                "rate limit without a time": (RateLimited, lambda: always(Reply(429))),
                "not indexed yet": (RateLimited, lambda: always(INDEXING)),
                "server fault": (SourceDown, lambda: always(BROKEN)),
                "dropped socket": (SourceDown, lambda: always(DROPPED)),
                "slow body": (SourceDown, lambda: always(SLOW)),
                "wrong token": (CredentialRefused, lambda: always(WRONG_TOKEN)),
                "no access": (CredentialRefused, lambda: always(NO_ACCESS)),
                "not found": (AnswerUnreadable, lambda: always(Reply(404))),
                "a page of HTML": (AnswerUnreadable, lambda: always(HTML)),
                "no messages": (AnswerUnreadable, lambda: always(Reply(200, b"{}"))),
            },
            heal=heal,
            server=server,
            oddities={
                "fewer rows than were asked for": {"short_by": 3},
                "an index that is not whole": {"indexing": True},
            },
        )
    del os.environ[VARIABLE]
