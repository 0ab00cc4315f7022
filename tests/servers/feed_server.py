"""A site with one RSS feed: ETag, Last-Modified, 304, and entries with and without ids and dates."""

from datetime import datetime
from email.utils import format_datetime
from html import escape

from tests.servers.loopback import Asked, Loopback, Reply

HEAD = '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>News</title><language>en</language>'


class FeedServer(Loopback):
    """Serves `entries` (the XML of each) at /feed.xml, newest first."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[str] = []
        self.validators = True

    def add(self, number: int, at: datetime | None, *, guid: str | None = None, body: str | None = None) -> None:
        text = body if body is not None else f"<p>News {number} of <b>Acme</b> &amp; others</p><script>x()</script>"
        parts = [f"<title>News {number}</title><link>https://news.example/{number}</link>"]
        parts.append(f"<description>{escape(text)}</description><unheard:of>x</unheard:of>")
        parts += [f"<guid>{guid}</guid>"] if guid else []
        parts += [f"<pubDate>{format_datetime(at)}</pubDate>"] if at else []
        self.entries.insert(0, f"<item>{''.join(parts)}</item>")

    def reply(self, asked: Asked) -> Reply:
        if asked.path != "/feed.xml":
            return Reply(404)
        tag = f'"{len(self.entries)}"'
        if self.validators and asked.headers.get("if-none-match") == tag:
            return Reply(304)
        body = f"{HEAD}{''.join(self.entries)}</channel></rss>".replace("<rss ", '<rss xmlns:unheard="urn:x" ')
        told = {"etag": tag, "last-modified": "Wed, 11 Mar 2026 10:00:00 GMT"} if self.validators else {}
        return Reply(200, body.encode(), {"content-type": "application/rss+xml"} | told)
