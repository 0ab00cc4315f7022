"""The demo posts: the committed file is what the generator writes, and the two weeks tell the story they should."""

import itertools
import json
import random
import re
import tomllib
import tracemalloc
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks import demo_phrases_events, demo_phrases_other
from benchmarks.demo_phrases import Core, expand, parse_cores
from benchmarks.demo_phrases_brands import BRANDS, SHARED
from benchmarks.demo_phrases_compose import Truth
from benchmarks.demo_phrases_style import author
from benchmarks.demo_posts import (
    BAD_NIGHT,
    COMPLAINTS,
    CRISIS,
    END,
    LAUNCH,
    LOVED_POST,
    START,
    Post,
    complaints,
    demo,
    labelled_stream,
    main,
    stream,
    usual_rate,
)
from monitor.analysis.brands import Matcher
from monitor.domain import Brand

DEMO = Path(__file__).resolve().parents[2] / "config" / "demo"
TOUCHPOINTS = {
    "product", "packaging", "price", "delivery", "website", "store", "contact centre", "support", "staff", "sales",
}  # fmt: skip
FIELDS = ["id", "created_at", "text", "author", "followers", "lang", "platform", "likes", "retweets", "replies", "url"]
HOUR = timedelta(hours=1)

Rows = list[tuple[Post, Truth]]


@pytest.fixture(scope="module")
def rows() -> Rows:
    return demo(7)


def at(post: Post) -> datetime:
    return datetime.fromisoformat(str(post["created_at"]))


def found(rows: Rows, begin: datetime, hours: float, wanted: Callable[[Truth], bool]) -> Rows:
    end = begin + hours * HOUR
    return [(post, truth) for post, truth in rows if begin <= at(post) < end and wanted(truth)]


def negative(brand: str) -> Callable[[Truth], bool]:
    return lambda truth: truth.label(brand) == "negative"


def test_the_command_writes_the_committed_file_byte_for_byte(tmp_path: Path) -> None:
    written = tmp_path / "posts.jsonl"
    assert main(["--seed", "7", "--out", str(written)]) == 0
    assert written.read_bytes() == (DEMO / "posts.jsonl").read_bytes()


def test_another_seed_writes_other_posts(rows: Rows) -> None:
    assert [post["text"] for post, _ in demo(8)][:50] != [post["text"] for post, _ in rows][:50]


def test_the_file_is_of_the_promised_size_order_and_shape() -> None:
    raw = (DEMO / "posts.jsonl").read_bytes()
    posts = [json.loads(line) for line in raw.decode("utf-8").splitlines()]
    assert 4000 <= len(posts) <= 6000
    assert len(raw) <= 1_500_000
    assert all(list(post) == FIELDS for post in posts)
    assert len({post["id"] for post in posts}) == len(posts)
    times = [datetime.fromisoformat(post["created_at"]) for post in posts]
    assert times == sorted(times)
    assert times[0] >= START
    assert times[-1] < END
    assert all(post["created_at"].endswith("Z") and post["text"].strip() for post in posts)
    assert all(post["url"].startswith("https://social.example/") for post in posts)
    assert all(post[count] >= 0 for post in posts for count in ("likes", "retweets", "replies"))
    assert all((post["followers"] is None) for post in posts if post["platform"] in ("reddit", "googleplay"))


def test_truth_is_never_written_to_the_file() -> None:
    words = ("bad night", "loved post", "elsewhere", "everyday")
    for line in (DEMO / "posts.jsonl").read_text(encoding="utf-8").splitlines():
        assert not {"brand", "label", "event", "truth"} & set(json.loads(line))
        assert not any(f'"{word}"' in line for word in words)


def test_each_brand_has_its_everyday_mix_of_sentiment(rows: Rows) -> None:
    for key, brand in BRANDS.items():
        labels = [t.label(key) for _, t in rows if t.event == "everyday" and not t.copy and t.labels[0][0] == key]
        chance = 3 * (0.25 / len(labels)) ** 0.5  # three standard errors of a share, at most
        shares = [labels.count(label) / len(labels) for label in ("negative", "neutral", "positive")]
        assert shares == pytest.approx(brand.mix, abs=chance), key
        assert 0.15 <= shares[0] <= 0.25, key
        assert len(labels) < 500 or 0.45 <= shares[1] <= 0.55, key


def test_few_texts_are_repeats_even_without_names_tags_and_marks(rows: Rows) -> None:
    own = [str(post["text"]) for post, truth in rows if not truth.copy]
    brands = "|".join(BRANDS)
    bare = [re.sub(rf"[@#]\w+|{brands}|https?\S+|[^\w ]", "", text.lower()).strip() for text in own]
    assert 1 - len(set(own)) / len(own) < 0.03
    assert 1 - len(set(bare)) / len(bare) < 0.10
    assert 0.02 < sum(truth.copy for _, truth in rows) / len(rows) < 0.08


def test_no_opening_words_are_worn_out(rows: Rows) -> None:
    openings = Counter(" ".join(str(post["text"]).lower().split()[:4]) for post, truth in rows if not truth.copy)
    assert openings.most_common(1)[0][1] < len(rows) * 0.006


def test_every_touchpoint_and_several_platforms_and_languages_are_there(rows: Rows) -> None:
    assert {truth.touchpoint for _, truth in rows} == TOUCHPOINTS | {"none"}
    assert {post["platform"] for post, _ in rows} >= {"x", "bluesky", "mastodon", "reddit"}
    foreign = [post for post, _ in rows if post["lang"] != "en"]
    assert {post["lang"] for post in foreign} == {"es", "de", "fr"}
    assert len(foreign) < len(rows) * 0.04


def test_evenings_are_busy_and_nights_are_quiet(rows: Rows) -> None:
    local = Counter(at(p).hour for p, t in rows if t.event == "everyday" and t.label("marrowbox"))
    assert sum(local[hour] for hour in (17, 18, 19, 20)) > 10 * sum(local[hour] for hour in (1, 2, 3, 4))


@pytest.mark.parametrize(("brand", "busier"), [("harefell", True), ("marrowbox", True), ("skerryline", False)])
def test_weekends_follow_the_trade(rows: Rows, brand: str, busier: bool) -> None:
    days = Counter(at(p).weekday() >= 5 for p, t in rows if t.event == "everyday" and t.labels[0][0] == brand)
    assert (days[True] / 4 > days[False] / 10) is busier


def test_the_clock_change_in_new_york_moves_the_rhythm_with_local_time() -> None:
    before = usual_rate(BRANDS["harefell"], datetime(2026, 3, 3, 12, tzinfo=UTC))
    assert usual_rate(BRANDS["harefell"], datetime(2026, 3, 10, 11, tzinfo=UTC)) == pytest.approx(before)


def test_the_crisis_stands_far_above_eight_times_the_usual(rows: Rows) -> None:
    tarnwave = negative("tarnwave")
    usual = [len(found(rows, CRISIS - day * 24 * HOUR, 6, tarnwave)) / 6 for day in range(1, 9)]
    hourly = [len(found(rows, CRISIS + hour * HOUR, 1, tarnwave)) for hour in range(6)]
    assert max(hourly[2:5]) > 15 * sum(usual) / len(usual)
    assert hourly[0] < hourly[1] < hourly[2]
    assert min(hourly[2:]) > 8 * sum(usual) / len(usual)


def test_the_crisis_fades_within_a_day(rows: Rows) -> None:
    peak = len(found(rows, CRISIS + 3 * HOUR, 2, negative("tarnwave")))
    assert len(found(rows, CRISIS + 26 * HOUR, 2, negative("tarnwave"))) < peak / 4


def test_nothing_of_the_crisis_is_told_before_it_begins(rows: Rows) -> None:
    assert min(at(post) for post, truth in rows if truth.event == "crisis") >= CRISIS
    billed = re.compile("charged.*twice|double charged|two bills", re.IGNORECASE)
    assert min(at(post) for post, _ in rows if billed.search(str(post["text"]))) > CRISIS + HOUR


def test_people_in_the_crisis_are_distinct(rows: Rows) -> None:
    voices = [post["author"] for post, t in rows if t.event == "crisis" and not t.copy and t.label("tarnwave")]
    assert len(voices) > 250
    assert len(set(voices)) == len(voices)


def test_formal_complaints_come_in_a_wave_after_the_crisis(rows: Rows) -> None:
    wave = [at(post) for post, truth in rows if truth.event == "complaint"]
    assert len(wave) > 30
    assert min(wave) >= COMPLAINTS > CRISIS + 12 * HOUR
    official = [(hour, n) for hour, brand, n in complaints(7) if brand == "tarnwave"]
    before = sum(n for hour, n in official if hour < "2026-03-12T08")
    assert sum(n for hour, n in official if hour >= "2026-03-12T08") > 5 * before


def test_the_launch_lifts_mentions_five_to_eight_times_and_pleases(rows: Rows) -> None:
    talk = found(rows, LAUNCH, 9, lambda truth: truth.label("harefell") is not None)
    usual = sum(usual_rate(BRANDS["harefell"], LAUNCH + hour * HOUR) for hour in range(9))
    assert 5 <= len(talk) / usual <= 8
    labels = Counter(truth.label("harefell") for _, truth in talk)
    assert labels["negative"] / len(talk) < 0.15
    assert labels["positive"] / len(talk) > 0.5


def test_one_loved_post_is_reposted_many_times(rows: Rows) -> None:
    loved = found(rows, LOVED_POST, 24, lambda truth: truth.event == "loved post" and truth.copy)
    assert len(loved) > 50
    assert all(truth.label("marrowbox") == "positive" for _, truth in loved)


def test_one_night_has_five_complaints_by_four_people(rows: Rows) -> None:
    night = found(rows, BAD_NIGHT, 3, lambda truth: truth.event == "bad night")
    assert (len(night), len({post["author"] for post, _ in night})) == (5, 4)


def test_the_small_brand_only_grumbles_now_and_then(rows: Rows) -> None:
    hours = Counter(str(p["created_at"])[:13] for p, t in rows if t.label("skerryline") == "negative" and not t.copy)
    assert 10 <= sum(hours.values()) <= 80
    assert max(hours.values()) <= 3


def test_the_brand_cards_find_the_posts_about_each_brand_and_no_other(rows: Rows) -> None:
    matcher = Matcher(_cards())
    for post, truth in rows:
        found_brands = {name.lower() for name in matcher.named_in(str(post["text"]))}
        assert found_brands == {brand for brand, _ in truth.labels}, post["text"]


def _cards() -> list[Brand]:
    tables = tomllib.loads((DEMO / "brands.toml").read_text(encoding="utf-8"))["brand"]
    return [
        Brand(**{"not_" if key == "not" else key: _frozen(value) for key, value in card.items()}) for card in tables
    ]


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def test_the_demo_keeps_the_four_brands_and_one_rival() -> None:
    cards = _cards()
    assert {card.name.lower() for card in cards if not card.competitor} == set(BRANDS)
    assert [card.name for card in cards if card.competitor] == ["Ottercall"]
    assert {card.timezone for card in cards if card.name.lower() in BRANDS} == {b.timezone for b in BRANDS.values()}


def test_some_posts_carry_a_different_label_for_each_of_two_brands(rows: Rows) -> None:
    assert [1 for _, truth in rows if len(truth.labels) == 2 and len({label for _, label in truth.labels}) == 2]


def test_a_stream_is_ordered_repeatable_and_as_long_as_asked() -> None:
    posts = list(stream(3000, 5))
    assert posts == list(stream(3000, 5))
    assert len(posts) == 3000
    assert [post["created_at"] for post in posts] == sorted(str(post["created_at"]) for post in posts)
    assert len({post["id"] for post in posts}) == 3000


def test_a_stream_speaks_only_first_of_the_brands_that_were_asked_for() -> None:
    assert {truth.labels[0][0] for _, truth in labelled_stream(400, 1, ["skerryline"])} == {"skerryline"}
    with pytest.raises(KeyError, match="nobody"):
        next(stream(1, 1, ["nobody"]))


def test_a_stream_holds_no_more_memory_the_longer_it_runs() -> None:
    def peak(number: int) -> int:
        tracemalloc.start()
        for _ in stream(number, 3, per_day=2000.0):
            pass
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    peak(500)  # fills the caches of patterns and time zones
    assert peak(12_000) < peak(3_000) * 1.5 + 200_000


def test_authors_have_names_of_their_own() -> None:
    assert len({author(index).name for index in range(30_000)}) == 30_000


def test_a_pattern_gives_each_of_its_alternatives_and_refuses_unknown_slots() -> None:
    rng = random.Random(1)
    assert {expand("[a|b[c|d]]", rng, {}) for _ in range(60)} == {"a", "bc", "bd"}
    assert parse_cores("price: [a|\n  b] c\n  d") == (Core("price", "[a|b] c d"),)
    with pytest.raises(KeyError, match="nothing"):
        expand("{nothing}", rng, {})


def test_every_pattern_can_be_written_out_and_names_a_known_touchpoint() -> None:
    slots = {"b": ("B",), "o": ("O",), "money": ("1",), "big": ("2",)}
    for core in _all_cores():
        assert core.touchpoint in TOUCHPOINTS, core
        text = expand(core.text, random.Random(0), slots)
        assert not set("[]{}|") & set(text), core
        assert core.text.count("[") == core.text.count("]"), core


def _all_cores() -> list[Core]:
    groups = [group for brand in BRANDS.values() for group in brand.own_words.values()]
    groups += SHARED.values()
    groups += [words for labels in demo_phrases_other.LANGUAGES.values() for words in labels.values()]
    events = [value for name, value in vars(demo_phrases_events).items() if name.isupper() and isinstance(value, tuple)]
    cores = [core for core in itertools.chain(*groups, *events) if isinstance(core, Core)]
    return cores + [Core("product", text) for pair in demo_phrases_other.PAIRS for text in pair.texts]
