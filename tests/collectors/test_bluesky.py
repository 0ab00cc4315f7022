"""Bluesky: Jetstream in both versions, holes that are told or searched, deletions, and lines that need not be read."""

import json
import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from websockets.sync.server import serve

from monitor.collectors.bluesky import BlueskyCollector, BlueskyOptions
from monitor.domain import Query, Secret
from monitor.errors import AnswerUnreadable, CredentialRefused, RateLimited, SourceDown
from tests.collectors.case import NOW, SECRET, Reader
from tests.servers.jetstream_server import DID, POSTS, V1, V2, JetstreamServer
from tests.servers.loopback import Reply
from tests.servers.pds_server import HANDLE, PdsServer, error

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
ACME = Query(terms=("Acme",))


@pytest.fixture
def stream() -> Iterator[JetstreamServer]:
    with JetstreamServer(NOW) as server:
        yield server


@pytest.fixture
def pds(monkeypatch: pytest.MonkeyPatch) -> Iterator[PdsServer]:
    monkeypatch.setenv("TEST_APP_PASSWORD", SECRET)
    with PdsServer(SECRET) as server:
        yield server


def reader(stream: JetstreamServer | None, pds: PdsServer | None = None, path: str = V1, **options: Any) -> Reader:
    hosts = tuple(server.host for server in (stream, pds) if server)
    told: dict[str, Any] = {"allow_private_hosts": hosts, "silence_seconds": 1e6, "timeout": 2.0}
    told["stream_url"] = f"ws://{stream.host}{path}" if stream else ""
    if pds:
        told |= {"pds_url": pds.url, "handle": HANDLE, "app_password": Secret("env:TEST_APP_PASSWORD")}
    query = options.pop("query", ACME)
    return Reader(BlueskyCollector("sky", BlueskyOptions(**(told | options))), query)


def gaps(read: Reader) -> list[tuple[Any, Any]]:
    """What the program would note as a gap."""
    return [(gap.since, gap.until) for page in read.pages for gap in page.gaps]


def filled(read: Reader) -> list[tuple[Any, Any]]:
    """What the program would note as a gap no more."""
    return [stretch for page in read.pages for stretch in page.filled]


@pytest.mark.parametrize("path", [V1, V2])
def test_a_line_becomes_a_mention(stream: JetstreamServer, path: str) -> None:
    reply = {"root": {"uri": "at://did:plc:a/p/1"}, "parent": {"uri": "at://did:plc:a/p/2"}}
    quoted = {"$type": "app.bsky.embed.record", "record": {"uri": f"at://did:plc:a/{POSTS}/3"}}
    uri = stream.post(NOW - MINUTE, "Acme isn’t late \U0001f600", reply=reply, embed=quoted, tags=["x"])
    (mention,) = [mention for page in reader(stream, path=path).poll().pages for mention in page.mentions]
    assert (mention.platform, mention.native_id) == ("bluesky", uri)
    assert mention.text == "Acme isn’t late \U0001f600"
    assert (mention.published_at, mention.lang) == (NOW - MINUTE, "en")
    assert (mention.author.native_id, mention.author.handle) == (DID, None)
    assert mention.url == f"https://bsky.app/profile/{DID}/post/{uri.rsplit('/')[-1]}"
    assert (mention.conversation_id, mention.in_reply_to) == ("at://did:plc:a/p/1", "at://did:plc:a/p/2")
    assert mention.quoted == f"at://did:plc:a/{POSTS}/3"
    assert mention.extra == {"tags": ["x"]}
    assert mention.edited_at is None


def test_what_the_author_says_of_the_time_is_not_believed_beyond_the_witness(stream: JetstreamServer) -> None:
    future = stream.post(NOW - MINUTE, createdAt="2031-01-01T00:00:00Z")
    nonsense = stream.post(NOW - MINUTE, createdAt="yesterday")
    late = stream.post(NOW - MINUTE, createdAt="2026-03-01T00:00:00Z")
    (page,) = reader(stream).poll().pages
    times = {mention.native_id: mention.published_at for mention in page.mentions}
    assert times[future] == times[nonsense] == NOW - MINUTE
    assert times[late] == NOW.replace(day=1, hour=0, microsecond=0)


def test_only_posts_that_may_name_a_brand_are_kept(stream: JetstreamServer) -> None:
    wanted = {stream.post(NOW - MINUTE, text) for text in ("ACME!", "＃ａｃｍｅ", "see @acme.com", "Nimbus’ Café")}
    for text in ("nothing", "", "acm e"):
        stream.post(NOW - MINUTE, text)
    own = stream.post(NOW - MINUTE, "Acme has news", did="did:plc:own")
    query = Query(terms=("Acme", "nimbus' café"))
    read = reader(stream, skip_authors=("did:plc:own",), query=query).poll()
    assert read.ids == wanted
    assert own not in read.ids
    assert read.rejects == []


def test_an_edit_is_the_same_mention_with_a_time(stream: JetstreamServer) -> None:
    uri = stream.post(NOW - HOUR / 2, "Acme is late")
    stream.post(NOW - MINUTE, "Acme was late", rkey=uri.rsplit("/")[-1], operation="update")
    (page,) = reader(stream).poll().pages
    (mention,) = page.mentions
    assert (mention.native_id, mention.text, mention.edited_at) == (uri, "Acme was late", NOW - MINUTE)


@pytest.mark.parametrize("path", [V1, V2])
def test_a_deleted_post_leaves_as_a_deletion(stream: JetstreamServer, path: str) -> None:
    read = reader(stream, path=path)
    uri = stream.post(NOW - HOUR / 2)
    assert read.poll().ids == {uri}
    stream.commit(NOW - MINUTE, "delete", uri.rsplit("/")[-1])
    stream.commit(NOW - MINUTE, "delete", "3like", collection="app.bsky.feed.like")
    (deletion,) = read.poll().pages[-1].deletions
    assert (deletion.platform, deletion.native_id, deletion.deleted_at) == ("bluesky", uri, NOW - MINUTE)


def test_the_last_word_on_a_post_counts_within_a_page(stream: JetstreamServer) -> None:
    gone = stream.post(NOW - 2 * MINUTE, rkey="3gone")
    stream.commit(NOW - MINUTE, "delete", "3gone")
    stream.commit(NOW - MINUTE, "delete", "3back")
    back = stream.post(NOW - MINUTE, rkey="3back")
    (page,) = reader(stream).poll().pages
    assert [mention.native_id for mention in page.mentions] == [back]
    assert [deletion.native_id for deletion in page.deletions] == [gone]


@pytest.mark.parametrize("path", [V1, V2])
@pytest.mark.parametrize(
    ("status", "reason"),
    [("takendown", "suspended"), *((status, status) for status in ("suspended", "deleted", "deactivated"))],
)
def test_an_account_that_closes_is_told_as_one_deletion_of_all_its_posts(
    stream: JetstreamServer, path: str, status: str, reason: str
) -> None:
    read = reader(stream, path=path)
    stream.account(NOW - 2 * MINUTE, DID, None)
    stream.account(NOW - MINUTE, "did:plc:bad", status)
    opened, closed = read.poll().pages[-1].deletions
    assert (opened.native_id, opened.author_id, opened.restored) == (None, DID, True)
    assert (closed.native_id, closed.author_id, closed.restored) == (None, "did:plc:bad", False)
    assert (closed.reason, closed.deleted_at) == (reason, NOW - MINUTE)


def test_the_last_word_on_an_account_counts_within_a_page(stream: JetstreamServer) -> None:
    stream.account(NOW - 3 * MINUTE, DID, "deactivated")
    stream.account(NOW - 2 * MINUTE, "did:plc:slow", "throttled")
    stream.account(NOW - MINUTE, DID, None)
    (told,) = reader(stream).poll().pages[-1].deletions
    assert (told.author_id, told.restored) == (DID, True)


@pytest.mark.parametrize(
    ("embed", "quoted"),
    [
        ({"record": {"record": {"uri": f"at://did:plc:a/{POSTS}/3"}}, "media": {}}, f"at://did:plc:a/{POSTS}/3"),
        ({"record": {"uri": "at://did:plc:a/app.bsky.graph.list/3"}}, None),
        ({"record": [1]}, None),
        ("nonsense", None),
    ],
)
def test_only_a_post_is_quoted(stream: JetstreamServer, embed: Any, quoted: str | None) -> None:
    stream.post(NOW - MINUTE, embed=embed)
    (mention,) = [mention for page in reader(stream).poll().pages for mention in page.mentions]
    assert mention.quoted == quoted


def test_a_cursor_that_is_silently_clamped_is_told_as_a_gap(stream: JetstreamServer) -> None:
    read = reader(stream, silence_seconds=60, overlap_seconds=0)
    stream.post(NOW - HOUR / 2, rkey="3first")
    read.poll()
    stream.post(NOW - 10 * MINUTE)
    wanted = stream.post(NOW - 5 * MINUTE)
    stream.floor = NOW - 6 * MINUTE
    read.pages.clear()
    assert read.poll().ids == {wanted}
    assert gaps(read) == [(NOW - HOUR / 2, NOW - 5 * MINUTE)]
    read.pages.clear()
    assert gaps(read.poll()) == []


def test_a_server_that_ignores_the_cursor_is_seen_once(stream: JetstreamServer) -> None:
    stream.floor = NOW
    read = reader(stream, silence_seconds=60)
    assert gaps(read.poll()) == [(NOW - HOUR, NOW)]
    assert gaps(read.poll()) == [(NOW - HOUR, NOW)]


def test_a_number_that_is_too_old_is_asked_for_by_its_time(stream: JetstreamServer) -> None:
    read = reader(stream, path=V2)
    for minute in range(40, 30, -1):
        stream.post(NOW - minute * MINUTE)
    read.poll()
    for minute in range(20, 10, -1):
        stream.post(NOW - minute * MINUTE)
    stream.floor = NOW - 15 * MINUTE
    read.pages.clear()
    assert len(read.poll().ids) == 5
    assert [int(asked["cursor"][0]) >= 10**15 for asked in stream.asked] == [True, False, True]
    assert gaps(read) == [(NOW - 31 * MINUTE - timedelta(seconds=5), NOW - 15 * MINUTE)]


def test_a_number_from_another_time_of_the_server_is_asked_for_by_its_time(stream: JetstreamServer) -> None:
    read = reader(stream, path=V2)
    for minute in range(50, 40, -1):
        stream.post(NOW - minute * MINUTE)
    read.poll()
    stream.lines.clear()
    wanted = stream.post(NOW - MINUTE, rkey="3new")
    assert wanted in read.poll().ids


def test_another_server_is_asked_by_time(stream: JetstreamServer) -> None:
    first = reader(stream, path=V2)
    stream.post(NOW - HOUR / 2)
    first.poll()
    second = reader(stream, path=V2 + "?x=1")
    second.cursor = first.cursor
    later = stream.post(NOW - MINUTE)
    assert later in second.poll().ids
    assert int(stream.asked[-1]["cursor"][0]) >= 10**15


def test_only_posts_are_asked_for(stream: JetstreamServer) -> None:
    reader(stream).poll()
    reader(stream, path=V2).poll()
    assert stream.asked[0]["wantedCollections"] == [POSTS]
    assert (stream.asked[1]["kinds"], stream.asked[1]["collections"]) == (["commit", "account"], [POSTS])


def test_messages_in_pieces_with_pings_between_are_whole(stream: JetstreamServer) -> None:
    stream.fragments = True
    wanted = {stream.post(NOW - MINUTE, f"Acme {number} ☃") for number in range(5)}
    assert reader(stream).poll().ids == wanted


def test_a_quiet_stream_ends_by_itself_and_is_no_error(stream: JetstreamServer) -> None:
    stream.tip = False
    wanted = stream.post(NOW - MINUTE)
    read = reader(stream, idle_seconds=0.3).poll()
    assert read.ids == {wanted}
    assert not read.pages[-1].coverage.more_available


def test_a_stream_that_says_nothing_though_the_network_never_sleeps_is_down(stream: JetstreamServer) -> None:
    stream.tip = False
    with pytest.raises(SourceDown, match="open and silent"):
        reader(stream, idle_seconds=0.2, silence_seconds=60).poll()


def test_what_was_read_before_the_line_broke_is_kept(stream: JetstreamServer) -> None:
    wanted = stream.post(NOW - 2 * MINUTE)
    stream.fault, stream.after = "drop", 1
    read = reader(stream)
    with pytest.raises(SourceDown, match=r"broke off|closed the line|middle"):
        read.poll()
    assert read.ids == {wanted}
    assert read.cursor is not None


def test_a_stream_that_ends_the_slow_says_so(stream: JetstreamServer) -> None:
    stream.fault = "error"
    with pytest.raises(SourceDown, match="ConsumerTooSlow"):
        reader(stream, path=V2).poll()


def test_another_servers_library_is_understood() -> None:
    line = json.dumps({"did": DID, "time_us": 1, "kind": "commit", "commit": {}})

    def talk(socket: Any) -> None:
        socket.send(line)
        socket.send([line[:9], line[9:]])
        socket.send("{}")

    with serve(talk, "127.0.0.1", 0, compression="deflate") as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        host = f"127.0.0.1:{server.socket.getsockname()[1]}"
        options = BlueskyOptions(stream_url=f"ws://{host}/subscribe", allow_private_hosts=(host,))
        read = Reader(BlueskyCollector("sky", options), ACME)
        with pytest.raises(SourceDown, match="closed the line"):
            read.poll()
        server.shutdown()
        thread.join()
    assert read.rejects == ["a line without kind and time_us"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_a_private_address_is_refused_unless_it_is_named(stream: JetstreamServer, host: str) -> None:
    port = stream.host.rsplit(":")[-1]
    collector = BlueskyCollector("sky", BlueskyOptions(stream_url=f"ws://{host}:{port}/subscribe"))
    with pytest.raises(AnswerUnreadable, match="not on the public internet"):
        Reader(collector, ACME).poll()
    assert stream.asked == []


def test_a_stream_that_does_not_speak_tls_is_down(stream: JetstreamServer) -> None:
    with pytest.raises(SourceDown, match="cannot be"):
        reader(stream, stream_url=f"wss://{stream.host}{V1}", timeout=5.0).poll()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"stream_url": "https://example.com/subscribe"}, "begins with wss://"),
        ({"stream_url": "wss://u:p@example.com/x"}, "no user name"),
        ({"stream_url": ""}, "nothing to read"),
        ({"pds_url": "http://example.com"}, "https"),
        ({"page_size": 0}, "less than 1"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        BlueskyOptions(**options)


# Searching


def test_the_time_before_the_first_poll_is_searched(stream: JetstreamServer, pds: PdsServer) -> None:
    wanted = {pds.add(NOW - 5 * HOUR + timedelta(seconds=number)) for number in range(25)}
    heard = stream.post(NOW - MINUTE)
    pds.add(NOW - 30 * HOUR)
    read = reader(stream, pds, page_size=10, max_pages=2).drain()
    assert read.ids == wanted | {heard}
    mention = next(mention for page in read.pages for mention in page.mentions if mention.native_id in wanted)
    assert (mention.author.handle, mention.engagement.likes, mention.engagement.quotes) == ("ann.example", 3, 4)
    assert gaps(read) == []
    assert len(filled(read)) == 1


def test_a_hole_in_the_stream_is_searched(stream: JetstreamServer, pds: PdsServer) -> None:
    read = reader(stream, pds, silence_seconds=60, overlap_seconds=0, lookback_hours=1)
    stream.post(NOW - HOUR / 2)
    read.drain()
    stream.floor = NOW - 5 * MINUTE
    stream.post(NOW - 5 * MINUTE)
    missed = pds.add(NOW - 10 * MINUTE)
    read.pages.clear()
    assert missed in read.drain().ids
    ((since, until),) = gaps(read)
    ((low, high),) = filled(read)
    assert low <= since < until <= high


def test_a_hole_that_cannot_be_searched_for_all_names_stays_a_gap(stream: JetstreamServer, pds: PdsServer) -> None:
    names = Query(terms=("Acme", "Nimbus"))
    read = reader(stream, pds, silence_seconds=60, overlap_seconds=0, lookback_hours=1, query=names)
    stream.post(NOW - HOUR / 2)
    read.drain()
    stream.floor = NOW - 5 * MINUTE
    stream.post(NOW - 5 * MINUTE)
    pds.refused_words.add("nimbus")
    read.pages.clear()
    read.drain()
    assert len(gaps(read)) == 1
    assert filled(read) == []


def test_paging_that_ends_too_early_goes_on_by_time(pds: PdsServer) -> None:
    wanted = {pds.add(NOW - 5 * HOUR + timedelta(seconds=number)) for number in range(60)}
    pds.reachable = 15
    assert reader(None, pds, page_size=10, max_pages=3).drain().ids == wanted


def test_an_empty_page_with_a_next_one_is_not_the_end(pds: PdsServer) -> None:
    wanted = pds.add(NOW - HOUR)
    pds.empty_first = True
    assert reader(None, pds).drain().ids == {wanted}


def test_a_late_arrival_is_found_where_the_search_sorts_it(pds: PdsServer) -> None:
    wanted = pds.add(NOW - 5 * HOUR, indexed=NOW - HOUR)
    found = {mention.native_id: mention for page in reader(None, pds).drain().pages for mention in page.mentions}
    assert found.keys() == {wanted}
    assert found[wanted].published_at == (NOW - 5 * HOUR).replace(microsecond=123_000)


def test_without_a_stream_each_poll_searches_what_is_new(pds: PdsServer) -> None:
    read = reader(None, pds, overlap_seconds=600)
    read.drain()
    wanted = pds.add(NOW - 5 * MINUTE)
    assert read.drain().ids == {wanted}


def test_a_token_that_ran_out_is_refreshed(pds: PdsServer) -> None:
    pds.add(NOW - HOUR)
    read = reader(None, pds).drain()
    pds.expire()
    read.drain()
    logins = [asked.path.rsplit(".")[-1] for asked in pds.asked if "Session" in asked.path]
    assert logins == ["createSession", "refreshSession"]


def test_where_refreshing_is_refused_a_new_session_is_opened(pds: PdsServer) -> None:
    read = reader(None, pds).drain()
    pds.expire()
    pds.refuse_refresh = True
    read.drain()
    logins = [asked.path.rsplit(".")[-1] for asked in pds.asked if "Session" in asked.path]
    assert logins == ["createSession", "refreshSession", "createSession"]


def test_a_text_that_cannot_be_searched_is_set_aside_and_the_others_are_asked(pds: PdsServer) -> None:
    wanted = pds.add(NOW - HOUR, "Nimbus")
    pds.refused_words.add("acme")
    read = reader(None, pds, query=Query(terms=("Acme", "Nimbus"))).drain()
    assert read.ids == {wanted}
    assert read.rejects == ["Bluesky cannot search for this text (BadQueryString)"]


@pytest.mark.parametrize(
    ("answer", "promised", "words"),
    [
        (Reply(403, b"<html>Forbidden</html>"), CredentialRefused, "Log in at the server"),
        (error("AuthenticationRequired", 401), CredentialRefused, "app password"),
        (error("RateLimitExceeded", 429, ratelimit_reset=str(int(NOW.timestamp()) + 90)), RateLimited, "89 s|90 s"),
        (Reply(200, b"{}"), AnswerUnreadable, "no tokens"),
        (Reply(502), SourceDown, "502"),
    ],
)
def test_refusals_of_the_account_are_told(pds: PdsServer, answer: Reply, promised: type, words: str) -> None:
    pds.always = answer
    with pytest.raises(promised, match=words) as caught:
        reader(None, pds).poll()
    assert SECRET not in str(caught.value)


def test_no_password_and_no_token_shows(pds: PdsServer) -> None:
    pds.add(NOW - HOUR)
    read = reader(None, pds).drain()
    assert SECRET not in str(read.cursor) + repr(read.collector) + str(vars(read.collector))


def test_a_missing_password_is_named(pds: PdsServer) -> None:
    del os.environ["TEST_APP_PASSWORD"]
    with pytest.raises(CredentialRefused, match="env:TEST_APP_PASSWORD"):
        reader(None, pds).poll()
