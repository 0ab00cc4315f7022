"""What the tests of Mastodon share: a collector on a loopback server, and what was asked of it."""

from datetime import timedelta
from typing import Any

from monitor.collectors._mastodon_options import MastodonOptions
from monitor.collectors.mastodon import MastodonCollector
from monitor.domain import Mention, Query, Secret
from tests.collectors.case import Reader
from tests.servers.mastodon_server import MastodonServer

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
QUERY = Query(terms=("Acme",), hashtags=("acme",))
TAG, SEARCH, NOTES = "/api/v1/timelines/tag/acme", "/api/v2/search", "/api/v1/notifications"


def reader(server: MastodonServer, query: Query = QUERY, **options: Any) -> Reader:
    """Without a credential unless one is named."""
    told: dict[str, Any] = {"base_url": server.url, "allow_private_hosts": ("127.0.0.1",), "page_size": 10}
    return Reader(MastodonCollector("toots", MastodonOptions(**(told | options))), query)


def with_key(server: MastodonServer, query: Query = QUERY, **options: Any) -> Reader:
    return reader(server, query, credential=Secret("env:TEST_MASTODON"), **options)


def mentions(read: Reader) -> list[Mention]:
    return [mention for page in read.pages for mention in page.mentions]


def asked(server: MastodonServer, path: str) -> list[dict[str, str]]:
    return [each.params for each in server.asked if each.path == path]
