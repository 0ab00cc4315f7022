"""App Store Connect: signed tokens, pages by addresses that may lead astray, refusals in Apple's words."""

import traceback
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from monitor.collectors.appstore import AppstoreCollector, AppstoreOptions
from monitor.domain import Brand, Cursor, Mention, Query, Secret
from monitor.errors import AnswerUnreadable, CollectorError, CredentialRefused, RateLimited, SourceDown
from tests.collectors.case import NOW, Reader
from tests.servers import connect_server as connect
from tests.servers.connect_server import ConnectServer
from tests.servers.keys import as_pem, ec_key, rsa_key
from tests.servers.loopback import BROKEN, DROPPED, HTML, Reply
from tests.servers.troubles import rows_twice, unknown_fields

HOUR = timedelta(hours=1)
VARIABLE = "TEST_CONNECT_KEY"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ConnectServer]:
    monkeypatch.setenv(VARIABLE, as_pem(ec_key(0)))
    with ConnectServer(NOW, ("1", "2")) as server:
        yield server


def reader(server: ConnectServer, **options: Any) -> Reader:
    told: dict[str, Any] = {
        "apps": ("1",),
        "private_key": Secret(f"env:{VARIABLE}"),
        "key_id": "2X9R4HXF34",
        "issuer_id": "team-1",
        "connect_url": server.url,
        "allow_private_hosts": (server.host,),
        "overlap_seconds": 60,
        "max_pages": 3,
        "timeout": 2.0,
    }
    return Reader(AppstoreCollector("reviews", AppstoreOptions(**(told | options))), Query())


def mentions(read: Reader) -> dict[str, Mention]:
    return {mention.native_id: mention for page in read.pages for mention in page.mentions}


def add(server: ConnectServer, count: int, app: str = "1") -> set[str]:
    first = len(server.reviews[app])
    return {server.add(NOW - 3 * HOUR + timedelta(seconds=first + number), app=app) for number in range(count)}


def test_a_review_is_what_the_customer_says_with_its_stars(server: ConnectServer) -> None:
    ident = server.add(NOW - HOUR, newField=[1])
    mention = mentions(reader(server, brand="Acme").drain())[ident]
    assert mention.text == "Slow & late\nIt isn't <good>"
    assert mention.published_at == (NOW - HOUR).replace(microsecond=0)
    assert (mention.platform, mention.author.handle, mention.rating) == ("appstore", "Ann", 0.25)
    assert mention.extra == {"rating": 2, "app": "1", "country": "GBR", "newField": [1]}
    assert mention.region == "GBR"
    assert mention.targets == ("Acme",)


def test_a_time_with_a_zone_is_the_same_moment(server: ConnectServer) -> None:
    ident = server.add(NOW - HOUR, createdDate="2026-03-11T03:59:00-07:00")
    assert mentions(reader(server).drain())[ident].published_at == NOW.replace(
        hour=10, minute=59, second=0, microsecond=0
    )


def test_every_page_is_read_and_nothing_twice_afterwards(server: ConnectServer) -> None:
    wanted = add(server, 35)
    read = reader(server, overlap_seconds=0).drain()
    assert read.ids == wanted
    asked = len(server.asked)
    read.poll()
    assert len(server.asked) == asked + 2  # the newest page, and the one below it
    wanted |= add(server, 3)
    assert read.drain().ids == wanted


def test_a_crash_after_any_page_loses_nothing(server: ConnectServer) -> None:
    wanted = add(server, 35) | add(server, 14, app="2")
    pages = len(reader(server, apps=("1", "2")).drain().pages)
    for number in range(1, pages + 1):
        read = reader(server, apps=("1", "2")).poll(most=number)
        assert read.drain().ids == wanted, f"after page {number}"


def test_pages_that_shift_while_they_are_read_lose_nothing(server: ConnectServer) -> None:
    wanted = add(server, 35)
    read = reader(server)
    for _ in read.stream():
        wanted |= add(server, 4) if len(wanted) < 50 else set()
    assert read.drain().drain().ids == wanted


@pytest.mark.parametrize(
    ("reply", "promised"),
    [
        (connect.NOT_AUTHORIZED, CredentialRefused),
        (connect.FORBIDDEN, CredentialRefused),
        (connect.TOO_MUCH, RateLimited),
        (connect.NO_APP, AnswerUnreadable),
        (connect.LOST_PLACE, AnswerUnreadable),
        (Reply(403, HTML.body, HTML.headers), CredentialRefused),
        (Reply(401, b'{"errors": [{"code": "<script>"}]}'), CredentialRefused),
        (BROKEN, SourceDown),
        (DROPPED, SourceDown),
        (HTML, AnswerUnreadable),
        (Reply(200, b'{"data": {}}'), AnswerUnreadable),
        (Reply(200, b"[" * 100_000), AnswerUnreadable),
    ],
)
@pytest.mark.parametrize("after", [0, 2])
def test_a_fault_at_any_place_is_told_and_loses_nothing(
    server: ConnectServer, reply: Reply, promised: type[CollectorError], after: int
) -> None:
    wanted = add(server, 35)
    read = reader(server)
    stream = read.stream()
    for _ in range(after):
        next(stream)
    server.faults.append(reply)
    if reply is connect.LOST_PLACE and after:  # it begins at the top again, by itself
        list(stream)
    else:
        with pytest.raises(promised) as caught:
            list(stream)
        assert str(caught.value).startswith("reviews: ")
        assert "<" not in str(caught.value)
    assert read.drain().drain().ids == wanted


def test_apples_word_for_a_refusal_is_told(server: ConnectServer) -> None:
    server.always = connect.FORBIDDEN
    with pytest.raises(CredentialRefused, match=r"may not read the reviews of 1 \(403 FORBIDDEN_ERROR\)"):
        reader(server).poll()


def test_the_requests_that_are_left_are_told(server: ConnectServer) -> None:
    add(server, 15)
    assert [page.coverage.remaining for page in reader(server).poll().pages] == [3_499, 3_498]


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "http://127.0.0.1:1", "//evil.example", "http://[", "", "{url}@evil.example"]
)
def test_a_list_that_goes_on_elsewhere_is_not_followed(server: ConnectServer, elsewhere: str) -> None:
    add(server, 15)
    server.leads_to = elsewhere.replace("{url}", server.url)
    with pytest.raises(AnswerUnreadable, match="goes on elsewhere, where no key is sent"):
        reader(server).poll()
    assert len(server.asked) == 1


def test_a_list_that_leads_to_itself_comes_to_an_end_and_is_told(server: ConnectServer) -> None:
    add(server, 35)
    server.stuck = True
    read = reader(server, max_pages=10).poll()
    assert len(read.ids) == 20
    assert [gap.until for page in read.pages for gap in page.gaps] == [
        (NOW - 3 * HOUR + timedelta(seconds=15)).replace(microsecond=0)
    ]


def test_a_list_that_was_to_go_on_and_is_empty_is_told_as_a_gap(server: ConnectServer) -> None:
    add(server, 25)
    read = reader(server).poll(most=1)
    server.faults.append(Reply(200, b'{"data": [], "links": {"self": "x"}}'))
    read.drain()
    assert len(read.ids) == 10
    assert sum(len(page.gaps) for page in read.pages) == 1


def test_a_place_that_is_forgotten_begins_the_list_again(server: ConnectServer) -> None:
    wanted = add(server, 25)
    read = reader(server, max_pages=1).poll()
    told = read.cursor.value if read.cursor else ""
    assert "at.10" in told
    read.cursor = Cursor(told.replace("at.10", "gone"))
    assert read.drain().ids == wanted


def test_places_that_are_always_forgotten_come_to_an_end_and_are_told(server: ConnectServer) -> None:
    add(server, 25)
    server.forgets = True
    read = reader(server, max_pages=1).drain()
    assert len(read.ids) == 10
    assert sum(len(page.gaps) for page in read.pages) == 1


def test_a_changed_review_within_the_overlap_comes_again(server: ConnectServer) -> None:
    ident = server.add(NOW - HOUR)
    read = reader(server, overlap_seconds=86_400).drain()
    server.change(ident, body="Better now", rating=5)
    mention = mentions(read.poll())[ident]
    assert (mention.text, mention.rating) == ("Slow & late\nBetter now", 1)


def test_bad_rows_are_set_aside(server: ConnectServer) -> None:
    wanted = add(server, 3)
    for fields in (
        {"rating": 6},
        {"title": None, "body": ""},
        {"createdDate": "2026-03-11T11:00:00Z", "rating": "two"},
    ):
        server.add(NOW - HOUR, **fields)
    read = reader(server).drain()
    assert read.ids == wanted
    assert len(set(read.rejects)) == 2
    assert len(read.rejects) == 3


def test_odd_answers_change_nothing(server: ConnectServer) -> None:
    wanted = add(server, 25)
    for bend in (rows_twice, unknown_fields):
        server.bend = bend
        assert reader(server).drain().ids == wanted


def test_a_persons_own_key_has_no_issuer(server: ConnectServer) -> None:
    wanted = add(server, 1)
    server.issuer = None
    assert reader(server, issuer_id="").drain().ids == wanted
    with pytest.raises(CredentialRefused):
        reader(server).poll()


def test_each_poll_signs_for_its_own_time(server: ConnectServer) -> None:
    wanted = add(server, 1)
    read = reader(server)
    for _ in range(3):
        server.now = read.now = read.now + timedelta(hours=3)
        assert read.poll().ids == wanted
    assert len({asked.headers["authorization"] for asked in server.asked}) == 3


def test_a_key_in_the_environment_may_have_its_line_ends_written_out(
    server: ConnectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = add(server, 1)
    monkeypatch.setenv(VARIABLE, as_pem(ec_key(0)).replace("\n", "\\n"))
    assert reader(server).drain().ids == wanted


@pytest.mark.parametrize(
    "key",
    [
        "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----",
        "canary",
        as_pem(rsa_key(0)),
        "-----BEGIN CERTIFICATE-----\ncanary\n-----END CERTIFICATE-----",
    ],
)
def test_a_key_that_cannot_sign_is_told_and_none_of_it_shows(
    server: ConnectServer, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv(VARIABLE, key)
    with pytest.raises(CredentialRefused, match=r"the private key cannot sign \(ES256\)") as caught:
        reader(server).poll()
    shown = "".join(traceback.format_exception(caught.value))
    assert key.splitlines()[-2 if "\n" in key else 0] not in shown
    assert server.asked == []


def test_a_strangers_key_is_refused(server: ConnectServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, as_pem(ec_key(1)))
    with pytest.raises(CredentialRefused, match=r"Apple refuses the key \(401 NOT_AUTHORIZED\)"):
        reader(server).poll()


def test_a_competitors_app_is_not_asked_for(server: ConnectServer) -> None:
    wanted = add(server, 1)
    read = reader(server, apps=())
    cards = (Brand(name="Acme", apps=("1",)), Brand(name="Rival", apps=("2",), competitor=True))
    read.query = Query(brands=cards)
    assert read.drain().ids == wanted
    assert [mention.targets for mention in mentions(read).values()] == [("Acme",)]


def test_an_app_that_is_refused_does_not_hide_the_others(server: ConnectServer) -> None:
    wanted = add(server, 1)
    read = reader(server, apps=("9", "1"))
    with pytest.raises(AnswerUnreadable, match="knows no app 9 of this key"):
        read.poll()
    assert read.ids == wanted


@pytest.mark.parametrize(
    "options",
    [{"key_id": ""}, {"private_key": None}, {"private_key": None, "key_id": ""}, {"connect_url": "http://a.example"}],
)
def test_half_a_key_or_an_open_line_is_refused_with_the_settings(
    server: ConnectServer, options: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"belong together|must begin with https"):
        reader(server, **options)
