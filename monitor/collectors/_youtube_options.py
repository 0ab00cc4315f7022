"""The settings of a source of kind `youtube`. Knows no network."""

from dataclasses import dataclass, field

from monitor.collectors._answers import check_safe
from monitor.collectors._web import check_least
from monitor.domain import Secret


@dataclass(frozen=True, kw_only=True)
class YoutubeOptions:
    """Settings of a source of kind `youtube`."""

    key: Secret = field(default=Secret("env:YOUTUBE_API_KEY"), metadata={"help": "The API key."})
    base_url: str = field(default="https://www.googleapis.com/youtube/v3", metadata={"help": "Where the API is."})
    videos: tuple[str, ...] = field(default=(), metadata={"help": "Ids of videos whose comments are always read."})
    channels: tuple[str, ...] = field(
        default=(), metadata={"help": "Ids of channels; the comments under all of their videos are read."}
    )
    brand: str = field(
        default="", metadata={"help": "Brand that comments under `videos` and `channels` are about, named or not."}
    )
    search: bool = field(default=True, metadata={"help": "Whether to search for videos that name the brands."})
    search_every_hours: float = field(default=12.0, metadata={"help": "Hours between two searches."})
    search_pages: int = field(default=3, metadata={"help": "Most calls of one search in one poll, of 50 videos each."})
    daily_searches: int = field(default=100, metadata={"help": "Calls of search.list that a day may cost."})
    daily_units: int = field(default=10_000, metadata={"help": "Units of quota that a day may cost."})
    recheck_units: int = field(
        default=200, metadata={"help": "How many of these are kept for reading again, 50 posts each; at most a tenth."}
    )
    units_per_search: int = field(
        default=0, metadata={"help": "Units that a search costs besides: 100 in old projects."}
    )
    max_videos: int = field(default=200, metadata={"help": "Most found videos whose comments are read."})
    quiet_hours: float = field(default=12.0, metadata={"help": "Longest time between two readings of a quiet video."})
    page_size: int = field(default=100, metadata={"help": "Threads on a page, at most 100."})
    max_pages: int = field(default=50, metadata={"help": "Most pages of threads in one poll; the rest comes next."})
    lookback_hours: float = field(default=168.0, metadata={"help": "How far back a first reading goes."})
    overlap_seconds: int = field(default=86_400, metadata={"help": "How much is read again, for edits and replies."})
    timeout: float = field(default=20.0, metadata={"help": "Seconds after which an answer is given up."})
    allow_private_hosts: tuple[str, ...] = field(
        default=(), metadata={"help": 'Hosts on a private network that may be asked, exactly: "host" or "host:port".'}
    )

    def __post_init__(self) -> None:
        check_safe("base_url", self.base_url, self.allow_private_hosts)
        check_least(self, search_every_hours=0, search_pages=1, daily_searches=0, daily_units=1, units_per_search=0)
        check_least(self, max_videos=0, quiet_hours=0, page_size=1, max_pages=1, lookback_hours=0, overlap_seconds=0)
        check_least(self, timeout=0.1, recheck_units=1)
