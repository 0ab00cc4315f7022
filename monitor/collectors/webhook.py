"""Posts and complaints that a help desk, a form or a contact centre pushes to the program, over HTTP.

`accept` checks a request and keeps its body in a folder, on disk before it is confirmed; `pages` reads that folder. So
what was confirmed is read, whatever happens between. A message with an id that was kept before is kept once. How a
request is signed and what it may hold: docs/formats.md; who receives it: monitor/hooks.py.

A row that says `"complaint": true` is one, and so is each row of a source with `complaints = true`: it is marked in
`extra`, so that it can be told later how long before the first of them people spoke up. The platform of a row that
names none is the source's name, because two help desks both count from 1; `platform` keeps ids the same when a source
is renamed.
"""

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from monitor import clock
from monitor.collectors._answers import reveal
from monitor.collectors._hook_signature import bears, key_of, signed_id
from monitor.collectors._spool import Spool, Waiting
from monitor.collectors._state import read_state, write_state
from monitor.collectors._web import check_least
from monitor.domain import Coverage, Cursor, Mention, Page, Query, Reject, Secret
from monitor.errors import CredentialRefused, InputError, SourceDown
from monitor.posts import Reading, Row, read_rows

PAGE_BYTES = 4_000_000  # a page ends here even if it has few rows: memory stays flat
_YES = ("true", "yes", "1")  # a complaint, where a form can send nothing but texts


@dataclass(frozen=True, kw_only=True)
class WebhookOptions:
    """Settings of a source of kind `webhook`."""

    secret: Secret = field(
        default=Secret("env:WEBHOOK_SECRET"),
        metadata={"help": 'What requests are signed with: "whsec_" and base64, or a text of 24 characters or more.'},
    )
    bearer: bool = field(
        default=False,
        metadata={
            "help": "Whether a request may show the secret itself (Authorization: Bearer …) in place of a signature,"
            " for tools that can send fixed headers only. Who sees one such request can send any other."
        },
    )
    platform: str = field(default="", metadata={"help": "Platform of rows that name none; empty: the source's name."})
    brand: str = field(default="", metadata={"help": "Brand of rows that name none; without one the cards decide."})
    complaints: bool = field(
        default=False, metadata={"help": "Whether every row is a complaint that does not deny it."}
    )
    keep_all: bool = field(default=True, metadata={"help": "Whether rows that name no brand are kept."})
    folder: Path | None = field(
        default=None,
        metadata={"help": "Where rows wait until they are read; unset: data/hooks/ and the source's name."},
    )
    folder_bytes: int = field(default=256_000_000, metadata={"help": "Most bytes that wait; then senders are put off."})
    max_bytes: int = field(default=1_000_000, metadata={"help": "Most bytes of one request."})
    max_rows: int = field(default=1_000, metadata={"help": "Most rows of one request."})
    page_rows: int = field(default=1_000, metadata={"help": "About so many rows are stored at once."})

    def __post_init__(self) -> None:
        check_least(self, folder_bytes=1, max_bytes=1, max_rows=1, page_rows=1)


class WebhookCollector:
    """Takes what is pushed, and reads it. The query is not needed: every row that was pushed is wanted."""

    kind: ClassVar[str] = "webhook"
    Options: ClassVar[type[WebhookOptions]] = WebhookOptions

    def __init__(self, name: str, options: WebhookOptions) -> None:
        self.name = name
        self.max_body = options.max_bytes  # what monitor/hooks.py reads of a request
        self._options = options
        own = Path("data", "hooks", quote(name, safe="").replace(".", "%2E"))  # no name leads out of the folder
        self._spool = Spool(name, options.folder or own, options.folder_bytes)

    def accept(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> int:
        """Check a request, keep its rows on disk, and say how many there are.

        Raises CredentialRefused where it is not signed as it should be, InputError where the body has no usable shape,
        and errors that are retryable where nothing can be kept at the moment.
        """
        try:
            secret, key = self._keys()
        except CredentialRefused as error:
            raise SourceDown(str(error)) from None  # our own fault, and not the sender's: they try again
        ident = self._ident({name.lower(): value for name, value in headers.items()}, body, secret, key, now)
        if len(body) > self._options.max_bytes:
            raise InputError(f"the body is longer than {self._options.max_bytes:,} bytes")
        lines = lines_of(body, self._options.max_rows)
        if lines:
            self._spool.keep(ident, b"".join(lines), now=now)
        return len(lines)

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield the rows that were pushed since the cursor; `stored` removes them.

        Raises SourceDown where the folder cannot be read or written, and, at the end, CredentialRefused where the
        secret is missing or too short: then nothing can be accepted.
        """
        done = _place(since)
        self._spool.go_on_from(done)
        rows: list[Row] = []
        size = 0
        for message in self._spool.waiting(done):
            rows += self._rows(message, now)
            size, done = size + message.size, message.place
            if len(rows) >= self._options.page_rows or size >= PAGE_BYTES:
                yield self._page(rows, done)
                rows, size = [], 0
        if rows:
            yield self._page(rows, done)
        self._keys()

    def stored(self, cursor: Cursor) -> None:
        """Remove what was read before a committed cursor. Raises SourceDown."""
        self._spool.remove(_place(cursor))

    def _keys(self) -> tuple[str, bytes]:
        secret = reveal(self._options.secret, self.name, "the secret that requests are signed with")
        try:
            return secret, key_of(secret)
        except ValueError as error:
            where = self._options.secret.reference
            raise CredentialRefused(
                f"{self.name}: {where} cannot be used: {error}. Set another, there and here."
            ) from None

    def _ident(self, headers: Mapping[str, str], body: bytes, secret: str, key: bytes, now: datetime) -> str:
        if self._options.bearer and "authorization" in headers and "webhook-signature" not in headers:
            if not bears(headers, secret):
                raise CredentialRefused(f"{self.name}: the secret in the header Authorization is wrong.")
            # Without an id of theirs, each request is one of its own: equal rows are one post all the same.
            return headers.get("webhook-id") or f"{clock.to_ms(now)}.{sha256(body).hexdigest()}"
        try:
            return signed_id(headers, body, key, now=now)
        except ValueError as error:
            raise CredentialRefused(f"{self.name}: {error}.") from None

    def _rows(self, message: Waiting, now: datetime) -> list[Row]:
        """The rows of one message; one whose time is not told is of the time at which it came."""
        try:
            content = io.BytesIO(message.path.read_bytes())
            reading = Reading(now, self._options.platform or self.name)
            rows = [self._marked(row, min(message.came, now)) for row in read_rows(content, reading, format="jsonl")]
        except FileNotFoundError:
            return []  # removed by hand since it was listed
        except OSError as error:
            raise SourceDown(f"{self.name}: {message.path} cannot be read ({error.strerror}).") from error
        except InputError as error:  # its first bytes look like a packed file
            return [Row(1, message.size, True, {}, reject=Reject(line=1, reason=str(error), raw=""))]
        return rows

    def _marked(self, row: Row, came: datetime) -> Row:
        mention = row.mention
        if mention is None:
            return row
        if not row.fields.get("created_at"):
            mention = replace(mention, published_at=came)
        if not mention.targets and self._options.brand:
            mention = replace(mention, targets=(self._options.brand,))
        return replace(row, mention=self._with_complaint(mention))

    def _with_complaint(self, mention: Mention) -> Mention:
        told = mention.extra.get("complaint", self._options.complaints)
        if told is True or (isinstance(told, str) and told.strip().lower() in _YES):
            return replace(mention, extra={**mention.extra, "complaint": True})
        return mention

    def _page(self, rows: list[Row], done: int) -> Page:
        return Page(
            mentions=tuple(row.mention for row in rows if row.mention),
            rejects=tuple(row.reject for row in rows if row.reject),
            cursor=write_state({"read": done}),
            keep_unmatched=self._options.keep_all,
            coverage=Coverage(returned=len(rows)),
        )


def _place(cursor: Cursor | None) -> int:
    told = read_state(cursor).get("read")
    return told if type(told) is int else 0


def lines_of(body: bytes, most: int) -> list[bytes]:
    """The rows of a body, a line each: one JSON object, a list of rows, or lines of JSON objects.

    An object without `text` whose `data` holds the row or rows is a message as Standard Webhooks recommends it. A row
    that cannot be read is kept: it is set aside when it is read. Raises InputError where there is no row at all.

    >>> lines_of(b'{"text": "Late"}', 9), lines_of(b'{"type": "post.made", "data": [{"text": "Late"}, 7]}', 9)
    ([b'{"text": "Late"}\\n'], [b'{"text": "Late"}\\n', b'7\\n'])
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"the body is not UTF-8 text (byte {error.start + 1})") from None
    document = _document(text)
    if isinstance(document, dict) and "text" not in document and isinstance(document.get("data"), dict | list):
        document = document["data"]
    if isinstance(document, dict):
        document = [document]
    rows = document if isinstance(document, list) else [line for line in text.split("\n") if line.strip()]
    if len(rows) > most:
        raise InputError(f"the body holds {len(rows):,} rows, more than {most:,}; send them in several requests")
    if isinstance(document, list):
        return [_line(row) for row in rows]
    if not any(isinstance(_document(line), dict) for line in rows):
        raise InputError("the body is neither a JSON object, nor a list of them, nor lines of them")
    return [f"{line}\n".encode() for line in rows]


def _document(text: str) -> Any:
    """What a text is as JSON; None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _line(row: object) -> bytes:
    try:
        return f"{json.dumps(row, ensure_ascii=False)}\n".encode()
    except UnicodeEncodeError:  # half of a character, which only an escape can hold
        return f"{json.dumps(row)}\n".encode()
    except RecursionError:
        raise InputError("the body is nested too deep") from None
