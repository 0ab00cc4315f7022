"""Discord: the message search of one server (guild) of your own, newest first, one search for each name.

Needs a bot in that server with the right to read the message history and the intent MESSAGE_CONTENT, and its token in
env:DISCORD_BOT_TOKEN (developer portal → Bot). An answer holds at most 25 messages; the next question ends at the
oldest of them (`max_id`), so no paging runs out. Discord may return fewer than were asked for and counts roughly, so
its own total says whether more is there. While it is indexing it asks to wait (202), or says that old messages are
still missing: that is told as a gap. Deleted messages simply stop being found: this search tells no deletions, so
where the duty to delete applies, re-read with a longer `overlap_seconds` does not suffice.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from monitor.collectors._answers import check_safe, error_of, fetch, reveal
from monitor.collectors._fields import count, ident, instant, part, read_rows, word
from monitor.collectors._slices import Part, Plan, Stretch, read_texts
from monitor.collectors._web import DEFAULT_WAIT, LONGEST_WAIT, check_least, document_of
from monitor.domain import Author, Cursor, Mention, Page, Query, Secret, Terms
from monitor.errors import AnswerUnreadable, CollectorError, CredentialRefused, RateLimited
from monitor.http import Answer, GuardedClient, Limits
from monitor.post_fields import tidy

PLATFORM = "discord"
_EPOCH_MS = 1_420_070_400_000  # 2015, from which Discord's ids count
_USUAL = frozenset(
    (
        *("id", "content", "timestamp", "edited_timestamp", "author", "channel_id", "message_reference", "hit"),
        *("mentions", "mention_roles", "mention_everyone", "embeds", "attachments", "components", "nonce", "tts"),
        *("pinned", "flags", "type", "reactions", "referenced_message"),
    )
)


@dataclass(frozen=True, kw_only=True)
class DiscordOptions:
    """Settings of a source of kind `discord`."""

    guild: str = field(metadata={"help": "The server's id, a number in quotes (Copy Server ID)."})
    bot_token: Secret = field(default=Secret("env:DISCORD_BOT_TOKEN"), metadata={"help": "The bot's token."})
    base_url: str = field(default="https://discord.com/api/v10", metadata={"help": "Where the API is."})
    channels: tuple[str, ...] = field(default=(), metadata={"help": "Ids of the channels to search; empty: all."})
    page_size: int = field(default=25, metadata={"help": "Messages in one answer, at most 25."})
    max_pages: int = field(default=10, metadata={"help": "Most answers for one name in one poll; the rest comes next."})
    lookback_hours: float = field(default=24.0, metadata={"help": "How far back the first poll reads."})
    overlap_seconds: float = field(
        default=3_600.0, metadata={"help": "How much is read again, for edits and for what is indexed late."}
    )
    timeout: float = field(default=20.0, metadata={"help": "Seconds after which an answer is given up."})
    allow_private_hosts: tuple[str, ...] = field(
        default=(), metadata={"help": 'Hosts on a private network that may be asked, exactly: "host" or "host:port".'}
    )

    def __post_init__(self) -> None:
        check_safe("base_url", self.base_url, self.allow_private_hosts)
        check_least(self, page_size=1, max_pages=1, lookback_hours=0, overlap_seconds=0, timeout=0.1)
        for name, number in (("guild", self.guild), *(("channels", channel) for channel in self.channels)):
            if not (number.isascii() and number.isdigit()):
                raise ValueError(f'{name} must be an id of digits, as in "613425648685547541"')


class DiscordCollector:
    """Searches one server for each of the brands' names."""

    kind: ClassVar[str] = "discord"
    Options: ClassVar[type[DiscordOptions]] = DiscordOptions
    terms: ClassVar[Terms] = Terms(
        note="Discord's Developer Terms: what is deleted there goes from copies too. Discord tells it as an event,"
        " which a search does not bring: erase such a message with `db erase --post`."
    )

    def __init__(self, name: str, options: DiscordOptions) -> None:
        self.name = name
        self._options = options
        limits = Limits(seconds=options.timeout)
        self._client = GuardedClient(allow_hosts=options.allow_private_hosts, limits=limits)

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield the messages of each name, newest first."""
        options = self._options
        texts = tuple(dict.fromkeys((*query.terms, *query.handles, *(f"#{tag}" for tag in query.hashtags))))
        plan = Plan(
            lookback=timedelta(hours=options.lookback_hours),
            overlap=timedelta(seconds=options.overlap_seconds),
            most=options.max_pages,
        )

        def ask(text: str, stretch: Stretch, _: str | None) -> Part:
            return self._ask(text, stretch, now)

        yield from read_texts(texts, since, ask, now=now, plan=plan, held={})

    def _ask(self, text: str, stretch: Stretch, now: datetime) -> Part:
        asked = [
            *(("content", text[:1_024]), ("author_type", "user"), ("sort_by", "timestamp"), ("sort_order", "desc")),
            *(("limit", str(min(self._options.page_size, 25))), ("min_id", str(max(_id_at(stretch.low) - 1, 0)))),
            ("max_id", str(_id_at(stretch.high + 1))),
            *(("channel_id", channel) for channel in self._options.channels),
        ]
        guild = quote(self._options.guild)
        url = f"{self._options.base_url.rstrip('/')}/guilds/{guild}/messages/search?{urlencode(asked)}"
        headers = {"authorization": f"Bot {reveal(self._options.bot_token, self.name, 'the bot’s token')}"}
        answer = fetch(self._client, url, self.name, headers=headers)
        if answer.status != 200:
            raise self._refusal(answer, now)
        return self._part(document_of(answer, self.name), now)

    def _refusal(self, answer: Answer, now: datetime) -> CollectorError:
        """What an answer means that holds no messages; the wait is told in its body."""
        try:
            told = json.loads(answer.body)
        except (ValueError, RecursionError):
            told = None
        body = told if isinstance(told, dict) else {}
        if answer.status in (202, 429):
            return RateLimited(self.name, _wait(body.get("retry_after")))
        if answer.status in (401, 403):
            return CredentialRefused(
                f"{self.name}: Discord refuses the bot ({answer.status}). Check the token, and that the bot is in the"
                " server, may read its message history, and has the intent MESSAGE_CONTENT."
            )
        if answer.status < 400:
            return AnswerUnreadable(f"{self.name}: Discord answers {answer.status}. Check `base_url`.")
        return error_of(answer, self.name, now)

    def _part(self, document: dict[str, Any], now: datetime) -> Part:
        groups, total = document.get("messages"), count(document.get("total_results"))
        if not isinstance(groups, list):
            raise AnswerUnreadable(f"{self.name}: the answer has no messages. Check `base_url`.")
        rows = [row for group in groups for row in _hits(group)]
        if rows and all(isinstance(row, dict) and row.get("content") == "" and not _shows(row) for row in rows):
            raise CredentialRefused(
                f"{self.name}: Discord sends messages without their text. Give the bot the intent MESSAGE_CONTENT."
            )
        mentions, _, rejects = read_rows(rows, lambda row: self._mention(row, now))
        shown = len({word(row.get("id")) for row in rows if isinstance(row, dict)})  # pages may overlap
        return Part(
            mentions=tuple(mentions),
            rejects=tuple(rejects),
            times=tuple(moment for row in rows if (moment := _moment(row)) is not None),
            rows=len(rows),
            full=shown < total if total is not None else len(rows) >= self._options.page_size,
            partial=document.get("doing_deep_historical_index") is True,
            total=total,
            asked=min(self._options.page_size, 25),
        )

    def _mention(self, row: dict[str, Any], now: datetime) -> Mention | None:
        native_id, channel = ident(row.get("id"), "id"), ident(row.get("channel_id"), "channel_id")
        text = row.get("content")
        if not isinstance(text, str):
            raise ValueError("content is not a string")
        if not (kept := tidy(text)).strip():
            return None
        author, reference, edited = part(row, "author"), part(row, "message_reference"), row.get("edited_timestamp")
        return Mention(
            platform=PLATFORM,
            native_id=native_id,
            text=kept,
            published_at=min(instant(row.get("timestamp"), "timestamp"), now),
            author=Author(native_id=word(author.get("id")), handle=word(author.get("username"))),
            url=f"https://discord.com/channels/{self._options.guild}/{channel}/{native_id}",
            edited_at=min(instant(edited, "edited_timestamp"), now) if edited else None,
            conversation_id=channel,
            in_reply_to=None if reference.get("type") == 1 else word(reference.get("message_id")),
            extra={name: value for name, value in row.items() if name not in _USUAL},
        )


def _hits(group: object) -> list[Any]:
    """The found messages of a group; the others are what stands around them."""
    rows = group if isinstance(group, list) else [group]
    return [row for row in rows if not isinstance(row, dict) or row.get("hit") is not False]


def _shows(row: dict[str, Any]) -> bool:
    """Whether a message shows something else than text."""
    names = ("embeds", "attachments", "sticker_items", "poll", "components", "message_snapshots")
    return any(row.get(name) for name in names)


def _id_at(milliseconds: int) -> int:
    """The smallest id of a moment (Discord's reference, Snowflakes)."""
    return max(milliseconds - _EPOCH_MS, 0) << 22


def _moment(row: object) -> int | None:
    """When a message was sent, as its id tells."""
    found = word(row.get("id")) if isinstance(row, dict) else None
    usable = found is not None and found.isascii() and found.isdigit() and len(found) < 20
    return (int(found) >> 22) + _EPOCH_MS if usable and found else None


def _wait(told: object) -> timedelta:
    """How long to wait, of a number of seconds in a body."""
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0 <= told <= LONGEST_WAIT.total_seconds():
        return DEFAULT_WAIT
    return max(timedelta(seconds=told), timedelta(seconds=1))
