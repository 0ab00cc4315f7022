"""Bluesky, asked again: by the public servers or by the account's own, and silence that is not believed."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from monitor import clock
from monitor.collectors.bluesky import BlueskyCollector, BlueskyOptions
from monitor.domain import Query, Secret
from tests.collectors.case import NOW, SECRET, Reader
from tests.collectors.recheck_case import Rechecking
from tests.servers.jetstream_server import DID, POSTS, V1, JetstreamServer
from tests.servers.pds_server import HANDLE, PdsServer

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
ACME = Query(terms=("Acme",))


@pytest.fixture
def stream() -> Iterator[JetstreamServer]:
    with JetstreamServer(NOW) as server:
        yield server


@pytest.fixture
def pds(monkeypatch: pytest.MonkeyPatch) -> Iterator[PdsServer]:
    monkeypatch.setenv("TEST_APP_PASSWORD", SECRET)
    with PdsServer(SECRET) as server:
        yield server


def reader(stream: JetstreamServer | None, pds: PdsServer | None = None, path: str = V1, **options: Any) -> Reader:
    hosts = tuple(server.host for server in (stream, pds) if server)
    told: dict[str, Any] = {"allow_private_hosts": hosts, "silence_seconds": 1e6, "timeout": 2.0}
    told["stream_url"] = f"ws://{stream.host}{path}" if stream else ""
    if pds:
        told |= {"pds_url": pds.url, "handle": HANDLE, "app_password": Secret("env:TEST_APP_PASSWORD")}
    query = options.pop("query", ACME)
    return Reader(BlueskyCollector("sky", BlueskyOptions(**(told | options))), query)


def test_posts_are_asked_for_by_name_without_an_account(pds: PdsServer) -> None:
    pds.public = True
    stands, gone = pds.add(NOW - HOUR), f"at://{DID}/{POSTS}/3gone"
    collector = reader(None, pds, appview_url=pds.url).collector
    asking = Rechecking(collector).ask(stands, gone, "no address at all")
    assert (asking.checked, asking.deleted) == ({stands, gone}, {gone})
    (page,) = asking.pages
    assert (page.coverage.remaining, page.coverage.asked) == (2_999, 2)
    assert page.coverage.resets_at == clock.parse("2026-03-11T12:05:00Z")
    assert "Session" not in "".join(asked.path for asked in pds.asked)


def test_without_public_servers_the_accounts_own_is_asked(pds: PdsServer) -> None:
    stands = pds.add(NOW - HOUR)
    assert Rechecking(reader(None, pds, appview_url="").collector).ask(stands).checked == {stands}


def test_without_anybody_to_ask_nothing_is_checked(stream: JetstreamServer) -> None:
    collector = reader(stream, appview_url="").collector
    assert Rechecking(collector).ask(f"at://{DID}/{POSTS}/3one").pages == []


def test_a_server_that_shows_nothing_at_all_is_believed_an_hour_later(pds: PdsServer) -> None:
    pds.public = True
    uris = [pds.add(NOW - HOUR) for _ in range(5)]
    pds.silent = True
    asking = Rechecking(reader(None, pds, appview_url=pds.url).collector).ask(*uris)
    assert (asking.checked, asking.deleted) == (set(), set())
    asking.now += HOUR
    assert asking.ask(*uris).deleted == set(uris)


def test_a_post_that_is_there_and_cannot_be_read_is_neither_checked_nor_gone(pds: PdsServer) -> None:
    pds.public = True
    first, second = pds.add(NOW - HOUR), pds.add(NOW - HOUR)
    pds.post(second)["record"]["text"] = 7
    collector = reader(None, pds, appview_url=pds.url).collector
    asking = Rechecking(collector).ask(first, second)
    assert (asking.checked, asking.deleted) == ({first}, set())
    assert len(asking.pages[0].rejects) == 1
