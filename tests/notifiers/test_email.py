"""E-mail: letters against a real mail server."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from monitor.clock import FakeClock, parse
from monitor.domain import Chart, Link, Message, Point, Secret
from monitor.errors import DeliveryUnknown, NotifierError, NotifierRefused
from monitor.notifiers._mail_server import Server
from monitor.notifiers.email import Email, EmailOptions
from tests.servers import receivers
from tests.servers.receivers import Post

NOON = parse("2026-03-11T12:00:00Z")
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 500
CHART = Chart(
    title="Acme: negative posts", unit="negative posts in an hour", timezone="UTC",
    points=(Point(start=NOON, observed=3.0), Point(start=NOON + timedelta(hours=1), observed=31.0, expected=4.2)),
)  # fmt: skip
MESSAGE = Message(
    key="the-key", title="Acme: 31 negative posts", body='Most seen:\n1. rosa: "<b>lost</b> & gone"', severity="high",
    brand="Acme", facts={"incident": 7, "rule": "default", "phase": "opened"}, chart=CHART, picture=PNG,
    links=(Link(action="silence", label="Silence", url="https://m.acme.test/act/1?a=b&c=d"),),
)  # fmt: skip
SOON = timedelta(seconds=0.4)
Send = Callable[..., None]


@pytest.fixture
def post() -> Iterator[Post]:
    with receivers.mail() as server:
        yield server


def options(port: int, **more: Any) -> EmailOptions:
    plain = {"host": "127.0.0.1", "port": port, "security": "none", "sender": "monitor@acme.test"}
    return EmailOptions(**{**plain, "to": ("team@acme.test",), "timeout": timedelta(seconds=5), **more})


@pytest.fixture
def send(post: Post) -> Send:
    def sent(message: Message = MESSAGE, **more: Any) -> None:
        Email("team", options(post.port, **more), FakeClock(NOON)).send(message)

    return sent


def html_of(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


class Tags(HTMLParser):
    """The tags of a page, with what they lead to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.leads: list[str] = []
        self.alt = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)
        self.leads += [value or "" for name, value in attrs if name in ("href", "src", "onclick", "action")]
        self.alt = dict(attrs).get("alt") or self.alt


def test_a_letter_has_words_twice_and_the_chart_inside(post: Post, send: Send) -> None:
    send()
    (mail,) = post.mails
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
    assert text_of(mail).endswith('"<b>lost</b> & gone"\n\nSilence: https://m.acme.test/act/1?a=b&c=d\n')
    picture = list(mail.walk())[-1]
    page = Tags(html_of(mail))
    assert picture.get_content() == PNG
    assert f"cid:{picture['Content-ID'].strip('<>')}" in page.leads
    assert page.alt == ("Chart: Acme: negative posts. At most 31 negative posts in an hour, where 4.2 are usual.")
    assert "https://m.acme.test/act/1?a=b&c=d" in page.leads


def test_a_letter_without_a_picture_shows_none(post: Post, send: Send) -> None:
    send(replace(MESSAGE, picture=None))
    assert "img" not in Tags(html_of(post.mails[0])).found
    assert [part.get_content_type() for part in post.mails[0].walk()][1:] == ["text/plain", "text/html"]


def test_its_headers_name_the_message_and_thread_the_incident(post: Post, send: Send) -> None:
    send()
    send(replace(MESSAGE, repeat=True))
    send(replace(MESSAGE, key="worse", facts={**MESSAGE.facts, "phase": "worsened"}))
    send(replace(MESSAGE, key="other", facts={**MESSAGE.facts, "incident": 8}))
    first, again, worse, other = post.mails
    assert first["Message-ID"] == again["Message-ID"] != worse["Message-ID"]
    assert again["Subject"] == "[repeat] Acme: 31 negative posts"
    assert first["References"] == first["In-Reply-To"] == worse["References"] != other["References"]
    assert (first["Auto-Submitted"], first["X-Message-Key"], first["Importance"]) == (
        "auto-generated",
        "the-key",
        "high",
    )
    assert first["Date"] == "Wed, 11 Mar 2026 12:00:00 +0000"
    assert first["From"] == "Sentiment Monitor <monitor@acme.test>"


HOSTILE = (
    "x\r\nBcc: evil@evil.test\n<script>alert(1)</script><img src=http://evil.test/1.png onerror=alert(1)>"
    '"><a href="http://evil.test">click</a> {{ 7*7 }} \u202e\x00 </div></body>\n.\nQUIT'
)


def test_hostile_words_open_no_tag_make_no_link_and_begin_no_header(post: Post, send: Send) -> None:
    chart = replace(CHART, title=HOSTILE, unit=HOSTILE)
    link = Link(action="x", label=HOSTILE, url='https://m.acme.test/"><script>')
    send(replace(MESSAGE, title=HOSTILE, body=HOSTILE, brand=HOSTILE, chart=chart, instead_of=HOSTILE, links=(link,)))
    (mail,) = post.mails
    assert mail["Bcc"] is None
    assert post.recipients == [["team@acme.test"]]
    page, honest = Tags(html_of(mail)), {"html", "head", "meta", "title", "style", "body", "div", "h1", "p", "img", "a"}
    assert set(page.found) <= honest
    assert all(lead.startswith(("cid:", "https://m.acme.test/")) for lead in page.leads)
    assert page.found.count("img") == 1
    assert "49" not in html_of(mail)
    assert all(line.isascii() and len(line) < 1_000 for line in post.raw[0].split(b"\r\n"))
    assert "\n.\nQUIT" in text_of(mail), "a line with a single dot ends nothing"


def test_several_people_get_one_letter(post: Post, send: Send) -> None:
    send(to=("a@acme.test", "b@acme.test"))
    assert post.recipients == [["a@acme.test", "b@acme.test"]]
    assert post.mails[0]["To"] == "a@acme.test, b@acme.test"


def test_where_some_are_refused_the_others_have_it_and_it_is_never_sent_again(post: Post, send: Send) -> None:
    post.rcpt = {"b@acme.test": "550 nobody here", "c@acme.test": "450 busy"}
    with pytest.raises(NotifierRefused, match=r"1 of 3 .* not for b@acme.test \(550\), c@acme.test \(450\)"):
        send(to=("a@acme.test", "b@acme.test", "c@acme.test"))
    assert post.recipients == [["a@acme.test"]]


@pytest.mark.parametrize(
    ("rcpt", "data", "error"),
    [("550 nobody", "250 OK", NotifierRefused), ("450 busy", "250 OK", NotifierError),
     ("250 OK", "554 no", NotifierRefused), ("250 OK", "451 later", NotifierError),
     ("421 closing", "250 OK", NotifierError)],
)  # fmt: skip
def test_a_servers_answer_says_whether_another_try_may_help(
    post: Post, send: Send, rcpt: str, data: str, error: type[NotifierError]
) -> None:
    post.rcpt["team@acme.test"], post.data = rcpt, data
    with pytest.raises(NotifierError) as failed:
        send()
    assert type(failed.value) is error
    assert rcpt[:3] in str(failed.value) or data[:3] in str(failed.value)


def test_two_that_are_refused_of_whom_one_may_be_taken_later_are_tried_again(post: Post, send: Send) -> None:
    post.rcpt = {"a@acme.test": "550 nobody", "b@acme.test": "450 busy"}
    with pytest.raises(NotifierError) as failed:
        send(to=("a@acme.test", "b@acme.test"))
    assert failed.value.retryable
    assert post.mails == []


@pytest.mark.parametrize("how", ["drop", "stall"])
def test_a_server_that_says_nothing_after_the_letter_may_have_it(post: Post, send: Send, how: str) -> None:
    setattr(post, how, True)
    with pytest.raises(DeliveryUnknown, match="may have arrived"):
        send(timeout=SOON)
    assert len(post.mails) == 1


@contextmanager
def drip(*, text: bytes) -> Iterator[int]:
    """A server that says these letters one by one, without end."""
    over = threading.Event()

    def serve(listening: socket.socket) -> None:
        talk, _ = listening.accept()
        with talk:
            while not over.wait(0.02):
                try:
                    talk.sendall(text)
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize("text", [b"2", b"220-go on\r\n"])
def test_a_server_that_drips_is_left_in_time_and_has_nothing(text: bytes) -> None:
    with drip(text=text) as port:
        began = time.monotonic()
        with pytest.raises(NotifierError) as failed:
            Email("team", options(port, timeout=SOON), FakeClock(NOON)).send(MESSAGE)
        assert type(failed.value) is NotifierError
        assert "no answer within the time limit" in str(failed.value)
        assert time.monotonic() - began < 3


def test_a_password_goes_over_a_secured_line_only(post: Post, send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "canary7secret")
    with pytest.raises(NotifierRefused, match="offers no STARTTLS") as refused:
        send(security="starttls", user="me", password=Secret("env:PASSWORD"))
    assert "canary" not in str(refused.value)
    assert post.mails == []


@pytest.mark.parametrize(("right", "error"), [(True, None), (False, NotifierRefused)])
def test_a_login_is_made_and_its_refusal_names_no_secret(
    monkeypatch: pytest.MonkeyPatch, right: bool, error: type[NotifierError] | None
) -> None:
    seen: list[bytes] = []

    def check(server: Any, session: Any, envelope: Any, mechanism: str, given: LoginPassword) -> AuthResult:
        seen.append(given.password)
        return AuthResult(success=right, handled=False)

    monkeypatch.setenv("PASSWORD", "canary7secret")
    with receivers.mail(authenticator=check, auth_require_tls=False) as post:
        email = Email("team", options(post.port, user="me", password=Secret("env:PASSWORD")), FakeClock(NOON))
        if error is None:
            email.send(MESSAGE)
        else:
            with pytest.raises(error, match="refused the login") as failed:
                email.send(MESSAGE)
            assert "canary" not in str(failed.value)
        assert seen[0] == b"canary7secret"
        assert len(post.mails) == (error is None)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"to": ()}, "1 to 50"), ({"to": ("nobody",)}, "is not an e-mail address"),
     ({"to": ("a@b.test\nBcc: x@y.z",)}, "is not an e-mail address"), ({"sender": "a..b@acme.test"}, "not an e-mail"),
     ({"host": "a b"}, "is not a mail server"), ({"port": 0}, "is not a mail server"), ({"user": "me"}, "belong"),
     ({"host": "mail.acme.test", "user": "me", "password": Secret("env:P")}, "show the password")],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused_in_words(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        options(**{"port": 25, **wrong})


# Secured lines


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate of its own for 127.0.0.1, and a client's that trusts it."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / "server.pem"
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(plain + made.public_bytes(serialization.Encoding.PEM))
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    server.load_cert_chain(file)
    client.load_verify_locations(file)
    return server, client


def server_at(port: int, security: str, host: str = "127.0.0.1", **more: Any) -> Server:
    return Server(receiver="team", host=host, port=port, security=security, login=None, seconds=5, **more)


def test_a_certificate_is_checked_before_anything_is_said(tmp_path: Path) -> None:
    theirs, ours = certificate(tmp_path)
    with receivers.mail(tls_context=theirs) as post:
        with pytest.raises(NotifierError, match="certificate is not to be trusted"):
            server_at(post.port, "starttls").carry("a@acme.test", ["b@acme.test"], b"Subject: x\r\n\r\nx")
        with pytest.raises(NotifierError, match="certificate is not to be trusted"):
            server_at(post.port, "starttls", "localhost", context=lambda: ours).carry("a@a.test", ["b@a.test"], b"x")
        assert post.mails == []
        server_at(post.port, "starttls", context=lambda: ours).carry(
            "a@acme.test", ["b@acme.test"], b"Subject: x\r\n\r\nx"
        )
        assert len(post.mails) == 1


def test_a_server_that_speaks_no_tls_is_left(post: Post) -> None:
    with pytest.raises(NotifierError, match="no secure connection"):
        server_at(post.port, "tls").carry("a@acme.test", ["b@acme.test"], b"x")
