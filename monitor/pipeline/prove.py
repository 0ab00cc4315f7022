"""Prove deletions: look for what is left of deleted posts in a database, and try deleting on a copy of it.

The trial puts posts with words of their own into the copy, has them scored, quoted by an alert and told in a message,
deletes them as the program does, and then looks for the words in every byte. Knows the store and the form of an alert.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from statistics import median

from monitor.alerting import sample
from monitor.alerting.message import facts
from monitor.analysis.explanation import to_json
from monitor.clock import EPOCH
from monitor.domain import Alert, Author, Deletion, Label, Mention, Message, MessageKind, Score, ScoredMention
from monitor.errors import StoreBusy, StoreError
from monitor.store import Store
from monitor.store.proof import Freed, Leftovers, freed, places
from monitor.store.scores import Judgement

DUE = timedelta(hours=24)  # the shortest term that a platform names
PLATFORM = "trial"
_LONG = 900  # times that a long post says its word: more than fits a page
_TAIL = 8  # letters of a word that an index may keep apart from the rest, as other words begin alike
_TEXT, _TALK = "{0} is what it says, and {0} again", "{0} in a message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How long erasing took, from the platform's word on; None where no platform told a time."""

    told: int  # posts of which a platform told when they were deleted
    median: timedelta | None
    slowest: timedelta | None
    late: int  # took longer than DUE


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What deleting on a copy left: of so many words, seen before so often, so many times now."""

    words: int
    seen: int  # of these, in the files before they were deleted: else nothing would be shown
    left: int  # places where they still stood afterwards
    index_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was looked at, and what was found."""

    path: str
    tombstones: int
    leftovers: Leftovers
    freed: Freed
    log: int | None  # bytes in the log after it was folded; None: another run is writing, so it cannot be judged
    trial: Trial
    speed: Speed

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything that should not be, in words."""
        left, trial = self.leftovers, self.trial
        counted = (
            (left.posts, "deleted posts still have words, an address or an author"),
            (left.waiting, "deleted posts still wait for a model"),
            (left.alerts, "alerts still quote a deleted post"),
            (left.messages, "messages still quote a deleted post"),
            (left.reasons, "reasons still speak of a deleted post"),
            (self.freed.dirty, "freed pages are not overwritten"),
            (self.log or 0, "bytes are left in the log, because a reader holds it"),
            (
                trial.words - trial.seen,
                "words of the trial were not found before they were deleted, so it shows nothing",
            ),
            (trial.left, "places still held words of the trial after it deleted them"),
            (int(not trial.index_whole), "search index does not agree with the posts"),
        )
        return tuple(f"{number} {what}" for number, what in counted if number)


def run(path: Path, *, token: str, now: datetime) -> Proof:
    """Look at a database, and try on a copy beside it; `token` makes the trial's words, which nobody else has.

    Raises StoreError where there is no database, or no room for the copy.
    """
    with Store(path, write=False) as store:
        tombstones, leftovers, speed = store.proof.tombstones(), store.proof.leftovers(), _speed(store.proof.lags())
    log = _folded(path)
    with _copy_of(path, now) as copy:
        pages = freed(path if log == 0 else copy)  # of a file that is being written, its copy tells
        return Proof(
            path=str(path), tombstones=tombstones, leftovers=leftovers, freed=pages, log=log,
            trial=_trial(copy, token, now), speed=speed,
        )  # fmt: skip


def _speed(lags: list[timedelta]) -> Speed:
    middle = timedelta(seconds=median(lag.total_seconds() for lag in lags)) if lags else None
    return Speed(told=len(lags), median=middle, slowest=max(lags, default=None), late=sum(lag > DUE for lag in lags))


def _folded(path: Path) -> int | None:
    """How much the log holds once it was brought into the file; None where another run keeps writing it."""
    try:
        with Store(path) as store:
            store.maintenance.fold()
    except StoreBusy:
        return None
    log = Path(f"{path}-wal")
    return log.stat().st_size if log.exists() else 0


@contextmanager
def _copy_of(path: Path, now: datetime) -> Iterator[Path]:
    """A copy in a folder of its own beside the database, where only we may read; it goes with all that is in it.

    What an earlier trial left there because it was killed goes as well.
    """
    for left in path.parent.glob(f".{path.name}.trial-*"):
        if left.stat().st_mtime < (now - DUE).timestamp():
            shutil.rmtree(left, ignore_errors=True)
    try:
        folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.trial-"))
    except OSError as error:
        raise StoreError(f"{path.parent}: a copy for the trial cannot be made here ({error.strerror}).") from error
    try:
        with Store(path, write=False) as store:
            store.maintenance.backup(folder / "copy.db")
        yield folder / "copy.db"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# The trial


def _trial(copy: Path, token: str, now: datetime) -> Trial:
    words = {name: _word(token, name) for name in (*_TEXTS, *_FIELDS, "message", "digest")}
    needles = [word[_TAIL:].encode() for word in words.values()]
    seen: set[bytes] = set()
    found: dict[bytes, int] = {}
    whole = True
    for act in (_arrive, _go_round, _delete):
        seen.update(word for word, times in found.items() if times)
        with Store(copy) as store:
            act(store, words, now)
            whole = whole and store.proof.index_is_whole()
        found = places(_files(copy), needles)
    return Trial(words=len(words), seen=len(seen), left=sum(found.values()), index_whole=whole)


_TEXTS = ("short", "long", "first", "edited")
_FIELDS = ("author", "author id", "address", "field", "conversation", "reply", "quoted")


def _word(token: str, name: str) -> str:
    """A word that nobody writes; no two of a trial begin or end alike."""
    return "w" + blake2b(f"{token} {name}".encode(), digest_size=15).hexdigest()


def _files(copy: Path) -> list[Path]:
    return [file for file in copy.parent.iterdir() if file.is_file()]


def _posts(words: dict[str, str]) -> list[Mention]:
    author = Author(native_id=words["author id"], handle=words["author"], followers=1)
    texts = {"short": _TEXT.format(words["short"]), "long": f"{words['long']} " * _LONG}
    texts["edited"] = _TEXT.format(words["edited"])
    return [
        Mention(
            platform=PLATFORM, native_id=name, text=text, published_at=EPOCH, author=author, rating=0.0,
            url=f"https://example.org/{words['address']}", extra={"field": words["field"]},
            conversation_id=words["conversation"], in_reply_to=words["reply"], quoted=words["quoted"], known_at=EPOCH,
        )
        for name, text in texts.items()
    ]  # fmt: skip


def _arrive(store: Store, words: dict[str, str], now: datetime) -> None:
    """Posts come in, one of them in a version that is edited later."""
    versions = {post.native_id: post for post in _posts(words)}
    versions["edited"] = replace(versions["edited"], text=_TEXT.format(words["first"]))
    _store(store, list(versions.values()), now)


def _go_round(store: Store, words: dict[str, str], now: datetime) -> None:
    """The edit comes in; the posts are scored, quoted by an alert, told in a message."""
    posts = _posts(words)
    _store(store, posts, now)
    with store.transaction():
        items = [item for item in store.scores.pending(limit=len(posts)) if item.target == PLATFORM]
        scores = [
            Score(mention_id=item.mention_id, target=PLATFORM, model=PLATFORM, negative=1.0, neutral=0.0, positive=0.0,
                  label=Label.NEGATIVE)
            for item in items
        ]  # fmt: skip
        judged = [Judgement(item, PLATFORM, score) for item, score in zip(items, scores, strict=True)]
        store.scores.save(judged, [True] * len(judged), now=now)
        _quote(store, posts, words["message"], now)
        _say_again(store, posts[0], words["digest"], now)


def _store(store: Store, posts: list[Mention], now: datetime) -> None:
    with store.transaction():
        store.mentions.upsert(posts, [(PLATFORM,)] * len(posts), source=PLATFORM, now=now)


def _quote(store: Store, posts: list[Mention], word: str, now: datetime) -> None:
    alert, incident = sample.alert()
    spike = replace(alert.explanation.spike, rule=PLATFORM, brand=PLATFORM)
    quoted = tuple(
        ScoredMention(
            mention=post, brand=PLATFORM, model=PLATFORM, negative=1.0, neutral=0.0, positive=0.0, label=Label.NEGATIVE
        )
        for post in posts
    )
    explanation = replace(alert.explanation, spike=spike, top_posts=quoted)
    store.detection.add_spikes([spike])
    number = next(number for number, each in store.detection.pending_spikes() if each.rule == PLATFORM)
    opened = store.incidents.open(spike)
    told = store.incidents.add_alert(opened, number, spike, to_json(explanation))
    alert = Alert(id=told, incident_id=opened, phase=alert.phase, at=alert.at, explanation=explanation)
    message = Message(
        key=word[:_TAIL], title=PLATFORM, body=_TALK.format(word), severity="low", brand=PLATFORM,
        facts=facts(alert, incident),
    )  # fmt: skip
    store.outbox.put(told, PLATFORM, message, due=now)


def _say_again(store: Store, post: Mention, word: str, now: datetime) -> None:
    """A digest quotes a post, and belongs to no alert."""
    back = {"platform": PLATFORM, "id": post.native_id, "author": post.author.handle, "text": post.text}
    message = Message(
        key=word[:_TAIL], title=PLATFORM, body=_TALK.format(word), severity="low", brand=PLATFORM,
        facts={"back": [back]}, kind=MessageKind.DIGEST,
    )  # fmt: skip
    store.outbox.put(None, PLATFORM, message, due=now)


def _delete(store: Store, words: dict[str, str], now: datetime) -> None:
    """One by its id, and the rest with their author."""
    with store.transaction():
        store.mentions.delete([Deletion(platform=PLATFORM, native_id="short")], now=now)
    with store.transaction():
        store.mentions.delete([Deletion(platform=PLATFORM, author_id=words["author id"], reason="suspended")], now=now)
