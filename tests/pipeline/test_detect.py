"""Detection: goes on where it stopped, reads what became known in the order of knowledge, and loses nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.clock import FakeClock
from monitor.domain import Page
from monitor.errors import StoreFull
from monitor.pipeline import collect, detect, failpoints, series, tick
from monitor.pipeline.program import Program
from monitor.pipeline.tick import score_pending
from tests.support.detection import FIVE, HOUR, Recorder, at, count, keep, pending, recording
from tests.support.fakes import START, ListCollector, ThresholdOptions, notifier_of, post, source_of, threshold_rule

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
    assert pending(program) == [("opened", 24), ("worsened", 27), ("closed", 47)]


def test_long_histories_go_in_pieces_with_the_same_outcome(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = recording(program)
    monkeypatch.setattr(series, "CHUNK", 7 * FIVE)
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
    program.store.sources.succeeded("a", now=at(12))
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


def test_the_time_in_which_the_program_was_off_is_no_data(program: Program, clock: FakeClock) -> None:
    """And what is read afterwards is taken as news: a spike of that time is still told."""
    posts = tuple(post(n, f"Nimbus is bad {n}", at=START + 14 * FIVE, author=f"a{n}") for n in range(9))
    first = source_of(ListCollector("x", [Page(mentions=(post("first"),))]))
    later = source_of(ListCollector("x", [Page(mentions=posts)]))
    detector = recording(program)
    program.sources = (first,)
    tick.run(program, now=START + FIVE)
    program.sources = (later,)
    detect.run(program, now=at(30))
    assert [bucket[0] for bucket in detector.of()] == [0], "before the source is asked again"
    for bucket in (30, 31, 32, 33):
        clock.at = at(bucket)
        tick.run(program, now=clock.now())
    assert [bucket[:2] for bucket in detector.of()] == [(0, 1), (14, 9), (31, 0), (32, 0)]
    assert notifier_of(program).sent


def test_a_poll_that_is_a_little_late_leaves_no_hole(program: Program) -> None:
    detector = recording(program)
    program.sources = (source_of(ListCollector("x", [Page(mentions=(post("first"),))])),)
    for bucket in (1, 2, 4, 7):
        tick.run(program, now=at(bucket))
    assert [bucket[0] for bucket in detector.of()] == list(range(7))


@pytest.mark.parametrize("state", ["quiet", "unreadable", "capped", "waiting"])
def test_while_nothing_comes_for_a_reason_buckets_are_no_data(program: Program, state: str) -> None:
    program.sources = (source_of(ListCollector("a")),)
    detector = recording(program)
    count(program, (0, 0, 1, 0))
    program.store.sources.states.open("a", state, START + 2 * FIVE, "")
    detect.run(program, now=at(6))
    program.store.sources.states.close("a", state, now=START + 7 * FIVE)
    detect.run(program, now=at(9))
    assert [bucket[0] for bucket in detector.of()] == [0, 1, 7, 8]


@pytest.mark.parametrize("state", ["new fields", "partial"])
def test_a_source_that_is_read_all_the_same_has_no_holes(program: Program, state: str) -> None:
    program.sources = (source_of(ListCollector("a")),)
    detector = recording(program)
    count(program, (0, 0, 1, 0))
    program.store.sources.states.open("a", state, START + FIVE, "")
    detect.run(program, now=at(4))
    assert [bucket[0] for bucket in detector.of()] == [0, 1, 2, 3]


def test_between_the_polls_of_a_thinned_source_there_is_no_data(program: Program) -> None:
    program.sources = (source_of(ListCollector("a")),)
    detector = recording(program)
    count(program, (0, 0, 1, 0))
    program.store.sources.states.open("a", "thinned", START, "")
    program.store.sources.succeeded("a", now=START + 2 * FIVE)
    detect.run(program, now=at(4))
    assert [bucket[0] for bucket in detector.of()] == [0, 1]


def test_a_range_that_is_missing_is_no_data_and_one_that_was_filled_is(program: Program) -> None:
    program.sources = (source_of(ListCollector("a")),)
    detector = recording(program)
    count(program, (0, 0, 1, 0))
    ranges = program.store.sources.ranges
    ranges.add("a", START + FIVE, START + 3 * FIVE, "the stream was cut", now=START)
    ranges.add("a", START + 4 * FIVE, START + 5 * FIVE, "thinned: not asked for competitors", now=START)
    ranges.fill("a", START + FIVE, START + 2 * FIVE, now=START)
    detect.run(program, now=at(5))
    assert [bucket[0] for bucket in detector.of()] == [0, 1, 3, 4]


@pytest.mark.parametrize("state", ["quiet", "unreadable", "capped"])
def test_the_few_posts_that_come_all_the_same_end_no_incident(program: Program, state: str) -> None:
    """A spike may be told from them; that it is over may not."""
    program.sources = (source_of(ListCollector("a")),)
    count(program, (0, 0, 9, 5), *((n, n, 1, 0.01) for n in range(2, 40)))
    program.store.sources.states.open("a", state, START + 2 * FIVE, "")
    for bucket in (1, 2, 8, 30, 40):
        detect.run(program, now=at(bucket))
    assert [phase for phase, _ in pending(program)] == ["opened"]
    program.store.sources.states.close("a", state, now=START + 40 * FIVE)
    count(program, (41, 41, 1, 0.01))
    detect.run(program, now=at(43))
    assert [phase for phase, _ in pending(program)] == ["opened", "closed"]


def test_a_spike_is_told_from_the_few_posts_of_a_source_that_can_hardly_be_read(program: Program) -> None:
    program.sources = (source_of(ListCollector("a")),)
    count(program, (0, 0, 1, 0), (5, 5, 9, 9))
    program.store.sources.states.open("a", "unreadable", START + FIVE, "")
    detect.run(program, now=at(7))
    assert [phase for phase, _ in pending(program)] == ["opened"]


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
