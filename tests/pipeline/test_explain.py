"""Explaining: every number from what was known when the spike fired; later the same again, or what differs is named."""

from dataclasses import replace
from datetime import timedelta

import pytest

from models import Prediction, Sentiment
from monitor.analysis.explanation import from_json, to_json
from monitor.clock import FakeClock
from monitor.domain import Author, Deletion, Explanation, Mention, Reading, Spike, shadow_of
from monitor.pipeline import alert, explain
from monitor.pipeline.program import Program
from monitor.pipeline.tick import score_pending
from monitor.store.maintenance import READINGS_KEPT
from monitor.store.states import PARTIAL
from tests.pipeline.test_alert import HOUR, spike
from tests.support.fakes import START, ListCollector, WordScorer, post, source_of, threshold_rule

FIRED = START + HOUR
ANGRY = "Nimbus bad parcel lost, courier never answers {}"


def keep(program: Program, *posts: Mention, known: timedelta = timedelta(0)) -> None:
    with program.store.transaction():
        program.store.mentions.upsert(posts, [("Nimbus",)] * len(posts), source="test", now=START + known)
    score_pending(program, now=START + known)


def crisis(program: Program) -> None:
    """A calm day with thirty people, then an hour with twelve unhappy ones, of whom two spoke before."""
    day = timedelta(days=1)
    keep(program, *(post(f"calm{n}", f"Nimbus is fine number{n}", at=START - day + n * timedelta(minutes=9))
                    for n in range(30)), known=-day)  # fmt: skip
    keep(program, post("old", "Nimbus is bad", at=START - 2 * HOUR, platform="bluesky", author=Author(handle="w0")),
         known=-2 * HOUR)  # fmt: skip
    keep(program, *(post(f"w{n}", ANGRY.format(f"number{n}"), at=START + n * timedelta(minutes=4),
                         author=Author(handle=f"w{n}" if n else "w0", followers=100 * n), conversation_id="thread",
                         platform="x" if n % 3 else "bluesky", lang="en")
                    for n in range(12)), known=HOUR / 2)  # fmt: skip


def told(program: Program, fired: Spike | None = None) -> Explanation:
    program.store.detection.add_spikes([fired or spike()])
    alert.run(program, now=FIRED)
    return from_json(program.store.incidents.explanations(1)[-1])


def test_a_record_says_who_what_where_how_many_and_how_sure(program: Program) -> None:
    crisis(program)
    found = told(program)
    assert (found.posts, found.unhappy_authors, found.new_authors, found.unhappy_before) == (12, 12, 11, 1)
    assert found.rule_version is None
    kinds = {part.kind for part in found.parts}
    assert kinds >= {"platform", "language", "thread", "term"}
    platforms = {part.value: part for part in found.parts if part.kind == "platform"}
    assert sum(part.excess for part in platforms.values()) == pytest.approx(8.0)
    assert platforms["x"].excess > platforms["bluesky"].excess
    assert len(found.typical_posts) == 3
    assert [(risk.of, risk.people, risk.lost) for risk in found.risks] == [
        ("reached", 6600, pytest.approx(66)), ("unhappy", 12, 240),
    ]  # fmt: skip
    assert found.share is not None
    assert found.share.low < found.share.estimate < found.share.high
    assert found.corrected is None, "nobody measured the errors of this model"


def test_the_share_is_corrected_by_the_errors_that_were_measured_of_the_model(program: Program) -> None:
    class Measured(WordScorer):
        name = "bundled-words@1"

    program._router = type(program.router()).of(Measured())
    crisis(program)
    found = told(program).corrected
    assert found is not None
    assert 0.0 <= found.low < found.estimate < found.high <= 1.0


def test_what_was_not_heard_is_told_as_it_was_known_then(program: Program) -> None:
    program.sources = (source_of(ListCollector("forum")), source_of(ListCollector("elsewhere"), brands=("Cirrus",)))
    sources = program.store.sources
    for name in ("forum", "elsewhere"):
        sources.failed(name, "no route", now=START + HOUR / 4)
    sources.states.open("forum", PARTIAL, START - HOUR, "more was there than was read")
    sources.states.close("forum", PARTIAL, now=START + HOUR / 2)
    crisis(program)
    found = told(program)
    heard = [(each.source, each.state, each.since, each.until) for each in found.hearing]
    assert heard == [
        ("forum", "partial", START - HOUR, START + HOUR / 2), ("forum", "blind", START + HOUR / 4, None),
    ]  # fmt: skip
    sources.succeeded("forum", now=START + 3 * HOUR)
    sources.failed("forum", "no route", now=START + 4 * HOUR)
    assert explain.again(program, found).same


def test_rules_and_parts_that_came_half_way_are_told(program: Program) -> None:
    program.rules = (*program.rules, threshold_rule("share"), threshold_rule("far"))
    detection = program.store.detection
    for rule, part, score in (("share", "", 0.4), ("share", "platform=x", 0.55), ("far", "", 0.2)):
        detection.save_state(rule, "Nimbus", FIRED, "", b"{}", part)
        detection.save_readings(rule, "Nimbus", part, [Reading(start=START, anomaly_score=score, expected=1.0)])
        late = Reading(start=FIRED + HOUR, anomaly_score=0.9, expected=1.0)
        detection.save_readings(rule, "Nimbus", part, [late])
    crisis(program)
    found = told(program)
    near = {(each.rule, each.slice): each.score for each in found.near}
    assert near == {("share", ""): pytest.approx(2 / 3), ("share", "platform=x"): pytest.approx(0.55 / 0.45)}
    detection.drop_states("share", "Nimbus", ["platform=x"])
    assert explain.again(program, found).same, "what is not watched any more was watched then"


def test_a_spike_of_a_part_is_explained_by_that_part_alone(program: Program) -> None:
    crisis(program)
    found = told(program, replace(spike(), slice="platform=bluesky"))
    assert dict(found.platforms) == {"bluesky": 4}
    assert found.posts == 4


# Again, later


def test_it_comes_out_the_same_whatever_becomes_known_later(program: Program) -> None:
    crisis(program)
    stored = told(program)
    keep(program, *(post(f"late{n}", ANGRY.format(n), at=START + n * timedelta(minutes=2)) for n in range(9)),
         known=3 * HOUR)  # fmt: skip
    keep(program, post("next", "Nimbus bad again", at=START + 5 * HOUR), known=5 * HOUR)
    again = explain.again(program, stored)
    assert (again.same, again.differs) == (True, ())
    assert to_json(again.now) == to_json(stored)


def test_a_deleted_post_still_counts_and_what_needs_its_words_is_named(program: Program) -> None:
    crisis(program)
    told(program)
    with program.store.transaction():
        program.store.mentions.delete([Deletion(platform="x", native_id="w11")], now=START + 9 * HOUR)
    stored = from_json(program.store.incidents.explanations(1)[0])
    again = explain.again(program, stored)
    assert (again.now.posts, dict(again.now.platforms)) == (stored.posts, dict(stored.platforms))
    assert again.now.share == stored.share
    assert not again.same
    assert "the posts that were seen most" in again.differs
    assert "the number of posts" not in again.differs
    assert again.because == ("1 post was deleted since (of the window)",)


def test_who_wrote_a_deleted_post_is_named_nowhere_in_the_record(program: Program) -> None:
    crisis(program)
    loud = [post(f"loud{n}", f"Nimbus bad van {n}", at=START + n * timedelta(minutes=2),
                 author=Author(native_id="77", handle="canary-handle")) for n in range(4)]  # fmt: skip
    keep(program, *loud, known=HOUR / 2)
    assert "canary-handle" in {part.value for part in told(program).parts if part.kind == "author"}
    with program.store.transaction():
        program.store.mentions.delete(
            [Deletion(platform="x", author_id="77", reason="suspended")], now=START + 9 * HOUR
        )
    (text,) = program.store.incidents.explanations(1)
    assert "canary-handle" not in text
    assert any(part.kind == "author" and part.posts == 4 for part in from_json(text).parts), "its counts stay"
    assert program.store.proof.leftovers().total == 0


def test_an_edited_post_and_one_scored_by_another_model_are_named(program: Program) -> None:
    crisis(program)
    stored = told(program)
    (edited,) = [post("w5", "Nimbus is good now", at=START + timedelta(minutes=20), author=Author(handle="w5"))]
    keep(program, edited, known=4 * HOUR)
    again = explain.again(program, stored)
    assert {"the number of unhappy authors", "the negative share"} <= set(again.differs)
    assert any(each.startswith("1 post was edited since") for each in again.because)

    class Calm(WordScorer):
        name = "calm@2"

        def predict(self, texts: object, targets: object = None) -> list[Prediction]:
            return [Prediction(sentiment=Sentiment(0.1, 0.8, 0.1)) for _ in texts]  # type: ignore[attr-defined]

    program._router = type(program.router()).of(Calm())
    program.store.scores.rescore_all()
    score_pending(program, now=START + 6 * HOUR)
    again = explain.again(program, stored)
    assert "the model" in again.differs
    assert "12 posts were scored again since (of the window)" in again.because


def test_a_changed_rule_is_named(program: Program) -> None:
    (rule,) = program.rules
    program.rules = (replace(rule, name="rule"),)
    crisis(program)
    stored = told(program)
    assert stored.rule_version == rule.fingerprint
    program.rules = (replace(rule, name="rule", fingerprint="counts, changed"),)
    again = explain.again(program, stored)
    assert again.differs == ("the rule",)
    assert again.because == ("the rule was changed, or is not there any more",)


def test_what_is_kept_no_more_is_named(program: Program, clock: FakeClock) -> None:
    crisis(program)
    stored = told(program)
    clock.at = FIRED + READINGS_KEPT + HOUR
    assert explain.again(program, stored).because == ("what rules read in that time is kept no more",)


def test_a_rehearsal_knows_the_names_of_the_brand_that_it_stands_for(program: Program) -> None:
    assert explain._names(program, shadow_of("Nimbus", 2))[0] == "Nimbus"


def test_a_storm_is_thinned_evenly_and_still_counted_whole(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain, "READ", 3)
    crisis(program)
    found = told(program)
    assert (found.posts, found.unhappy_authors) == (12, 12)
    assert [each.mention.native_id for each in found.top_posts] == ["w11", "w10", "w9", "w8", "w7"]
    assert explain.again(program, found).same
