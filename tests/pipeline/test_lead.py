"""The lead: people's real times where an incident was live, the computed ones elsewhere; complaints beside them."""

from dataclasses import replace
from datetime import datetime, timedelta

from monitor.domain import Complaint, Mention
from monitor.pipeline import alert, backtest, detect, tell
from monitor.pipeline.lead import Lead, lead
from monitor.pipeline.program import Program
from monitor.pipeline.tick import score_pending
from tests.support.detection import FIVE, at, count, keep
from tests.support.fakes import START, post, threshold_rule

DAYS = 12
END = DAYS * 288
FIRE = 10 * 288 + 100  # the bucket in which posts turn negative
MINUTE = timedelta(minutes=1)


def complaint(bucket: float, number: int = 1, brand: str = "nimbus") -> Complaint:
    moment = START + FIVE * bucket
    return Complaint(brand=brand, created_at=moment, native_id=f"{bucket}", count=number)


def usual() -> list[Complaint]:
    return [complaint(bucket) for bucket in range(0, END, 24)]


def fire(program: Program) -> None:
    count(program, *((number, number, 2.0, 0.01) for number in range(0, END, 12)))
    count(program, *((FIRE + number, FIRE + number, 2.0, 1.0) for number in range(30)))
    count(program, (END, END, 1.0, 0.0))


def found(program: Program, complaints: list[Complaint]) -> Lead:
    tested = backtest.run(program, program.rules, now=at(END))
    return lead(program, tested, complaints, seed=1)


def test_an_incident_that_was_never_live_is_told_when_it_would_have_been(program: Program) -> None:
    fire(program)
    (entry,) = found(program, usual() + [complaint(FIRE + 40 + n / 9) for n in range(9)]).ledger.entries
    assert entry.told.notified == entry.told.fired_at
    assert entry.lead == START + FIVE * (FIRE + 40) - entry.told.fired_at
    assert entry.told.acknowledged is None


def test_an_incident_that_was_live_has_the_times_at_which_people_were_told_and_answered(program: Program) -> None:
    fire(program)
    keep(program, "Nimbus is bad", published=START + FIVE * (FIRE + 1), known=START + FIVE * (FIRE + 1))
    score_pending(program, now=at(FIRE + 1))
    detect.run(program, now=at(FIRE + 20))
    alert.run(program, now=at(FIRE + 20))
    incident = program.store.incidents.all()[0]
    sent = at(FIRE + 20) + MINUTE
    delivered(program, sent)
    program.store.incidents.acknowledge(incident.id, sent + MINUTE, by="ana")
    detect.run(program, now=at(END))
    alert.run(program, now=at(END))
    (entry,) = found(program, usual() + [complaint(FIRE + 40 + n / 9) for n in range(9)]).ledger.entries
    assert (entry.told.notified, entry.told.acknowledged) == (sent, sent + MINUTE)
    assert entry.told.key == str(incident.id)
    assert entry.told.first_negative == START + FIVE * (FIRE + 1)
    assert entry.lead == START + FIVE * (FIRE + 40) - sent


def delivered(program: Program, moment: datetime) -> None:
    tell.run(program, now=moment)
    item = program.store.outbox.claim("console", now=moment)
    assert item is not None
    program.store.outbox.sent(item, now=moment)


def test_complaints_of_a_brand_that_was_not_tested_are_said(program: Program) -> None:
    fire(program)
    assert found(program, [complaint(3, brand="Other")]).strangers == ("Other",)


def test_a_rise_before_the_stretch_is_not_missed(program: Program) -> None:
    fire(program)
    rise = [complaint(8 * 288 + n / 9) for n in range(12)]
    tested = backtest.run(program, [threshold_rule(most=99.0)], now=at(END), since=START + FIVE * 9 * 288)
    assert lead(program, tested, usual() + rise, seed=1).ledger.missed == ()
    tested = backtest.run(program, [threshold_rule(most=99.0)], now=at(END))
    assert len(lead(program, tested, usual() + rise, seed=1).ledger.missed) == 1


def test_posts_that_were_pushed_as_complaints_are_complaints(program: Program) -> None:
    def pushed(number: int, extra: dict[str, object]) -> Mention:
        return replace(post(number, "Nimbus is bad", at=START + FIVE * number), extra=extra)

    posts = [pushed(1, {"complaint": True}), pushed(2, {"complaint": "0.93"}), pushed(3, {})]
    with program.store.transaction():
        program.store.mentions.upsert(posts, [("Nimbus",)] * 3, source="desk", now=START)
        program.store.complaints.add([complaint(9, 4)], now=START)
    assert [(each.brand, each.native_id, each.count) for each in program.store.complaints.all()] == [
        ("Nimbus", "x:1", 1), ("nimbus", "file:9", 4),
    ]  # fmt: skip
    assert [each.native_id for each in program.store.complaints.all(until=START + 5 * FIVE)] == ["x:1"]


def test_the_same_complaint_is_kept_once(program: Program) -> None:
    assert program.store.complaints.add([complaint(1), complaint(2)], now=START) == 2
    assert program.store.complaints.add([complaint(2), complaint(3)], now=START) == 1
