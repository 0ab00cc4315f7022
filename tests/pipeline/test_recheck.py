"""Re-checks: what is due is asked about, what is gone goes, what cannot be refreshed goes when the terms end."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

import pytest

from monitor.clock import FakeClock
from monitor.domain import Coverage, Cursor, Deletion, Mention, Page, Query, Reject, Terms
from monitor.errors import CredentialRefused, RateLimited, SourceDown, StoreFull
from monitor.pipeline import failpoints, recheck, tick
from monitor.pipeline.program import Program
from monitor.pipeline.recheck import RecheckReport
from tests.support.fakes import START, ListCollector, NoOptions, post, source_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Answer = Callable[[tuple[str, ...]], Page | Exception]


def fine(ids: tuple[str, ...]) -> Page:
    """Every post is as it was."""
    return Page(checked=ids)


@dataclass
class Asked:
    """A collector that can be asked again; it notes each question and answers from a list, then that all is fine."""

    answers: list[Answer] = field(default_factory=list)
    questions: list[tuple[tuple[str, ...], Cursor | None]] = field(default_factory=list)
    name: str = "x"
    recheck_every: timedelta = DAY
    recheck_batch: int = 2
    terms: Terms = field(default_factory=Terms)
    kind: ClassVar[str] = "x"
    Options: ClassVar[type[NoOptions]] = NoOptions

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        yield from ()

    def recheck(self, ids: tuple[str, ...], since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        self.questions.append((ids, since))
        answer = self.answers.pop(0)(ids) if self.answers else fine(ids)
        if isinstance(answer, Exception):
            raise answer
        yield answer


def ids(asked: Asked) -> list[tuple[str, ...]]:
    return [each for each, _ in asked.questions]


def keep(program: Program, *mentions: Mention, now: datetime = START, source: str = "x") -> None:
    with program.store.transaction():
        program.store.mentions.upsert(mentions, [("Nimbus",)] * len(mentions), source=source, now=now)


def look(program: Program, asked: Asked, *, now: datetime = START + DAY, stop: bool = False) -> RecheckReport:
    return recheck.run(program, source_of(asked), now=now, stop=lambda: stop)


def living(program: Program) -> list[str]:
    rows = program.store._connection.rows("select native_id from mentions where deleted_at is null order by native_id")
    return [row[0] for row in rows]


def gone(number: int, **more: object) -> Answer:
    deletion = Deletion(platform="x", native_id=str(number), **more)  # type: ignore[arg-type]
    return lambda asked: Page(deletions=(deletion,), checked=asked)


def failing(error: Exception) -> Answer:
    return lambda asked: error


def silent(asked: tuple[str, ...]) -> Page:
    """The platform answers later, or not at all."""
    return Page(cursor=Cursor("waiting"))


def test_what_was_seen_longest_ago_is_asked_about_first_and_each_post_once(program: Program) -> None:
    for number in range(5):
        keep(program, post(number), now=START + HOUR * number)
    keep(program, post("young"), now=START + 5 * HOUR)
    asked = Asked()
    told = look(program, asked, now=START + DAY + 4 * HOUR)
    assert ids(asked) == [("0", "1"), ("2", "3"), ("4",)]
    assert (told.asked, told.checked, told.deleted, told.error) == (5, 5, 0, None)
    assert look(program, asked, now=START + DAY + 4 * HOUR).asked == 0
    assert look(program, asked, now=START + 2 * DAY + 4 * HOUR).asked == 6, "and again when its time has come"


def test_posts_of_other_sources_and_platforms_and_tombstones_are_not_asked_about(program: Program) -> None:
    keep(program, post(1), post(2, platform="mastodon"), post(3))
    keep(program, post(4), source="y")
    program.store.mentions.delete([Deletion(platform="x", native_id="3")], now=START)
    asked = Asked()
    look(program, asked)
    assert ids(asked) == [("1",)]


def test_what_is_gone_is_erased_and_what_was_edited_waits_for_its_score(program: Program) -> None:
    keep(program, post(1), post(2), post(3))
    program.store._connection.execute("update targets set pending = 0")
    edited = post(2, "Nimbus and Cirrus are bad", edited_at=START + HOUR)
    told = look(
        program,
        Asked([gone(1), lambda asked: Page(mentions=(edited, post("stranger")), checked=asked)], recheck_batch=1),
    )
    assert (told.deleted, told.edited, told.checked) == (1, 1, 3)
    assert living(program) == ["2", "3"]
    waiting = {(item.mention.native_id, item.target) for item in program.store.scores.pending(limit=9)}
    assert ("2", "Cirrus") in waiting
    assert program.store.mentions.search("bad")[0].edited_at == START + HOUR


def test_an_account_that_is_gone_takes_posts_along_that_were_not_asked_about(program: Program) -> None:
    keep(program, *(post(n, author=None) for n in range(2)))
    program.store._connection.execute("update mentions set author_id = '7'")
    told = look(
        program, Asked([lambda asked: Page(deletions=(Deletion(platform="x", author_id="7"),))], recheck_batch=1)
    )
    assert (told.deleted, living(program)) == (2, [])


def test_a_post_that_stands_again_is_filled_by_the_same_page(program: Program) -> None:
    keep(program, post(1), post(2))
    program.store.mentions.delete([Deletion(platform="x", native_id="2")], now=START)
    back = Page(
        mentions=(post(2, "Nimbus is back"),), deletions=(Deletion(platform="x", native_id="2", restored=True),),
        checked=("1", "2"),
    )  # fmt: skip
    look(program, Asked([lambda asked: back]))
    assert [found.native_id for found in program.store.mentions.search("back")] == ["2"]


def test_posts_without_an_answer_are_asked_about_again_and_hold_up_no_others_for_ever(program: Program) -> None:
    keep(program, *(post(number) for number in range(4)))
    asked = Asked([silent] * recheck.PATIENCE)
    for number in range(recheck.PATIENCE):
        look(program, asked, now=START + DAY + recheck.EVERY * number)
    assert set(ids(asked)) == {("0", "1")}
    assert [since for _, since in asked.questions[:2]] == [None, Cursor("waiting")]
    look(program, asked, now=START + 3 * DAY)
    look(program, asked, now=START + 3 * DAY)
    assert ids(asked)[recheck.PATIENCE :] == [("2", "3"), ("0", "1")], "the others, and then those again"


def test_a_platform_that_answers_later_is_asked_with_the_cursor_of_its_own(program: Program) -> None:
    keep(program, post(1), post(2))
    program.store.sources.advance("x", Cursor("of the polls"), now=START)
    later = Page(deletions=(Deletion(platform="x", native_id="1"),), checked=("1", "2"), cursor=Cursor("done"))
    asked = Asked([silent, lambda ids: later])
    assert look(program, asked).checked == 0
    assert look(program, asked, now=START + DAY + HOUR).deleted == 1
    assert [since for _, since in asked.questions] == [None, Cursor("waiting")]
    assert program.store.rechecks.cursor("x") == Cursor("done")
    assert program.store.sources.cursor("x") == Cursor("of the polls")


@pytest.mark.parametrize(
    "error", [SourceDown("x: no answer."), CredentialRefused("x: no."), ZeroDivisionError("hidden")]
)
def test_a_failure_is_told_and_makes_no_source_blind(program: Program, error: Exception) -> None:
    keep(program, *(post(number) for number in range(4)))
    told = look(program, Asked([gone(0), failing(error)]))
    assert told.error is not None
    assert told.error.startswith("x: ")
    assert "hidden" not in told.error
    assert (told.deleted, told.checked) == (1, 2), "what came before it stays done"
    assert program.store.sources.gaps("x") == []
    assert all(health.blind_since is None for health in program.store.sources.health().values())
    assert look(program, Asked()).checked == 2


def test_a_platform_that_asks_to_wait_is_left_alone_so_long(program: Program) -> None:
    keep(program, post(1))
    asked = Asked([failing(RateLimited("x", 3 * HOUR))])
    assert look(program, asked).waiting
    assert look(program, asked, now=START + DAY + 2 * HOUR).waiting
    assert len(asked.questions) == 1
    assert look(program, asked, now=START + DAY + 3 * HOUR).checked == 1


def test_a_wait_beyond_any_calendar_is_a_long_one(program: Program) -> None:
    keep(program, post(1))
    asked = Asked([failing(RateLimited("x", timedelta.max))])
    assert look(program, asked).waiting
    assert look(program, asked, now=START + 30 * DAY).waiting
    assert look(program, asked, now=START + 33 * DAY).checked == 1


def test_a_run_has_an_end_and_the_next_goes_on_there(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recheck, "MOST_BATCHES", 2)
    keep(program, *(post(number) for number in range(7)))
    asked = Asked()
    for _ in range(3):
        look(program, asked)
    assert ids(asked) == [("0", "1"), ("2", "3"), ("4", "5"), ("6",)]


def test_asked_to_stop_it_asks_nothing_more(program: Program) -> None:
    keep(program, post(1))
    assert look(program, Asked(terms=Terms(keep=HOUR)), stop=True) == RecheckReport(source="x")
    assert living(program) == ["1"]


@pytest.mark.parametrize("place", ["recheck.page_read", "recheck.rows_written"])
def test_a_page_that_breaks_off_changes_nothing_and_comes_again(program: Program, place: str) -> None:
    def fail() -> None:
        raise StoreFull("no room")

    keep(program, post(1), post(2))
    failpoints.arm(place, fail)
    with pytest.raises(StoreFull):
        look(program, Asked([gone(1)]))
    failpoints.disarm()
    assert living(program) == ["1", "2"]
    assert look(program, Asked([gone(1)])).deleted == 1


def test_what_it_cost_is_kept_under_a_name_of_its_own_and_rows_are_set_aside(program: Program) -> None:
    keep(program, post(1))
    page = Page(checked=("1",), coverage=Coverage(asked=1, units=1.0), rejects=(Reject(line=1, reason="odd", raw="?"),))
    assert look(program, Asked([lambda asked: page])).rejected == 1
    assert program.store._connection.rows("select source, units, returned from polls") == [("x (re-check)", 1.0, 0)]
    assert program.store.sources.reject_count("x") == 1


# Terms


def test_a_copy_that_could_not_be_refreshed_within_the_terms_is_erased_and_keeps_its_counts(program: Program) -> None:
    keep(program, post(1, likes=3), post(2))
    strict = Terms(keep=30 * DAY)
    asked = Asked([failing(SourceDown("x: no answer."))] * 9, terms=strict)
    assert look(program, asked, now=START + 30 * DAY - HOUR).overdue == 0
    assert look(program, asked, now=START + 30 * DAY).overdue == 2
    rows = program.store._connection.rows("select text, likes, gone_because from mentions where native_id = '1'")
    assert rows == [("", 3, "not refreshed")]


def test_a_copy_that_was_refreshed_or_read_again_stays(program: Program) -> None:
    keep(program, post(1), post(2))
    look(program, Asked([lambda asked: Page(checked=("1",))], terms=Terms(keep=30 * DAY)), now=START + 20 * DAY)
    keep(program, post(2), now=START + 25 * DAY)
    silent_one = Asked([silent] * 9, terms=Terms(keep=30 * DAY))
    assert look(program, silent_one, now=START + 31 * DAY).overdue == 0
    assert look(program, silent_one, now=START + 50 * DAY).overdue == 1
    assert living(program) == ["2"]


def test_terms_bind_a_source_that_cannot_ask_again_too(program: Program) -> None:
    class Bound(ListCollector):
        terms: ClassVar[Terms] = Terms(keep=DAY)

    bound, free = source_of(Bound("x", [])), source_of(ListCollector("y", []))
    assert (recheck.owes(bound), recheck.owes(free)) == (True, False)
    keep(program, post(1))
    assert recheck.run(program, bound, now=START + DAY).overdue == 1
    assert recheck.run(program, free, now=START + DAY) == RecheckReport(source="y")


def test_terms_outlive_a_source_that_was_taken_out_of_the_settings(program: Program) -> None:
    old, kept = Asked(name="old", terms=Terms(keep=30 * DAY)), Asked(name="kept", terms=Terms(keep=30 * DAY))
    keep(program, post(1), source="old")
    keep(program, post(2), source="kept")
    keep(program, post(3), source="posts.jsonl")
    program.sources = (source_of(old), source_of(kept))
    recheck.run_all(program, now=START)
    program.sources = (source_of(kept),)
    assert recheck.abandoned(program, now=START + 30 * DAY - HOUR) == ()
    assert recheck.abandoned(program, now=START + 30 * DAY) == (RecheckReport(source="old", overdue=1),)
    assert living(program) == ["2", "3"]


# In the order of the program


def test_a_pass_re_checks_between_collecting_and_scoring(program: Program, clock: FakeClock) -> None:
    keep(program, post(1), post(2))
    program.sources = (source_of(Asked([gone(1)])), source_of(ListCollector("y", [])))
    clock.advance(DAY)
    done = tick.run(program, now=clock.now())
    assert [(each.source, each.deleted) for each in done.recheck] == [("x", 1)]
    assert done.score.scored == 1
