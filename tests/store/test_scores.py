"""What waits for its score, what is kept of a score, and what the counts make of it."""

from datetime import timedelta

from monitor.domain import Label, Score, ScoredMention
from monitor.store import Store
from monitor.store.scores import Change, Judgement, Pending, Tally
from tests.store.test_mentions import forget, keep
from tests.support.fakes import START, post

FIVE = timedelta(minutes=5)


def judged(item: Pending, negative: float = 0.75, model: str = "m1", reason: str | None = None) -> Judgement:
    label = Label.UNSURE if reason else Label.NEGATIVE if negative > 0.5 else Label.NEUTRAL
    score = Score(
        mention_id=item.mention_id, target=item.target, model=model, negative=negative, neutral=1 - negative,
        positive=0.0, label=label,
    )  # fmt: skip
    return Judgement(item, model, score, reason)


def score_all(store: Store) -> None:
    items = store.scores.pending(limit=1000)
    with store.transaction():
        store.scores.save([judged(item) for item in items], [True] * len(items), now=START)


def test_each_brand_that_a_post_is_about_waits_for_its_own_score(store: Store) -> None:
    with store.transaction():
        store.mentions.upsert([post(1), post(2)], [("Nimbus", "Cirrus"), ()], source="test", now=START)
    assert [(item.mention.native_id, item.target) for item in store.scores.pending(limit=9)] == [
        ("1", "Cirrus"),
        ("1", "Nimbus"),
        ("2", ""),
    ]


def test_posts_wait_in_the_order_in_which_they_became_known_then_in_that_of_their_time(store: Store) -> None:
    keep(store, post("late", at=START + FIVE), post("early", at=START), now=START + 2 * FIVE)
    keep(store, post("old", at=START - FIVE), now=START + FIVE)
    assert [item.mention.native_id for item in store.scores.pending(limit=9)] == ["old", "early", "late"]
    assert store.scores.oldest_pending() == START + FIVE


def test_new_posts_go_before_those_that_are_scored_again_and_only_they_hold_detection_back(store: Store) -> None:
    keep(store, post(1), now=START)
    score_all(store)
    store.scores.rescore_all()
    assert (store.scores.pending_count(), store.scores.oldest_pending()) == (1, None)
    keep(store, post(2), now=START + FIVE)
    assert [item.mention.native_id for item in store.scores.pending(limit=9)] == ["2", "1"]
    assert store.scores.oldest_pending() == START + FIVE


def test_a_score_is_kept_with_its_model_and_history_is_kept_for_each(store: Store) -> None:
    keep(store, post(1))
    score_all(store)
    assert store.scores.pending_count() == 0
    store.scores.rescore_all()
    (item,) = store.scores.pending(limit=9)
    assert item.before == (Label.NEGATIVE, 0.75)
    with store.transaction():
        store.scores.save([judged(item, 0.25, "m2")], [False], now=START)
    assert store._connection.rows("select model, negative from scores order by model") == [("m1", 0.75), ("m2", 0.25)]
    assert store._connection.rows("select model, negative, vote from targets") == [("m2", 0.25, 1)]


def test_what_no_model_may_say_is_kept_as_unknown_with_the_reason(store: Store) -> None:
    keep(store, post(1), post(2))
    first, second = store.scores.pending(limit=9)
    with store.transaction():
        kept = [Judgement(first, "m1", None, "it reads as German"), judged(second, 0.25, reason="confidence is low")]
        store.scores.save(kept, [False, True], now=START)
    assert store._connection.rows("select label, negative, neutral, positive, reason, vote from targets") == [
        ("unsure", None, None, None, "it reads as German", 0),
        ("unsure", 0.25, 0.75, 0.0, "confidence is low", 1),
    ]
    assert store._connection.rows("select mention_id, reason from scores") == [(second.mention_id, "confidence is low")]
    store.scores.rescore_all()
    assert [item.before for item in store.scores.pending(limit=9)] == [(Label.UNSURE, None), (Label.UNSURE, 0.25)]
    assert [each.mention.native_id for each in _evidence(store)] == ["2"]


def _evidence(store: Store) -> list[ScoredMention]:
    return store.detection.evidence("Nimbus", START, START + FIVE, known=START + FIVE, limit=9)


def test_an_edit_or_a_deletion_while_the_model_was_at_work_is_noticed(store: Store) -> None:
    keep(store, post(1), post(2), post(3))
    items = store.scores.pending(limit=9)
    keep(store, post(1, "Nimbus is something else"))
    forget(store, "2")
    assert {number for number, _ in store.scores.unchanged(items)} == {items[2].mention_id}


def test_a_post_that_was_set_aside_waits_no_more_until_all_are_scored_again(store: Store) -> None:
    keep(store, post(1), post(2))
    first, _ = store.scores.pending(limit=9)
    store.scores.quarantine(first, model="m1", reason="RuntimeError", now=START)
    assert store.scores.pending_count() == 1
    assert store.scores.rescore_all() == 2
    assert store.scores.pending_count() == 2


def test_votes_are_remembered_and_only_rise(store: Store) -> None:
    store.scores.remember_votes({7: (0.5, START), (1 << 63) - 1: (0.25, START)})
    store.scores.remember_votes({7: (0.25, START)})
    assert store.scores.voted([7, (1 << 63) - 1, 9]) == {7: 0.5, (1 << 63) - 1: 0.25}
    assert store.scores.voted([]) == {}


def test_tallies_of_one_cell_add_up_and_are_read_in_the_order_of_knowledge(store: Store) -> None:
    store.scores.count([Tally("Nimbus", START, START + FIVE, 1.0, 0.5), Tally("Nimbus", START, START, 1.0, 0.25)])
    store.scores.count([Tally("Nimbus", START, START + FIVE, 2.0, 0.5), Tally("Cirrus", START, START, 1.0, 0.0)])
    assert store.detection.tallies("Nimbus", START, START + 2 * FIVE) == [
        Tally("Nimbus", START, START, 1.0, 0.25),
        Tally("Nimbus", START, START + FIVE, 3.0, 1.0),
    ]
    assert store.detection.tallies("Nimbus", START, START + FIVE) == [Tally("Nimbus", START, START, 1.0, 0.25)]
    assert store.detection.brands() == ["Cirrus", "Nimbus"]
    assert store.detection.first_slot("Nimbus") == START
    assert store.detection.first_slot("nobody") is None


def test_rollups_take_the_old_label_out_when_a_post_is_scored_again(store: Store) -> None:
    key = ("Nimbus", START, "x")
    first, again = Change(), Change()
    for label, negative in ((Label.NEGATIVE, 0.75), (Label.NEGATIVE, 0.75), (Label.UNSURE, 0.25)):
        first.add(label, negative)
    again.add(Label.POSITIVE, 0.0)
    again.add(Label.NEGATIVE, 0.75, times=-1)
    store.scores.roll_up({key: first})
    store.scores.roll_up({key: again})
    (row,) = store.reports.trends(brand=None, since=None, until=None, bucket=FIVE)
    assert (row["mentions"], row["negative"], row["positive"], row["unsure"]) == (3, 1, 1, 1)
    assert row["expected_negatives"] == 1.0


def test_a_detector_is_given_its_state_again_and_the_farthest_rule_tells_how_far_a_brand_is(store: Store) -> None:
    assert store.detection.state("a", "Nimbus") is None
    store.detection.save_state("a", "Nimbus", START, "settings", b"\x00state")
    store.detection.save_state("b", "Nimbus", START + FIVE, "settings", b"")
    store.detection.save_state("a", "Nimbus", START, "other", b"\x01")
    assert store.detection.state("a", "Nimbus") == (START, "other", b"\x01")
    assert store.detection.inspected(["Nimbus", "Cirrus"]) == {"Nimbus": START + FIVE}


def test_evidence_is_what_was_published_in_the_window_and_known_by_then(store: Store) -> None:
    keep(store, post("in", at=START), now=START)
    keep(store, post("too old", at=START - FIVE), now=START)
    keep(store, post("late", at=START), now=START + FIVE)
    keep(store, post("gone", at=START), now=START)
    score_all(store)
    keep(store, post("unscored", at=START), now=START)
    forget(store, "gone")
    found = store.detection.evidence("Nimbus", START, START + FIVE, known=START + FIVE, limit=9)
    assert [each.mention.native_id for each in found] == ["in"]
    assert (found[0].negative, found[0].label, found[0].vote) == (0.75, Label.NEGATIVE, True)
