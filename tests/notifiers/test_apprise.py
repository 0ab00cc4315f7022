"""Apprise behind its fence, against a real web service and a real mail server."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from apprise.manager_plugins import NotificationManager

from monitor.domain import Link, Message, MessageKind, Secret
from monitor.errors import DeliveryUnknown, NotifierError, NotifierRefused
from monitor.notifiers import _text
from monitor.notifiers._apprise_fence import ALLOWED, NEVER, fenced
from monitor.notifiers._apprise_outcome import failure
from monitor.notifiers.apprise import Apprise, AppriseOptions, _key_of, _loudness
from tests.servers import receivers
from tests.servers.receivers import Post, Web

CANARY = "canary7token9secret"
SOON = timedelta(seconds=1)
MESSAGE = Message(
    key="the-key",
    title="Acme: 31 negative posts",
    body='Most seen:\n1. rosa on x: "<b>lost</b> & gone" https://example.org/1',
    severity="high",
    brand="Acme",
    facts={"incident": 7, "rule": "default", "phase": "opened"},
)


@pytest.fixture
def web() -> Iterator[Web]:
    with receivers.web() as server:
        yield server


@pytest.fixture
def post() -> Iterator[Post]:
    with receivers.mail() as server:
        yield server


@pytest.fixture
def send(monkeypatch: pytest.MonkeyPatch) -> "Send":
    return Send(monkeypatch)


class Send:
    """Delivers the message to an address, through the environment as users do."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, address: str, message: Message = MESSAGE, timeout: timedelta = timedelta(seconds=10)) -> None:
        self._monkeypatch.setenv("ALERT_URL", address)
        Apprise("team", AppriseOptions(url=Secret("env:ALERT_URL"), timeout=timeout)).send(message)

    def error(self, address: str, timeout: timedelta = timedelta(seconds=10)) -> NotifierError:
        with pytest.raises(NotifierError) as failed:
            self(address, timeout=timeout)
        said = f"{failed.value} {failed.value!r} {failed.value.__cause__!r} {failed.value.__context__!r}"
        assert CANARY not in said
        assert "\n" not in str(failed.value)
        assert str(failed.value).startswith("team: ")
        return failed.value


SERVICES = [
    "gotify://127.0.0.1:{port}/{key}",
    "ntfy://user:{key}@127.0.0.1:{port}/topic",
    "mmost://127.0.0.1:{port}/{key}",
]
services = pytest.mark.parametrize("service", SERVICES)


def address(service: str, web: Web) -> str:
    return service.format(port=web.port, key=CANARY)


@services
def test_a_message_arrives_once(service: str, web: Web, send: Send) -> None:
    send(address(service, web))
    assert len(web.posts) == 1
    assert "Acme: 31 negative posts" in web.texts
    assert "rosa on x" in web.texts


@services
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, NotifierRefused),
        (401, NotifierRefused),
        (403, NotifierRefused),
        (404, NotifierRefused),
        (429, NotifierError),
        (500, NotifierError),
        (503, NotifierError),
    ],
)
def test_an_answer_says_whether_another_try_may_help(
    service: str, status: int, expected: type[NotifierError], web: Web, send: Send
) -> None:
    web.behaviour = status
    error = send.error(address(service, web))
    assert type(error) is expected
    assert len(web.posts) == 1  # the outbox tries again, Apprise does not
    assert str(status) in str(error)


def test_a_wait_that_the_answer_asks_for_is_handed_on(web: Web, send: Send) -> None:
    web.behaviour, web.answer = 429, b'{"message": "slow down", "retry_after": 12.5}'
    assert send.error(address(SERVICES[0], web)).retry_after == timedelta(seconds=12.5)
    web.answer = b"{}"
    assert send.error(address(SERVICES[0], web)).retry_after is None


@services
@pytest.mark.parametrize("behaviour", ["stall", "drop"])
def test_a_line_that_breaks_after_the_message_left_means_it_may_have_arrived(
    service: str, behaviour: str, web: Web, send: Send
) -> None:
    web.behaviour = behaviour
    assert type(send.error(address(service, web), timeout=SOON)) is DeliveryUnknown
    assert len(web.posts) == 1


def test_an_answer_that_never_ends_is_cut_off_in_time(web: Web, send: Send) -> None:
    web.behaviour = "drip"
    error = send.error(address(SERVICES[0], web), timeout=SOON)
    assert type(error) is DeliveryUnknown
    assert "did not answer within 1 s" in str(error)


def test_a_receiver_that_cannot_be_reached_certainly_has_nothing(web: Web, send: Send) -> None:
    error = send.error(f"gotify://127.0.0.1:1/{CANARY}")
    assert type(error) is NotifierError
    assert "cannot be reached" in str(error)


@services
def test_a_redirect_is_not_followed_even_where_the_address_asks_for_it(service: str, web: Web, send: Send) -> None:
    with receivers.web() as elsewhere:
        web.behaviour, web.headers = 302, {"Location": f"http://127.0.0.1:{elsewhere.port}/stolen"}
        error = send.error(address(service, web) + "?redirect=yes&%72edirect=yes;Redirect=yes")
        assert type(error) is NotifierRefused
        assert elsewhere.posts == []


@pytest.mark.parametrize("file", ["file:///etc/hostname", "/etc/hostname", "http://127.0.0.1:{port}/stolen"])
def test_nothing_is_attached(file: str, web: Web, send: Send) -> None:
    stolen = file.format(port=web.port)
    send(f"ntfy://127.0.0.1:{web.port}/topic?attach={stolen}&ATTACH={stolen};%61ttach={stolen}&filename=a")
    ((path, body),) = web.posts
    assert path == "/"
    assert b"attach" not in body
    assert b"stolen" not in body


def test_a_hidden_failure_is_not_taken_for_a_delivery(web: Web, send: Send) -> None:
    web.behaviour = 500
    error = send.error(address(SERVICES[0], web) + "?optional=yes&retry=5&wait=1")
    assert "500" in str(error)
    assert len(web.posts) == 1


@pytest.mark.parametrize("kind", sorted(NEVER))
def test_generic_and_local_kinds_are_refused_whatever_is_allowed(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_URL", f"{kind}://127.0.0.1:1/{CANARY}")
    options = AppriseOptions(url=Secret("env:ALERT_URL"), schemas=(*ALLOWED, kind))
    with pytest.raises(NotifierRefused, match="is not an allowed kind of address") as refusal:
        Apprise("team", options).send(MESSAGE)
    assert CANARY not in str(refusal.value)


@pytest.mark.parametrize("kind", ["mqtt", "smpp", "nosuch", "x" * 50, CANARY + "!"])
def test_a_kind_that_nobody_allowed_is_refused(kind: str, send: Send) -> None:
    assert type(send.error(f"{kind}://127.0.0.1:1/{CANARY}")) is NotifierRefused


@pytest.mark.parametrize(
    "several",
    ["gotify://127.0.0.1:1/a gotify://127.0.0.1:1/b", "gotify://127.0.0.1:1/a,\ngotify://127.0.0.1:1/b", " "],
)
def test_a_receiver_has_exactly_one_address(several: str, send: Send) -> None:
    error = send.error(several)
    assert type(error) is NotifierRefused
    assert "must hold exactly one address" in str(error)


def test_an_address_with_several_targets_is_refused_since_one_may_fail_alone(post: Post, send: Send) -> None:
    error = send.error(f"mailto://127.0.0.1:{post.port}?from=m@acme.test&to=a@acme.test,b@acme.test&mode=insecure")
    assert type(error) is NotifierRefused
    assert "2 targets" in str(error)
    assert post.mails == []


def test_an_address_that_makes_no_sense_is_refused_without_being_shown(send: Send) -> None:
    assert type(send.error(f"slack://{CANARY}")) is NotifierRefused


def test_a_missing_address_may_be_set_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALERT_URL", raising=False)
    with pytest.raises(NotifierError, match=r"team: env:ALERT_URL is not set") as error:
        Apprise("team", AppriseOptions(url=Secret("env:ALERT_URL"))).send(MESSAGE)
    assert error.value.retryable


def test_the_address_stands_in_no_log_even_at_debug_level(
    web: Web, send: Send, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.DEBUG)
    for behaviour in (200, 500, "drop"):
        web.behaviour = behaviour
        for service in SERVICES:
            try:
                send(address(service, web))
            except NotifierError:
                continue
    shown = capfd.readouterr()
    assert CANARY not in caplog.text + shown.out + shown.err
    assert "rosa" not in caplog.text


@services
def test_a_message_longer_than_the_service_takes_is_cut_and_not_sent_in_pieces(
    service: str, web: Web, send: Send
) -> None:
    long = Message(key="k", title="t" * 500, body="line of text\n" * 5_000, severity="low", brand="Acme")
    send(address(service, web), long)
    assert len(web.posts) == 1
    assert len(web.texts) < 70_000


def mail_address(post: Post, more: str = "") -> str:
    return f"mailto://127.0.0.1:{post.port}?from=monitor@acme.test&to=team@acme.test&mode=insecure{more}"


def test_a_mail_arrives_as_plain_text_with_its_key(post: Post, send: Send) -> None:
    send(mail_address(post))
    (mail,) = post.mails
    assert mail["Subject"] == "Acme: 31 negative posts"
    assert mail["X-Message-Key"] == "the-key"
    assert mail.get_content_type() == "text/plain"
    assert '1. rosa on x: "<b>lost</b> & gone" https://example.org/1' in str(mail.get_content())


@pytest.mark.parametrize(
    ("recipient", "data", "expected"),
    [
        ("250 OK", "451 try later", NotifierError),
        ("250 OK", "554 not wanted", NotifierRefused),
        ("550 nobody here", "250 OK", NotifierRefused),
        ("450 mailbox busy", "250 OK", NotifierError),
    ],
)
def test_a_mail_servers_answer_says_whether_another_try_may_help(
    recipient: str, data: str, expected: type[NotifierError], post: Post, send: Send
) -> None:
    post.rcpt["team@acme.test"], post.data = recipient, data
    assert type(send.error(mail_address(post))) is expected


def test_a_mail_that_only_some_recipients_take_is_not_sent_again(post: Post, send: Send) -> None:
    post.rcpt["boss@acme.test"] = "450 mailbox busy"
    error = send.error(mail_address(post, "&cc=boss@acme.test"))
    assert type(error) is NotifierRefused
    assert len(post.mails) == 1


def test_a_mail_server_that_hangs_up_after_the_message_may_have_it(post: Post, send: Send) -> None:
    post.drop = True
    assert type(send.error(mail_address(post))) is DeliveryUnknown
    assert len(post.mails) == 1


def test_a_mail_server_that_is_not_there_has_nothing(send: Send) -> None:
    error = send.error("mailto://127.0.0.1:1?from=m@acme.test&to=t@acme.test&mode=insecure")
    assert type(error) is NotifierError


def test_on_call_services_get_one_key_for_one_incident_and_close_it_at_the_end() -> None:
    worse = replace(MESSAGE, key="another", facts={**MESSAGE.facts, "phase": "worsened"})
    other = replace(MESSAGE, facts={**MESSAGE.facts, "incident": 8})
    over = replace(MESSAGE, facts={**MESSAGE.facts, "phase": "closed"})
    assert _key_of("pagerduty", MESSAGE) == _key_of("pagerduty", worse) == _key_of("pagerduty", over)
    assert _key_of("opsgenie", MESSAGE)["alias"] != _key_of("opsgenie", other)["alias"]
    assert [_loudness(each).value for each in (MESSAGE, over)] == ["failure", "success"]


@pytest.mark.parametrize("name", ["attach", "template", "pgppub", "pgpprv", "wkd", "verify", ":token", "include"])
def test_what_reads_files_or_weakens_the_line_is_taken_out_however_it_is_written(name: str) -> None:
    for spelled in (name, name.upper(), f" {name} ", f"%{ord(name[0]):02x}{name[1:]}", f"+{name}"[1:]):
        for mark in "&;?":
            assert fenced(f"ntfy://h/t?priority=high{mark}{spelled}=/etc/passwd") == "ntfy://h/t?priority=high"


def test_what_is_allowed_by_default_exists_and_nothing_forbidden_is_in_it() -> None:
    known = NotificationManager().schemas()  # type: ignore[no-untyped-call]
    assert set(ALLOWED) <= set(known)
    assert not set(ALLOWED) & NEVER


def test_no_picture_of_a_third_party_is_sent_along(web: Web, send: Send) -> None:
    send(address(SERVICES[2], web))
    assert "github" not in web.texts


def test_a_log_without_a_known_sign_is_taken_as_maybe_arrived() -> None:
    assert type(failure("team", "Odd", ["something went wrong"])) is DeliveryUnknown
    assert type(failure("team", "Odd", [])) is DeliveryUnknown


# The chart

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100
WITH_PICTURE = replace(MESSAGE, picture=PNG)


def test_a_chart_goes_along_where_the_service_takes_pictures(web: Web, post: Post, send: Send) -> None:
    send(address(SERVICES[1], web), WITH_PICTURE)
    assert any(PNG in body for _, body in web.posts)
    send(mail_address(post), WITH_PICTURE)
    (mail,) = post.mails
    (picture,) = (part for part in mail.walk() if part.get_content_type() == "image/png")
    assert (picture.get_filename(), picture.get_content()) == ("chart.png", PNG)


def test_a_service_that_takes_no_pictures_gets_the_words_alone(web: Web, send: Send) -> None:
    send(address(SERVICES[0], web), WITH_PICTURE)
    assert len(web.posts) == 1
    assert "rosa on x" in web.texts


def test_a_picture_that_is_not_taken_costs_nobody_the_words(web: Web, send: Send) -> None:
    web.behaviour = 413
    with pytest.raises(DeliveryUnknown, match="without the picture"):
        send(address(SERVICES[1], web), WITH_PICTURE)
    web.behaviour, tries = 200, len(web.posts)
    send(address(SERVICES[1], web), replace(WITH_PICTURE, repeat=True))
    assert len(web.posts) == tries + 1
    assert PNG not in web.posts[-1][1]


def test_a_receiver_that_is_not_there_with_a_picture_has_nothing(send: Send) -> None:
    with pytest.raises(NotifierError) as failed:
        send(f"ntfy://127.0.0.1:1/{CANARY}", WITH_PICTURE)
    assert type(failed.value) is NotifierError


def test_a_long_text_is_cut_before_its_links() -> None:
    link = Link(action="acknowledge", label="Acknowledge", url="https://m.acme.test/act/1")
    long = replace(MESSAGE, body="word " * 1_000, links=(link,))
    cut = _text.body(long, most=500)
    assert len(cut) <= 500
    assert cut.endswith("…\n\nAcknowledge: https://m.acme.test/act/1")


def test_how_loud_a_message_is_follows_from_what_it_is() -> None:
    quiet = [replace(MESSAGE, kind=kind) for kind in (MessageKind.HEARTBEAT, MessageKind.DIGEST, MessageKind.TEST)]
    assert {_loudness(each).value for each in (*quiet, replace(MESSAGE, drill=True))} == {"info"}
