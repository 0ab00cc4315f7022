"""App Store: ten pages a country, answers that are empty and should not be, stars."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from monitor.collectors.appstore import AppstoreCollector, AppstoreOptions
from monitor.domain import Brand, Mention, Query
from monitor.errors import CollectorError, SourceDown
from tests.collectors.case import NOW, Reader
from tests.servers.appstore_server import AppstoreServer

HOUR = timedelta(hours=1)


@pytest.fixture
def server() -> Iterator[AppstoreServer]:
    with AppstoreServer() as server:
        yield server


def reader(server: AppstoreServer, **options: Any) -> Reader:
    told: dict[str, Any] = {"apps": ("1",), "base_url": server.url, "allow_private_hosts": (server.host,)}
    return Reader(AppstoreCollector("reviews", AppstoreOptions(**(told | options))), Query())


def mentions(read: Reader) -> dict[str, Mention]:
    return {mention.native_id: mention for page in read.pages for mention in page.mentions}


def test_a_single_review_comes_as_an_object_and_keeps_its_stars(server: AppstoreServer) -> None:
    ident = server.add(NOW - HOUR)
    ((native_id, mention),) = mentions(reader(server, brand="Acme").drain()).items()
    assert native_id == ident == "us:7000"
    assert mention.text == "Slow & late\nIt isn't <good>"
    assert mention.published_at == (NOW - HOUR).replace(microsecond=0)
    assert (mention.author.handle, mention.author.native_id) == ("Ann", "638572168")
    assert (mention.extra["rating"], mention.rating) == (2, 0.25)
    assert mention.extra["version"] == "3.4.3"
    assert mention.extra["im:newField"] == {"label": "x"}
    assert (mention.targets, mention.engagement.likes) == (("Acme",), 1)


def test_reviews_of_an_app_without_a_brand_are_kept_as_about_nobody(server: AppstoreServer) -> None:
    server.add(NOW - HOUR)
    kept, named = reader(server).drain(), reader(server, brand="Acme").drain()
    assert [page.keep_unmatched for page in kept.pages if page.mentions] == [True]
    assert [page.keep_unmatched for page in named.pages if page.mentions] == [False]


def test_each_country_and_app_has_its_own_list(server: AppstoreServer) -> None:
    wanted = {server.add(NOW - HOUR, country=country, app=app) for country in ("us", "gb") for app in ("1", "2")}
    assert wanted == {"us:7000", "gb:7000"}  # ids are counted for each list here
    read = reader(server, apps=("1", "2"), countries=("us", "gb")).drain()
    assert all(mention.region == mention.extra["country"] for page in read.pages for mention in page.mentions)
    found = [(mention.extra["country"], mention.extra["app"]) for page in read.pages for mention in page.mentions]
    assert sorted(found) == [("gb", "1"), ("gb", "2"), ("us", "1"), ("us", "2")]


def test_the_app_itself_is_no_review(server: AppstoreServer) -> None:
    server.with_app = True
    wanted = {server.add(NOW - HOUR) for _ in range(3)}
    read = reader(server).drain()
    assert (read.ids, read.rejects) == (wanted, [])


def test_an_empty_page_is_asked_for_by_its_other_address(server: AppstoreServer) -> None:
    wanted = {server.add(NOW - HOUR + timedelta(seconds=number)) for number in range(15)}
    server.empty = {("0", 1), ("0", 2)}
    assert reader(server).drain().ids == wanted


def test_a_page_that_is_wrongly_empty_is_a_fault_and_is_read_later(server: AppstoreServer) -> None:
    wanted = {server.add(NOW - HOUR + timedelta(seconds=number)) for number in range(25)}
    server.empty = {("any", 2)}
    read = reader(server)
    with pytest.raises(SourceDown, match="no reviews of 1 in us, though there are some"):
        read.poll()
    assert len(read.ids) == 10
    server.empty = set()
    assert read.drain().ids == wanted


def test_a_list_that_had_reviews_and_is_empty_is_a_fault_of_that_list_only(server: AppstoreServer) -> None:
    server.counted = False
    server.add(NOW - 3 * HOUR, country="us")
    read = reader(server, countries=("us", "gb")).drain()
    server.empty = {("any", 1)}
    other = server.add(NOW - HOUR, country="gb")
    with pytest.raises(SourceDown, match="1 in us"):
        read.poll()
    server.empty = set()
    assert other in read.drain().ids


def test_an_app_without_reviews_is_no_fault(server: AppstoreServer) -> None:
    read = reader(server).drain()
    assert read.drain().ids == set()


def test_more_reviews_than_ten_pages_hold_are_told_as_a_gap(server: AppstoreServer) -> None:
    first = server.add(NOW - 9 * HOUR)
    read = reader(server, overlap_seconds=0).drain()
    for number in range(130):
        server.add(NOW - 3 * HOUR + timedelta(seconds=number))
    read.poll()
    assert len(read.ids) == 101
    assert first in read.ids
    ((since, until),) = [
        (page.coverage.since, page.coverage.until)
        for page in read.pages
        if page.cursor is None and page.coverage.more_available
    ]
    assert since == (NOW - 9 * HOUR).replace(microsecond=0)
    assert until == (NOW - 3 * HOUR + timedelta(seconds=30)).replace(microsecond=0)


def test_an_edited_review_comes_again_under_its_id(server: AppstoreServer) -> None:
    ident = server.add(NOW - 40 * HOUR)
    server.add(NOW - 2 * HOUR)
    read = reader(server, overlap_seconds=0).drain()
    server.edit(ident, NOW - HOUR, "It is good now")
    assert mentions(read.drain())[ident].text.endswith("It is good now")


def test_a_review_without_a_date_is_set_aside(server: AppstoreServer) -> None:
    server.add(NOW - HOUR, updated=None)
    assert reader(server).drain().rejects == ["updated is not a time but NoneType"]


def test_pages_that_shift_while_they_are_read_lose_nothing(server: AppstoreServer) -> None:
    wanted = {server.add(NOW - 3 * HOUR + timedelta(seconds=number)) for number in range(25)}
    read = reader(server)
    for _ in read.stream():
        if len(wanted) < 40:
            wanted |= {server.add(NOW - HOUR + timedelta(seconds=len(wanted) + number)) for number in range(7)}
    assert read.drain().ids == wanted


@pytest.mark.parametrize(("option", "value"), [("apps", ("id1",)), ("countries", ()), ("countries", ("USA",))])
def test_apps_are_numbers_and_countries_two_letters(option: str, value: tuple[str, ...]) -> None:
    told: dict[str, Any] = {"apps": ("1",)}
    with pytest.raises(ValueError, match=f"{option} must be"):
        AppstoreOptions(**(told | {option: value}))


def test_the_apps_on_the_cards_are_read_competitors_too(server: AppstoreServer) -> None:
    for app in ("1", "2"):
        server.add(NOW - HOUR, app=app)
    read = reader(server, apps=())
    cards = (Brand(name="Acme", apps=("1", "com.example.acme")), Brand(name="Rival", apps=("2",), competitor=True))
    read.query = Query(brands=cards)
    found = [mention for page in read.drain().pages for mention in page.mentions]
    assert {mention.extra["app"]: mention.targets for mention in found} == {"1": ("Acme",), "2": ("Rival",)}
    assert {page.keep_unmatched for page in read.pages} == {False}


def test_an_app_of_two_brands_is_about_both_unless_the_source_says_more(server: AppstoreServer) -> None:
    server.add(NOW - HOUR)
    cards = (Brand(name="Acme", apps=("1",)), Brand(name="Birch", apps=("1",)))
    for brand, targets in (("", ("Acme", "Birch")), ("Birch", ("Birch",))):
        read = reader(server, brand=brand)
        read.query = Query(brands=cards)
        ((_, mention),) = mentions(read.drain()).items()
        assert mention.targets == targets


def test_without_an_app_there_is_nothing_to_read(server: AppstoreServer) -> None:
    with pytest.raises(CollectorError, match=r"names no app\. Write `apps` here, or on the brand's card"):
        reader(server, apps=()).poll()
