"""Slices: a small fire in a big calm is told through its part of the brand, and told the same however it is asked."""

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from monitor.analysis.slices import MOST_WATCHED
from monitor.detectors.counts import Counts, Options
from monitor.domain import WHOLE, Inspection, Phase, Series, Spike, Verdict
from monitor.errors import SettingsError, StoreFull
from monitor.pipeline import alert, detect, failpoints, people, series
from monitor.pipeline.program import LEAST_RATE, WHOLE_SHARE, Program, Rule, check_slices
from monitor.store.maintenance import SLICES_KEPT
from monitor.store.scores import Tally
from tests.support.detection import FIVE, Recorder, at
from tests.support.fakes import START, ListCollector, ThresholdOptions, source_of

DAY = timedelta(days=1)
DELIVERY = "touchpoint=delivery"
FIRE = 288 * 9 + 100  # bucket


def rule(program: Program, *slices: str) -> Rule:
    options = Options(false_alarms_per_week=0.25)
    made = Rule(name="r", detector=Counts("r", options), patterns=("*",), fingerprint="1", slices=slices)
    program.rules = (made,)
    return made


def fill(program: Program, parts: dict[str, float], first: int, last: int, *, seed: int = 1, fire: float = 0.0) -> None:
    """Votes an hour for each slice and the whole beside them; the fire adds to deliveries, and so to the whole."""
    rng = random.Random(seed)
    rows: list[Tally] = []
    for number in range(first, last):
        slot = START + FIVE * number
        extra = drawn(rng, fire / 12) if FIRE <= number < FIRE + 48 else 0
        for part, hourly in parts.items():
            usual, more = drawn(rng, hourly / 12), extra if part in (WHOLE, DELIVERY) else 0
            if usual + more:
                rows.append(Tally("Nimbus", slot, slot, float(2 * usual + more), float(usual + more), part))
    with program.store.transaction():
        program.store.scores.count(rows)


def drawn(rng: random.Random, mean: float) -> int:
    """A Poisson number."""
    found, left = 0, rng.expovariate(1.0)
    while left < mean:
        found, left = found + 1, left + rng.expovariate(1.0)
    return found


def spikes(program: Program) -> list[Spike]:
    return [spike for _, spike in program.store.detection.pending_spikes()]


def said(found: Iterable[Spike]) -> list[tuple[str, Phase, datetime]]:
    return [(spike.slice, spike.phase, spike.fired_at) for spike in found]


CALM = {WHOLE: 60.0, DELIVERY: 1.0, "platform=x": 58.0, "platform=rss": 2.0}


@pytest.fixture
def burning(program: Program) -> Program:
    fill(program, CALM, 0, 288 * 10, fire=12.0)
    return program


def test_a_small_fire_in_a_big_calm_is_told_through_its_slice_while_the_whole_stays_silent(burning: Program) -> None:
    rule(burning, "touchpoint", "platform")
    detect.run(burning, now=at(288 * 10))
    found = spikes(burning)
    assert {spike.slice for spike in found} == {DELIVERY}
    assert [spike.phase for spike in found][:1] == [Phase.OPENED]
    told = found[0].fired_at - (START + FIVE * FIRE)
    assert timedelta(0) < told < timedelta(hours=3)
    fired = burning.store.detection.spikes_of(["r"], found[0].fired_at, found[0].fired_at + FIVE)
    assert said(fired) == said(found[:1])


def test_counts_of_slices_are_forgotten_after_a_year_and_nothing_that_is_still_told_changes(burning: Program) -> None:
    made, later = rule(burning, "touchpoint", "platform"), START + SLICES_KEPT
    walked = said_on_the_way(burning, made)
    detect.run(burning, now=at(288 * 9))
    burning.store.maintenance.prune(now=later + timedelta(hours=23))
    assert counted_slices(burning)[0] == START
    burning.store.maintenance.prune(now=later + DAY)
    assert counted_slices(burning)[0] == START + DAY
    detect.run(burning, now=at(288 * 10))
    assert said(spikes(burning)) == walked, "what is watched already is watched on"
    assert said_on_the_way(burning, made)[0][:2] == (DELIVERY, Phase.OPENED), "from a day less of history"
    burning.store.maintenance.prune(now=later + 9 * DAY)
    assert counted_slices(burning) == [START + 9 * DAY]
    known = burning.store.detection
    assert known.next_known("Nimbus", START, DELIVERY) == known.next_known("Nimbus", START + 9 * DAY, DELIVERY)
    assert said_on_the_way(burning, made) == [], "no slice is watched where nothing is known of it"


def counted_slices(program: Program) -> list[datetime]:
    """The days on which parts of the brand were counted."""
    found = program.store.scores.days("Nimbus", START, START + 99 * DAY)
    return sorted({day for day, part, _ in found if part != WHOLE})


def said_on_the_way(program: Program, made: Rule) -> list[tuple[str, Phase, datetime]]:
    walked = series.walk(program, made, "Nimbus", START + 10 * DAY)
    return said(spike for stretch in walked for spike in stretch.spikes)


def test_without_slices_nobody_hears_of_it(burning: Program) -> None:
    rule(burning)
    detect.run(burning, now=at(288 * 10))
    assert spikes(burning) == []
    assert list(burning.store.detection.heads()["r", "Nimbus"]) == [WHOLE]


@pytest.mark.parametrize("seed", range(3))
def test_slices_say_the_same_whenever_they_are_asked_and_after_crashes(burning: Program, seed: int) -> None:
    walked = [
        spike
        for stretch in series.walk(burning, rule(burning, "touchpoint", "platform"), "Nimbus", START + 10 * DAY)
        for spike in stretch.spikes
    ]
    rng = random.Random(seed)
    moments = sorted({rng.randint(1, 288 * 10) for _ in range(40)} | {288 * 10})
    for moment in moments:
        if rng.random() < 0.3:
            failpoints.arm("detect.inspected", fail)
            with pytest.raises(StoreFull):
                detect.run(burning, now=at(moment))
            failpoints.disarm()
        detect.run(burning, now=at(moment))
    assert said(spikes(burning)) == said(walked)
    assert spikes(burning) == walked


def fail() -> None:
    raise StoreFull("no room")


def test_of_one_moment_the_wholes_spike_comes_before_its_slices(program: Program) -> None:
    detector = Recorder("r", ThresholdOptions(most=4.0))
    program.rules = (Rule(name="r", detector=detector, patterns=("*",), fingerprint="1", slices=("platform",)),)
    calm = [Tally("Nimbus", START + FIVE * n, START + FIVE * n, 1.0, 0.0, p) for n in range(0, 1440, 60)
            for p in (WHOLE, "platform=x", "platform=rss")]  # fmt: skip
    slot = START + FIVE * 1500
    bad = [Tally("Nimbus", slot, slot, 9.0, 9.0, part) for part in (WHOLE, "platform=x")]
    program.store.scores.count([*calm, *(replace(each, mentions=5.0) for each in calm[::3]), *bad])
    detect.run(program, now=at(1501))
    assert [spike.slice for spike in spikes(program)] == [WHOLE, "platform=x"]


# When a slice is watched


def test_a_slice_that_falls_silent_is_not_watched_for_ever(program: Program) -> None:
    rule(program, "platform")
    fill(program, CALM, 0, 288 * 6)
    detect.run(program, now=at(288 * 6))
    assert "platform=rss" in program.store.detection.heads()["r", "Nimbus"]
    fill(program, {WHOLE: 60.0, "platform=x": 59.0}, 288 * 6, 288 * 21)
    detect.run(program, now=at(288 * 21))
    assert set(program.store.detection.heads()["r", "Nimbus"]) == {WHOLE}
    assert program.store.detection.states("r", "Nimbus").keys() == {WHOLE}


def test_ten_thousand_regions_make_few_slices_and_few_rows(program: Program) -> None:
    rule(program, "region")
    rows = [Tally("Nimbus", START + FIVE * n, START + FIVE * n, 3.0, 1.0) for n in range(288 * 5)]
    rows += [Tally("Nimbus", r.slot, r.slot, 1.0, 0.5, f"region={n % 97}") for n, r in enumerate(rows)]
    with program.store.transaction():
        program.store.scores.count(rows)
    detect.run(program, now=at(288 * 5))
    assert len(program.store.detection.heads()["r", "Nimbus"]) == 1 + MOST_WATCHED


def test_a_changed_list_of_slices_starts_anew_and_keeps_silent_about_the_past(burning: Program) -> None:
    rule(burning)
    detect.run(burning, now=at(288 * 10 - 60))
    burning.rules = (replace(rule(burning, "touchpoint"), fingerprint="2"),)
    detect.run(burning, now=at(288 * 10 - 30))
    assert all(spike.fired_at > START + FIVE * (288 * 10 - 60) for spike in spikes(burning))
    assert DELIVERY in burning.store.detection.heads()["r", "Nimbus"]


def test_a_platform_whose_only_source_is_dead_has_a_hole_where_the_whole_has_none(program: Program) -> None:
    """Else its silence would be learned, and its return told as a spike."""
    detector = Recorder("r", ThresholdOptions(most=1e6))
    program.rules = (Rule(name="r", detector=detector, patterns=("*",), fingerprint="1", slices=("platform",)),)
    program.sources = (source_of(ListCollector("x")), source_of(ListCollector("rss")))
    fill(program, CALM, 0, 288 * 6)
    _bring(program)
    states = program.store.sources.states
    states.open("rss", "unreadable", START + 5 * DAY, "")
    states.close("rss", "unreadable", now=START + 5 * DAY + 20 * FIVE)
    counts: dict[str, int] = {}
    for stretch in series.walk(program, program.rules[0], "Nimbus", START + 6 * DAY, since=START):
        for part in ("platform=rss", WHOLE):
            counts[part] = counts.get(part, 0) + len(stretch.readings.get(part, ()))
    nobody, _ = series.ears_of(program, "Nimbus", series.unheard(program, START + 6 * DAY)).holes(
        program, "Nimbus", START + 5 * DAY, START + 6 * DAY, "platform=rss"
    )
    assert [(since, until) for since, until in nobody] == [(START + 5 * DAY, START + 5 * DAY + 20 * FIVE)]
    assert counts[WHOLE] == 288 * 6


def _bring(program: Program) -> None:
    """A post of each source, in the slice of its platform."""
    from_each = "insert into mentions (id, platform, native_id, source, text, extra, published_at, collected_at)"
    for number, name in enumerate(("x", "rss"), 1):
        slot = int((START + 4 * DAY).timestamp() * 1000)
        execute = program.store.detection._c.execute
        execute(f"{from_each} values (?, ?, '1', ?, 't', '{{}}', ?, ?)", number, name, name, slot, slot)
        execute(
            "insert into targets (mention_id, brand, published_at, collected_at, pending, slices)"
            " values (?, 'Nimbus', ?, ?, 0, ?)", number, slot, slot, f"platform={name}",
        )  # fmt: skip


# The budget


def test_the_slices_share_what_the_whole_leaves_of_the_false_alarms(program: Program) -> None:
    def rate(made: Rule, part: str) -> float:
        found = made.detector_for(part)
        assert isinstance(found, Counts)
        return found.options.false_alarms_per_week

    assert rate(rule(program), WHOLE) == 0.25
    watching = rule(program, "platform")
    assert rate(watching, WHOLE) == pytest.approx(0.25 * WHOLE_SHARE)
    assert rate(watching, WHOLE) + MOST_WATCHED * rate(watching, "platform=x") == pytest.approx(0.25)
    few = replace(watching, detector=Counts("r", Options(false_alarms_per_week=0.002)))
    assert rate(few, "platform=x") == LEAST_RATE


def test_a_detector_that_knows_no_rate_is_used_as_it_is(program: Program) -> None:
    detector = Recorder("r", ThresholdOptions())
    assert replace(rule(program, "platform"), detector=detector).detector_for("platform=x") is detector


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("touchpoint=deliveries", 'Rule "negative-spike": there is no touchpoint "deliveries"; there are product,'),
        ("language=German", '"German" is not a language; write ISO 639, as in "language=de".'),
    ],
)
def test_a_rule_on_a_slice_that_cannot_be_is_refused_in_a_sentence(program: Program, pattern: str, words: str) -> None:
    settings = replace(program.settings, rules=(replace(program.settings.rules[0], slices=(pattern,)),))
    with pytest.raises(SettingsError) as error:
        check_slices(settings)
    assert words in str(error.value)
    check_slices(replace(settings, rules=(replace(settings.rules[0], slices=("touchpoint=Contact Centre",)),)))


# Readings, and brands that say nothing


def test_readings_of_the_whole_are_kept_and_of_a_slice_while_it_is_in_an_incident(burning: Program) -> None:
    rule(burning, "touchpoint")
    detect.run(burning, now=at(288 * 10))
    store = burning.store.detection
    whole = store.readings("r", "Nimbus", WHOLE, START, START + 10 * DAY)
    assert [each.start for each in whole] == [START + DAY + FIVE * n for n in range(288 * 9)]
    assert all(each.expected is not None for each in whole)
    kept = store.readings("r", "Nimbus", DELIVERY, START, START + 10 * DAY)
    opened = next(spike for spike in spikes(burning) if spike.slice == DELIVERY)
    assert kept
    assert kept[0].start >= opened.fired_at - DAY


def test_a_brand_without_posts_for_weeks_costs_no_loop_over_its_buckets(program: Program) -> None:
    detector = Recorder("r", ThresholdOptions())
    program.rules = (Rule(name="r", detector=detector, patterns=("*",), fingerprint="1"),)
    program.store.scores.count([Tally("Nimbus", START, START, 1.0, 0.0)])
    assert detect.run(program, now=at(288 * 14 + 1)).buckets == 288 * 14 + 1
    assert detect.run(program, now=at(288 * 900)).buckets == 0
    late = START + FIVE * 288 * 900
    program.store.scores.count([Tally("Nimbus", late, late, 9.0, 9.0)])
    assert detect.run(program, now=at(288 * 900 + 12)).buckets == 12
    assert spikes(program)[0].phase is Phase.OPENED
    again = [spike for stretch in series.walk(program, program.rules[0], "Nimbus", late + 12 * FIVE)
             for spike in stretch.spikes]  # fmt: skip
    assert again == spikes(program)


# What people said


class Listening(Recorder):
    """Notes the verdicts that it is given, beside the first bucket that comes with them."""

    def __init__(self) -> None:
        super().__init__("r", ThresholdOptions())
        self.heard: list[tuple[str, Verdict, datetime | None]] = []

    def inspect(self, series: Series, state: bytes | None) -> Inspection:
        first = series.buckets[0].start if series.buckets else None
        self.heard += [(series.slice, verdict, first) for verdict in series.verdicts]
        return super().inspect(series, state)


@pytest.mark.parametrize("moments", [[60], [20, 31, 32, 33, 60], list(range(1, 61))])
def test_a_verdict_is_heard_once_with_the_bucket_in_which_it_was_said(program: Program, moments: list[int]) -> None:
    detector = Listening()
    program.rules = (Rule(name="r", detector=detector, patterns=("*",), fingerprint="1"),)
    program.store.scores.count(
        Tally("Nimbus", START + FIVE * n, START + FIVE * n, 2.0, 1.0 if 10 <= n < 14 else 0.0) for n in range(60)
    )
    said_at = START + FIVE * 31 + timedelta(minutes=1)
    for moment in moments:
        if moment > 31 and not program.store.incidents.all():
            detect.run(program, now=at(20))
            alert.run(program, now=at(20))
            (incident,) = program.store.incidents.all()
            people.judge(program.store, incident.id, by="ann", now=said_at, real=False)
        detect.run(program, now=at(moment))
    (heard,) = detector.heard
    fired = START + FIVE * 14
    assert heard[:2] == (WHOLE, Verdict(fired_at=fired, real=False, said_at=said_at))
    assert heard[2] is not None
    assert heard[2] <= said_at


def test_counts_that_cannot_be_cost_no_other_brand_what_was_found(program: Program) -> None:
    rule(program)
    program.store.scores.count([
        Tally("Cirrus", START, START, 1.0, 0.0),
        *(Tally("Nimbus", START + DAY * day, START + DAY * day, 1e12, 1e12) for day in range(2)),
    ])  # fmt: skip
    with pytest.raises(ValueError, match="impossible counts"):
        detect.run(program, now=at(288 * 3))
    assert set(program.store.detection.heads()) == {("r", "Cirrus")}
