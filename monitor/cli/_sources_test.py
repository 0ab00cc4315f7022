"""`sources test`: read one source for real, and show what its posts match and what not, before anything is kept.

Knows a source's settings, its collector and the brand cards, and of the store only what it must wait for. What the
platform bills for, it bills.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Annotated

import typer

from monitor import plugins
from monitor.analysis.brands import Finding, Matcher, query
from monitor.cli import harmless
from monitor.cli._common import ConfigOption, JsonOption, counted, emit_json, say_rejects, settings_of, table, talk
from monitor.clock import SystemClock
from monitor.domain import Coverage, Mention, Page, Query, Reject
from monitor.errors import CollectorError, InputError, RateLimited
from monitor.pipeline.program import credential_of
from monitor.ports import Collector
from monitor.settings import Settings, SourceSettings
from monitor.store import Store

MOST_PAGES = 20
CUT = 160  # characters of a text that are shown
MATCHES, MISSES = ("brand", "why", "author", "text"), ("why not", "author", "text")
NOTHING = "no name in it"
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The source's name, as in monitor.toml.")]
PostsOption = Annotated[int, typer.Option("--posts", min=1, max=5000, help="Most posts that are looked at.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One post, and what its words say."""

    mention: Mention
    brands: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def why(self) -> str:
        """The reasons that decide: those that count, or all of those that do not."""
        told = [each for each in self.findings if each.counts == bool(self.brands)]
        lines = [f"{each.brand}: {each.words} ({each.reason})" for each in told]
        return "; ".join(dict.fromkeys(lines)) or NOTHING


@dataclass(slots=True)
class Trial:
    """What one reading brought."""

    pages: int = 0
    posts: list[Looked] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    coverage: list[Coverage] = field(default_factory=list)
    deletions: int = 0
    error: CollectorError | None = None

    @property
    def cost(self) -> float | None:
        """US dollars, where the platform tells."""
        known = [each.cost for each in self.coverage if each.cost is not None]
        return sum(known) if known else None

    @property
    def units(self) -> float | None:
        """What was used of the platform's own quota, where it tells."""
        known = [each.units for each in self.coverage if each.units is not None]
        return sum(known) if known else None


def try_source(
    name: NameArgument, posts: PostsOption = 50, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Read a source once, for real, and show what matches and what does not, and why. Nothing is kept.

    It is read from its start, within 20 pages; no cursor moves and no post is stored. What the platform bills for
    reading, it bills.
    """
    settings = settings_of(config)
    item = _named(settings, name)
    asked = query([card for card in settings.brands if not item.brands or card.name in item.brands])
    collector, now = plugins.load("collectors", item.kind)(item.name, item.options), SystemClock().now()
    _check_waits(settings, item, collector, now)
    trial = read(collector, asked, Matcher(settings.brands), most=posts, now=now)
    if trial.error is None or trial.pages:
        _tell(item, asked, trial, as_json=as_json)
    if trial.error is not None:
        raise trial.error


def _named(settings: Settings, name: str) -> SourceSettings:
    for item in settings.sources:
        if item.name == name:
            return item
    known = ", ".join(item.name for item in settings.sources) or "none"
    raise InputError(f'there is no source "{name}"; there are: {known}.')


def _check_waits(settings: Settings, item: SourceSettings, collector: Collector, now: datetime) -> None:
    """Raise RateLimited where the platform asked to wait, and the time is not yet up."""
    path, key = settings.store.path, credential_of(item, collector) or f"source {item.name}"
    if not path.is_file():
        return
    with Store(path, write=False) as store:
        wait = store.sources.states.waits(now=now, credential=key).get(key)
    if wait is not None:
        raise RateLimited(item.name, wait.until - now)


def read(collector: Collector, asked: Query, matcher: Matcher, *, most: int, now: datetime) -> Trial:
    """Read a source from its start: so many posts at most, and what a fault left."""
    trial = Trial()
    pages: Iterator[Page] = iter(collector.pages(asked, None, now=now))
    try:
        for page in islice(pages, MOST_PAGES):
            trial.pages += 1
            trial.rejects += page.rejects
            trial.coverage.append(page.coverage)
            trial.deletions += len(page.deletions)
            for mention in page.mentions[: most - len(trial.posts)]:
                about = matcher.match(mention)
                trial.posts.append(Looked(mention=mention, brands=about, findings=matcher.explain(mention)))
            if len(trial.posts) >= most:
                break
    except CollectorError as error:
        trial.error = error
    return trial


def _tell(item: SourceSettings, asked: Query, trial: Trial, *, as_json: bool) -> None:
    if as_json:
        emit_json(_record(item, asked, trial))
        return
    matches = [each for each in trial.posts if each.brands]
    misses = [each for each in trial.posts if not each.brands]
    rows: list[tuple[object, ...]] = [
        (", ".join(each.brands), each.why, each.mention.author.handle, _cut(each.mention.text)) for each in matches
    ]
    table("Matches", MATCHES, rows)
    rows = [(each.why, each.mention.author.handle, _cut(each.mention.text)) for each in misses]
    table("Misses", MISSES, rows)
    say_rejects(trial.rejects, len(trial.rejects), item.name)
    for line in _lines(item, trial, len(matches)):
        talk.print(harmless(line), markup=False)


def _lines(item: SourceSettings, trial: Trial, matches: int) -> Iterator[str]:
    """What was read, in words: how much, for which brand, how complete, for how much money."""
    read = f"{counted(len(trial.posts), 'post')} on {counted(trial.pages, 'page')}"
    yield f"{item.name}: {read}; {matches} match, {len(trial.posts) - matches} do not. Nothing was kept."
    brands = Counter(brand for each in trial.posts for brand in each.brands)
    if brands:
        yield "Brands: " + ", ".join(f"{brand} {number}" for brand, number in brands.most_common()) + "."
    if trial.deletions:
        yield f"{counted(trial.deletions, 'deletion')} came along."
    last = trial.coverage[-1] if trial.coverage else Coverage()
    total = max((each.total for each in trial.coverage if each.total is not None), default=None)
    if total is not None:
        yield f"The platform counts {total}."
    if last.more_available or trial.pages >= MOST_PAGES:
        yield "There is more than was read."
    spent = [] if trial.cost is None else [f"{trial.cost:.4f} US dollars"]
    spent += [] if trial.units is None else [f"{trial.units:g} units of the quota"]
    yield f"Cost: {' and '.join(spent)}." if spent else "Cost: the platform tells none."


def _record(item: SourceSettings, asked: Query, trial: Trial) -> dict[str, object]:
    return {
        "source": item.name, "kind": item.kind, "pages": trial.pages, "read": len(trial.posts),
        "asked": {"terms": asked.terms, "handles": asked.handles, "hashtags": asked.hashtags, "exclude": asked.exclude},
        "matches": [_post(each) | {"brands": each.brands} for each in trial.posts if each.brands],
        "misses": [_post(each) for each in trial.posts if not each.brands],
        "rejects": trial.rejects, "deletions": trial.deletions, "coverage": trial.coverage, "cost": trial.cost,
        "units": trial.units, "error": None if trial.error is None else str(trial.error),
    }  # fmt: skip


def _post(each: Looked) -> dict[str, object]:
    mention = each.mention
    return {
        "platform": mention.platform, "id": mention.native_id, "author": mention.author.handle, "url": mention.url,
        "published_at": mention.published_at, "why": each.why, "findings": each.findings, "text": mention.text[:CUT],
    }  # fmt: skip


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= CUT else f"{line[: CUT - 1]}…"
