"""Mastodon, read from a server that others wrote (mastodon-mock, on PyPI): pages, restarts, edits, its own faults."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import Any

import httpx2
import pytest

from monitor.domain import Query, Secret
from monitor.errors import AnswerUnreadable, CollectorError, CredentialRefused, RateLimited, SourceDown
from tests.collectors.case import Reader, make

pytestmark = pytest.mark.skipif(find_spec("mastodon_mock") is None, reason="needs: pip install mastodon-mock")
QUERY = Query(terms=("Zenith",), hashtags=("acme",))
VARIABLE = "TEST_MASTODON_MOCK_TOKEN"
READER = "alan"  # the account whose token the collector has


@dataclass
class Mock:
    """The server, filled through its own API."""

    url: str

    def ask(self, method: str, path: str, *, by: str = "ada", **told: object) -> Any:
        headers = {"authorization": f"Bearer {by}_token"}
        answer = httpx2.request(method, f"{self.url}{path}", json=told or None, headers=headers, trust_env=False)
        answer.raise_for_status()
        return answer.json()

    def post(self, text: str, by: str = "ada") -> dict[str, Any]:
        status: dict[str, Any] = self.ask("POST", "/api/v1/statuses", by=by, status=text)
        return status

    def publish(self, count: int) -> set[str]:
        """Posts with the hashtag, to the reader's account, and a few with the name: its search gives one page only."""
        texts = ("late again #acme", f"@{READER} hello", "what's up, #acme", f"Hi @{READER}!", "#acme", "Zenith & co")
        return {str(self.post(f"{texts[number % 6]} {number}")["uri"]) for number in range(count)}

    def fail(self, effect: dict[str, object]) -> None:
        """Answer the next question for a timeline wrongly."""
        self.ask("POST", "/api/v1/_mock/faults", match={"path": "/api/v1/timelines/*"}, effect=effect, count=1)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mastodon_mock", "serve", "--in-memory", "--demo", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--log-level", "critical"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        _until(lambda: _answers(f"http://127.0.0.1:{port}/api/v1/instance"))
        yield f"http://127.0.0.1:{port}"
        server.terminate()


@pytest.fixture
def mock(address: str, monkeypatch: pytest.MonkeyPatch) -> Mock:
    monkeypatch.setitem(os.environ, VARIABLE, f"{READER}_token")
    server = Mock(address)
    server.ask("POST", "/api/v1/_mock/reset")
    return server


def _answers(url: str) -> bool:
    with suppress(httpx2.TransportError):
        return httpx2.get(url, trust_env=False).status_code == 200
    return False


def _until(done: Callable[[], bool]) -> None:
    end = datetime.now(UTC) + timedelta(seconds=30)
    while not done():
        assert datetime.now(UTC) < end, "the server does not come up"


def reader(mock: Mock, **options: object) -> Reader:
    told = {"base_url": mock.url, "allow_private_hosts": (mock.url.partition("//")[2],), "timeout": 5.0}
    told |= {"credential": Secret(f"env:{VARIABLE}"), "page_size": 10, "max_pages": 2}
    return Reader(make("mastodon", told | options), QUERY, now=datetime.now(UTC) + timedelta(minutes=1))


def test_every_post_is_read_however_often_one_starts_again(mock: Mock) -> None:
    wanted = mock.publish(36)
    whole = reader(mock).drain()
    assert whole.ids == wanted
    for dies_after in range(1, len(whole.pages) + 1):
        read = reader(mock).poll(most=dies_after)
        assert read.drain().ids == wanted, f"after page {dies_after}"


def test_what_is_posted_between_polls_is_read(mock: Mock) -> None:
    read, wanted = reader(mock), set[str]()
    for count in (7, 0, 21, 1):
        wanted |= mock.publish(count)
        read.poll(most=2).drain()
    assert read.ids == wanted
    assert not read.rejects


def test_a_post_is_read_as_it_was_written_and_as_it_was_changed(mock: Mock) -> None:
    status = mock.post("Acme isn't <good> & late #acme")
    mock.post("Zenith")  # the search is seen to work
    read = reader(mock).drain()
    found = {mention.text for page in read.pages for mention in page.mentions}
    assert found == {"Acme isn't <good> & late #acme", "Zenith"}
    mock.ask("PUT", f"/api/v1/statuses/{status['id']}", status="Acme is better #acme")
    again = reader(mock).drain()  # its ids carry no time, so nothing is read again by itself
    changed = {mention.text: mention.edited_at for page in again.pages for mention in page.mentions}
    assert changed.keys() == {"Acme is better #acme", "Zenith"}
    assert changed["Acme is better #acme"] is not None
    assert again.ids == read.ids


@pytest.mark.parametrize(
    ("effect", "promised"),
    [
        ({"type": "ratelimit"}, RateLimited),
        ({"type": "status", "status": 503}, SourceDown),
        ({"type": "status", "status": 401, "body": {"error": "The access token is invalid"}}, CredentialRefused),
        ({"type": "malformed"}, AnswerUnreadable),
        ({"type": "malformed", "truncate": False}, AnswerUnreadable),
    ],
    ids=["429", "503", "401", "truncated", "not JSON"],
)
def test_its_faults_are_the_promised_errors_and_lose_nothing(
    mock: Mock, effect: dict[str, object], promised: type[CollectorError]
) -> None:
    wanted, read = mock.publish(24), reader(mock)
    mock.fail(effect)
    with pytest.raises(promised):
        read.poll()
    assert read.drain().ids == wanted


def test_a_wrong_token_is_refused(mock: Mock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, VARIABLE, "nobodys")
    mock.publish(3)
    with pytest.raises(CredentialRefused):
        reader(mock).drain()
