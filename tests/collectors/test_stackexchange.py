"""Stack Exchange: stretches cut by time, patience that is asked for, errors in the body."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from monitor import clock
from monitor.collectors.stackexchange import StackexchangeCollector, StackexchangeOptions
from monitor.domain import Mention, Query
from monitor.errors import CredentialRefused, RateLimited
from tests.collectors.case import NOW, Reader
from tests.collectors.recheck_case import Rechecking
from tests.servers.stackexchange_server import BAD_KEY, THROTTLED, StackexchangeServer

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
def server() -> Iterator[StackexchangeServer]:
    with StackexchangeServer() as server:
        yield server


def reader(server: StackexchangeServer, *terms: str, **options: Any) -> Reader:
    told: dict[str, Any] = {"base_url": f"{server.url}/2.3", "allow_private_hosts": (server.host,), "page_size": 10}
    collector = StackexchangeCollector("answers", StackexchangeOptions(**(told | options)))
    return Reader(collector, Query(terms=terms or ("acme",)))


def mentions(read: Reader) -> dict[str, Mention]:
    return {mention.native_id: mention for page in read.pages for mention in page.mentions}


def test_a_question_is_read_with_its_title_and_an_answer_without_it(server: StackexchangeServer) -> None:
    question = server.add(NOW - HOUR, owner={"account_id": 7, "display_name": "Ann"})
    answer = server.add(NOW - HOUR, answer=True)
    found = mentions(reader(server).drain())
    assert found[question].text == 'Trouble with "it"\nAcme isn\'t <bad>'
    assert found[answer].text == "Acme isn't <bad>"
    number, other = question.partition("/")[2], answer.partition("/")[2]
    assert found[question].url == f"https://stackoverflow.com/q/{number}"
    assert found[answer].url == f"https://stackoverflow.com/a/{other}"
    assert (found[question].author.native_id, found[question].author.handle) == ("7", "Ann")
    assert (found[question].engagement.likes, found[question].engagement.replies) == (None, 3)  # a score below zero
    assert (found[answer].engagement.likes, found[answer].engagement.replies) == (4, None)
    assert found[question].extra["score"] == -2
    assert (found[question].conversation_id, found[question].in_reply_to) == (question, None)
    assert (found[answer].conversation_id, found[answer].in_reply_to) == ("stackoverflow/5", "stackoverflow/5")


def test_the_same_number_on_two_sites_is_two_posts(server: StackexchangeServer) -> None:
    for site in ("stackoverflow", "webapps"):
        server.add(NOW - HOUR, site=site, question_id=5)
    assert reader(server, sites=("stackoverflow", "webapps")).drain().ids == {"stackoverflow/5", "webapps/5"}


def test_more_rows_than_one_answer_holds_are_cut_by_time(server: StackexchangeServer) -> None:
    wanted = {server.add(NOW - HOUR + number * SECOND) for number in range(95)}
    assert reader(server, max_pages=30).drain().ids == wanted
    assert {asked.params["page"] for asked in server.asked} == {"1"}


def test_a_stretch_is_finished_over_several_polls_and_then_what_is_newer(server: StackexchangeServer) -> None:
    wanted = {server.add(NOW - HOUR + number * SECOND) for number in range(45)}
    read = reader(server, max_pages=2).poll()
    assert read.pages[-1].coverage.more_available
    wanted.add(server.add(NOW - SECOND))
    assert read.drain().drain().ids == wanted


def test_a_second_with_more_rows_than_one_answer_is_read_page_by_page(server: StackexchangeServer) -> None:
    wanted = {server.add(NOW - HOUR) for _ in range(25)}
    wanted |= {server.add(NOW - HOUR - SECOND), server.add(NOW - HOUR + SECOND), server.add(NOW - 2 * HOUR)}
    read = reader(server).poll()
    assert read.ids == wanted
    assert not any(page.gaps for page in read.pages)


def test_a_second_with_more_rows_than_a_poll_may_read_is_a_gap_of_that_second(server: StackexchangeServer) -> None:
    for _ in range(55):
        server.add(NOW - HOUR)
    earlier = server.add(NOW - 2 * HOUR)
    read = reader(server, max_pages=4).drain()
    assert earlier in read.ids
    gaps = [gap for page in read.pages for gap in page.gaps]
    assert gaps
    assert {gap.until - gap.since for gap in gaps} == {SECOND}


def test_an_empty_answer_that_says_it_has_more_is_no_end(server: StackexchangeServer) -> None:
    wanted = {server.add(NOW - HOUR)}
    server.holes = 1
    read = reader(server).poll()
    assert read.pages[-1].coverage.more_available
    assert read.drain().ids == wanted


def test_a_backoff_keeps_the_rows_and_stops_the_questions(server: StackexchangeServer) -> None:
    wanted = {server.add(NOW - HOUR + number * SECOND) for number in range(25)}
    server.backoff = 90
    read = reader(server)
    with pytest.raises(RateLimited) as caught:
        read.poll()
    assert len(read.ids) == 10
    assert timedelta(seconds=90) <= caught.value.wait <= timedelta(seconds=91)
    assert len(server.asked) == 1
    read.now = NOW + timedelta(seconds=60)  # and so does the next poll
    with pytest.raises(RateLimited) as caught:
        read.poll()
    assert timedelta(seconds=30) <= caught.value.wait <= timedelta(seconds=31)
    assert len(server.asked) == 1
    read.now = NOW + timedelta(seconds=92)
    assert read.drain().ids == wanted


def test_a_backoff_after_the_last_question_is_no_failure(server: StackexchangeServer) -> None:
    server.add(NOW - HOUR)
    server.backoff = 90
    assert len(reader(server).poll().ids) == 1


def test_a_used_up_day_is_waited_out_until_midnight(server: StackexchangeServer) -> None:
    server.add(NOW - HOUR)
    server.quota = 1
    read = reader(server).poll()
    assert len(read.ids) == 1
    with pytest.raises(RateLimited) as caught:
        read.poll()
    assert 12 * HOUR - SECOND <= caught.value.wait <= 12 * HOUR
    assert len(server.asked) == 1


def test_a_throttle_names_its_own_wait(server: StackexchangeServer) -> None:
    server.always = THROTTLED
    with pytest.raises(RateLimited) as caught:
        reader(server).poll()
    assert caught.value.wait == timedelta(seconds=82_216)


def test_a_refused_key_is_told_without_the_platforms_words(server: StackexchangeServer) -> None:
    server.always = BAD_KEY
    with pytest.raises(CredentialRefused, match=r"refuses the key \(bad_parameter\)"):
        reader(server).poll()


def test_a_post_that_speaks_of_an_error_id_is_no_error(server: StackexchangeServer) -> None:
    wanted = server.add(NOW - HOUR, 'Acme answers {"error_id": 502}')
    assert reader(server).drain().ids == {wanted}


def test_the_overlap_is_read_again(server: StackexchangeServer) -> None:
    server.add(NOW - HOUR)
    read = reader(server, overlap_seconds=600).drain()
    late = server.add(NOW - HOUR - 500 * SECOND)
    assert late in read.drain().ids


def test_each_site_and_term_has_its_own_place(server: StackexchangeServer) -> None:
    old = server.add(NOW - 5 * HOUR, "widget")
    server.add(NOW - HOUR)
    read = reader(server).drain()
    read.query = Query(terms=("acme", "widget"))
    assert old in read.drain().ids


def test_the_first_reading_goes_back_as_far_as_it_is_told(server: StackexchangeServer) -> None:
    old = server.add(NOW - 30 * HOUR)
    assert old not in reader(server).drain().ids
    assert old in reader(server, lookback_hours=48).drain().ids


def test_a_site_is_a_short_name() -> None:
    with pytest.raises(ValueError, match="short name"):
        StackexchangeOptions(sites=("https://stackoverflow.com",))


# Asking again


def again(server: StackexchangeServer) -> Rechecking:
    return Rechecking(reader(server).collector)


def test_posts_are_asked_for_by_number_site_by_site(server: StackexchangeServer) -> None:
    names = [server.add(NOW - HOUR, site=site, answer=True) for site in ("stackoverflow", "webapps", "stackoverflow")]
    asking = again(server).ask(*names, "no name at all")
    assert asking.checked == set(names)
    first, second = [asked for asked in server.asked if "/posts/" in asked.path]
    assert (first.path.count(";"), first.params["site"], first.params["pagesize"]) == (1, "stackoverflow", "100")
    assert second.params["site"] == "webapps"


def test_a_post_reads_the_same_by_number_as_by_search(server: StackexchangeServer) -> None:
    names = {server.add(NOW - HOUR), server.add(NOW - HOUR, answer=True)}
    found = {mention.native_id: mention for page in reader(server).drain().pages for mention in page.mentions}
    asking = again(server).ask(*names)
    assert asking.texts == {name: mention.text for name, mention in found.items()}


def test_the_filter_is_made_once_and_remembered(server: StackexchangeServer) -> None:
    name = server.add(NOW - HOUR)
    first = again(server).ask(name)
    second = again(server)
    second.cursor = first.cursor
    assert second.ask(name).checked == {name}
    assert server.filters == 1


def test_a_re_check_leaves_the_server_alone_as_long_as_it_asks(server: StackexchangeServer) -> None:
    name = server.add(NOW - HOUR)
    server.backoff = 30
    asking = again(server)
    with pytest.raises(RateLimited) as caught:
        asking.ask(name)  # the filter came with the wish
    assert timedelta(seconds=30) <= caught.value.wait < timedelta(seconds=31)
    with pytest.raises(RateLimited):
        asking.ask(name)
    assert len(server.asked) == 1
    asking.now += timedelta(seconds=31)
    assert asking.ask(name).checked == {name}


def test_what_is_left_of_the_day_is_told(server: StackexchangeServer) -> None:
    server.add(NOW - HOUR)
    read = reader(server).poll()
    coverage = read.pages[-1].coverage
    assert coverage.remaining == server.quota
    assert coverage.resets_at == clock.parse("2026-03-12T00:00:00Z")
