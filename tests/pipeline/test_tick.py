"""One pass through everything, in one order, each stage until nothing is pending."""

from datetime import timedelta

from monitor.clock import FakeClock
from monitor.domain import Page
from monitor.pipeline import tick
from monitor.pipeline.program import Program
from tests.support.fakes import START, ListCollector, notifier_of, post, source_of

FIVE = timedelta(minutes=5)


def test_a_pass_takes_a_post_from_its_source_to_the_receiver(program: Program, clock: FakeClock) -> None:
    posts = tuple(post(n, f"Nimbus is bad {n}") for n in range(9))
    program.sources = (source_of(ListCollector("x", [Page(mentions=posts)])),)
    first = tick.run(program, now=clock.now())
    assert (first.collect[0].added, first.score.scored, first.detect.buckets) == (9, 9, 0)
    clock.advance(2 * FIVE)
    second = tick.run(program, now=clock.now())
    assert (second.collect[0].repeated, second.score.scored) == (9, 0)
    assert (second.detect.spikes, second.alert.opened, second.deliver.sent) == (1, 1, 1)
    assert "Nimbus" in notifier_of(program).sent[0].title


def test_a_pass_with_nothing_new_does_nothing(program: Program, clock: FakeClock) -> None:
    done = tick.run(program, now=clock.now())
    assert done.score.scored == done.detect.buckets == done.alert.opened == done.deliver.sent == 0
    assert done.collect == ()


def test_asked_to_stop_no_stage_begins_new_work(program: Program, clock: FakeClock) -> None:
    posts = tuple(post(n, f"Nimbus is bad {n}") for n in range(9))
    with program.store.transaction():
        program.store.mentions.upsert(posts, [("Nimbus",)] * 9, source="x", now=START)
    clock.advance(2 * FIVE)
    done = tick.run(program, now=clock.now(), stop=lambda: True)
    assert (done.score.scored, done.detect.buckets, done.alert.opened, done.deliver.sent) == (0, 0, 0, 0)
    assert tick.run(program, now=clock.now()).alert.opened == 1


def test_the_stages_between_can_be_called_one_by_one(program: Program, clock: FakeClock) -> None:
    names = [type(stage()).__name__ for stage in tick.work(program, now=clock.now())]
    assert names == ["int", "ScoreReport", "DetectReport", "AlertReport", "TellReport"]
