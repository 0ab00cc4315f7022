"""The digest: what rose and fell in a brand's week, said from the store alone, and honest about few posts."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

from monitor.alerting.routine_message import DigestWords
from monitor.clock import FakeClock
from monitor.domain import Author, Deletion, MessageKind, Phase, Spike
from monitor.pipeline import alert, digest, people, tick, watch
from monitor.pipeline.digest import DAY, WEEK
from monitor.pipeline.program import Program, Rule
from monitor.store.erasure import WITHDRAWN
from tests.support.fakes import START, ListCollector, Threshold, ThresholdOptions, notifier_of, post, source_of

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
UNTIL = START + 2 * WEEK
NOW = UNTIL + HOUR
SPIKE = Spike(
    brand="Nimbus", rule="too-many", phase=Phase.OPENED, fired_at=START, onset=START, window=HOUR, observed=9.0,
    expected=1.0, mentions=12.0, probability=0.001, score=2.0, severity="low",
)  # fmt: skip


class Lasting(Threshold):
    """A detector whose finds alarm nobody."""

    alarm: ClassVar[bool] = False


def keep(program: Program, text: str, number: int, *, since: datetime, length: timedelta = WEEK, by: str = "") -> None:
    """So many posts, evenly spread, each by somebody else, or all by one."""
    step = length / max(1, number)
    posts = [
        replace(
            post(f"{text}-{since:%d}-{n}", f"{text} {n}", at=since + step * n), author=Author(handle=by or f"{text}{n}")
        )
        for n in range(number)
    ]
    with program.store.transaction():
        program.store.mentions.upsert(posts, [("Nimbus",)] * number, source="x", now=NOW - HOUR)
    tick.score_pending(program, now=NOW - HOUR)


def week(program: Program) -> DigestWords:
    return digest.of(program, "Nimbus", until=UNTIL, length=WEEK, now=NOW)


def test_of_a_few_posts_it_says_that_they_are_too_few(program: Program) -> None:
    keep(program, "Nimbus is bad", 9, since=START)
    keep(program, "Nimbus is fine", 12, since=START + WEEK)
    told = week(program)
    assert told.headline == "12 posts, too few to say"
    assert told.volume == "12 posts, 9 in the week before: too few to say whether that is more or less."
    assert told.mood == "12 of them could be judged: too few to say how many are negative."
    assert (told.moved, told.terms) == ((), ())


def test_of_none_it_says_that_there_was_none(program: Program) -> None:
    told = week(program)
    assert told.headline == "no post"
    assert told.volume == "0 posts; the week before was not watched, so that there is nothing to compare with."
    assert told.mood == ""


def test_what_rose_is_told_with_its_interval(program: Program) -> None:
    keep(program, "Nimbus is fine", 210, since=START)
    keep(program, "Nimbus is fine", 420, since=START + WEEK)
    told = week(program)
    assert told.headline == "louder"
    assert told.volume == (
        "420 posts, 2 times as many as in the week before (210) (95 % sure: 1.7 to 2.4 times as many)."
    )
    assert told.moved == ("on x: 420 posts, 2 times as many as before (210)",)


def test_a_worse_mood_is_told_in_points(program: Program) -> None:
    for since, bad in ((START, 70), (START + WEEK, 210)):
        keep(program, "Nimbus is bad", bad, since=since)
        keep(program, "Nimbus is good", 280 - bad, since=since)
    told = week(program)
    assert told.headline == "more negative"
    assert "about as many as in the week before (280)" in told.volume
    assert "points more than in the week before (2" in told.mood


def test_what_chance_explains_is_called_no_change(program: Program) -> None:
    keep(program, "Nimbus is fine", 210, since=START)
    keep(program, "Nimbus is fine", 217, since=START + WEEK)
    told = week(program)
    assert told.headline == "217 posts, much as before"
    assert told.moved == ()


def test_one_loud_day_is_not_called_a_louder_week(program: Program) -> None:
    keep(program, "Nimbus is fine", 210, since=START)
    keep(program, "Nimbus is fine", 210, since=START + WEEK)
    keep(program, "Nimbus is loud", 300, since=START + WEEK + 3 * DAY, length=DAY)
    told = week(program)
    assert "days differ so much that it may be chance" in told.volume
    assert told.headline == "510 posts, much as before"


def test_a_week_that_nobody_watched_is_nothing_to_compare_with(program: Program) -> None:
    keep(program, "Nimbus is fine", 210, since=START + WEEK)
    told = week(program)
    assert "the week before was not watched" in told.volume
    assert told.headline == "210 posts"


def test_a_day_that_was_watched_in_part_is_nothing_to_compare_with(program: Program) -> None:
    keep(program, "Nimbus is fine", 40, since=UNTIL - DAY - 7 * HOUR, length=7 * HOUR)
    keep(program, "Nimbus is fine", 300, since=UNTIL - DAY, length=DAY)
    told = digest.of(program, "Nimbus", until=UNTIL, length=DAY, now=NOW)
    assert (told.headline, told.moved) == ("300 posts", ())
    assert "the day before was not watched" in told.volume
    keep(program, "Nimbus is fine,", 40, since=UNTIL - 2 * DAY, length=2 * HOUR)
    assert "in the day before (80)" in digest.of(program, "Nimbus", until=UNTIL, length=DAY, now=NOW).volume


def test_who_was_unhappy_and_is_happy_now_is_won_back(program: Program) -> None:
    keep(program, "Nimbus is bad", 2, since=START, by="ana")
    keep(program, "Nimbus is good", 1, since=START + WEEK, by="ana")
    keep(program, "Nimbus was bad", 1, since=START + WEEK, by="bob")  # unhappy still
    keep(program, "Nimbus is good!", 1, since=START + WEEK, by="cyd")  # was never unhappy
    keep(program, "Nimbus so good", 1, since=START, by="dan")
    keep(program, "Nimbus is so bad", 1, since=START + WEEK, by="dan")  # the other way round
    told = week(program)
    assert (told.returned, [each.author for each in told.back]) == (1, ["ana"])


def test_a_digest_that_quotes_a_deleted_post_is_withdrawn_and_one_that_was_not_is_found(program: Program) -> None:
    keep(program, "Nimbus is bad", 2, since=START, by="ana")
    keep(program, "Nimbus is good", 1, since=START + WEEK, by="ana")
    store = program.store
    store.beats.mark(watch.DIGEST, "Nimbus", at=START)
    asks(program, digest="weekly", digest_at=f"{UNTIL:%H:%M}", digest_on=f"{UNTIL:%A}".lower(), heartbeat="")
    watch.run(program, now=NOW)
    told = "select message from outbox where kind = 'digest' and key = ?"
    ((before, key),) = store._connection.rows("select message, key from outbox where message like '%Nimbus is good%'")
    assert store.proof.leftovers().messages == 0
    with store.transaction():
        store.mentions.delete([Deletion(platform="x", native_id=f"Nimbus is good-{START + WEEK:%d}-0")], now=NOW)
    ((after,),) = store._connection.rows(told, key)
    assert "Nimbus is good" not in after
    assert "ana" not in after
    assert WITHDRAWN in after
    assert store.proof.leftovers().messages == 0
    store._connection.execute("update outbox set message = ? where key = ?", before, key)
    assert store.proof.leftovers().messages == 1


def test_words_of_unhappy_posts_are_named(program: Program) -> None:
    keep(program, "Nimbus is fine", 60, since=START)
    keep(program, "Nimbus is bad, parcel lost", 40, since=START + WEEK)
    told = week(program)
    assert "parcel" in " ".join(text for text, _ in told.terms)


def test_what_was_not_read_is_told(program: Program) -> None:
    program.sources = (
        source_of(ListCollector("posts", [])),
        source_of(ListCollector("others", []), brands=("Cirrus",)),
    )
    gone = START + WEEK + DAY
    for name in ("posts", "others"):
        program.store.sources.gap(name, gone, gone + 2 * HOUR, "blind", now=NOW)
        program.store.sources.gap(name, gone + HOUR, gone + 3 * HOUR, "capped", now=NOW)
        program.store.sources.gap(name, START, START + DAY, "blind", now=NOW)
    assert week(program).holes == ("posts: 3 h could not be read",)


def test_incidents_are_told_with_their_lead_and_what_people_said(program: Program) -> None:
    opened = START + WEEK + DAY
    for hours, severity in ((0.0, "high"), (100.0, "low")):
        fired = opened + hours * HOUR
        begun = replace(SPIKE, fired_at=fired, onset=fired - 40 * MINUTE, severity=severity)
        for each in (begun, replace(begun, phase=Phase.CLOSED, fired_at=fired + 3 * HOUR)):
            program.store.detection.add_spikes([each])
            alert.run(program, now=each.fired_at)
    people.judge(program.store, 1, by="ana", now=NOW, real=True)
    told = week(program)
    assert told.headline == "no post; 2 incidents"
    assert told.incidents == (
        "Tuesday 10 March 2026, 00:00: high, told 40 min after it began; over after 3 h; called real (incident 1)",
        "Saturday 14 March 2026, 04:00: low, told 40 min after it began; over after 3 h; nobody judged it (incident 2)",
    )


def test_lasting_changes_come_from_detectors_that_alarm_nobody(program: Program) -> None:
    quiet = Rule(name="level", detector=Lasting("level", ThresholdOptions()), patterns=("*",), fingerprint="")
    program.rules = (*program.rules, quiet)
    fired = START + WEEK + 2 * DAY
    change = replace(SPIKE, rule="level", fired_at=fired, onset=fired - DAY, window=DAY, observed=40.0, expected=22.0)
    program.store.detection.add_spikes([change, replace(SPIKE, fired_at=fired, onset=fired)])
    assert week(program).changes == (
        "since Tuesday 10 March 2026, 00:00: 40 negative posts in 1 d, where 22 were usual",
    )


def test_each_brand_gets_its_digest_once_a_week_and_competitors_none(program: Program, clock: FakeClock) -> None:
    asks(program, digest="weekly", digest_at="08:00", digest_on="monday", heartbeat="")
    told = []
    for _ in range(3 * 7 * 4):
        watch.run(program, now=clock.now())
        tick.deliver_all(program)
        sent = notifier_of(program).sent
        told += [(clock.now(), message.brand, message.kind) for message in sent]
        sent.clear()
        clock.advance(6 * HOUR)
    first = START + 12 * HOUR  # a look comes at noon; the first week's digest was due before it began
    assert told == [
        (first + week_ * WEEK, brand, MessageKind.DIGEST) for week_ in range(3) for brand in ("Nimbus", "Cirrus")
    ]


def test_a_daily_digest_is_about_a_day(program: Program, clock: FakeClock) -> None:
    asks(program, digest="daily", digest_at="08:00", heartbeat="")
    watch.run(program, now=clock.now())
    clock.advance(3 * DAY + 9 * HOUR)
    watch.run(program, now=clock.now())
    tick.deliver_all(program)
    titles = [message.title for message in notifier_of(program).sent]
    assert titles == ["Nimbus, the day: no post", "Cirrus, the day: no post"]
    assert notifier_of(program).sent[0].body.startswith("Wednesday 4 March 2026, 08:00 (UTC) to Thursday 5 March 2026")


def asks(program: Program, **routine: object) -> None:
    settings = program.settings
    program.settings = replace(settings, routine=settings.routine.model_copy(update=routine))
