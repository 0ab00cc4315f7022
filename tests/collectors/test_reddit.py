"""Reddit: tokens, two kinds of lists, deletions, limits in seconds left."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from monitor.collectors.reddit import RedditCollector, RedditOptions
from monitor.domain import Deletion, Mention, Page, Query, Secret
from monitor.errors import AnswerUnreadable, CredentialRefused, RateLimited, SourceDown
from tests.collectors.case import NOW, SECRET, Reader
from tests.collectors.recheck_case import Rechecking
from tests.servers import reddit_server as reddit
from tests.servers.loopback import Reply, json_reply
from tests.servers.reddit_server import RedditServer

HOUR = timedelta(hours=1)
AGENT = "linux:sentiment-monitor-tests:1.0 (by /u/acme)"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RedditServer]:
    monkeypatch.setenv("TEST_REDDIT_ID", "the-id")
    monkeypatch.setenv("TEST_REDDIT_SECRET", SECRET)
    with RedditServer(SECRET, reachable=30) as server:
        yield server


def reader(server: RedditServer, *terms: str, **options: Any) -> Reader:
    told: dict[str, Any] = {
        "user_agent": AGENT,
        "client_id": Secret("env:TEST_REDDIT_ID"),
        "client_secret": Secret("env:TEST_REDDIT_SECRET"),
        "base_url": server.url,
        "auth_url": server.url,
        "allow_private_hosts": (server.host,),
        "page_size": 10,
    }
    return Reader(RedditCollector("sub", RedditOptions(**(told | options))), Query(terms=terms or ("Acme",)))


def mentions(read: Reader) -> dict[str, Mention]:
    return {mention.native_id: mention for page in read.pages for mention in page.mentions}


def deletions(read: Reader) -> set[str | None]:
    return {gone.native_id for page in read.pages for gone in page.deletions}


def gaps(read: Reader) -> list[Page]:
    return [page for page in read.pages if page.cursor is None and page.coverage.more_available]


def test_a_submission_is_title_and_text(server: RedditServer) -> None:
    name = server.submit(NOW - HOUR, edited=float(int((NOW - HOUR / 2).timestamp())))
    mention = mentions(reader(server).drain())[name]
    assert mention.text == "Acme & others\nIs <it> late?"
    assert mention.edited_at == (NOW - HOUR / 2).replace(microsecond=0)
    assert (mention.author.handle, mention.author.native_id) == ("ann", "t2_ann")
    assert (mention.engagement.likes, mention.engagement.replies, mention.engagement.reposts) == (5, 2, 1)
    assert (mention.conversation_id, mention.in_reply_to) == (name, None)
    assert mention.url == "https://www.reddit.com/r/acme/comments/abc/x/x00000/"
    assert mention.extra == {"subreddit": "acme", "upvote_ratio": 0.9}


def test_a_comment_knows_what_it_answers(server: RedditServer) -> None:
    name = server.comment(NOW - HOUR, permalink=None, score_hidden=True)
    mention = mentions(reader(server, subreddits=("acme", "other")).drain())[name]
    assert mention.text == "Acme isn't <good>"
    assert (mention.conversation_id, mention.in_reply_to) == ("t3_abc", "t1_def")
    assert (mention.engagement.likes, mention.engagement.replies) == (None, None)
    assert mention.url == "https://www.reddit.com/comments/abc/_/x00000"


def test_a_search_is_asked_in_reddits_words(server: RedditServer) -> None:
    reader(server, "Acme", 'the "best"', subreddits=("acme", "other")).poll()
    search, comments = [asked for asked in server.asked if asked.path != "/api/v1/access_token"]
    assert (search.path, comments.path) == ("/r/all/search", "/r/acme+other/comments")
    wanted = {"q": '"Acme" OR "the best"', "sort": "new", "syntax": "lucene", "restrict_sr": "0", "raw_json": "1"}
    assert wanted.items() <= search.params.items()
    assert search.headers["user-agent"] == AGENT
    server.asked.clear()
    reader(server, subreddits=("acme",), everywhere=False).poll()
    assert [asked.params.get("restrict_sr") for asked in server.asked if "search" in asked.path] == ["1"]


def test_one_token_serves_until_it_ends(server: RedditServer) -> None:
    read = reader(server).poll().poll()
    assert server.tokens == 1
    read.now += timedelta(minutes=59, seconds=1)
    read.poll()
    assert server.tokens == 2


def test_a_token_that_is_refused_is_renewed_once(server: RedditServer) -> None:
    name = server.submit(NOW - HOUR)
    read = reader(server).poll()
    server.tokens += 5  # the one that was given is no longer good
    server.submit(NOW - HOUR)
    assert len(read.poll().ids) == 2
    assert name in read.ids


@pytest.mark.parametrize("answer", [reddit.NO_GRANT, reddit.EXPIRED, Reply(400, b'{"error": 400}')])
def test_each_way_to_give_no_token_is_a_refusal(server: RedditServer, answer: Reply) -> None:
    server.token_reply = answer
    with pytest.raises(CredentialRefused, match=r"^sub: "):
        reader(server).poll()


def test_a_used_up_limit_stops_before_the_next_question_and_keeps_what_was_read(server: RedditServer) -> None:
    wanted = {server.submit(NOW - HOUR + timedelta(seconds=number)) for number in range(25)}
    server.remaining = 2.0
    read = reader(server)
    with pytest.raises(RateLimited) as caught:
        read.poll()
    assert caught.value.wait == timedelta(seconds=42)
    assert len(read.ids) == 20
    server.remaining = 900.0
    with pytest.raises(RateLimited):
        read.poll()
    read.now += timedelta(seconds=42)
    assert read.drain().ids == wanted


def test_what_is_marked_as_gone_is_told_as_deleted(server: RedditServer) -> None:
    kept, deleted, removed = (server.submit(NOW - HOUR) for _ in range(3))
    comment, taken = (server.comment(NOW - HOUR) for _ in range(2))
    read = reader(server, subreddits=("acme",)).drain()
    assert read.ids == {kept, deleted, removed, comment, taken}
    server.data(deleted).update(selftext="[deleted]", author="[deleted]")
    server.data(removed).update(removed_by_category="moderator")
    server.data(comment).update(body="[removed]", author=None)
    server.data(taken).update(body="[ Removed by Reddit ]")
    assert deletions(read.drain()) == {deleted, removed, comment, taken}
    assert all(isinstance(gone, Deletion) for page in read.pages for gone in page.deletions)


def test_a_post_that_is_put_back_is_a_mention_again(server: RedditServer) -> None:
    name = server.submit(NOW - HOUR, removed_by_category="automod_filtered")
    read = reader(server).drain()
    assert (read.ids, deletions(read)) == (set(), {name})
    server.data(name).update(removed_by_category=None)
    assert read.drain().ids == {name}


def test_a_post_whose_author_left_stays_without_an_author(server: RedditServer) -> None:
    name = server.comment(NOW - HOUR, author="[deleted]")
    mention = mentions(reader(server, subreddits=("acme",)).drain())[name]
    assert (mention.author.handle, mention.author.native_id) == (None, None)


def test_a_post_that_marked_the_place_and_is_gone_does_not_end_the_list(server: RedditServer) -> None:
    wanted = [server.submit(NOW - HOUR + timedelta(seconds=number)) for number in range(25)]
    read = reader(server, max_pages=1).poll()
    server.remove(wanted[15])  # the last one of the first page
    assert read.drain().ids == set(wanted)


def test_a_full_last_page_that_names_a_next_one_comes_to_an_end(server: RedditServer) -> None:
    wanted = {server.submit(NOW - HOUR + timedelta(seconds=number)) for number in range(10)}
    server.always_after = True
    assert reader(server, max_pages=1).drain().ids == wanted


def test_pages_that_shift_while_they_are_read_lose_nothing(server: RedditServer) -> None:
    wanted = {server.submit(NOW - HOUR + timedelta(seconds=number)) for number in range(20)}
    read = reader(server, overlap_seconds=0)
    for _ in read.stream():
        if len(wanted) < 27:
            wanted |= {server.submit(NOW - HOUR / 2 + timedelta(seconds=len(wanted) + number)) for number in range(7)}
    assert read.drain().ids == wanted


def test_a_list_that_ends_before_what_was_read_is_told_as_a_gap(server: RedditServer) -> None:
    server.submit(NOW - 9 * HOUR)
    read = reader(server, overlap_seconds=0).drain()
    for number in range(40):
        server.submit(NOW - HOUR + timedelta(seconds=number))
    read.drain()
    (gap,) = gaps(read)
    assert gap.coverage.since == (NOW - 9 * HOUR).replace(microsecond=0)
    assert gap.coverage.until == (NOW - HOUR + timedelta(seconds=10)).replace(microsecond=0)
    assert len(read.ids) == 31


def test_a_short_list_that_is_whole_is_no_gap(server: RedditServer) -> None:
    for number in range(15):
        server.submit(NOW - HOUR + timedelta(seconds=number))
    assert gaps(reader(server).drain().drain()) == []


def test_a_list_that_had_posts_and_is_empty_is_a_fault_of_that_list_only(server: RedditServer) -> None:
    first = server.submit(NOW - HOUR)
    read = reader(server, subreddits=("acme",)).drain()
    server.silent = {"t3"}
    second, comment = server.submit(NOW - HOUR / 2), server.comment(NOW - HOUR / 2)
    with pytest.raises(SourceDown, match="shows no submissions, though it did before"):
        read.poll()
    assert read.ids == {first, comment}
    server.silent = set()
    assert second in read.drain().ids


def test_an_empty_page_with_a_place_is_not_the_end(server: RedditServer) -> None:
    server.empty_first = True
    wanted = {server.submit(NOW - HOUR) for _ in range(15)}
    assert reader(server).drain().ids == wanted


def test_a_late_post_in_the_overlap_is_seen(server: RedditServer) -> None:
    server.submit(NOW - HOUR)
    read = reader(server, overlap_seconds=600).drain()
    late = server.submit(NOW - HOUR - timedelta(seconds=500))
    assert late in read.drain().ids


def test_a_private_subreddit_is_told_as_such(server: RedditServer) -> None:
    server.submit(NOW - HOUR)
    read = reader(server).poll()
    server.faults.append(reddit.PRIVATE)
    with pytest.raises(CredentialRefused, match=r"cannot be read \(private\)"):
        read.poll()


def test_rows_of_another_kind_are_set_aside(server: RedditServer) -> None:
    row = {"kind": "t5", "data": {"id": "1"}}
    server.faults.append(json_reply({"access_token": "token-0", "expires_in": 3_600}))
    server.faults.append(json_reply({"kind": "Listing", "data": {"children": [row, None], "after": None}}))
    read = reader(server).poll()
    assert read.rejects == ["neither a submission nor a comment", "a row is not an object but NoneType"]


def test_a_list_as_an_answer_cannot_be_read(server: RedditServer) -> None:
    read = reader(server).poll()
    server.faults.append(json_reply([{"kind": "Listing"}]))
    with pytest.raises(AnswerUnreadable):
        read.poll()


@pytest.mark.parametrize("agent", ["python-requests/2.31", "acme (by /u/acme)", "linux:acme:1.0"])
def test_a_user_agent_that_reddit_refuses_is_refused_before(agent: str) -> None:
    with pytest.raises(ValueError, match="user_agent must be as in"):
        RedditOptions(user_agent=agent)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"subreddits": ("r/acme",)}, "bare names"),
        ({"everywhere": False}, "needs subreddits"),
        ({"auth_url": "http://login.example"}, "auth_url must begin with https://"),
    ],
)
def test_settings_that_cannot_work_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        RedditOptions(user_agent=AGENT, **options)


# Asking again


def again(server: RedditServer) -> Rechecking:
    return Rechecking(reader(server).collector)


def test_posts_are_asked_for_by_name_a_hundred_at_a_time(server: RedditServer) -> None:
    names = [server.submit(NOW - HOUR) for _ in range(101)]
    asking = again(server)
    pages = list(asking.collector.recheck(tuple(names), None, now=NOW))
    asked = [each for each in server.asked if each.path == "/api/info"]
    assert [each.params["id"].count("t3_") for each in asked] == [100, 1]
    assert {name for page in pages for name in page.checked} == set(names)
    assert (pages[0].coverage.remaining, pages[0].coverage.resets_at) == (989, NOW + timedelta(seconds=42))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"author": "[deleted]"}, "deleted"),
        ({"author": None}, "deleted"),
        ({"selftext": "[deleted]"}, "deleted"),
        ({"selftext": "[removed]"}, "removed"),
        ({"removed_by_category": "moderator"}, "removed"),
        ({"removed_by_category": "deleted"}, "deleted"),
    ],
)
def test_a_post_without_author_or_text_is_gone(server: RedditServer, change: dict[str, Any], reason: str) -> None:
    name, other = server.submit(NOW - HOUR), server.comment(NOW - HOUR)
    server.data(name).update(change)
    asking = again(server).ask(name, other)
    assert (asking.deleted, asking.checked) == ({name}, {name, other})
    assert asking.pages[0].deletions[0].reason == reason


def test_many_names_that_show_nothing_at_all_are_not_believed(server: RedditServer) -> None:
    names = [server.submit(NOW - HOUR) for _ in range(9)]
    server.silent = {"t3"}
    asking = again(server).ask(*names)
    assert (asking.checked, asking.deleted) == (set(), set())


def test_what_every_poll_says_of_the_limit_is_told(server: RedditServer) -> None:
    server.submit(NOW - HOUR)
    (page,) = reader(server).poll().pages
    assert (page.coverage.remaining, page.coverage.resets_at) == (989, NOW + timedelta(seconds=42))
