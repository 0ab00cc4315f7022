"""YouTube: rare searches, frequent comments, and a quota that lasts the day."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor import clock
from monitor.collectors._youtube_options import YoutubeOptions
from monitor.collectors.youtube import YoutubeCollector
from monitor.domain import Brand, Cursor, Deletion, Mention, Query, Secret
from monitor.errors import AnswerUnreadable, CollectorError, CredentialRefused, RateLimited
from tests.collectors.case import NOW, SECRET, Reader
from tests.collectors.recheck_case import Rechecking
from tests.servers import youtube_server as youtube
from tests.servers.loopback import Reply
from tests.servers.youtube_server import YoutubeServer

HOUR = timedelta(hours=1)
MIDNIGHT = clock.parse("2026-03-12T07:00:00Z")  # Pacific daylight time


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[YoutubeServer]:
    monkeypatch.setenv("TEST_YOUTUBE_KEY", SECRET)
    with YoutubeServer(SECRET) as server:
        yield server


def options(server: YoutubeServer, **more: Any) -> YoutubeOptions:
    told: dict[str, Any] = {
        "key": Secret("env:TEST_YOUTUBE_KEY"),
        "base_url": f"{server.url}/youtube/v3",
        "allow_private_hosts": (server.host,),
        "page_size": 10,
    }
    return YoutubeOptions(**(told | more))


def reader(server: YoutubeServer, now: datetime = NOW, **more: Any) -> Reader:
    return Reader(YoutubeCollector("tube", options(server, **more)), Query(terms=("Acme", "Acme Shop")), now)


def paths(server: YoutubeServer) -> list[str]:
    found = [asked.path.rsplit("/", 1)[-1] for asked in server.asked]
    server.asked.clear()
    return found


def later(read: Reader, **by: float) -> Reader:
    read.now += timedelta(**by)
    return read


def mentions(read: Reader) -> dict[str, Mention]:
    return {mention.native_id: mention for page in read.pages for mention in page.mentions}


def test_a_search_finds_videos_and_their_comments_are_read(server: YoutubeServer) -> None:
    server.add_video("video-1", NOW - 5 * HOUR)
    thread = server.add("video-1", NOW - HOUR, "Acme isn't <bad>")
    found = mentions(reader(server).drain())
    assert found.keys() == {"video-1", thread}
    assert found["video-1"].text == "Acme & friends, tested\nWhat it's worth ..."
    assert found["video-1"].author.handle == "Tests"
    assert found["video-1"].extra == {"kind": "video", "newField": 1}
    assert found[thread].text == "Acme isn't <bad>"
    assert found[thread].url == f"https://www.youtube.com/watch?v=video-1&lc={thread}"
    assert (found[thread].author.native_id, found[thread].engagement.likes) == ("UCann", 3)
    assert (found[thread].conversation_id, found[thread].edited_at) == ("video-1", None)
    assert found[thread].extra["brandNewField"] == {"nobody": "knows"}
    assert server.asked[0].params["q"] == '"Acme"|"Acme Shop"'


def test_the_key_goes_in_a_header_and_never_in_an_address(server: YoutubeServer) -> None:
    reader(server).poll()
    assert not [asked for asked in server.asked if SECRET in str(asked.params)]


def test_searches_are_rare_and_comments_are_not(server: YoutubeServer) -> None:
    server.add_video("video-1", NOW - 5 * HOUR)
    read = reader(server, search_every_hours=12, quiet_hours=0).poll()
    assert paths(server) == ["search", "commentThreads"]
    for _ in range(3):
        later(read, hours=3).poll()
    assert paths(server) == ["commentThreads"] * 3
    later(read, hours=3).poll()
    assert paths(server) == ["search", "commentThreads"]


def test_a_video_found_late_is_found(server: YoutubeServer) -> None:
    server.add_video("video-1", NOW - 5 * HOUR)
    read = reader(server).poll()
    server.add_video("video-2", NOW - 40 * HOUR)
    assert "video-2" in later(read, hours=12).poll().ids


def test_all_replies_are_read_and_not_again_while_their_number_stays(server: YoutubeServer) -> None:
    thread = server.add("video-1", NOW - HOUR)
    wanted = {thread} | {server.reply_to(thread, NOW - HOUR) for _ in range(7)}
    read = reader(server, videos=("video-1",), search=False, quiet_hours=0).poll()
    found = mentions(read)
    assert found.keys() == wanted
    assert found[f"{thread}.6"].in_reply_to == thread
    assert found[f"{thread}.6"].conversation_id == "video-1"
    assert found[thread].engagement.replies == 7
    assert paths(server) == ["commentThreads"] + ["comments"] * 4
    read.poll()
    assert paths(server) == ["commentThreads"]
    new = server.reply_to(thread, NOW - HOUR)
    assert new in read.poll().ids


def test_an_edit_in_the_overlap_is_seen_with_its_time(server: YoutubeServer) -> None:
    thread = server.add("video-1", NOW - HOUR)
    read = reader(server, videos=("video-1",), search=False, quiet_hours=0).poll()
    server.thread(thread).update(textOriginal="Acme was slow", updatedAt=clock.iso(NOW - HOUR / 2))
    changed = mentions(read.poll())[thread]
    assert (changed.text, changed.edited_at) == ("Acme was slow", (NOW - HOUR / 2).replace(microsecond=123_000))


def test_a_video_without_comments_is_left_alone_for_a_week(server: YoutubeServer) -> None:
    server.refused["video-1"] = youtube.NO_COMMENTS
    thread = server.add("video-2", NOW - HOUR)
    read = reader(server, videos=("video-1", "video-2"), search=False, quiet_hours=0).poll()
    assert read.ids == {thread}
    assert paths(server) == ["commentThreads"] * 2
    later(read, days=6).poll()
    assert [asked.params["videoId"] for asked in server.asked] == ["video-2"]
    server.refused.clear()
    back = server.add("video-1", NOW - HOUR)
    assert back in later(read, days=1).poll().ids


def test_a_video_that_is_gone_is_told_as_deleted(server: YoutubeServer) -> None:
    server.add_video("video-1", NOW - HOUR)
    server.refused["video-1"] = youtube.NO_VIDEO
    read = reader(server).drain()
    assert [gone for page in read.pages for gone in page.deletions] == [
        Deletion(platform="youtube", native_id="video-1")
    ]


def test_a_channel_is_read_whole_and_a_wrong_one_is_told_after_the_others(server: YoutubeServer) -> None:
    wanted = {server.add("video-1", NOW - HOUR), server.add("video-2", NOW - HOUR)}
    server.refused["UCwrong"] = youtube.NO_CHANNEL
    read = reader(server, channels=("UCwrong", "UCtests"), search=False)
    with pytest.raises(AnswerUnreadable, match="knows no channel UCwrong"):
        read.poll()
    assert read.ids == wanted


def test_comments_under_our_own_videos_are_about_us(server: YoutubeServer) -> None:
    server.add_video("video-2", NOW - HOUR)
    own, other = server.add("video-1", NOW - HOUR, "Why?"), server.add("video-2", NOW - HOUR, "Why?")
    found = mentions(reader(server, videos=("video-1",), brand="Acme").drain())
    assert (found[own].targets, found[other].targets) == (("Acme",), ())


def test_used_up_quota_waits_for_midnight_pacific(server: YoutubeServer) -> None:
    server.refused["commentThreads"] = youtube.QUOTA
    with pytest.raises(RateLimited) as caught:
        reader(server, videos=("video-1",)).poll()
    assert caught.value.wait == MIDNIGHT - NOW


def test_used_up_searches_do_not_stop_the_comments(server: YoutubeServer) -> None:
    server.refused["search"] = youtube.QUOTA
    thread = server.add("video-1", NOW - HOUR)
    read = reader(server, videos=("video-1",), quiet_hours=0).poll()
    assert read.ids == {thread}
    assert any(page.coverage.more_available for page in read.pages)
    paths(server)
    read.poll()
    assert paths(server) == ["commentThreads"]
    server.refused.clear()
    read.now = MIDNIGHT
    read.poll()
    assert paths(server)[0] == "search"


def test_used_up_searches_with_nothing_else_to_read_wait_for_midnight(server: YoutubeServer) -> None:
    server.refused["search"] = youtube.QUOTA
    with pytest.raises(RateLimited):
        reader(server).poll()


def test_units_are_spent_evenly_and_never_more_than_the_day_has(server: YoutubeServer) -> None:
    for number in range(60):
        server.add("video-1", NOW - HOUR + timedelta(seconds=number))
    read = reader(server, videos=("video-1",), search=False, page_size=1, daily_units=53, quiet_hours=0).poll()
    assert (
        len(server.asked) == 12
    )  # five hours of the Pacific day are over, and one is ahead: a quarter of what is not kept
    assert read.pages[-1].coverage.more_available
    read.poll()
    assert len(server.asked) == 12
    later(read, hours=17).poll()
    assert len(server.asked) == 46
    with pytest.raises(RateLimited):
        later(read, hours=1, minutes=50).poll()
    assert len(server.asked) == 48
    read.now = MIDNIGHT
    read.poll()
    assert len(server.asked) == 50


def test_a_quiet_video_is_read_more_rarely_than_a_busy_one(server: YoutubeServer) -> None:
    server.add("busy", NOW - timedelta(minutes=10))
    server.add("quiet", NOW - timedelta(days=3))
    read = reader(server, videos=("busy", "quiet"), search=False).poll()
    server.asked.clear()
    for _ in range(6):
        later(read, hours=1).poll()
    asked = [each.params["videoId"] for each in server.asked]
    assert asked.count("busy") > 2 * asked.count("quiet")
    assert asked.count("quiet") == 0
    later(read, hours=2).poll()
    assert "quiet" in [each.params["videoId"] for each in server.asked]


def test_what_is_remembered_is_bounded(server: YoutubeServer) -> None:
    for number in range(30):
        server.add_video(f"video-{number:02d}", NOW - HOUR - timedelta(minutes=number))
    read = reader(server, max_videos=5, max_pages=100).drain()
    assert len(read.ids) == 30
    known = json.loads(read.cursor.value if read.cursor else "")["videoId"]
    assert sorted(known) == [f"video-{number:02d}" for number in range(5)]


def test_a_place_in_a_list_that_youtube_forgot_begins_the_list_again(server: YoutubeServer) -> None:
    wanted = {server.add("video-1", NOW - HOUR + timedelta(seconds=number)) for number in range(25)}
    read = reader(server, videos=("video-1",), search=False).poll(most=1)
    told = read.cursor.value if read.cursor else ""
    assert '"place":"at-10"' in told
    read.cursor = Cursor(told.replace("at-10", "forgotten"))
    assert read.drain().ids == wanted


def test_places_that_are_always_forgotten_come_to_an_end_and_are_told(server: YoutubeServer) -> None:
    for number in range(15):
        server.add("video-1", NOW - HOUR + timedelta(seconds=number))
    server.forgets = True
    read = reader(server, videos=("video-1",), search=False, max_pages=1).drain()
    assert len(read.ids) == 10
    assert [page.coverage.until for page in read.pages if page.cursor is None] == [
        (NOW - HOUR + timedelta(seconds=5)).replace(microsecond=123_000)
    ]


def test_a_search_whose_places_are_always_forgotten_comes_to_an_end(server: YoutubeServer) -> None:
    for number in range(60):
        server.add_video(f"video-{number}", NOW - HOUR - timedelta(minutes=number))
    server.forgets = True
    assert len(reader(server, search_pages=10).drain().ids) == 50
    assert [path for path in paths(server) if path == "search"] == ["search"] * 4


def test_pages_that_shift_while_they_are_read_lose_nothing(server: YoutubeServer) -> None:
    wanted = {server.add("video-1", NOW - HOUR + timedelta(seconds=number)) for number in range(25)}
    read = reader(server, videos=("video-1",), search=False, quiet_hours=0)
    for _ in read.stream():
        if len(wanted) < 40:
            wanted |= {server.add("video-1", NOW - HOUR / 2 + timedelta(seconds=len(wanted))) for _ in range(7)}
    assert read.drain().ids == wanted


def test_an_empty_page_with_a_token_is_not_the_end(server: YoutubeServer) -> None:
    server.empty_first = True
    wanted = {server.add("video-1", NOW - HOUR) for _ in range(15)}
    assert reader(server, videos=("video-1",), search=False).drain().ids == wanted


def test_a_list_that_never_ends_is_left_and_told(server: YoutubeServer) -> None:
    server.stuck = True
    server.add("video-1", NOW - HOUR)
    read = reader(server, videos=("video-1",), search=False).poll()
    assert len(server.asked) < 5
    assert any(page.cursor is None and page.coverage.more_available for page in read.pages)


def test_an_empty_answer_that_is_wrong_loses_nothing(server: YoutubeServer) -> None:
    first = server.add("video-1", NOW - 3 * HOUR)
    read = reader(server, videos=("video-1",), search=False, quiet_hours=0).poll()
    second = server.add("video-1", NOW - 2 * HOUR)
    server.silent = True
    later(read, hours=1).poll()
    server.silent = False
    assert later(read, hours=1).poll().ids == {first, second}


def test_a_comment_whose_own_words_are_left_out_is_read_from_what_is_shown(server: YoutubeServer) -> None:
    server.html_only = True
    thread = server.add("video-1", NOW - HOUR, "5 < 6 & Acme")
    assert mentions(reader(server, videos=("video-1",), search=False).poll())[thread].text == "5 < 6 & Acme"


def test_a_key_that_is_not_set_is_named_by_where_it_should_be(
    server: YoutubeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEST_YOUTUBE_KEY")
    with pytest.raises(CredentialRefused, match="env:TEST_YOUTUBE_KEY is not set"):
        reader(server).poll()


def test_a_key_is_not_sent_where_others_can_read_it() -> None:
    with pytest.raises(ValueError, match="must begin with https://"):
        YoutubeOptions(base_url="http://proxy.example/youtube/v3")


# Asking again


def again(server: YoutubeServer, **more: Any) -> Rechecking:
    return Rechecking(reader(server, **more).collector)


def test_videos_and_comments_are_asked_for_fifty_at_a_time(server: YoutubeServer) -> None:
    video = server.add_video("dQw4w9WgXcQ", NOW - HOUR, description="Long ...")
    comments = [server.add("dQw4w9WgXcQ", NOW - HOUR) for _ in range(60)]
    pages = list(again(server).collector.recheck((video, *comments), None, now=NOW))
    assert paths(server) == ["videos", "comments", "comments"]
    assert {name for page in pages for name in page.checked} == {video, *comments}
    assert [page.coverage.units for page in pages] == [1.0, 1.0, 1.0]
    assert pages[0].mentions[0].text == "Acme & friends, tested\nLong on all of its days."


def test_a_reply_is_asked_for_like_any_comment(server: YoutubeServer) -> None:
    thread = server.add("video-1", NOW - HOUR)
    reply, gone = server.reply_to(thread, NOW - HOUR), server.reply_to(thread, NOW - HOUR)
    server.take_away(gone)
    asking = again(server).ask(thread, reply, gone)
    assert (asking.checked, asking.deleted) == ({thread, reply, gone}, {gone})


@pytest.mark.parametrize("answer", [youtube.NO_COMMENTS, youtube.refused(403, "forbidden")])
def test_a_comment_that_spoils_the_question_is_found_and_gone(server: YoutubeServer, answer: Reply) -> None:
    comments = [server.add("video-1", NOW - HOUR) for _ in range(8)]
    server.refused[comments[5]] = answer
    asking = again(server).ask(*comments)
    assert (asking.checked, asking.deleted) == (set(comments), {comments[5]})


def test_units_for_reading_again_are_kept_apart_and_end_without_an_error(server: YoutubeServer) -> None:
    comments = [server.add("video-1", NOW - HOUR) for _ in range(3)]
    asking = again(server, daily_units=20, recheck_units=9)
    for name in comments:
        asking.ask(name)
    assert asking.checked == set(comments[:2])
    asking.now += timedelta(days=1)
    assert asking.ask(comments[2]).checked == set(comments)


def test_a_renewed_comment_is_still_about_the_brand_of_its_place(server: YoutubeServer) -> None:
    named, other = server.add("video-1", NOW - HOUR), server.add("video-2", NOW - HOUR)
    asking = again(server, videos=("video-1",), brand="Acme").ask(named, other)
    told = {mention.native_id: mention.targets for page in asking.pages for mention in page.mentions}
    assert told == {named: ("Acme",), other: ()}


def test_a_brand_that_is_no_brand_of_the_source_is_refused_when_it_is_read(server: YoutubeServer) -> None:
    read = reader(server, videos=("video-1",), search=False, brand="Acne")
    read.query = Query(terms=("Acme",), brands=(Brand(name="Acme"), Brand(name="Nimbus")))
    with pytest.raises(CollectorError, match=r'brand = "Acne" is no brand of this source \(Acme, Nimbus\)'):
        read.poll()
    assert server.asked == []


def test_what_a_poll_costs_is_told_in_units(server: YoutubeServer) -> None:
    server.add_video("video-1", NOW - 5 * HOUR)
    thread = server.add("video-1", NOW - HOUR)
    for _ in range(5):
        server.reply_to(thread, NOW - HOUR)
    read = reader(server, units_per_search=100).poll()
    assert sum(page.coverage.units or 0 for page in read.pages) == 100 + 1 + 3
    left = 10_000 - 200 - 104
    assert (read.pages[-1].coverage.remaining, read.pages[-1].coverage.resets_at) == (left, MIDNIGHT)
