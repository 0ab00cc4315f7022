"""Google Play: a token for an hour, a window of seven days, lists that end early, stars."""

import traceback
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.collectors.googleplay import GoogleplayCollector, GoogleplayOptions
from monitor.domain import Brand, Cursor, Mention, Page, Query, Secret
from monitor.errors import AnswerUnreadable, CollectorError, CredentialRefused, RateLimited, SourceDown
from tests.collectors.case import NOW, SECRET, Reader
from tests.servers.googleplay_server import EXPIRED, TOO_MUCH, GoogleplayServer
from tests.servers.loopback import Reply

HOUR = timedelta(hours=1)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[GoogleplayServer]:
    monkeypatch.setenv("TEST_PLAY_TOKEN", SECRET)
    with GoogleplayServer(NOW, SECRET) as server:
        yield server


def reader(server: GoogleplayServer, **options: Any) -> Reader:
    told: dict[str, Any] = {
        "apps": (server.app,),
        "token": Secret("env:TEST_PLAY_TOKEN"),
        "base_url": f"{server.url}/androidpublisher/v3",
        "allow_private_hosts": (server.host,),
        "page_size": 10,
    }
    return Reader(GoogleplayCollector("play", GoogleplayOptions(**(told | options))), Query())


def mentions(read: Reader) -> dict[str, Mention]:
    return {mention.native_id: mention for page in read.pages for mention in page.mentions}


def gaps(read: Reader) -> list[Page]:
    return [page for page in read.pages if page.cursor is None and page.coverage.more_available]


def test_a_review_is_what_the_user_says_with_its_stars(server: GoogleplayServer) -> None:
    ident = server.add(NOW - HOUR, "Slow\tIt isn't <good>\nat all")
    mention = mentions(reader(server, brand="Acme").drain())[ident]
    assert mention.text == "Slow\nIt isn't <good>\nat all"
    assert mention.published_at == (NOW - HOUR).replace(microsecond=0)
    assert (mention.extra["rating"], mention.extra["appVersionName"], mention.extra["brandNewField"]) == (2, "1.2.3", 1)
    assert (mention.lang, mention.targets, mention.author.handle) == ("en", ("Acme",), "Ann")
    assert mention.engagement.likes == 4
    assert mention.url == "https://play.google.com/store/apps/details?id=com.example.acme&reviewId=gp%3A000000"


def test_a_review_without_a_title_begins_with_its_body(server: GoogleplayServer) -> None:
    ident = server.add(NOW - HOUR, "\tGood")
    assert mentions(reader(server).drain())[ident].text == "Good"


def test_a_rating_without_words_and_stars_beyond_five_are_set_aside(server: GoogleplayServer) -> None:
    server.add(NOW - HOUR, "")
    server.add(NOW - HOUR, "Good", starRating=6)
    assert sorted(reader(server).drain().rejects) == ["no text", "the rating is not 1 to 5 stars"]


def test_a_changed_review_comes_again_under_its_id(server: GoogleplayServer) -> None:
    ident = server.add(NOW - 30 * HOUR)
    server.add(NOW - 2 * HOUR)
    read = reader(server).drain()
    server.edit(ident, NOW - HOUR, "Better now")
    assert mentions(read.drain())[ident].text == "Better now"


def test_a_list_that_ends_before_what_was_read_is_told_as_a_gap(server: GoogleplayServer) -> None:
    server.add(NOW - 20 * HOUR)
    read = reader(server, overlap_seconds=0).drain()
    for number in range(35):
        server.add(NOW - HOUR + timedelta(seconds=number))
    server.most_pages = 2
    read.drain()
    (gap,) = gaps(read)
    assert gap.coverage.since == (NOW - 20 * HOUR).replace(microsecond=0)
    assert gap.coverage.until == (NOW - HOUR + timedelta(seconds=15)).replace(microsecond=0)
    assert len(read.ids) == 21


def test_a_short_list_that_is_whole_is_no_gap(server: GoogleplayServer) -> None:
    for number in range(25):
        server.add(NOW - HOUR + timedelta(seconds=number))
    assert gaps(reader(server).drain().drain()) == []


def test_days_that_passed_unread_are_told_as_a_gap_once(server: GoogleplayServer) -> None:
    server.add(NOW - HOUR)
    read = reader(server).drain()
    server.now = read.now = NOW + timedelta(days=9)
    new = server.add(read.now - HOUR)
    read.drain().drain()
    (gap,) = gaps(read)
    assert (gap.coverage.since, gap.coverage.until) == (
        NOW.replace(microsecond=123_000),
        NOW + timedelta(days=2),
    )
    assert new in read.ids


def test_an_app_that_nobody_reviews_has_no_gaps(server: GoogleplayServer) -> None:
    server.add(NOW - HOUR)
    read = reader(server).drain()
    for _ in range(4):
        server.now = read.now = read.now + timedelta(days=3)
        read.poll()
    assert gaps(read) == []


def test_a_place_in_the_list_that_is_forgotten_begins_the_list_again(server: GoogleplayServer) -> None:
    wanted = {server.add(NOW - HOUR + timedelta(seconds=number)) for number in range(25)}
    read = reader(server).poll(most=1)
    told = read.cursor.value if read.cursor else ""
    assert '"place":"at-10"' in told
    read.cursor = Cursor(told.replace("at-10", "forgotten"))
    assert read.drain().ids == wanted


def test_places_that_are_always_forgotten_come_to_an_end_and_are_told(server: GoogleplayServer) -> None:
    for number in range(15):
        server.add(NOW - HOUR + timedelta(seconds=number))
    server.forgets = True
    read = reader(server, max_pages=1).drain()
    assert len(read.ids) == 10
    assert len(gaps(read)) == 1


def test_an_empty_page_with_a_token_is_not_the_end(server: GoogleplayServer) -> None:
    server.empty_first = True
    wanted = {server.add(NOW - HOUR) for _ in range(15)}
    assert reader(server).drain().ids == wanted


def test_a_token_that_is_renewed_in_its_file_is_used_at_once(server: GoogleplayServer, tmp_path: Path) -> None:
    kept = tmp_path / "token"
    kept.write_text("old-token\n")
    read = reader(server, token=Secret(f"file:{kept}"))
    with pytest.raises(CredentialRefused, match="good for an hour"):
        read.poll()
    kept.write_text(f"{SECRET}\n")
    wanted = server.add(NOW - HOUR)
    assert read.poll().ids == {wanted}


def test_an_app_that_is_not_ours_is_named(server: GoogleplayServer) -> None:
    with pytest.raises(AnswerUnreadable, match=r"knows no app 'com\.example\.other'"):
        reader(server, apps=("com.example.other",)).poll()


def test_each_app_has_its_own_place(server: GoogleplayServer) -> None:
    server.add(NOW - HOUR)
    read = reader(server).drain()
    assert '"apps":{"com.example.acme":{"done":' in (read.cursor.value if read.cursor else "")


def test_without_an_app_there_is_nothing_to_read(server: GoogleplayServer) -> None:
    with pytest.raises(CollectorError, match=r"names no app\. Write `apps` here, or on the brand's card"):
        reader(server, apps=()).poll()


def test_apps_are_package_names() -> None:
    with pytest.raises(ValueError, match="apps must be package names"):
        GoogleplayOptions(apps=("1234567890",), token=Secret("env:TEST_PLAY_TOKEN"))


def test_a_key_is_needed() -> None:
    with pytest.raises(ValueError, match="there is no key; write service_account"):
        GoogleplayOptions(apps=("com.example.acme",))


# Apps on brand cards


def test_the_apps_on_the_cards_are_read_and_are_about_their_brands(server: GoogleplayServer) -> None:
    server.add(NOW - HOUR)
    read = reader(server, apps=())
    read.query = Query(brands=(Brand(name="Acme", apps=(server.app, "1234567890")), Brand(name="Birch")))
    assert [mention.targets for mention in mentions(read.drain()).values()] == [("Acme",)]


def test_a_competitors_app_is_not_asked_for_and_the_sources_own_go_before(server: GoogleplayServer) -> None:
    server.add(NOW - HOUR)
    cards = (
        Brand(name="Acme", apps=(server.app,)),
        Brand(name="Rival", apps=("com.example.rival",), competitor=True),
        Brand(name="Other", apps=("com.example.other",)),
    )
    read = reader(server)
    read.query = Query(brands=cards)
    assert [mention.targets for mention in mentions(read.drain()).values()] == [("Acme",)]
    assert {asked.path.split("/")[-2] for asked in server.asked} == {server.app}
    every = reader(server, apps=())
    every.query = Query(brands=cards[:2])
    every.drain()
    assert {asked.path.split("/")[-2] for asked in server.asked} == {server.app}


def test_an_app_that_is_refused_does_not_hide_the_others(server: GoogleplayServer) -> None:
    wanted = server.add(NOW - HOUR)
    read = reader(server, apps=("com.example.other", server.app))
    with pytest.raises(AnswerUnreadable, match="knows no app"):
        read.poll()
    assert read.ids == {wanted}


def test_stars_become_a_rating_between_nothing_and_all(server: GoogleplayServer) -> None:
    for given in range(1, 6):
        server.add(NOW - given * HOUR, starRating=given)
    found = mentions(reader(server).drain()).values()
    assert {mention.extra["rating"]: mention.rating for mention in found} == {1: 0, 2: 0.25, 3: 0.5, 4: 0.75, 5: 1}


# A service account


@pytest.fixture
def account(server: GoogleplayServer, monkeypatch: pytest.MonkeyPatch) -> GoogleplayServer:
    server.account = True
    monkeypatch.setenv("TEST_PLAY_ACCOUNT", server.key_file())
    return server


def by_account(server: GoogleplayServer, **options: Any) -> Reader:
    told = {"service_account": Secret("env:TEST_PLAY_ACCOUNT"), "token": None, "oauth_url": f"{server.url}/token"}
    return reader(server, **(told | options))


def asked_for_tokens(server: GoogleplayServer) -> int:
    return sum(asked.path == "/token" for asked in server.asked)


def test_a_service_account_signs_for_a_token_that_is_kept(account: GoogleplayServer) -> None:
    wanted = {account.add(NOW - HOUR + timedelta(seconds=number)) for number in range(35)}
    read = by_account(account).drain()
    read.poll()
    assert read.ids == wanted
    assert asked_for_tokens(account) == 1


def test_a_token_is_renewed_before_it_expires(account: GoogleplayServer) -> None:
    read = by_account(account).poll()
    account.now = read.now = NOW + timedelta(minutes=57)
    read.poll()
    assert asked_for_tokens(account) == 1
    account.now = read.now = NOW + timedelta(minutes=58)
    read.poll()
    assert asked_for_tokens(account) == 2


def test_a_token_that_was_taken_back_is_renewed_once(account: GoogleplayServer) -> None:
    wanted = account.add(NOW - HOUR)
    read = by_account(account).poll()
    account.token = "another-token"
    assert read.poll().ids == {wanted}
    assert asked_for_tokens(account) == 2
    account.always = EXPIRED
    with pytest.raises((CredentialRefused, AnswerUnreadable)):
        read.poll()


def test_a_rate_limit_costs_no_new_token(account: GoogleplayServer) -> None:
    read = by_account(account).poll()
    account.faults.append(TOO_MUCH)
    with pytest.raises(RateLimited):
        read.poll()
    read.poll()
    assert asked_for_tokens(account) == 1


def test_a_key_that_google_does_not_know_is_told(account: GoogleplayServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_PLAY_ACCOUNT", account.key_file(stranger=True))
    with pytest.raises(CredentialRefused, match=r"refuses the service account's key \(400 invalid_grant\)"):
        by_account(account).poll()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"private_key": "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n"}, "cannot sign"),
        ({"private_key": ""}, "not the key of a service account"),
        ({"client_email": None}, "not the key of a service account"),
        ({"token_uri": "https://tokens.example/token"}, "names another place for tokens"),
        ({"token_uri": "http://[broken"}, "names another place for tokens"),
    ],
)
def test_a_file_that_is_no_such_key_is_refused_and_none_of_it_shows(
    account: GoogleplayServer, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], reason: str
) -> None:
    monkeypatch.setenv("TEST_PLAY_ACCOUNT", account.key_file(**changed))
    with pytest.raises(CredentialRefused, match=reason) as caught:
        by_account(account).poll()
    assert "canary" not in "".join(traceback.format_exception(caught.value))
    assert account.asked == []


@pytest.mark.parametrize("text", ["not JSON", "[]", "{}", "[" * 100_000])
def test_a_text_that_is_no_key_file_is_refused(
    account: GoogleplayServer, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("TEST_PLAY_ACCOUNT", text)
    with pytest.raises(CredentialRefused, match="not the key of a service account"):
        by_account(account).poll()


@pytest.mark.parametrize(
    ("reply", "promised"),
    [
        (Reply(200, b"{}"), AnswerUnreadable),
        (Reply(200, b'{"access_token": 7, "expires_in": 3600}'), AnswerUnreadable),
        (Reply(200, b'{"access_token": "a\\nb: c", "expires_in": 3600}'), AnswerUnreadable),
        (Reply(401, b"<html>"), CredentialRefused),
        (Reply(429), RateLimited),
        (Reply(503), SourceDown),
    ],
)
def test_a_token_server_that_fails_is_told_as_what_it_is(
    account: GoogleplayServer, reply: Reply, promised: type[CollectorError]
) -> None:
    account.faults.append(reply)
    read = by_account(account)
    with pytest.raises(promised):
        read.poll()
    wanted = account.add(NOW - HOUR)
    assert read.poll().ids == {wanted}


def test_a_key_file_may_stand_in_a_file(account: GoogleplayServer, tmp_path: Path) -> None:
    kept, wanted = tmp_path / "key.json", account.add(NOW - HOUR)
    kept.write_text(account.key_file())
    read = by_account(account, service_account=Secret(f"file:{kept}"))
    assert read.poll().ids == {wanted}
    assert "PRIVATE" not in str(vars(read.collector))
