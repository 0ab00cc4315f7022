"""What a help desk pushes, over real HTTP: signed, sent twice, by many at once, as the documentation's example does."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.cli.run import pushed
from monitor.clock import FakeClock
from monitor.collectors.webhook import WebhookCollector, WebhookOptions
from monitor.domain import Query, Secret
from monitor.ports import Listener
from tests.collectors.case import NOW, Reader
from tests.support import pushing
from tests.support.pushing import LONG_SECRET, VARIABLE, Answer, signed

BODY = b'{"id": "1", "text": "The app fails"}'


def desk(folder: Path) -> WebhookCollector:
    return WebhookCollector("desk", WebhookOptions(secret=Secret(f"env:{VARIABLE}"), folder=folder))


@pytest.fixture(scope="module")
def door() -> Iterator[tuple[str, dict[str, Listener]]]:
    """One server for all of these tests."""
    listeners: dict[str, Listener] = {}
    with pushed(listeners, bind="127.0.0.1:0", clock=FakeClock(NOW)) as place:
        yield place, listeners


@pytest.fixture
def place(door: tuple[str, dict[str, Listener]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(VARIABLE, LONG_SECRET)
    door[1]["desk"] = desk(tmp_path)
    return door[0]


def ask(place: str, body: bytes = BODY, headers: Mapping[str, str] | None = None) -> Answer:
    return pushing.ask(place, "POST", "/hooks/desk", body, signed(body, "msg_1", NOW) | dict(headers or {}))


def kept(folder: Path) -> set[str]:
    return Reader(desk(folder), Query()).poll().ids


def test_a_signed_request_is_kept_and_read(place: str, tmp_path: Path) -> None:
    assert ask(place)[:2] == (202, {"kept": 1})
    assert kept(tmp_path) == {"1"}


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1," + "A" * 5_000},
        {"webhook-id": "msg_2"},
        {"webhook-id": "../../x"},
        {"webhook-timestamp": "1"},
        {"webhook-timestamp": "-1"},
        {"authorization": f"Bearer {LONG_SECRET}", "webhook-signature": ""},
    ],
)
def test_what_is_not_signed_is_refused_and_no_secret_shows(
    place: str, tmp_path: Path, headers: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    status, answer, _ = ask(place, headers=headers)
    assert status == 401
    assert answer["error"].startswith("desk: ")
    assert answer["error"].endswith(".")
    assert list(tmp_path.iterdir()) == []
    assert LONG_SECRET not in str(answer) + "".join(capfd.readouterr())


def test_a_request_of_long_ago_is_refused(place: str) -> None:
    assert ask(place, headers=signed(BODY, "msg_1", NOW - timedelta(hours=1)))[0] == 401


def test_a_request_that_comes_again_is_kept_once(place: str, tmp_path: Path) -> None:
    assert [ask(place)[0] for _ in range(3)] == [202, 202, 202]
    assert len(list(tmp_path.glob("*.jsonl"))) == 1


def test_a_body_that_is_too_large_or_no_text_is_refused(place: str, tmp_path: Path) -> None:
    assert ask(place, b" " * 1_000_001)[0] == 413
    status, answer, _ = ask(place, b"\xff\xfe\x00")
    assert (status, answer["error"]) == (400, "the body is not UTF-8 text (byte 1).")
    assert list(tmp_path.iterdir()) == []


def test_many_senders_at_once_lose_nothing(place: str, tmp_path: Path) -> None:
    def send(number: int) -> int:
        body = b'{"id": "%d", "text": "Call"}' % number
        return ask(place, body=body, headers=signed(body, f"msg_{number}", NOW))[0]

    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(send, range(200)))
    assert statuses == {202}
    assert kept(tmp_path) == {str(number) for number in range(200)}


def test_a_secret_that_is_missing_puts_senders_off(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)
    status, answer, headers = ask(place)
    assert (status, headers["retry-after"]) == (503, "60")
    assert VARIABLE not in str(answer)


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl")
def test_the_example_of_the_documentation_pushes_a_complaint(place: str, tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "formats.md").read_text("utf-8")
    (script,) = [block.split("```")[0] for block in text.split("```sh\n")[1:] if "webhook-signature" in block]
    ready = script.replace("127.0.0.1:8765/hooks/help-desk", f"{place}/hooks/desk")
    ready = ready.replace("$(date +%s)", str(int(NOW.timestamp())))
    environ = {"WEBHOOK_SECRET": LONG_SECRET, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["sh", "-c", ready], env=environ, capture_output=True, text=True, check=True, timeout=30)
    assert json.loads(done.stdout) == {"kept": 1}
    assert len(kept(tmp_path)) == 1
