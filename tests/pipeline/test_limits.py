"""Limits: sources that share a key wait together, and money is never spent past a cap, nor saved without a word."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitor import plugins
from monitor.analysis.brands import query
from monitor.analysis.budget import Caps
from monitor.clock import FakeClock, parse
from monitor.domain import Brand, Coverage, Cursor, Page, Query, Secret
from monitor.errors import RateLimited
from monitor.pipeline import collect
from monitor.pipeline.collect import CollectReport
from monitor.pipeline.program import Program, Source, addresses_in, build, credential_of
from monitor.settings import SourceSettings
from tests.support.fakes import START, ListCollector, plain_kind, post, source_of

FIVE, MINUTE, HOUR = timedelta(minutes=5), timedelta(minutes=1), timedelta(hours=1)


@dataclass
class Asked(ListCollector):
    """Also notes what it was asked."""

    queries: list[Query] = field(default_factory=list)

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        self.queries.append(query)
        yield from super().pages(query, since, now=now)


def shared(name: str, key: str = "one key", **fields: object) -> tuple[Source, Asked]:
    collector = Asked(name)
    return replace(source_of(collector), credential=key, **fields), collector  # type: ignore[arg-type]


def poll(program: Program, source: Source) -> CollectReport:
    return collect.run(program, source, now=program.clock.now())


def states(program: Program, name: str) -> dict[str, str]:
    return {each.state: each.detail for each in program.store.sources.states.lasting(name).get(name, [])}


# Waits


def test_sources_with_one_key_wait_together_and_others_go_on(program: Program, clock: FakeClock) -> None:
    (first, one), (second, two), (third, three) = shared("a"), shared("b"), shared("c", "another key")
    one.script = [RateLimited("a", 10 * MINUTE)]
    poll(program, first)
    told = poll(program, second)
    assert (told.waiting, two.queries) == (True, [])
    assert told.error is not None
    assert "10 min" in states(program, "b")["waiting"] or "600 s" in states(program, "b")["waiting"]
    assert program.store.sources.health().get("b") is None, "it was not asked, so it did not fail"
    assert not poll(program, third).waiting
    clock.advance(10 * MINUTE)
    assert not poll(program, second).waiting
    assert states(program, "b") == {}
    assert len(two.queries) == len(three.queries) == 1


def test_nothing_left_ends_the_poll_after_its_page_and_is_no_failure(program: Program, clock: FakeClock) -> None:
    (first, one), (second, _) = shared("a"), shared("b")
    spent = Coverage(returned=1, remaining=0, resets_at=START + HOUR)
    one.script = [Page(mentions=(post(1),), coverage=spent), Page(mentions=(post(2),))]
    told = poll(program, first)
    assert (told.added, told.error) == (1, None)
    assert told.held == "a: the platform allows no more until 2026-03-02T01:00:00Z."
    health = program.store.sources.health()["a"]
    assert (health.failures, health.blind_since, health.last_success) == (0, None, START)
    assert set(states(program, "a")) == {"waiting"}
    assert poll(program, second).waiting
    clock.advance(HOUR)
    one.script = [Page(mentions=(post(2),))]
    assert poll(program, first).added == 1
    assert states(program, "a") == {}


def test_something_left_or_a_time_that_has_passed_stops_nobody(program: Program) -> None:
    source, collector = shared("a")
    collector.script = [
        Page(mentions=(post(1),), coverage=Coverage(remaining=1, resets_at=START + HOUR)),
        Page(mentions=(post(2),), coverage=Coverage(remaining=0, resets_at=START - HOUR)),
        Page(mentions=(post(3),), coverage=Coverage(remaining=0)),
    ]
    assert poll(program, source).added == 3


def test_a_limit_that_another_source_meets_ends_a_poll_that_is_running(program: Program) -> None:
    source, collector = shared("a")

    def pages() -> Iterator[Page]:
        yield Page(mentions=(post(1),))
        program.store.sources.states.wait("one key", START + HOUR, "b: rate limited.", now=START)
        yield Page(mentions=(post(2),))
        raise AssertionError("it was asked again")

    collector.pages = lambda query, since, *, now: pages()  # type: ignore[method-assign]
    told = poll(program, source)
    assert (told.added, told.held) == (2, "b: rate limited.")


# Keys


@dataclass(frozen=True, kw_only=True)
class KeyOptions:
    key: Secret = field(default=Secret("env:KEY"))
    more: tuple[str, ...] = ()
    base_url: str = "https://one.example"
    page_size: int = 5


class Endpoint:
    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint


def digest(name: str = "a", kind: str = "x", collector: object = None, **options: object) -> str:
    chosen = KeyOptions(**options)  # type: ignore[arg-type]
    item = SourceSettings(name=name, kind=kind, options=chosen, every=FIVE, enabled=True, brands=())
    return credential_of(item, collector)


def test_a_key_is_known_by_where_it_is_with_its_server_and_endpoint() -> None:
    same = digest()
    assert digest(name="b", page_size=9) == same
    others = [
        digest(kind="y"), digest(key=Secret("env:OTHER")), digest(base_url="https://two.example"),
        digest(more=("https://more.example",)), digest(collector=Endpoint("search")),
    ]  # fmt: skip
    assert len({same, *others}) == 6
    assert digest(collector=Endpoint("search")) == digest(collector=Endpoint("search"))


def test_the_addresses_of_an_option_are_found_however_deep() -> None:
    assert addresses_in((("wss://a/b", "plain"), {"x": "http://c"}, 3, None)) == ["wss://a/b", "http://c"]


def test_built_sources_have_their_limits_and_what_is_asked_where_money_is_short(program: Program) -> None:
    cards = (Brand(name="Own", hashtags=("own",)), Brand(name="Rival", hashtags=("rival",), competitor=True))
    kind = plain_kind()
    options = plugins.load("collectors", kind).Options()
    item = SourceSettings(name="hn", kind=kind, options=options, every=FIVE, enabled=True, brands=(), daily_cap=2.0)
    settings = replace(program.settings, brands=cards, sources=(item, replace(item, name="two")))
    first, second = build(settings, program.store, program.clock).sources
    assert first.credential == second.credential != ""
    assert first.caps == Caps(daily=2.0)
    assert first.query == query(cards)
    assert first.fewer is not None
    assert (first.fewer.terms, first.fewer.hashtags) == (("Own",), ("own",))
    assert first.fewest is not None
    assert (first.fewest.terms, first.fewest.hashtags, first.fewest.brands[0].hashtags) == (("Own",), (), ())


# Money

OWN, RIVAL = Query(terms=("Own",), hashtags=("own",)), Query(terms=("Own", "Rival"), hashtags=("own", "rival"))
ONLY = Query(terms=("Own",))


def paid(program: Program, clock: FakeClock, cost: float | None, **caps: float) -> tuple[Source, Asked]:
    """A source at noon whose poll costs so much."""
    clock.at = parse("2026-03-02T12:00Z")
    source, collector = shared("a", caps=Caps(**caps), fewer=OWN, fewest=ONLY)
    source = replace(source, query=RIVAL)
    collector.script = [Page(coverage=Coverage(returned=1, cost=cost))]
    return source, collector


def many(program: Program, clock: FakeClock, source: Source, polls: int) -> list[CollectReport]:
    reports = []
    for _ in range(polls):
        reports.append(poll(program, source))
        clock.advance(FIVE)
    return reports


def test_a_source_without_a_price_is_never_held_back(program: Program, clock: FakeClock) -> None:
    source, collector = paid(program, clock, None, daily=0.01)
    many(program, clock, source, 20)
    assert len(collector.queries) == 20
    assert states(program, "a") == {}


def test_money_that_gets_short_makes_it_read_less_often_first(program: Program, clock: FakeClock) -> None:
    source, collector = paid(program, clock, 0.01, daily=0.5)
    reports = many(program, clock, source, 143)
    assert 40 <= len(collector.queries) <= 50, "144 polls would cost three times what is left"
    assert set(collector.queries) == {RIVAL}
    held = [each for each in reports if each.held]
    assert len(held) > 90
    assert all(each.error is None and not each.waiting for each in held)
    assert states(program, "a")["thinned"].startswith("read every ")
    assert (program.store.sources.polls.spent("a", START).cost or 0.0) <= 0.5


def test_then_it_is_asked_for_less_and_what_was_not_asked_for_is_a_gap(program: Program, clock: FakeClock) -> None:
    source, collector = paid(program, clock, 0.1, daily=1.6)
    many(program, clock, source, 40)
    assert collector.queries[:1] == [RIVAL]
    assert OWN in collector.queries
    reasons = {gap.reason for gap in program.store.sources.ranges.of("a") if gap.filled_at is None}
    assert "thinned: not asked for competitors" in reasons
    assert "competitors" in states(program, "a")["thinned"]


def test_and_least_of_all_hashtags(program: Program, clock: FakeClock) -> None:
    source, collector = paid(program, clock, 0.1, daily=0.6)
    many(program, clock, source, 40)
    assert collector.queries[1:] == [ONLY] * (len(collector.queries) - 1)
    assert len(collector.queries) > 2


def test_at_the_cap_nothing_is_asked_until_the_next_day_and_it_is_said(program: Program, clock: FakeClock) -> None:
    source, collector = paid(program, clock, 0.3, daily=1.0)
    reports = many(program, clock, source, 100)
    asked = len(collector.queries)
    assert asked == 3, "a fourth poll would cost more than is left"
    assert reports[-1].held is not None
    assert reports[-1].held.endswith("the cap starts anew at 2026-03-03T00:00:00Z")
    assert states(program, "a")["capped"] == reports[-1].held
    assert "thinned" not in states(program, "a")
    (gap,) = [gap for gap in program.store.sources.ranges.of("a") if gap.reason == "capped"]
    assert gap.until is None
    clock.at = parse("2026-03-03T00:00Z")
    assert poll(program, source).held is not None, "thinned from the first poll on"
    assert len(collector.queries) == asked + 1
    assert "capped" not in states(program, "a")
    (gap,) = [gap for gap in program.store.sources.ranges.of("a") if gap.reason == "capped"]
    assert gap.until == clock.now()


def test_a_poll_ends_with_the_page_that_reaches_the_cap(program: Program, clock: FakeClock) -> None:
    source, collector = paid(program, clock, 0.4, daily=1.0)
    collector.script *= 9
    told = poll(program, source)
    assert told.held == "a: the cap is reached, $1.20 in this poll."
    assert program.store.sources.polls.spent("a", START).cost == 0.4 * 3


def test_the_cap_of_the_month_counts_from_its_first_day(program: Program, clock: FakeClock) -> None:
    source, collector = paid(program, clock, 0.1, monthly=1.0)
    for day, cost in (("2026-02-28", 50.0), ("2026-03-01", 0.95)):
        told = Coverage(returned=1, cost=cost)
        program.store.sources.record("a", told, added=0, rejected=0, now=parse(day))
    assert poll(program, source).held is not None
    assert collector.queries == []
    assert "the month's $1.00" in states(program, "a")["capped"]


def test_what_was_spent_on_a_day_that_never_came_holds_nothing_back_today(program: Program, clock: FakeClock) -> None:
    source, collector = paid(program, clock, 0.001, daily=1.0, monthly=9.0)
    program.store.sources.record("a", Coverage(cost=50.0), added=0, rejected=0, now=parse("2027-01-01"))
    assert poll(program, source).held is None
    assert len(collector.queries) == 1


def test_a_clock_that_was_set_back_does_not_stop_a_thinned_source(program: Program, clock: FakeClock) -> None:
    source, collector = paid(program, clock, 0.01, daily=0.5)
    many(program, clock, source, 2)
    clock.advance(-timedelta(days=40))
    asked = len(collector.queries)
    poll(program, source)
    assert len(collector.queries) == asked + 1
