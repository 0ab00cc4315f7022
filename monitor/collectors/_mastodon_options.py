"""The settings of a source of kind `mastodon`. Knows no network."""

from dataclasses import dataclass, field

from monitor.collectors._answers import check_safe
from monitor.collectors._web import check_address, check_least
from monitor.domain import Secret


@dataclass(frozen=True, kw_only=True)
class MastodonOptions:
    """Settings of a source of kind `mastodon`."""

    base_url: str = field(
        default="https://mastodon.social", metadata={"help": "The server whose account you have, or any other."}
    )
    more_servers: tuple[str, ...] = field(
        default=(), metadata={"help": "Addresses of servers whose hashtags are read too, without the credential."}
    )
    credential: Secret | None = field(
        default=None,
        metadata={
            "help": "Access token of an account at `base_url`, with the scopes read:search, read:statuses and"
            " read:notifications. Without it hashtags alone are read."
        },
    )
    names_as_hashtags: bool = field(
        default=True, metadata={"help": "Whether brands' names, written as one word, are read as hashtags too."}
    )
    search: bool = field(default=True, metadata={"help": "Whether names are searched for, given a credential."})
    mentions: bool = field(
        default=True, metadata={"help": "Whether posts that mention the account are read, given a credential."}
    )
    stream: bool = field(
        default=False,
        metadata={"help": "Whether each poll then listens for new posts, edits and deletions, given a credential."},
    )
    stream_seconds: float = field(default=120.0, metadata={"help": "How long it listens in one poll."})
    page_size: int = field(default=40, metadata={"help": "Posts on a page, at most 40."})
    max_pages: int = field(default=10, metadata={"help": "Most pages of one timeline in one poll; the rest is next."})
    lookback_hours: float = field(default=24.0, metadata={"help": "How far back the first poll reads."})
    overlap_seconds: int = field(
        default=1_800, metadata={"help": "How much is read again, for posts that arrive late and for edits."}
    )
    timeout: float = field(default=20.0, metadata={"help": "Seconds after which an answer is given up."})
    allow_private_hosts: tuple[str, ...] = field(
        default=(), metadata={"help": 'Hosts on a private network that may be asked, exactly: "host" or "host:port".'}
    )

    def __post_init__(self) -> None:
        if self.credential:
            check_safe("base_url", self.base_url, self.allow_private_hosts)
        check_address("base_url", self.base_url)
        for address in self.more_servers:
            check_address("more_servers", address)
        if self.stream and not self.credential:
            raise ValueError("stream = true needs a credential: servers open streams for accounts only")
        check_least(
            self, stream_seconds=0.1, page_size=1, max_pages=1, lookback_hours=0, overlap_seconds=0, timeout=0.1
        )
