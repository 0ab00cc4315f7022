"""Collecting: a page is stored whole or not at all, a source that fails stops no other, holes are shown."""

from datetime import timedelta

import pytest

from monitor.clock import FakeClock
from monitor.domain import Author, Coverage, Cursor, Deletion, Gap, Page, Reject
from monitor.errors import (
    CredentialRefused,
    MonitorError,
    RateLimited,
    SettingsError,
    SourceDown,
    StoreFull,
)
from monitor.pipeline import collect, failpoints, tick
from monitor.pipeline.collect import CollectReport
from monitor.pipeline.program import Program
from tests.support.fakes import START, ListCollector, post, source_of

MINUTE = timedelta(minutes=1)


def page(*numbers: int, cursor: str | None = None, **fields: object) -> Page:
    return Page(
        mentions=tuple(post(number) for number in numbers),
        cursor=Cursor(cursor) if cursor else None,
        **fields,  # type: ignore[arg-type]
    )


def poll(program: Program, *script: Page | Exception, name: str = "x") -> CollectReport:
    source = source_of(ListCollector(name, list(script)))
    return collect.run(program, source, now=program.clock.now())


def test_a_poll_reports_what_it_did(program: Program) -> None:
    other = post(9, "Somebody else")
    told = poll(
        program,
        page(1, 2),
        Page(mentions=(post(2), post(3), other), rejects=(Reject(line=None, reason="no text", raw="{"),)),
        Page(mentions=(post(1, "Nimbus is bad"),), deletions=(Deletion(platform="x", native_id="3"),)),
    )
    assert told == CollectReport(source="x", added=3, edited=1, repeated=1, deleted=1, unmatched=1, rejected=1)
    assert program.store.mentions.count() == 3


def test_the_cursor_moves_with_each_page_and_stays_where_a_page_has_none(program: Program) -> None:
    poll(program, page(1, cursor="a"), page(2))
    assert program.store.sources.cursor("x") == Cursor("a")
    poll(program, page(3, cursor="b"))
    assert program.store.sources.cursor("x") == Cursor("b")


@pytest.mark.parametrize("place", ["collect.rows_written", "collect.cursor_moved"])
def test_a_page_that_breaks_off_leaves_neither_rows_nor_cursor(program: Program, place: str) -> None:
    def fail() -> None:
        raise StoreFull("no room")

    poll(program, page(1, cursor="a"))
    failpoints.arm(place, fail)
    with pytest.raises(StoreFull):
        poll(program, page(2, cursor="b", rejects=(Reject(line=1, reason="r", raw=""),)))
    failpoints.disarm()
    assert program.store.mentions.count() == 1
    assert program.store.sources.cursor("x") == Cursor("a")
    assert program.store.sources.reject_count() == 0
    assert poll(program, page(2, cursor="b")).added == 1


def test_pages_before_a_failure_are_kept_and_the_source_is_blind_from_then_on(
    program: Program, clock: FakeClock
) -> None:
    poll(program)
    clock.advance(5 * MINUTE)
    told = poll(program, page(1, cursor="a"), SourceDown("x: no answer."), page(2))
    assert (told.added, told.error) == (1, "x: no answer.")
    assert program.store.sources.cursor("x") == Cursor("a")
    assert program.store.sources.health()["x"].blind_since == START
    assert program.store.sources.gaps("x") == [(START, None, "blind")]


@pytest.mark.parametrize(
    "error",
    [
        CredentialRefused("x: the key is refused."),
        SettingsError("env:X is not set"),
        ZeroDivisionError("hidden"),
        UnicodeError("hidden"),
    ],
)
def test_whatever_a_collector_raises_is_written_down_and_stops_no_other(program: Program, error: Exception) -> None:
    program.sources = (source_of(ListCollector("x", [error])), source_of(ListCollector("y", [page(1)])))
    first, second = tick.collect_all(program, now=START)
    assert first.error is not None
    assert "hidden" not in first.error
    assert program.store.sources.health()["x"].failures == 1
    assert (second.added, second.error) == (1, None)


def test_a_fault_of_the_store_is_not_blamed_on_the_source(program: Program) -> None:
    def fail() -> None:
        raise StoreFull("no room")

    failpoints.arm("collect.rows_written", fail)
    with pytest.raises(MonitorError, match="no room"):
        poll(program, page(1))
    assert program.store.sources.health() == {}


def test_a_platform_that_asks_to_wait_is_left_alone_so_long(program: Program, clock: FakeClock) -> None:
    poll(program, RateLimited("x", 10 * MINUTE))
    clock.advance(9 * MINUTE)
    told = poll(program, page(1))
    assert told.waiting
    assert told.error is not None
    assert program.store.mentions.count() == 0
    clock.advance(MINUTE)
    assert poll(program, page(1)).added == 1
    assert program.store.sources.health()["x"].not_before is None


def test_a_clock_that_is_set_back_does_not_make_the_wait_longer(program: Program, clock: FakeClock) -> None:
    poll(program, RateLimited("x", 10 * MINUTE))
    clock.advance(-timedelta(days=1))
    assert poll(program, page(1)).added == 1


def test_a_range_that_the_platform_keeps_back_is_remembered_as_a_hole(program: Program) -> None:
    hole = Coverage(more_available=True, since=START - MINUTE, until=START)
    assert poll(program, page(1, coverage=hole)).more_available
    assert program.store.sources.gaps("x") == [(START - MINUTE, START, "more than the platform gives")]


def test_more_that_waits_behind_a_cursor_is_no_hole(program: Program) -> None:
    poll(program, page(1, cursor="a", coverage=Coverage(more_available=True, since=START - MINUTE, until=START)))
    assert program.store.sources.gaps("x") == []


def test_asked_to_stop_it_ends_after_the_page_and_goes_on_there(program: Program) -> None:
    source = source_of(ListCollector("x", [page(1, cursor="a"), page(2, cursor="b")]))
    told = collect.run(program, source, now=START, stop=lambda: True)
    assert told.added == 1
    assert program.store.sources.cursor("x") == Cursor("a")
    assert program.store.sources.health()["x"].last_success is None, "a poll that was broken off is no success"


def test_files_of_people_are_kept_even_where_they_name_no_brand(program: Program) -> None:
    posts = (post(1, "Somebody else"), post(2, "Somebody else", targets=("Acme",)))
    told = poll(program, Page(mentions=posts, keep_unmatched=True))
    assert (told.added, told.unmatched) == (2, 0)
    assert [item.target for item in program.store.scores.pending(limit=9)] == ["", "Acme"]


def test_an_odd_post_does_not_cost_its_page(program: Program) -> None:
    odd = post("odd\ud800", "Nimbus \ud83d", likes=1 << 80)
    assert poll(program, Page(mentions=(post(1), odd, post(2)))).added == 3


# All that a page says


def test_an_edit_that_takes_the_name_away_still_reaches_the_post(program: Program) -> None:
    poll(program, page(1, 2))
    told = poll(program, Page(mentions=(post(1, "Never mind them"), post(3, "Somebody else"))))
    assert (told.edited, told.unmatched, told.added) == (1, 1, 0)
    pending = {item.mention.native_id: item for item in program.store.scores.pending(limit=9)}
    assert (pending["1"].mention.text, pending["1"].target) == ("Never mind them", "Nimbus")
    assert program.store.mentions.count() == 2


def test_an_edit_in_the_page_that_brings_the_post_reaches_it_as_well(program: Program) -> None:
    told = poll(program, Page(mentions=(post(1), post(1, "Never mind them"))))
    assert (told.added, told.unmatched) == (1, 0)
    (item,) = program.store.scores.pending(limit=9)
    assert (item.mention.text, item.target) == ("Never mind them", "Nimbus")


def test_a_post_that_may_be_shown_again_is_kept_once_it_is_in_the_page(program: Program) -> None:
    poll(program, page(1))
    gone = Deletion(platform="x", native_id="1", reason="protected")
    poll(program, Page(deletions=(gone,)))
    assert program.store.mentions.search("Nimbus") == []
    back = Deletion(platform="x", native_id="1", restored=True)
    poll(program, Page(mentions=(post(1),), deletions=(back,)))
    assert len(program.store.mentions.search("Nimbus")) == 1


def test_a_deletion_in_the_page_that_brings_the_post_is_the_last_word(program: Program) -> None:
    poll(program, Page(mentions=(post(1),), deletions=(Deletion(platform="x", native_id="1"),)))
    assert program.store.mentions.search("Nimbus") == []


def test_all_posts_of_an_author_may_go_at_once(program: Program) -> None:
    by = Author(native_id="7", handle="ann")
    poll(program, Page(mentions=(post(1, author=by), post(2, author=by), post(3))))
    assert poll(program, Page(deletions=(Deletion(platform="x", author_id="7", reason="suspended"),))).deleted == 2
    assert [found.native_id for found in program.store.mentions.search("Nimbus")] == ["3"]


def test_a_page_that_came_in_later_than_the_poll_began_is_dated_so(program: Program) -> None:
    later = START + 3 * MINUTE
    poll(program, Page(mentions=(post(1),), at=later), page(2))
    known = {found.native_id: found.known_at for found in program.store.mentions.search("Nimbus")}
    assert known == {"1": later, "2": START}


def test_gaps_are_kept_and_closed_by_what_is_read_later(program: Program) -> None:
    hole = Gap(since=START - 9 * MINUTE, until=START, reason="the stream was cut")
    poll(program, page(1, gaps=(hole,)))
    assert program.store.sources.gaps("x") == [(hole.since, hole.until, "the stream was cut")]
    poll(program, page(2, filled=((START - 9 * MINUTE, START - 4 * MINUTE),)))
    missing = [gap for gap in program.store.sources.ranges.of("x") if gap.filled_at is None]
    assert [(gap.since, gap.until) for gap in missing] == [(START - 4 * MINUTE, START)]


def test_a_gap_that_the_same_page_fills_is_filled(program: Program) -> None:
    hole = Gap(since=START - 9 * MINUTE, until=START, reason="the stream was cut")
    poll(program, page(1, gaps=(hole,), filled=((hole.since, hole.until),)))
    assert [bool(gap.filled_at) for gap in program.store.sources.ranges.of("x")] == [True]


def test_a_page_that_breaks_off_leaves_no_gap_and_fills_none(program: Program) -> None:
    def fail() -> None:
        raise StoreFull("no room")

    hole = Gap(since=START - 9 * MINUTE, until=START, reason="cut")
    poll(program, page(1, gaps=(hole,)))
    failpoints.arm("collect.cursor_moved", fail)
    with pytest.raises(StoreFull):
        poll(program, page(2, gaps=(Gap(since=START, until=START + MINUTE, reason="x"),), filled=((START, START),)))
    failpoints.disarm()
    assert program.store.sources.gaps("x") == [(hole.since, hole.until, "cut")]


# Every poll leaves a trace


def polls(program: Program) -> list[tuple[int, int, bool]]:
    return [(each.returned, each.added, each.whole) for each in program.store.sources.polls.newest("x")]


def test_every_poll_is_seen_whether_it_found_much_nothing_or_failed(program: Program, clock: FakeClock) -> None:
    for script in (
        [page(1, 2), page(3)],
        [],
        [Page(cursor=Cursor("a"))],
        [SourceDown("x: no answer.")],
        [page(4, coverage=Coverage(asked=9, returned=5)), SourceDown("x: no answer.")],
        [page(5, coverage=Coverage(asked=9, returned=9, more_available=True))],
    ):
        poll(program, *script)
        clock.advance(5 * MINUTE)
    assert polls(program) == [
        (3, 3, True), (0, 0, True), (0, 0, True), (0, 0, False), (5, 1, False), (9, 1, False),
    ]  # fmt: skip


def test_a_poll_that_was_asked_to_stop_is_no_whole_one(program: Program) -> None:
    source = source_of(ListCollector("x", [page(1), page(2)]))
    collect.run(program, source, now=START, stop=lambda: True)
    assert polls(program) == [(1, 1, False)]


def test_what_was_missed_while_a_source_was_blind_is_filled_by_the_poll_that_reads_to_the_end(
    program: Program, clock: FakeClock
) -> None:
    poll(program)
    clock.advance(5 * MINUTE)
    poll(program, SourceDown("x: no answer."))
    clock.advance(5 * MINUTE)
    poll(program, page(1, cursor="a", coverage=Coverage(returned=1, more_available=True)))
    assert [bool(gap.filled_at) for gap in program.store.sources.ranges.of("x")] == [False]
    clock.advance(5 * MINUTE)
    poll(program, page(2))
    assert [bool(gap.filled_at) for gap in program.store.sources.ranges.of("x")] == [True]
