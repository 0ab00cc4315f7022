"""Google Play: a token for an hour, a window of seven days, lists that end early, stars."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.collectors.googleplay import GoogleplayCollector, GoogleplayOptions
from monitor.domain import Cursor, Mention, Page, Query, Secret
from monitor.errors import AnswerUnreadable, CredentialRefused
from tests.collectors.case import NOW, SECRET, Reader
from tests.servers.googleplay_server import GoogleplayServer

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


def test_without_an_app_there_is_nothing_to_read() -> None:
    with pytest.raises(ValueError, match="apps names no app"):
        GoogleplayOptions(apps=())
