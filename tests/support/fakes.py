"""Quick, plain parts with the promises of the real ones: a scorer, a detector, a collector, notifiers, a config folder.

Everything they do follows from their arguments, so that two runs can be compared.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

from models import Prediction, Sentiment
from monitor import plugins
from monitor.clock import FakeClock, iso, parse
from monitor.domain import (
    Author,
    Bucket,
    Cursor,
    Engagement,
    Inspection,
    Mention,
    Message,
    Page,
    Phase,
    Query,
    Reading,
    Series,
    Spike,
)
from monitor.pipeline.program import Program, Rule, Source, build
from monitor.ports import Collector, Notifier
from monitor.settings import Settings, load
from monitor.store import Store

START = parse("2026-03-02T00:00:00Z")
TEMPLATES = Path(__file__).parents[2] / "config" / "templates"


@dataclass(frozen=True, kw_only=True)
class NoOptions:
    """Nothing can be set."""


# Posts


def post(number: int | str, text: str = "Nimbus is fine", *, at: datetime = START, **fields: object) -> Mention:
    """A post with what a test names and plain values for the rest; `likes` and `author` are short forms."""
    author, likes = fields.pop("author", f"author-{number}"), fields.pop("likes", None)
    values = {
        "platform": "x",
        "native_id": str(number),
        "text": text,
        "published_at": at,
        "author": author if isinstance(author, Author) else Author(handle=str(author) if author else None),
        "engagement": Engagement(likes=likes if isinstance(likes, int) else None),
    }
    return Mention(**{**values, **fields})  # type: ignore[arg-type]


# The model


class WordScorer:
    """Reads a feeling off plain words, and a little off the letters, so that numbers differ between texts."""

    name = "words@1"

    def __init__(self, poison: str | None = None) -> None:
        self._poison = poison
        self.batches: list[int] = []

    def predict(self, texts: Sequence[str], targets: Sequence[str | None] | None = None) -> list[Prediction]:
        self.batches.append(len(texts))
        if self._poison is not None and any(self._poison in text for text in texts):
            raise RuntimeError("cannot read this")
        return [Prediction(sentiment=feeling(text)) for text in texts]


def feeling(text: str) -> Sentiment:
    """The feeling of a text."""
    shade = sum(text.encode("utf-8", "replace")) % 64 / 1024  # exact in binary: sums are equal in any order
    if "bad" in text:
        return Sentiment(0.875 + shade, 0.125 - shade, 0.0)
    if "good" in text:
        return Sentiment(0.0, 0.125 - shade, 0.875 + shade)
    return Sentiment(0.125 + shade, 0.75 - shade, 0.125)


# The detector


@dataclass(frozen=True, kw_only=True)
class ThresholdOptions:
    """How many negatives in a window are too many."""

    most: float = 4.0
    window: timedelta = timedelta(hours=1)


class Threshold:
    """Opens when a window holds too many negatives, worsens at twice as many, closes when they are gone."""

    kind: ClassVar[str] = "threshold"
    Options: ClassVar[type[ThresholdOptions]] = ThresholdOptions

    def __init__(self, name: str, options: ThresholdOptions) -> None:
        self.name, self.options = name, options

    def inspect(self, series: Series, state: bytes | None) -> Inspection:
        memory = json.loads(state) if state else {"version": 1, "recent": [], "phase": None, "newest": None, "seen": 0}
        if memory.get("version") != 1:
            raise ValueError("a state of another version")
        spikes = [spike for bucket in series.buckets for spike in self._take(memory, bucket, series)]
        readings = tuple(Reading(start=bucket.start, anomaly_score=0.0, expected=None) for bucket in series.buckets)
        return Inspection(spikes=tuple(spikes), readings=readings, state=json.dumps(memory).encode())

    def _take(self, memory: dict[str, object], bucket: Bucket, series: Series) -> Iterator[Spike]:
        recent = memory["recent"]
        assert isinstance(recent, list)
        newest = memory["newest"]
        late = newest is not None and bucket.start <= parse(str(newest))
        recent.append([iso(bucket.start), bucket.negatives])
        now = parse(str(newest)) if late else bucket.start
        memory["newest"] = iso(now)
        memory["seen"] = int(str(memory["seen"])) + 1
        recent[:] = [entry for entry in recent if parse(entry[0]) > now - self.options.window]
        if late:
            return
        total = sum(entry[1] for entry in recent)
        phase = self._phase(memory, total)
        if phase is not None:
            yield self._spike(phase, total, now + series.step, recent[0][0], series)

    def _phase(self, memory: dict[str, object], total: float) -> Phase | None:
        was, most = memory["phase"], self.options.most
        if was is None and total >= most:
            memory["phase"] = "opened"
            return Phase.OPENED
        if was == "opened" and total >= 2 * most:
            memory["phase"] = "worsened"
            return Phase.WORSENED
        if was is not None and total < most / 2:
            memory["phase"] = None
            return Phase.CLOSED
        return None

    def _spike(self, phase: Phase, total: float, at: datetime, onset: str, series: Series) -> Spike:
        return Spike(
            brand=series.brand, rule=self.name, phase=phase, fired_at=at, onset=parse(onset),
            window=self.options.window, observed=total, expected=1.0, mentions=None, probability=0.001,
            score=total / self.options.most, severity="high" if phase is Phase.WORSENED else "low",
        )  # fmt: skip


def threshold_rule(
    name: str = "too-many", most: float = 4.0, window: timedelta = timedelta(hours=1), brands: tuple[str, ...] = ("*",)
) -> Rule:
    """A rule with the plain detector."""
    options = ThresholdOptions(most=most, window=window)
    return Rule(name=name, detector=Threshold(name, options), patterns=brands, fingerprint=f"threshold {options!r}")


# The collector


@dataclass
class ListCollector:
    """Yields the given pages, or raises where an error stands among them; the cursor is a count of pages."""

    name: str
    script: list[Page | Exception] = field(default_factory=list)
    kind: ClassVar[str] = "list"
    Options: ClassVar[type[NoOptions]] = NoOptions

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        for each in self.script:
            if isinstance(each, Exception):
                raise each
            yield each


def source_of(collector: Collector, *, every: timedelta = timedelta(minutes=5), brands: tuple[str, ...] = ()) -> Source:
    """A source that is read by a collector."""
    return Source(name=collector.name, collector=collector, query=Query(), every=every, brands=brands)


def plain_kind() -> str:
    """A collector that needs no options and asks some address, whichever there is."""
    for kind in plugins.kinds("collectors"):
        with suppress(TypeError):
            options = plugins.load("collectors", kind).Options()
            if any(str(getattr(options, each.name)).startswith("https://") for each in fields(options)):
                return kind
    raise LookupError("every collector needs options")


# Notifiers


@dataclass
class ListNotifier:
    """Keeps what it is given; raises what it is told to raise."""

    name: str = "list"
    sent: list[Message] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)  # one a try, first first
    before: Callable[[], object] = lambda: None
    kind: ClassVar[str] = "list"
    Options: ClassVar[type[NoOptions]] = NoOptions

    def send(self, message: Message) -> None:
        self.before()
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(message)


@dataclass
class FileNotifier:
    """Writes a line for each delivery; with `keyed`, a key that it knows already is dropped, as good receivers do."""

    name: str
    path: Path
    keyed: bool = False
    kind: ClassVar[str] = "file"
    Options: ClassVar[type[NoOptions]] = NoOptions

    def send(self, message: Message) -> None:
        if self.keyed and message.key in {line["key"] for line in deliveries(self.path)}:
            return
        line = json.dumps({"key": message.key, "repeat": message.repeat, "title": message.title}) + "\n"
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(handle, line.encode())
        os.close(handle)


def deliveries(path: Path) -> list[dict[str, object]]:
    """What a FileNotifier wrote, first first."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


# Settings and the program

MONITOR_TOML = """
[detection]
settle = "5m"
[schedule]
work_every = "1s"
jitter = "0s"
[routine]
heartbeat = ""
digest = "never"
"""
BRANDS_TOML = """
[[brand]]
name = "Nimbus"
handles = ["nimbus"]
exclude = ["nimbus 2000"]
[[brand]]
name = "Cirrus"
[[brand]]
name = "Stratus"
competitor = true
"""
ALERTS_TOML = """
[[rule]]
name = "negative-spike"
kind = "counts"
[[receiver]]
name = "console"
kind = "console"
[[route]]
receivers = ["console"]
"""


def write_config(folder: Path) -> Path:
    """A small folder of settings."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("monitor", MONITOR_TOML), ("brands", BRANDS_TOML), ("alerts", ALERTS_TOML)):
        (folder / f"{name}.toml").write_text(text, "utf-8")
    shutil.copytree(TEMPLATES, folder / "templates", dirs_exist_ok=True)
    return folder


def read_config(folder: Path) -> Settings:
    """The settings of a folder, whatever the environment says."""
    return load(folder, environ={})


def small_program(
    settings: Settings,
    store: Store,
    clock: FakeClock,
    *,
    scorer: WordScorer | None = None,
    sources: Sequence[Source] = (),
) -> Program:
    """The real program with a quick scorer, the plain detector and receivers that keep what they get."""
    program = build(settings, store, clock, scorer=scorer or WordScorer())
    program.rules = (threshold_rule(),)
    program.sources = tuple(sources)
    program.receivers = {"console": ListNotifier("console")}
    return program


def notifier_of(program: Program, name: str = "console") -> ListNotifier:
    """A receiver of the small program."""
    found: Notifier = program.receivers[name]
    assert isinstance(found, ListNotifier)
    return found
