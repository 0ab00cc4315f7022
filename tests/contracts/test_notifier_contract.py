"""What every notifier promises, asked of each that can be found."""

import logging
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest

from monitor import plugins
from monitor.domain import Link, Message, Secret
from monitor.errors import DeliveryUnknown, NotifierError, NotifierRefused
from monitor.ports import Notifier
from tests.servers import receivers
from tests.servers.receivers import Post, Web

CANARY = "canary7token9secret"
MESSAGE = Message(
    key="the-key",
    title="Acme: 31 negative posts in the last hour",
    body="Since: noon\nWhere: x 20",
    severity="medium",
    brand="Acme",
    facts={"incident": 7, "phase": "opened"},
)
PATIENCE = timedelta(seconds=1)

Make = Callable[[int, pytest.MonkeyPatch], Notifier]  # with the port of the service


def _apprise(port: int, patch: pytest.MonkeyPatch) -> Notifier:
    patch.setenv("RECEIVER", f"gotify://127.0.0.1:{port}/{CANARY}")
    return _make("apprise", url=Secret("env:RECEIVER"), timeout=PATIENCE)


def _webhook(port: int, patch: pytest.MonkeyPatch) -> Notifier:
    patch.setenv("RECEIVER", f"http://127.0.0.1:{port}/{CANARY}")
    patch.setenv("SIGNS", CANARY + CANARY)
    patch.setenv("HEADERS", f"Authorization: Bearer {CANARY}")
    return _make(
        "webhook", url=Secret("env:RECEIVER"), secret=Secret("env:SIGNS"), headers=Secret("env:HEADERS"),
        timeout=PATIENCE, allow_private_hosts=("127.0.0.1",),
    )  # fmt: skip


def _email(port: int, patch: pytest.MonkeyPatch) -> Notifier:
    patch.setenv("PASSWORD", CANARY)
    return _make("email", **MAIL, port=port, security="none", timeout=PATIENCE)


def _make(kind: str, **options: Any) -> Notifier:
    plugin = plugins.load("notifiers", kind)
    notifier: Notifier = plugin("team", plugin.Options(**options))
    return notifier


# How each kind is pointed at a service on the loopback that it may reach. A new notifier adds its line here.
MAIL = {"host": "127.0.0.1", "sender": "monitor@acme.test", "to": ("team@acme.test",)}
BY_WEB: dict[str, Make] = {"apprise": _apprise, "webhook": _webhook}
BY_MAIL: dict[str, Make] = {"email": _email}
OVER_THE_NETWORK = BY_WEB | BY_MAIL
LOCAL = {"console"}
NEEDED: dict[str, dict[str, Any]] = {"email": MAIL}  # options without a default that are no secrets
KINDS = plugins.kinds("notifiers")
networked = pytest.mark.parametrize("kind", sorted(OVER_THE_NETWORK))
by_web = pytest.mark.parametrize("kind", sorted(BY_WEB))


@pytest.fixture
def web() -> Iterator[Web]:
    with receivers.web() as server:
        yield server


@contextmanager
def service(kind: str) -> Iterator[Web | Post]:
    """A service that takes what a kind sends."""
    with receivers.web() if kind in BY_WEB else receivers.mail() as server:
        yield server


@pytest.mark.parametrize("kind", KINDS)
def test_every_notifier_takes_part_in_this_suite(kind: str) -> None:
    assert kind in OVER_THE_NETWORK.keys() | LOCAL, f"add {kind} to OVER_THE_NETWORK in this file"


@pytest.mark.parametrize("kind", KINDS)
def test_its_options_are_explained_and_its_kind_is_its_name(kind: str) -> None:
    plugin = plugins.load("notifiers", kind)
    assert plugin.kind == kind
    assert callable(plugin.send)
    assert all(item.metadata.get("help") for item in fields(plugin.Options))


@pytest.mark.parametrize("kind", KINDS)
def test_making_one_opens_nothing_and_reads_no_secret(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = plugins.load("notifiers", kind)
    secrets = {item.name: Secret("env:NOWHERE") for item in fields(plugin.Options) if "Secret" in str(item.type)}
    needed = NEEDED.get(kind, {}) | secrets | ({"user": "somebody"} if kind == "email" else {})

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("it opened something")

    monkeypatch.delenv("NOWHERE", raising=False)
    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr("builtins.open", refuse)
    assert plugin("team", plugin.Options(**needed)).name == "team"


@networked
def test_a_message_is_delivered_once_and_whole(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with service(kind) as there:
        OVER_THE_NETWORK[kind](there.port, monkeypatch).send(MESSAGE)
        assert len(there.posts if isinstance(there, Web) else there.mails) == 1
        assert MESSAGE.title in there.texts
        assert "Where: x 20" in there.texts


@networked
def test_what_a_reader_can_do_is_in_the_message(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    link = Link(action="acknowledge", label="Acknowledge", url="https://monitor.acme.test/act/abc")
    bad = Link(action="x", label="Bad", url="javascript:alert(1)")
    with service(kind) as there:
        OVER_THE_NETWORK[kind](there.port, monkeypatch).send(replace(MESSAGE, links=(link, bad)))
        assert "https://monitor.acme.test/act/abc" in there.texts
        assert "javascript" not in there.texts


@networked
def test_a_drill_and_a_stand_in_say_what_they_are(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with service(kind) as there:
        OVER_THE_NETWORK[kind](there.port, monkeypatch).send(replace(MESSAGE, drill=True, instead_of="night shift"))
        assert "[instead of night shift] [drill] Acme" in there.texts


RETRY_TABLE = [
    (400, NotifierRefused, False),
    (401, NotifierRefused, False),
    (403, NotifierRefused, False),
    (404, NotifierRefused, False),
    (410, NotifierRefused, False),
    (302, NotifierRefused, False),
    (408, NotifierError, True),
    (429, NotifierError, True),
    (500, NotifierError, True),
    (502, NotifierError, True),
    (503, NotifierError, True),
    ("stall", DeliveryUnknown, True),
    ("drop", DeliveryUnknown, True),
    ("drip", DeliveryUnknown, True),
]


@by_web
@pytest.mark.parametrize(("behaviour", "error", "retryable"), RETRY_TABLE)
def test_each_failure_says_whether_to_try_again(
    kind: str,
    behaviour: int | str,
    error: type[NotifierError],
    retryable: bool,
    web: Web,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    web.behaviour = behaviour
    web.headers = {"Retry-After": "60", "Location": "http://127.0.0.1:1/elsewhere"}
    with pytest.raises(NotifierError) as raised:
        BY_WEB[kind](web.port, monkeypatch).send(MESSAGE)
    assert type(raised.value) is error
    assert raised.value.retryable is retryable
    assert len(web.posts) == 1


@networked
def test_a_service_that_is_not_there_may_be_tried_again_and_has_nothing(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotifierError) as raised:
        OVER_THE_NETWORK[kind](1, monkeypatch).send(MESSAGE)
    assert type(raised.value) is NotifierError


@by_web
@pytest.mark.parametrize("behaviour", [200, 401, 500, "drop"])
def test_secrets_stand_in_no_error_and_no_log(
    kind: str, behaviour: int | str, web: Web, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    web.behaviour = behaviour
    said = ""
    try:
        BY_WEB[kind](web.port, monkeypatch).send(MESSAGE)
    except NotifierError as error:
        said = f"{error!r} {error.__cause__!r} {error.__context__!r}"
    assert CANARY not in said + caplog.text
    assert "31 negative" not in caplog.text  # no texts in logs either


@networked
def test_a_repeat_says_that_it_is_one(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with service(kind) as there:
        OVER_THE_NETWORK[kind](there.port, monkeypatch).send(replace(MESSAGE, repeat=True))
        assert "[repeat]" in there.texts


HOSTILE = "@everyone @here @channel @all <!channel> <@U123> \u202e\x1b[2J\x9b31m\u2066"
ACTING = ["@everyone", "@here", "@channel", "@all", "<!channel", "<@U", "\u202e", "\x1b", "\x9b", "\u2066"]


@networked
def test_hostile_text_pings_nobody(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with service(kind) as there:
        OVER_THE_NETWORK[kind](there.port, monkeypatch).send(replace(MESSAGE, title=HOSTILE, body=HOSTILE))
        assert not [acting for acting in ACTING if acting in there.texts]
        assert "everyone" in there.texts


@pytest.mark.parametrize("kind", sorted(LOCAL))
def test_hostile_text_steers_no_terminal(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    paper = StringIO()
    monkeypatch.setattr(sys, "stderr", paper)
    _make(kind).send(replace(MESSAGE, title=HOSTILE, body=HOSTILE))
    assert not [acting for acting in ACTING if acting in paper.getvalue()]


@networked
def test_odd_letters_and_an_empty_body_arrive(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with service(kind) as there:
        OVER_THE_NETWORK[kind](there.port, monkeypatch).send(replace(MESSAGE, title="naïve 😡 漢字 \ud83d", body=""))
        assert "naïve 😡 漢字" in there.texts
