"""App Store: reviews of any app by the public lists, without a key; of your own apps by App Store Connect, with one.

Without `private_key` a source reads the public lists, one for each country, of at most 500 reviews; with one it reads
the official interface, which has all of them, of all countries. The two count their reviews by different ids, so read
an app in one of the two ways. An edited review of the public lists moves to the top with its old id.

The apps are those of the source, or the numbers on the brand cards (without a key, competitors' too). Stars become the
mention's rating, and stand in `extra` as they came.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from monitor.collectors._answers import check_safe
from monitor.collectors._apps import Depth, wanted_apps
from monitor.collectors._appstore_connect import ConnectKey, ConnectLists
from monitor.collectors._appstore_public import PublicLists
from monitor.collectors._state import read_state
from monitor.collectors._web import check_address, check_least
from monitor.domain import Cursor, Page, Query, Secret
from monitor.http import GuardedClient, Limits

_NUMBER = re.compile(r"\d{1,20}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class AppstoreOptions:
    """Settings of a source of kind `appstore`."""

    apps: tuple[str, ...] = field(
        default=(),
        metadata={"help": 'Apps: the number in their address, as in "1234567890"; empty: those of the brand cards.'},
    )
    countries: tuple[str, ...] = field(
        default=("us",), metadata={"help": "Countries whose public lists are read, by their two letters."}
    )
    brand: str = field(
        default="", metadata={"help": "Brand that every review is about; empty: the brand with the app on its card."}
    )
    private_key: Secret | None = field(
        default=None,
        metadata={"help": "A key of App Store Connect, the text of its .p8 file: own apps, all countries."},
    )
    key_id: str = field(default="", metadata={"help": "The key's id."})
    issuer_id: str = field(default="", metadata={"help": "The issuer's id of a team's key; empty for a person's own."})
    base_url: str = field(default="https://itunes.apple.com", metadata={"help": "Where the public lists are."})
    connect_url: str = field(
        default="https://api.appstoreconnect.apple.com", metadata={"help": "Where App Store Connect is."}
    )
    page_size: int = field(default=200, metadata={"help": "Reviews on a page of App Store Connect, at most 200."})
    max_pages: int = field(default=10, metadata={"help": "Most pages of one list in one poll; the rest comes next."})
    lookback_hours: float = field(default=720.0, metadata={"help": "How far back the first poll reads."})
    overlap_seconds: int = field(default=86_400, metadata={"help": "How much is read again, for reviews shown late."})
    timeout: float = field(default=20.0, metadata={"help": "Seconds after which an answer is given up."})
    allow_private_hosts: tuple[str, ...] = field(
        default=(), metadata={"help": 'Hosts on a private network that may be asked, exactly: "host" or "host:port".'}
    )

    def __post_init__(self) -> None:
        check_address("base_url", self.base_url)
        check_safe("connect_url", self.connect_url, self.allow_private_hosts)
        check_least(self, page_size=1, max_pages=1, lookback_hours=0, overlap_seconds=0, timeout=0.1)
        if not all(_NUMBER.fullmatch(app) for app in self.apps):
            raise ValueError('apps must be numbers, as in ["1234567890"]')
        if not self.countries or not all(re.fullmatch(r"[a-z]{2}", country) for country in self.countries):
            raise ValueError('countries must be two small letters each, as in ["us", "gb"]')
        if bool(self.private_key) != bool(self.key_id) or (self.issuer_id and not self.key_id):
            raise ValueError("private_key and key_id (and a team's issuer_id) belong together")


class AppstoreCollector:
    """Reads the reviews of one or more apps."""

    kind: ClassVar[str] = "appstore"
    Options: ClassVar[type[AppstoreOptions]] = AppstoreOptions

    def __init__(self, name: str, options: AppstoreOptions) -> None:
        self.name = name
        self._options = options
        client = GuardedClient(allow_hosts=options.allow_private_hosts, limits=Limits(seconds=options.timeout))
        self._lists = _lists(name, client, options)

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield the reviews of each app, newest first; of the query, the apps on the brand cards play a part.

        A list that is empty and must not be is told when all the others were read.
        """
        own, rivals = self._options.apps, self._options.private_key is None
        apps = wanted_apps(own, self._options.brand, query, _NUMBER, self.name, rivals=rivals)
        yield from self._lists.pages(apps, read_state(since), now=now)


def _lists(name: str, client: GuardedClient, options: AppstoreOptions) -> PublicLists | ConnectLists:
    depth = Depth(
        options.max_pages, timedelta(hours=options.lookback_hours), timedelta(seconds=options.overlap_seconds)
    )
    if options.private_key is None:
        return PublicLists(name, client, base_url=options.base_url, countries=options.countries, depth=depth)
    key = ConnectKey(options.private_key, options.key_id, options.issuer_id)
    size = min(options.page_size, 200)
    return ConnectLists(name, client, key, base_url=options.connect_url, page_size=size, depth=depth)
