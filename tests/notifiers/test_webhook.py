"""Webhook: signed JSON of a documented shape, against a real web service."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.clock import FakeClock, SystemClock, parse
from monitor.domain import Chart, Link, Mark, Message, Point, Secret
from monitor.errors import DeliveryUnknown, NotifierError, NotifierRefused
from monitor.notifiers._webhook_body import MOST, body
from monitor.notifiers.webhook import Webhook, WebhookOptions
from tests.servers import receivers
from tests.servers.receivers import Web
from tests.support.schema import problems

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = json.loads((DOCS / "webhook.schema.json").read_text("utf-8"))
NOON = parse("2026-03-11T12:00:00Z")
KEY = "a key of more than 24 characters"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 50
CHART = Chart(
    title="Acme", unit="posts", timezone="UTC", marks=(Mark(at=NOON, word="onset"),),
    points=(Point(start=NOON, observed=3.0, expected=1.5, low=0.0, high=float("nan")),
            Point(start=NOON + timedelta(minutes=5), observed=None)),
)  # fmt: skip
MESSAGE = Message(
    key="the-key", title="Acme: 31 negative posts", body="Where: x 20", severity="high", brand="Acme",
    facts={"incident": 7, "phase": "opened", "score": float("inf"), "top_posts": [{"text": "half \ud83d <b>"}]},
    links=(Link(action="silence", label="Silence", url="https://m.acme.test/act/1"),), chart=CHART, picture=PNG,
)  # fmt: skip

Send = Callable[..., None]


@pytest.fixture
def web() -> Iterator[Web]:
    with receivers.web() as server:
        yield server


@pytest.fixture
def send(web: Web, monkeypatch: pytest.MonkeyPatch) -> Send:
    """Send the message to the service, with these options."""
    monkeypatch.setenv("HOOK_URL", f"http://127.0.0.1:{web.port}/in?token=canary")
    monkeypatch.setenv("HOOK_KEY", KEY)

    def sent(message: Message = MESSAGE, *, clock: Any = None, **options: Any) -> None:
        plain: dict[str, Any] = {"timeout": timedelta(seconds=5), "allow_private_hosts": ("127.0.0.1",)}
        Webhook("team", WebhookOptions(url=Secret("env:HOOK_URL"), **(plain | options)), clock).send(message)

    return sent


def sent_json(web: Web) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(web.posts[-1][1])
    return found


@pytest.mark.parametrize("picture", [True, False])
def test_what_is_sent_has_the_documented_shape(web: Web, send: Send, picture: bool) -> None:
    send(picture=picture)
    sent = sent_json(web)
    assert list(problems(sent, SCHEMA)) == []
    assert sent["chart"]["points"][1]["observed"] is None
    assert sent["facts"]["score"] is None
    assert (sent["picture"] and base64.b64decode(sent["picture"]["base64"])) == (PNG if picture else None)


@pytest.mark.parametrize(
    ("change", "found"),
    [({"extra": 1}, "not described"), ({"kind": "tweet"}, "none of"), ({"title": None}, "NoneType"),
     ({"links": [{"action": "a"}]}, "missing"), ({"key": "a.b"}, "look like")],
)  # fmt: skip
def test_another_shape_would_be_found_out(change: dict[str, Any], found: str) -> None:
    wrong = json.loads(body(MESSAGE, picture=True)) | change
    assert any(found in problem for problem in problems(wrong, SCHEMA))


def test_every_field_is_explained_where_the_formats_are() -> None:
    section = (DOCS / "formats.md").read_text("utf-8").partition("## Messages out")[2].partition("\n## ")[0]
    assert [name for name in SCHEMA["properties"] if f"`{name}`" not in section] == []


def test_the_example_of_the_documents_knows_what_is_genuine(web: Web, send: Send) -> None:
    section = (DOCS / "formats.md").read_text("utf-8").partition("## Messages out")[2]
    (example,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)[:1]
    there: dict[str, Any] = {}
    exec(example, there)
    for secret in (KEY, "whsec_" + base64.b64encode(b"k" * 32).decode()):
        send_with = pytest.MonkeyPatch()
        with send_with.context() as patch:
            patch.setenv("HOOK_KEY", secret)
            send(secret=Secret("env:HOOK_KEY"), clock=SystemClock())
        headers, content = web.asked[-1][1], web.posts[-1][1]
        assert there["is_genuine"](headers, content, secret)
        assert not there["is_genuine"](headers, content + b" ", secret)
        assert not there["is_genuine"](headers | {"webhook-id": "other"}, content, secret)
        assert not there["is_genuine"](headers, content, secret[:-4] + "AAA=")
    send(secret=Secret("env:HOOK_KEY"), clock=FakeClock(NOON - timedelta(days=400)))
    assert not there["is_genuine"](web.asked[-1][1], web.posts[-1][1], KEY), "an old one is no news"


def test_every_try_of_a_message_has_the_same_key(web: Web, send: Send) -> None:
    send()
    send(replace(MESSAGE, repeat=True), method="PUT")
    assert [headers["idempotency-key"] for _, headers in web.asked] == ["the-key"] * 2
    assert [method for method, _ in web.asked] == ["POST", "PUT"]
    assert sent_json(web)["repeat"]


def test_a_key_of_any_letters_is_one_in_a_header(web: Web, send: Send) -> None:
    send(replace(MESSAGE, key="ä\r\nX-Evil: 1"))
    assert re.fullmatch("[0-9a-f]{64}", web.asked[0][1]["idempotency-key"])
    assert "x-evil" not in web.asked[0][1]


def test_headers_of_your_own_go_along_and_none_of_ours_is_replaced(
    web: Web, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MORE", "Authorization: Bearer abc\nX-Team: care\n")
    send(headers=Secret("env:MORE"))
    assert (web.asked[0][1]["authorization"], web.asked[0][1]["x-team"]) == ("Bearer abc", "care")
    for wrong in ("Idempotency-Key: 1", "Host: evil", "no header", "X: a\x00b", "webhook-id: 1"):
        monkeypatch.setenv("MORE", wrong) if "\x00" not in wrong else monkeypatch.setenv("MORE", "X Y: b")
        with pytest.raises(NotifierRefused, match="env:MORE must hold lines") as refused:
            send(headers=Secret("env:MORE"))
        assert "evil" not in str(refused.value)
    assert len(web.posts) == 1


def test_a_key_that_keeps_nobody_out_is_refused(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    for weak in ("short", "whsec_!!!", "whsec_" + base64.b64encode(b"k" * 8).decode()):
        monkeypatch.setenv("HOOK_KEY", weak)
        with pytest.raises(NotifierRefused, match="24 characters"):
            send(secret=Secret("env:HOOK_KEY"))


@pytest.mark.parametrize(
    ("status", "error", "wait"),
    [(429, NotifierError, 120), (503, NotifierError, 120), (408, NotifierError, 120), (409, NotifierError, 120),
     (425, NotifierError, 120), (500, NotifierError, 120), (418, NotifierRefused, None), (307, NotifierRefused, None)],
)  # fmt: skip
def test_an_answer_says_whether_and_when_to_try_again(
    web: Web, send: Send, status: int, error: type[NotifierError], wait: int | None
) -> None:
    web.behaviour, web.headers = status, {"Retry-After": "120", "Location": "http://127.0.0.1:1/elsewhere"}
    with pytest.raises(NotifierError) as failed:
        send()
    assert type(failed.value) is error
    assert failed.value.retry_after == (None if wait is None else timedelta(seconds=wait))
    assert "canary" not in str(failed.value)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_a_delivery(web: Web, send: Send, status: int) -> None:
    web.behaviour, web.answer = status, b""
    send()


def test_an_answer_after_the_time_limit_means_it_may_have_arrived(web: Web, send: Send) -> None:
    web.behaviour = "stall"
    with pytest.raises(DeliveryUnknown, match="may have arrived"):
        send(timeout=timedelta(seconds=0.3))
    assert len(web.posts) == 1


def test_an_address_in_the_own_network_is_asked_only_where_it_is_named(web: Web, send: Send) -> None:
    with pytest.raises(NotifierRefused, match="https://") as refused:
        send(allow_private_hosts=())
    assert "canary" not in str(refused.value)
    assert web.posts == []


def test_a_private_address_by_https_is_refused_too(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_URL", "https://127.0.0.1:1/x")
    with pytest.raises(NotifierRefused, match="allow_private_hosts"):
        send(allow_private_hosts=())


def test_a_missing_address_may_be_set_later(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOOK_URL")
    with pytest.raises(NotifierError, match="env:HOOK_URL is not set") as failed:
        send()
    assert failed.value.retryable


def test_what_is_far_too_large_goes_without_its_largest_parts() -> None:
    huge = replace(MESSAGE, picture=b"0" * MOST, facts={"posts": ["x" * 1_000] * 3_000}, body="b" * 300_000)
    packed = body(huge, picture=True)
    sent = json.loads(packed)
    assert len(packed) <= MOST
    assert (sent["picture"], sent["facts"], sent["shortened"]) == (None, {}, True)
    assert list(problems(sent, SCHEMA)) == []


def test_facts_that_hold_themselves_end_somewhere() -> None:
    facts: dict[str, object] = {}
    facts["again"] = facts
    assert len(body(replace(MESSAGE, facts=facts), picture=False)) < 10_000
