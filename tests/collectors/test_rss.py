"""Feeds as they come: without ids, without dates, broken, hostile, unchanged."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.collectors.rss import RssCollector, RssOptions
from monitor.domain import Mention, Query
from monitor.errors import AnswerUnreadable, CollectorError
from tests.collectors.case import NOW, Reader
from tests.servers.feed_server import FeedServer
from tests.servers.loopback import Reply

HOUR = timedelta(hours=1)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


def reader(server: FeedServer) -> Reader:
    options = RssOptions(url=f"{server.url}/feed.xml", allow_private_hosts=(server.host,), timeout=10)
    return Reader(RssCollector("news", options), Query())


def only(read: Reader) -> Mention:
    (mention,) = [mention for page in read.pages for mention in page.mentions]
    return mention


def test_an_unchanged_feed_is_not_sent_again(server: FeedServer) -> None:
    server.add(1, NOW - HOUR, guid="urn:1")
    read = reader(server).poll().poll()
    assert [len(page.mentions) for page in read.pages] == [1, 0]
    assert server.asked[1].headers["if-none-match"] == '"1"'
    assert "if-modified-since" in server.asked[1].headers
    server.add(2, NOW - HOUR, guid="urn:2")
    assert read.poll().ids == {"urn:1", "urn:2"}


def test_another_address_forgets_the_etag(server: FeedServer) -> None:
    server.add(1, NOW - HOUR)
    read = reader(server).poll()
    options = RssOptions(url=f"{server.url}/feed.xml?b", allow_private_hosts=(server.host,))
    read.collector = RssCollector("news", options)
    assert len(read.poll().pages[-1].mentions) == 1


def test_html_becomes_plain_text(server: FeedServer) -> None:
    server.add(
        1, NOW - HOUR, body="<p>It&#8217;s <b>late</b></p><p>again<script>alert(1)</script><img src=x onerror=y>"
    )
    mention = only(reader(server).poll())
    assert mention.text == "News 1\nIt’s late\nagain"
    assert (mention.url, mention.lang, mention.published_at) == (
        "https://news.example/1",
        "en",
        (NOW - HOUR).replace(microsecond=0),
    )


def test_an_entry_without_an_id_goes_by_link_and_title(server: FeedServer) -> None:
    server.add(1, NOW - HOUR, body="first")
    first = only(reader(server).poll())
    server.entries.clear()
    server.add(1, NOW - HOUR, body="corrected")
    assert only(reader(server).poll()).native_id == first.native_id


def test_a_numbered_guid_is_told_apart_from_other_feeds(server: FeedServer) -> None:
    server.add(1, NOW - HOUR, guid="17")
    assert only(reader(server).poll()).native_id == "127.0.0.1:17"


def test_an_entry_without_a_date_is_as_old_as_its_first_reading(server: FeedServer) -> None:
    server.validators = False
    server.add(1, None, guid="urn:1")
    read = reader(server).poll()
    read.now = NOW + HOUR
    read.poll()
    times = {mention.published_at for page in read.pages for mention in page.mentions}
    assert len(times) == 1
    assert NOW - min(times) < timedelta(seconds=1)


def test_a_link_that_runs_a_script_is_dropped(server: FeedServer) -> None:
    server.entries.append("<item><title>t</title><link>javascript:alert(1)</link></item>")
    assert only(reader(server).poll()).url is None


def test_a_long_feed_is_cut_and_says_so(server: FeedServer) -> None:
    for number in range(1_010):
        server.add(number, NOW - HOUR, guid=f"urn:{number}", body="x")
    (page,) = reader(server).poll().pages
    assert (len(page.mentions), page.coverage.more_available, page.coverage.total) == (1_000, True, 1_010)


HOSTILE = {
    "billion laughs": b'<!DOCTYPE r [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10 if n else b"&a;" * 10) for n in range(12))
    + b"]><rss><channel><title>&a11;</title></channel></rss>",
    "file entity": b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><rss version="2.0"><channel>'
    b"<item><title>got &x;</title></item></channel></rss>",
    "deep": b"<rss><channel>" + b"<a>" * 20_000,
    "many attributes": b"<rss " + b" ".join(b'a%d="1"' % n for n in range(20_000)) + b">",
    "binary": bytes(range(256)) * 400,
    "nul": b"<rss version='2.0'><channel><item><title>a\x00b</title></item></channel></rss>",
    "utf-7": b'<?xml version="1.0" encoding="utf-7"?><rss><channel><item><title>+ADw-b</title></item></channel></rss>',
    "odd date": b'<rss version="2.0"><channel><item><title>t</title><pubDate>Mon, 99 Foo 99999 99:99</pubDate></item>'
    b"</channel></rss>",
    "a path": b"/etc/hostname",
    "an address": b"http://127.0.0.1/",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_feed_is_read_or_refused_in_little_time(server: FeedServer, name: str) -> None:
    server.always = Reply(200, HOSTILE[name], {"content-type": "application/rss+xml"})
    begin = time.monotonic()
    read = reader(server)
    with suppress(AnswerUnreadable):
        read.poll()
    assert time.monotonic() - begin < 5
    host = Path("/etc/hostname").read_text().strip() if Path("/etc/hostname").exists() else "no such host"
    texts = [mention.text for page in read.pages for mention in page.mentions]
    assert not [text for text in texts if host in text or "\x00" in text]
    server.always = None
    server.add(1, NOW - HOUR, guid="urn:after")
    assert "urn:after" in read.poll().ids


def test_recorded_feeds_are_read(server: FeedServer) -> None:
    folder = Path(os.environ.get("MONITOR_RECORDINGS", "")) / "feeds"
    files = sorted(folder.glob("*.*")) if os.environ.get("MONITOR_RECORDINGS") else []
    if not files:
        pytest.skip("MONITOR_RECORDINGS does not name a folder with recorded feeds in feeds/")
    refused = []
    for file in files:
        server.always = Reply(200, file.read_bytes(), {"content-type": "application/xml"})
        try:
            pages = reader(server).poll().pages
        except CollectorError:
            refused.append(file.name)
        else:
            assert all(mention.text.strip() for page in pages for mention in page.mentions)
    assert len(refused) <= len(files) // 10, refused
