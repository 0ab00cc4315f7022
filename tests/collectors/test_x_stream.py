"""X's filtered stream by the real tweepy, against the loopback server: rules, holes, broken lines, refusals."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from monitor import clock
from monitor.domain import Mention, Query
from monitor.errors import AnswerUnreadable, CredentialRefused, RateLimited, SourceDown
from tests.collectors.case import NOW, Reader
from tests.collectors.x_reader import HOUR, VARIABLE, collector, memory, strings
from tests.collectors.x_reader import reader as any_reader
from tests.servers.loopback import BROKEN
from tests.servers.x_server import XServer
from tests.servers.x_stream_server import KEEP_ALIVE
from tests.servers.x_words import BUSY, CAPPED, CUT, EXPIRED, NOT_ENROLLED, too_many

MINUTE = timedelta(minutes=1)
OURS = {"value": '"Acme" -is:retweet', "tag": "sentiment-monitor acme-on-x"}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[XServer]:
    with XServer(NOW) as server:
        monkeypatch.setenv(VARIABLE, server.token)
        yield server


def reader(server: XServer, **options: Any) -> Reader:
    return any_reader(server, **{"read": "stream", "stream_seconds": 5.0, "overlap_seconds": 10.0} | options)


def told(server: XServer, path: str) -> list[dict[str, str]]:
    return [asked.params for asked in server.asked if asked.path == path]


def searched(server: XServer) -> list[tuple[str, str]]:
    return [(params["start_time"], params["end_time"]) for params in told(server, "/2/tweets/search/recent")]


def mentions(read: Reader) -> dict[str, Mention]:
    return {mention.native_id: mention for page in read.pages for mention in page.mentions}


def test_what_was_posted_before_is_searched_and_what_is_posted_now_is_heard(server: XServer) -> None:
    before = server.publish(15, NOW - HOUR)
    now = server.publish(3, NOW)
    server.script = [KEEP_ALIVE, *now, KEEP_ALIVE]
    read = reader(server).poll()
    assert read.ids == strings(before + now)
    heard = [page for page in read.pages if page.at]
    assert all(page.at and NOW <= page.at < NOW + timedelta(seconds=5) for page in heard)
    assert sum(page.coverage.returned for page in heard) == 3
    assert mentions(read)[str(now[0])].author.handle


def test_the_stream_is_asked_for_what_a_search_is_asked_for(server: XServer) -> None:
    server.dialect = "post"
    server.script = [server.add(NOW)]
    read = reader(server).poll()
    (params,) = told(server, "/2/tweets/search/stream")[-1:]
    assert "created_at" in params["post.fields"]
    assert params["expansions"] == "author_id"
    (mention,) = mentions(read).values()
    assert mention.engagement.reposts == 1


def test_a_poll_ends_when_its_time_is_up_although_the_line_is_held(server: XServer) -> None:
    server.script, server.held = [server.add(NOW)], True
    began = time.monotonic()
    read = reader(server, stream_seconds=0.2).poll()
    assert 0.1 < time.monotonic() - began < 2.0
    assert len(read.ids) == 1


def test_a_line_that_is_cut_off_is_left_to_the_next_search(server: XServer) -> None:
    first, second = server.publish(2, NOW)
    server.script = [first]
    read = reader(server)
    with_rules = read.poll()
    server.script = [first, server.line(second)[:40]]
    with_rules.poll()
    assert read.ids == strings([first])
    server.now = read.now = NOW + 5 * MINUTE
    server.script = []
    assert read.poll().ids == strings([first, second])


def test_only_what_nobody_listened_to_is_searched(server: XServer) -> None:
    server.script = [KEEP_ALIVE]
    read = reader(server).poll()
    ear = memory(read.cursor)["ear"]
    assert ear["covered"] == "2026-03-11T11:59:30Z"
    assert clock.parse(ear["heard"][0]) >= NOW.replace(microsecond=0)
    read.cursor = type(read.cursor)(  # type: ignore[misc]
        json.dumps(memory(read.cursor) | {"ear": ear | {"heard": ["2026-03-11T12:00:01Z", "2026-03-11T12:04:00Z"]}})
    )
    server.asked.clear()
    server.now = read.now = NOW + 5 * MINUTE
    read.poll()
    assert searched(server) == [
        ("2026-03-11T11:59:20Z", "2026-03-11T12:00:12Z"),
        ("2026-03-11T12:03:50Z", "2026-03-11T12:04:31Z"),
    ]


def test_without_a_sign_of_life_everything_is_searched(server: XServer) -> None:
    read = reader(server).poll()
    server.asked.clear()
    server.now = read.now = NOW + 5 * MINUTE
    late = server.add(NOW + MINUTE)
    assert str(late) in read.poll().ids
    assert searched(server) == [("2026-03-11T11:59:20Z", "2026-03-11T12:04:31Z")]


@pytest.mark.parametrize("dies_after", range(1, 5))
def test_a_crash_at_any_page_leaves_no_hole(server: XServer, dies_after: int) -> None:
    wanted = server.publish(25, NOW - HOUR)
    read = reader(server).poll(most=dies_after)
    server.now = read.now = NOW + 2 * MINUTE
    assert read.poll().ids == strings(wanted)


def test_a_hole_that_is_larger_than_one_poll_is_read_by_the_next_ones(server: XServer) -> None:
    wanted = server.publish(55, NOW - HOUR)
    read = reader(server, max_pages=2).poll()
    assert read.pages[-1].coverage.more_available
    assert read.drain().ids == strings(wanted)


def test_a_hole_beyond_the_reach_of_search_is_told_as_a_gap(server: XServer) -> None:
    read = reader(server).poll()
    server.now = read.now = NOW + timedelta(days=20)
    read.poll()
    (gap,) = [gap for page in read.pages for gap in page.gaps]
    assert gap.since < NOW
    assert gap.until == read.now.replace(microsecond=0) - timedelta(days=7) + MINUTE


def test_searches_that_replace_others_go_on_where_those_stood(server: XServer) -> None:
    wanted = server.publish(55, NOW - HOUR)
    read = reader(server, max_pages=2).poll()
    read.query = Query(terms=("Acme", "Acme Air"))
    assert read.drain().ids == strings(wanted)
    assert list(memory(read.cursor)["holes"]) == ['("Acme" OR "Acme Air") -is:retweet']
    server.asked.clear()
    read.poll()
    assert searched(server) == []


def test_posts_for_other_rules_are_billed_too(server: XServer) -> None:
    mine, theirs = server.publish(2, NOW)
    document = json.loads(server.line(theirs)) | {"matching_rules": [{"id": "7", "tag": "theirs"}]}
    server.script = [mine, json.dumps(document).encode() + b"\r\n"]
    read = reader(server, authors=False).poll()
    assert read.ids == strings([mine])
    assert sum(page.coverage.cost or 0.0 for page in read.pages) == pytest.approx(2 * 0.005)


def test_rules_of_others_are_left_alone(server: XServer) -> None:
    others = {"7": {"id": "7", "value": "cats", "tag": "theirs"}}
    server.rules = others | {"8": {"id": "8", "value": "old name", "tag": OURS["tag"]}}
    reader(server).poll()
    assert sorted(server.rules.values(), key=str) == sorted([*others.values(), OURS | {"id": "1001"}], key=str)
    server.asked.clear()
    reader(server).poll()
    assert [asked.headers["x-method"] for asked in server.asked if asked.path.endswith("/rules")] == ["GET"]


def test_a_rule_that_somebody_else_has_made_serves_us_too(server: XServer) -> None:
    server.rules = {"7": {"id": "7", "value": OURS["value"], "tag": "theirs"}}
    server.script = [server.add(NOW)]
    assert len(reader(server).poll().ids) == 1
    assert list(server.rules) == ["7"]


def test_posts_for_other_rules_are_passed_over(server: XServer) -> None:
    ident = server.add(NOW)
    document = json.loads(server.line(ident)) | {"matching_rules": [{"id": "7", "tag": "theirs"}]}
    server.script = [json.dumps(document).encode() + b"\r\n"]
    assert reader(server).poll().ids == set()


def test_a_rule_that_cannot_be_removed_stops_nothing(server: XServer) -> None:
    server.rules = {"8": {"id": "8", "value": "old name", "tag": OURS["tag"]}}
    server.cannot_delete = True
    server.script = [server.add(NOW)]
    assert len(reader(server).poll().ids) == 1


def test_a_rule_that_x_does_not_take_is_told_in_xs_words(server: XServer) -> None:
    server.most_rules = 0
    with pytest.raises(AnswerUnreadable, match="limit of rules"):
        reader(server).poll()


def test_the_stream_may_come_as_events(server: XServer) -> None:
    server.events = True
    wanted = server.publish(3, NOW)
    server.script = [KEEP_ALIVE, *wanted]
    read = reader(server).poll()
    assert read.ids == strings(wanted)
    assert not read.rejects


def test_a_line_that_cannot_be_read_is_set_aside(server: XServer) -> None:
    ident = server.add(NOW)
    server.script = [b"{nonsense\r\n", b"[1]\r\n", ident]
    read = reader(server).poll()
    assert read.ids == strings([ident])
    assert len(read.rejects) == 2


def test_a_farewell_ends_the_poll_and_is_told(server: XServer) -> None:
    ident = server.add(NOW)
    server.script = [ident, json.dumps(CUT).encode() + b"\r\n"]
    read = reader(server).poll()
    assert read.ids == strings([ident])
    assert read.rejects == ["X says: This stream has been disconnected upstream for operational reasons."]


def test_the_end_of_credit_on_the_line_keeps_what_came_before(server: XServer) -> None:
    ident = server.add(NOW)
    server.script = [ident, b'{"errors": [{"title": "UsageCapExceeded", "detail": "Usage cap exceeded"}]}\r\n']
    read = reader(server)
    with pytest.raises(CredentialRefused, match="credit"):
        read.poll()
    assert read.ids == strings([ident])


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (BUSY, SourceDown),
        (too_many(NOW + MINUTE), RateLimited),
        (EXPIRED, CredentialRefused),
        (BROKEN, SourceDown),
        (CAPPED, CredentialRefused),
        (NOT_ENROLLED, CredentialRefused),
    ],
)
def test_a_refused_stream_is_told_after_what_search_brought(
    server: XServer, refusal: Any, error: type[Exception]
) -> None:
    wanted = server.publish(5, NOW - HOUR)
    server.fail(refusal, after=3)  # a search, two questions about rules
    read = reader(server)
    with pytest.raises(error) as caught:
        read.poll()
    assert read.ids == strings(wanted)
    if refusal is BUSY:
        assert "another program" in str(caught.value)
    assert read.poll().ids == strings(wanted)


def test_a_stream_has_an_endpoint_of_its_own(server: XServer) -> None:
    assert collector(server, read="stream").endpoint == "GET /2/tweets/search/stream"
