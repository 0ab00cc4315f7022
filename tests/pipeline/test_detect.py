"""Detection: goes on where it stopped, reads what became known in the order of knowledge, and loses nothing."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from monitor.clock import FakeClock
from monitor.domain import Bucket, Inspection, Page, Series
from monitor.errors import StoreFull
from monitor.pipeline import alert, collect, detect, failpoints
from monitor.pipeline.program import Program, Rule
from monitor.pipeline.tick import score_pending
from monitor.store.scores import Tally
from tests.support.fakes import START, ListCollector, Threshold, ThresholdOptions, post, source_of, threshold_rule

FIVE = timedelta(minutes=5)
HOUR = timedelta(hours=1)


class Recorder(Threshold):
    """The plain detector, which also notes what it is given."""

    def __init__(self, name: str, options: ThresholdOptions) -> None:
        super().__init__(name, options)
        self.seen: list[tuple[str, Bucket]] = []
        self.calls = 0

    def inspect(self, series: Series, state: bytes | None) -> Inspection:
        if series.buckets:
            self.calls += 1
        self.seen += [(series.brand, bucket) for bucket in series.buckets]
        return super().inspect(series, state)

    def of(self, brand: str = "Nimbus") -> list[tuple[int, float, float]]:
        """Buckets as (number since the start, mentions, negatives)."""
        return [((b.start - START) // FIVE, b.mentions, b.negatives) for name, b in self.seen if name == brand]


def recording(program: Program, most: float = 4.0) -> Recorder:
    chosen = ThresholdOptions(most=most)
    detector = Recorder("too-many", chosen)
    program.rules = (Rule(name="too-many", detector=detector, patterns=("*",), fingerprint=repr(chosen)),)
    return detector


def count(program: Program, *tallies: tuple[int, int, float, float], brand: str = "Nimbus") -> None:
    """Put tallies: (bucket published, bucket known, mentions, negatives)."""
    program.store.scores.count(
        Tally(brand, START + FIVE * slot, START + FIVE * known, mentions, negatives)
        for slot, known, mentions, negatives in tallies
    )


def at(bucket: float) -> datetime:
    """A moment at which everything up to the start of that bucket can be inspected."""
    return START + FIVE * bucket + timedelta(minutes=5)


def pending(program: Program) -> list[tuple[str, int]]:
    return [
        (spike.phase.value, (spike.fired_at - START) // FIVE) for _, spike in program.store.detection.pending_spikes()
    ]


def keep(program: Program, *texts: str, published: datetime, known: datetime, brand: str = "Nimbus") -> None:
    posts = [post(f"{published}-{known}-{n}", text, at=published) for n, text in enumerate(texts)]
    with program.store.transaction():
        program.store.mentions.upsert(posts, [(brand,)] * len(posts), source="test", now=known)


# What is inspected, and when


def test_a_bucket_is_inspected_when_it_has_settled_and_an_empty_one_is_a_zero(program: Program) -> None:
    detector = recording(program)
    count(program, (0, 0, 3, 1), (2, 2, 1, 0))
    assert detect.run(program, now=at(1) - timedelta(seconds=1)).buckets == 0
    assert detect.run(program, now=at(1)).buckets == 1
    assert detect.run(program, now=at(3)).until == START + 3 * FIVE
    assert detector.of() == [(0, 3, 1), (1, 0, 0), (2, 1, 0)]


def test_inspection_waits_for_posts_that_have_no_score_yet(program: Program) -> None:
    recording(program)
    count(program, (0, 0, 1, 0))
    keep(program, "Nimbus is bad", published=START + FIVE, known=START + 2 * FIVE)
    assert detect.run(program, now=at(20)).until == START + FIVE
    score_pending(program, now=at(20))
    assert detect.run(program, now=at(20)).until == START + 20 * FIVE


def test_posts_that_are_scored_again_do_not_hold_inspection_back(program: Program) -> None:
    recording(program)
    keep(program, "Nimbus is bad", published=START, known=START)
    score_pending(program, now=at(1))
    program.store.scores.rescore_all()
    assert detect.run(program, now=at(9)).until == START + 9 * FIVE


def test_late_posts_come_with_the_bucket_in_which_they_became_known(program: Program) -> None:
    detector = recording(program)
    count(program, (0, 0, 1, 1), (0, 2, 2, 2), (1, 2, 3, 3), (2, 2, 4, 4))
    detect.run(program, now=at(3))
    assert detector.of() == [(0, 1, 1), (1, 0, 0), (0, 2, 2), (1, 3, 3), (2, 4, 4)]


def test_a_competitor_is_measured_and_never_inspected(program: Program) -> None:
    detector = recording(program)
    count(program, (0, 0, 9, 9), brand="Stratus")
    detect.run(program, now=at(5))
    assert detector.seen == []


def test_a_rule_watches_only_the_brands_of_its_patterns(program: Program) -> None:
    program.rules = (threshold_rule(brands=("cirr*",)),)
    for brand in ("Nimbus", "Cirrus"):
        count(program, (0, 0, 9, 9), brand=brand)
    detect.run(program, now=at(5))
    assert {spike.brand for _, spike in program.store.detection.pending_spikes()} == {"Cirrus"}


def test_it_goes_on_where_it_stopped_and_inspects_nothing_twice(program: Program) -> None:
    detector = recording(program)
    count(program, *((n, n, 1, 1) for n in range(40)))
    for moment in (3, 3, 17, 16, 30, 40):
        detect.run(program, now=at(moment))
    assert [bucket[0] for bucket in detector.of()] == list(range(40))


@pytest.mark.parametrize("steps", [[60], [13, 14, 15, 16, 17, 60], list(range(61))])
def test_the_same_spikes_whenever_it_is_called(program: Program, steps: Sequence[int]) -> None:
    count(program, *((n, n, 2, 1.0 if 20 <= n < 34 else 0.125) for n in range(60)), (18, 25, 2, 2))
    for moment in steps:
        detect.run(program, now=at(moment))
    assert pending(program) == [("opened", 24), ("worsened", 28), ("closed", 47)]


def test_long_histories_go_in_pieces_with_the_same_outcome(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = recording(program)
    monkeypatch.setattr(detect, "CHUNK", 7 * FIVE)
    count(program, *((n, n, 2, 1.0 if 20 <= n < 34 else 0.1) for n in range(60)))
    detect.run(program, now=at(60))
    assert detector.calls == 9
    assert [phase for phase, _ in pending(program)] == ["opened", "worsened", "closed"]


def test_a_spike_is_dated_when_it_could_be_known(program: Program) -> None:
    count(program, (0, 0, 9, 9))
    detect.run(program, now=at(1))
    ((_, spike),) = program.store.detection.pending_spikes()
    assert spike.fired_at == START + FIVE + program.settle


def test_a_crash_between_looking_and_saving_inspects_the_same_again(program: Program) -> None:
    def fail() -> None:
        raise StoreFull("no room")

    count(program, (0, 0, 9, 9))
    failpoints.arm("detect.inspected", fail)
    with pytest.raises(StoreFull):
        detect.run(program, now=at(1))
    failpoints.disarm()
    assert program.store.detection.state("too-many", "Nimbus") is None
    detect.run(program, now=at(1))
    assert pending(program) == [("opened", 2)]


# Nothing that becomes known is lost to detection


def test_a_poll_that_took_longer_than_buckets_settle_loses_nothing(program: Program, clock: FakeClock) -> None:
    detector = recording(program)
    count(program, (0, 0, 1, 0))
    began = at(2)
    detect.run(program, now=at(6))  # while the poll is still running
    keep(program, "Nimbus is bad", published=began - FIVE, known=began)
    score_pending(program, now=at(6))
    detect.run(program, now=at(8))
    assert sum(bucket[1] for bucket in detector.of()) == 2


def test_a_clock_that_is_set_back_loses_nothing(program: Program) -> None:
    detector = recording(program)
    keep(program, "Nimbus is fine", published=START, known=START)
    score_pending(program, now=START)
    detect.run(program, now=at(20))
    keep(program, "Nimbus is bad", published=START + 3 * FIVE, known=START + 4 * FIVE)
    score_pending(program, now=START + 4 * FIVE)
    detect.run(program, now=at(19))
    assert sum(bucket[1] for bucket in detector.of()) == 1
    detect.run(program, now=at(21))
    assert sum(bucket[1] for bucket in detector.of()) == 2


def test_a_post_that_was_set_aside_and_is_scored_much_later_is_not_lost(program: Program) -> None:
    detector = recording(program)
    keep(program, "Nimbus is bad", "Nimbus is fine", published=START, known=START)
    first, _ = program.store.scores.pending(limit=9)
    program.store.scores.quarantine(first, model="m", reason="r", now=START)
    score_pending(program, now=START)
    detect.run(program, now=at(20))
    program.store.scores.rescore_all()
    score_pending(program, now=at(20))
    detect.run(program, now=at(25))
    assert sum(bucket[1] for bucket in detector.of()) == 2


def test_a_longer_time_to_settle_inspects_nothing_twice_and_loses_nothing(program: Program) -> None:
    detector = recording(program)
    keep(program, "Nimbus is fine", published=START, known=START)
    score_pending(program, now=START)
    detect.run(program, now=at(20))
    program.settle = 4 * FIVE
    keep(program, "Nimbus is bad", published=at(20), known=at(20))
    score_pending(program, now=at(20))
    detect.run(program, now=at(20))
    detect.run(program, now=at(30))
    buckets = detector.of()
    assert sum(bucket[1] for bucket in buckets) == 2
    assert len({bucket[0] for bucket in buckets}) == len(buckets)


def test_posts_of_the_past_that_a_source_brings_later_are_late_and_not_lost(program: Program) -> None:
    detector = recording(program)
    keep(program, "Nimbus is fine", published=START, known=START)
    score_pending(program, now=START)
    detect.run(program, now=at(20))
    past = [post(n, "Nimbus is bad", at=START - HOUR * n, known_at=START - HOUR * n) for n in range(1, 4)]
    source = source_of(ListCollector("archive", [Page(mentions=tuple(past))]))
    collect.run(program, source, now=at(20))
    score_pending(program, now=at(20))
    detect.run(program, now=at(22))
    assert sum(bucket[1] for bucket in detector.of()) == 4
    assert [bucket[0] for bucket in detector.of()][20:24] == [-36, -24, -12, 20]


def test_a_state_from_the_future_does_not_blind_a_rule_until_that_day(program: Program) -> None:
    detector = recording(program)
    count(program, *((n, n, 1, 0) for n in range(12)))
    detect.run(program, now=at(8000))  # the clock was wrong by four weeks
    detector.seen.clear()
    count(program, (13, 13, 9, 9))
    detect.run(program, now=at(14))
    assert pending(program) == [], "what lies behind is not told"
    count(program, *((n, n, 9, 9) for n in range(14, 20)))
    detect.run(program, now=at(20))
    assert pending(program)[0] == ("worsened", 16)
    assert [bucket[0] for bucket in detector.of()] == list(range(20))


# A changed rule


def episode(program: Program, first: int, last: int, most: int = 60) -> None:
    count(program, *((n, n, 2, 1.0 if first <= n < last else 0.0) for n in range(most)))


def test_a_changed_rule_starts_anew_and_keeps_silent_about_the_past(program: Program) -> None:
    episode(program, 10, 20)
    recording(program)
    detect.run(program, now=at(40))
    before = pending(program)
    detector = recording(program, most=3.0)
    count(program, *((n, n, 2, 1.0) for n in range(70, 80)))
    detect.run(program, now=at(80))
    assert [bucket[0] for bucket in detector.of()][:60] == list(range(60))
    fresh = pending(program)[len(before) :]
    assert [phase for phase, _ in fresh] == ["opened", "worsened"]
    assert min(moment for _, moment in fresh) > 41


def test_a_changed_rule_that_is_stopped_half_way_still_keeps_silent_about_the_past(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detect, "CHUNK", 10 * FIVE)
    episode(program, 22, 40)
    recording(program)
    detect.run(program, now=at(60))
    for number, _ in program.store.detection.pending_spikes():
        program.store.detection.spike_done(number)
    recording(program, most=3.0)
    left = iter(range(3))

    def fail() -> None:
        if next(left, None) is None:
            raise StoreFull("no room")

    failpoints.arm("detect.inspected", fail)
    with pytest.raises(StoreFull):
        detect.run(program, now=at(60))
    failpoints.disarm()
    detect.run(program, now=at(60))
    assert pending(program) == []
    saved = program.store.detection.state("too-many", "Nimbus")
    assert saved is not None
    assert (saved[0], saved[1]) == (START + 60 * FIVE, program.rules[0].fingerprint)


def test_an_incident_that_the_changed_rule_would_not_have_open_is_ended_so_that_the_next_is_told(
    program: Program,
) -> None:
    count(program, *((n, n, 2, 0.5) for n in range(40)))
    recording(program)
    detect.run(program, now=at(20))
    alert.run(program, now=at(20))
    assert program.store.incidents.open_for("too-many", "Nimbus")
    recording(program, most=9.0)
    detect.run(program, now=at(40))
    alert.run(program, now=at(40))
    assert program.store.incidents.open_for("too-many", "Nimbus") is None
    count(program, *((n, n, 9, 3.0) for n in range(40, 44)))
    detect.run(program, now=at(44))
    assert alert.run(program, now=at(44)).opened == 1


def test_a_changed_rule_within_an_episode_closes_the_incident_when_it_is_over(program: Program) -> None:
    episode(program, 10, 30)
    recording(program)
    detect.run(program, now=at(25))
    alert.run(program, now=at(25))
    recording(program, most=3.0)
    detect.run(program, now=at(26))
    assert program.store.incidents.open_for("too-many", "Nimbus")
    detect.run(program, now=at(60))
    alert.run(program, now=at(60))
    assert [incident.status.value for incident in program.store.incidents.all()] == ["resolved"]


def test_a_state_that_the_detector_cannot_read_starts_anew(program: Program) -> None:
    detector = recording(program)
    episode(program, 10, 20)
    detect.run(program, now=at(40))
    done = len(pending(program))
    rule = program.rules[0]
    program.store.detection.save_state(
        rule.name, "Nimbus", START + 40 * FIVE, rule.fingerprint, json.dumps({"version": 0}).encode()
    )
    detector.seen.clear()
    detect.run(program, now=at(50))
    assert len(detector.of()) == 50
    assert len(pending(program)) == done


# Holes


def blind_between(program: Program, name: str, since: int, until: int | None) -> None:
    store = program.store.sources
    store.succeeded(name, now=START + FIVE * since)
    store.failed(name, "down", now=START + FIVE * since + FIVE)
    if until is not None:
        store.succeeded(name, now=START + FIVE * until)


def test_a_bucket_in_which_every_source_was_blind_is_no_data(program: Program) -> None:
    program.sources = (source_of(ListCollector("a")), source_of(ListCollector("b")))
    detector = recording(program)
    count(program, (0, 0, 1, 0))
    blind_between(program, "a", 2, 8)
    blind_between(program, "b", 4, None)
    detect.run(program, now=at(12))
    assert [bucket[0] for bucket in detector.of()] == [0, 1, 2, 3, 8, 9, 10, 11]


def test_a_source_for_other_brands_does_not_count_as_an_ear(program: Program) -> None:
    program.sources = (source_of(ListCollector("a")), source_of(ListCollector("b"), brands=("Cirrus",)))
    detector = recording(program)
    for brand in ("Nimbus", "Cirrus"):
        count(program, (0, 0, 1, 0), brand=brand)
    blind_between(program, "a", 2, None)
    detect.run(program, now=at(5))
    assert [bucket[0] for bucket in detector.of()] == [0, 1]
    assert [bucket[0] for bucket in detector.of("Cirrus")] == [0, 1, 2, 3, 4]


def test_a_bucket_of_a_hole_that_has_posts_after_all_is_inspected(program: Program) -> None:
    program.sources = (source_of(ListCollector("a")),)
    detector = recording(program)
    count(program, (0, 0, 1, 0), (3, 3, 2, 1), (4, 9, 5, 2))
    blind_between(program, "a", 1, 8)
    detect.run(program, now=at(10))
    assert detector.of() == [(0, 1, 0), (3, 2, 1), (8, 0, 0), (4, 5, 2), (9, 0, 0)]


def test_a_brand_has_no_holes_where_nothing_listens_but_files_are_read(program: Program) -> None:
    detector = recording(program)
    count(program, (0, 0, 1, 0))
    detect.run(program, now=at(3))
    assert [bucket[0] for bucket in detector.of()] == [0, 1, 2]


def test_two_rules_of_one_brand_each_keep_their_own_place(program: Program) -> None:
    detector = recording(program)
    first = program.rules[0]
    count(program, *((n, n, 1, 0) for n in range(9)))
    detect.run(program, now=at(5))
    second = Recorder("second", ThresholdOptions())
    program.rules = (first, replace(first, name="second", detector=second))
    detect.run(program, now=at(9))
    assert len(detector.of()) == len(second.of()) == 9
