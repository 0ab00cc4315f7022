"""Demo posts: two weeks about four invented brands, written by a seeded generator; also endless posts for benchmarks.

Knows nothing of the program that reads them. `python -m benchmarks.demo_posts --seed 7 --out config/demo/posts.jsonl`
writes the committed file again, byte for byte. What happens in the two weeks:

- tarnwave: an outage with double billing from Wednesday 11 March, 13:10 UTC; formal complaints from the next morning.
- harefell: the launch of a shoe that people love, Tuesday 10 March, 14:00 UTC. Much talk, few of it unhappy.
- marrowbox: one loved post with many reposts (7 March), and five complaints in one night (9 March): no crisis.
- skerryline: few posts, lone grumbles, nothing else.
"""

import argparse
import csv
import heapq
import json
import math
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import count, islice
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

from benchmarks import demo_phrases_events as events
from benchmarks.demo_phrases import Core, expand, pick
from benchmarks.demo_phrases_brands import BRANDS, LABELS, Brand
from benchmarks.demo_phrases_compose import (
    CROWD,
    NO_FOLLOWERS,
    Draft,
    Truth,
    again,
    compose,
    copies,
    everyday,
    later,
    react,
)
from benchmarks.demo_phrases_other import ELSEWHERE
from benchmarks.demo_phrases_style import Author, author

Post: TypeAlias = dict[str, str | int | None]
Rate: TypeAlias = Callable[[datetime], float]

START = datetime(2026, 3, 2, tzinfo=UTC)
END = datetime(2026, 3, 16, tzinfo=UTC)
CRISIS = datetime(2026, 3, 11, 13, 10, tzinfo=UTC)
COMPLAINTS = datetime(2026, 3, 12, 8, 30, tzinfo=UTC)
LAUNCH = datetime(2026, 3, 10, 14, tzinfo=UTC)
LOVED_POST = datetime(2026, 3, 7, 18, 20, tzinfo=UTC)
BAD_NIGHT = datetime(2026, 3, 9, 0, 40, tzinfo=UTC)

_HOUR = timedelta(hours=1)
_STEP = timedelta(minutes=5)
_PEAK = 50.0  # crisis posts an hour at the top, three hours after the onset


@lru_cache(maxsize=16)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def usual_rate(brand: Brand, at: datetime) -> float:
    """Mentions an hour that are usual for the brand in that local hour and weekday."""
    local = at.astimezone(_zone(brand.timezone))
    hourly = brand.per_day * brand.hours[local.hour] / sum(brand.hours)
    return hourly * brand.weekdays[local.weekday()]


def arrivals(mean: float, rng: random.Random) -> int:
    """A Poisson count (Knuth, 1969, by multiplying uniforms; large means are halved so that exp does not vanish)."""
    if mean > 30:
        return arrivals(mean / 2, rng) + arrivals(mean / 2, rng)
    limit, product, found = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        found += 1
    return found


def ordinary(rng: random.Random, brands: Sequence[Brand], start: datetime, scale: float = 1.0) -> Iterator[Draft]:
    """Everyday posts in time order, without end: day and week rhythm, mild overdispersion, clusters of reposts.

    Only the posts of one hour and the reposts still to come are held in memory.
    """
    waiting: list[tuple[datetime, int, Draft]] = []
    serial = count()
    for hour in count():
        begin = start + hour * _HOUR
        for draft in _hour(rng, brands, begin, scale):
            heapq.heappush(waiting, (draft.at, next(serial), draft))
        while waiting and waiting[0][0] < begin + _HOUR:
            yield heapq.heappop(waiting)[2]


def _hour(rng: random.Random, brands: Sequence[Brand], begin: datetime, scale: float) -> Iterator[Draft]:
    for brand in brands:
        # Gamma-mixed Poisson: the variance is mean + mean**2 / 14, as posts answer one another.
        mean = usual_rate(brand, begin) * scale * rng.gammavariate(14.0, 1 / 14)
        for _ in range(arrivals(mean, rng)):
            draft = everyday(brand, later(begin, rng.random()), rng, max(scale, 1.0))
            yield draft
            yield from _echoes(draft, rng)


def _echoes(draft: Draft, rng: random.Random, share: float = 0.018) -> Iterator[Draft]:
    """Now and then a post is copied by others, or its author asks again."""
    roll = rng.random()
    if roll < share and draft.platform not in NO_FOLLOWERS:
        yield from copies(draft, 1 + int(rng.expovariate(0.7)), 0.9, rng)
    elif roll > 0.985 and draft.truth.labels[0][1] == "negative":
        yield again(draft, rng)


def _moments(rng: random.Random, start: datetime, hours: float, rate: Rate) -> Iterator[datetime]:
    """Times at which something arrives, given arrivals an hour as a function of time; five-minute steps."""
    for step in range(int(hours * 12)):
        begin = start + step * _STEP
        for _ in range(arrivals(rate(begin) / 12, rng)):
            yield later(begin, rng.random() / 12)


def crisis_rate(at: datetime) -> float:
    """Crisis posts an hour: a ramp of three hours, then a decay with a mean of six hours, quieter at night."""
    age = (at - CRISIS) / _HOUR
    if age < 0:
        return 0.0
    level = _PEAK * (0.06 + 0.94 * age / 3) if age < 3 else _PEAK * math.exp(-(age - 3) / 6)
    return level * (0.3 if at.hour < 6 else 1.0)


def _crisis(rng: random.Random) -> Iterator[Draft]:
    """The outage: nearly every post by another author, with reposts, the company's own words and two press pieces."""
    brand = BRANDS["tarnwave"]
    for serial, at in enumerate(_moments(rng, CRISIS, 30, crisis_rate)):
        age = (at - CRISIS) / _HOUR
        # Nobody is grateful before the first lines are back.
        label = rng.choices(LABELS, (0.88, 0.1, 0.03 if age > 4 else 0.0))[0]
        cores = _crisis_words(label, age, rng)
        draft = compose(brand, cores, label, at, rng, who=author(CROWD + serial), event="crisis")
        yield draft
        yield from _echoes(draft, rng, 0.03)
    official = Author("tarnwave", 88_400, 0)
    for hours, core in zip((1.6, 4.2, 11.5), events.OFFICIAL, strict=True):
        text = "Tarnwave service update: " + expand(core.text, rng, brand.slots)
        yield _told(later(CRISIS, hours), text, official, "official", rng)
    for hours, text in zip((5.3, 19.6), events.PRESS, strict=True):
        piece = _told(later(CRISIS, hours), text, Author("daily-lantern-news", 51_200, 0), "press", rng)
        yield piece
        yield from copies(piece, 6, 1.2, rng)


def _crisis_words(label: str, age: float, rng: random.Random) -> tuple[Core, ...]:
    """What people speak of so many hours after the onset: the line first, the bill later, the repair last."""
    if label != "negative":
        return events.OUTAGE_PRAISE if label == "positive" else events.OUTAGE_QUESTIONS
    weights = (max(0.12, 1 - age / 9), 0.0 if age < 1.2 else 0.75, max(0.0, (age - 8) / 9))
    return rng.choices((events.OUTAGE, events.DOUBLE_BILLING, events.AFTERMATH), weights)[0]


def _told(at: datetime, text: str, who: Author, event: str, rng: random.Random) -> Draft:
    truth = Truth((("tarnwave", "neutral"),), "support", event)
    return react(Draft(at=at, text=text, who=who, platform="x", truth=truth), rng, 0.5)


def complaint_rate(at: datetime) -> float:
    """Formal complaints an hour after the crisis: office hours and early evening, fewer each day."""
    age = (at - COMPLAINTS) / _HOUR
    return 4.2 * math.exp(-age / 16) if age >= 0 and 7 <= at.hour < 20 else 0.0


def _complaints(rng: random.Random) -> Iterator[Draft]:
    brand = BRANDS["tarnwave"]
    for serial, at in enumerate(_moments(rng, COMPLAINTS, 60, complaint_rate)):
        who = author(CROWD + 2_000 + serial)
        yield compose(brand, events.COMPLAINT_WAVE, "negative", at, rng, who=who, event="complaint")


def launch_rate(at: datetime) -> float:
    """Launch posts an hour: for nine hours mentions stand at 6.5 times the usual, then fade over a day and a half."""
    age = (at - LAUNCH) / _HOUR
    if age < 0:
        return 0.0
    lift = 5.5 * min(1.0, 0.3 + age) if age < 9 else 5.5 * math.exp(-(age - 9) / 8)
    return lift * usual_rate(BRANDS["harefell"], at)


def _launch(rng: random.Random) -> Iterator[Draft]:
    words = dict(zip(LABELS, (events.LAUNCH_GRUMBLE, events.LAUNCH_NEUTRAL, events.LAUNCH_LOVE), strict=True))
    for at in _moments(rng, LAUNCH, 44, launch_rate):
        label = rng.choices(LABELS, (0.04, 0.32, 0.64))[0]
        draft = compose(BRANDS["harefell"], words[label], label, at, rng, event="launch")
        yield draft
        yield from _echoes(draft, rng, 0.05)


def _loved_post(rng: random.Random) -> Iterator[Draft]:
    truth = Truth((("marrowbox", "positive"),), "product", "loved post")
    who = Author("thesuppershelf", 412_000, 0)
    first = Draft(at=LOVED_POST, text=events.INFLUENCER, who=who, platform="x", truth=truth)
    first = react(first, rng, 4.0)
    yield first
    yield from copies(first, 64, 2.2, rng)
    for _ in range(20):
        at = later(LOVED_POST, 0.1 + rng.expovariate(1 / 3))
        yield compose(BRANDS["marrowbox"], events.INFLUENCER_ECHO, "positive", at, rng, event="loved post")


def _bad_night(rng: random.Random) -> Iterator[Draft]:
    """Five complaints within three hours of one night; the last is the first author again."""
    writers = [author(CROWD + 3_000 + i) for i in (0, 1, 2, 3, 0)]
    for hours, who in zip((0.0, 0.3, 0.9, 1.7, 2.6), writers, strict=True):
        at = later(BAD_NIGHT, hours + 0.1 * rng.random())
        yield compose(BRANDS["marrowbox"], events.BAD_NIGHT, "negative", at, rng, who=who, event="bad night")


def _elsewhere(rng: random.Random) -> Iterator[Draft]:
    """Posts in which a brand's name means something else: a hill, a guitar pedal, a jumper."""
    for _ in range(22):
        at = later(START, rng.random() * 24 * 13.9)
        text = expand(pick(ELSEWHERE, rng), rng, {})
        truth = Truth((), "none", "elsewhere")
        yield react(
            Draft(at=at, text=text, who=author(int(9_000 * rng.random())), platform="bluesky", truth=truth), rng
        )


def demo(seed: int) -> list[tuple[Post, Truth]]:
    """The two weeks, sorted by time: each post as written to the file, and what its writer meant."""
    # Each part has its own chance, so that a changed event leaves the everyday posts as they were.
    everyone = ordinary(random.Random(f"{seed} everyday"), tuple(BRANDS.values()), START)
    drafts = []
    for draft in everyone:
        if draft.at >= END:
            break
        drafts.append(draft)
    for part in (_crisis, _complaints, _launch, _loved_post, _bad_night, _elsewhere):
        drafts.extend(part(random.Random(f"{seed} {part.__name__}")))
    drafts.sort(key=lambda draft: draft.at)
    return [(_post(draft, f"demo-{i:05d}"), draft.truth) for i, draft in enumerate(drafts, start=1)]


def _post(draft: Draft, native_id: str) -> Post:
    return {
        "id": native_id,
        "created_at": f"{draft.at:%Y-%m-%dT%H:%M:%SZ}",
        "text": draft.text,
        "author": draft.who.name,
        "followers": draft.who.followers,
        "lang": draft.lang,
        "platform": draft.platform,
        "likes": draft.likes,
        "retweets": draft.retweets,
        "replies": draft.replies,
        "url": f"https://social.example/{draft.platform}/{native_id}",
    }


def labelled_stream(
    number: int, seed: int, brands: Sequence[str] = tuple(BRANDS), start: datetime = START, per_day: float = 5000.0
) -> Iterator[tuple[Post, Truth]]:
    """`number` everyday posts about the named brands in time order, with what was meant; a KeyError names no brand.

    `per_day` is posts a day over all brands: more posts a day means a shorter period. Memory stays flat.
    """
    chosen = tuple(BRANDS[key] for key in brands)
    scale = per_day / sum(brand.per_day for brand in chosen)
    drafts = ordinary(random.Random(f"{seed} stream"), chosen, start, scale)
    for serial, draft in enumerate(islice(drafts, number), start=1):
        yield _post(draft, f"stream-{serial:08d}"), draft.truth


def stream(
    number: int, seed: int, brands: Sequence[str] = tuple(BRANDS), start: datetime = START, per_day: float = 5000.0
) -> Iterator[Post]:
    """As `labelled_stream`, the posts alone."""
    for post, _ in labelled_stream(number, seed, brands, start, per_day):
        yield post


def complaints(seed: int) -> Iterator[tuple[str, str, int]]:
    """Official complaints to go with the two weeks: hour (ISO 8601), brand and count, for a measured lead time."""
    rng = random.Random(f"{seed} official complaints")
    for hour in range(int((END - START) / _HOUR)):
        at = START + hour * _HOUR
        for brand in BRANDS.values():
            office = at.weekday() < 5 and 8 <= at.hour < 17
            mean = brand.per_day / 4000 if office else 0.0
            if brand.key == "tarnwave":
                mean += 3 * complaint_rate(at + _HOUR / 2)
            if found := arrivals(mean, rng):
                yield f"{at:%Y-%m-%dT%H:%M:%SZ}", brand.key, found


def to_jsonl(posts: Sequence[Post]) -> str:
    """One JSON object a line, UTF-8 text as it is, each line ended."""
    return "".join(json.dumps(post, ensure_ascii=False) + "\n" for post in posts)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the posts, and the official complaints where asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.demo_posts", description="Write the demo posts.")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.jsonl")
    parser.add_argument("--complaints", type=Path, metavar="FILE.csv", help="also write official complaints")
    chosen = parser.parse_args(arguments)
    posts = [post for post, _ in demo(chosen.seed)]
    chosen.out.write_text(to_jsonl(posts), encoding="utf-8", newline="\n")
    print(f"{chosen.out}: {len(posts)} posts")
    if chosen.complaints:
        with chosen.complaints.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(("created_at", "brand", "count"))
            rows.writerows(complaints(chosen.seed))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
