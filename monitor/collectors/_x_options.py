"""The settings of a source of kind `x`. Knows nothing of how they are used."""

import re
from dataclasses import dataclass, field
from typing import Literal, get_args
from urllib.parse import urlsplit

from monitor.collectors._answers import check_safe
from monitor.collectors._web import check_least
from monitor.domain import Secret

Read = Literal["search", "mentions", "stream"]
RecheckBy = Literal["jobs", "lookup", "none"]
_LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, kw_only=True)
class XOptions:
    """Settings of a source of kind `x`."""

    token: Secret = field(default=Secret("env:X_BEARER_TOKEN"), metadata={"help": "The app's bearer token."})
    base_url: str = field(
        default="https://api.x.com", metadata={"help": "Where the API is: https, or http on this machine."}
    )
    read: Read = field(
        default="search",
        metadata={"help": '"search" the last days, the "mentions" of one account, or the filtered "stream".'},
    )
    account: str = field(default="", metadata={"help": "Whose mentions are read: a handle, without the @."})
    account_id: str = field(default="", metadata={"help": "Its number at X, which saves looking it up."})
    query: str = field(default="", metadata={"help": "A search in X's own syntax, in place of the brands' names."})
    query_length: int = field(default=512, metadata={"help": "Most characters of a search that your plan allows."})
    retweets: bool = field(default=False, metadata={"help": "Whether to ask for retweets too."})
    authors: bool = field(
        default=True, metadata={"help": "Whether to ask for names and followers of authors, which X may bill."}
    )
    page_size: int = field(default=100, metadata={"help": "Posts on a page, 10 to 100."})
    max_pages: int = field(default=10, metadata={"help": "Most pages of one search in one poll; the rest comes next."})
    lookback_hours: float = field(default=24.0, metadata={"help": "How far back the first poll reads, at most 168."})
    overlap_seconds: float = field(
        default=60.0, metadata={"help": "How much is read again, for posts that X shows late."}
    )
    stream_seconds: float = field(default=50.0, metadata={"help": "How long one poll listens to the stream."})
    counts_every_hours: float = field(
        default=0.0, metadata={"help": "How often a search is compared with X's own count of its posts; 0: never."}
    )
    recheck_by: RecheckBy = field(
        default="jobs",
        metadata={"help": 'How deletions are found: by compliance "jobs", by a "lookup" of each post, or "none".'},
    )
    price_per_post: float = field(default=0.005, metadata={"help": "US dollars that X bills for a post."})
    price_per_mention: float = field(
        default=0.001, metadata={"help": "The same for a mention of the account that owns the app."}
    )
    price_per_author: float = field(default=0.010, metadata={"help": "US dollars that X bills for an author."})
    price_per_count: float = field(default=0.005, metadata={"help": "US dollars that X bills for a count."})
    timeout: float = field(default=30.0, metadata={"help": "Seconds after which an answer is given up."})
    allow_private_hosts: tuple[str, ...] = field(
        default=(), metadata={"help": 'Hosts on a private network that may be asked, exactly: "host" or "host:port".'}
    )

    def __post_init__(self) -> None:
        check_safe("base_url", self.base_url, self.private_hosts)
        if not 10 <= self.page_size <= 100:
            raise ValueError(f"page_size = {self.page_size} is not from 10 to 100")
        for name, kind in (("read", Read), ("recheck_by", RecheckBy)):
            if getattr(self, name) not in get_args(kind):
                raise ValueError(f"{name} is not one of {', '.join(get_args(kind))}")
        if self.read == "mentions" and not (self.account or self.account_id):
            raise ValueError("account (or account_id) must say whose mentions are read")
        if not re.fullmatch(r"@?\w{0,50}", self.account.strip(), re.ASCII):
            raise ValueError("account is not a handle of X: letters, digits and _ only")
        if self.account_id and not (self.account_id.isascii() and self.account_id.isdigit()):
            raise ValueError("account_id is not a number; a name belongs into account")
        check_least(self, max_pages=1, stream_seconds=0.0, counts_every_hours=0.0, overlap_seconds=0.0)

    @property
    def private_hosts(self) -> tuple[str, ...]:
        """Those that are named, and the API's own where it is on this machine, as X's emulator is."""
        place = urlsplit(self.base_url)
        return (*self.allow_private_hosts, *((place.netloc,) if place.hostname in _LOCAL else ()))
