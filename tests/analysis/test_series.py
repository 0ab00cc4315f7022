"""The ring of newest buckets: its running sums are those of the slots that it holds."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.series import Recent

Slot = tuple[float, float, float, bool]
slots = st.lists(
    st.tuples(st.integers(0, 50).map(float), st.integers(0, 50).map(float), st.floats(0.01, 9.0), st.booleans()),
    max_size=60,
)


def pushed(given_: list[Slot], lengths: list[int]) -> Recent:
    ring = Recent.empty(lengths)
    for negatives, others, usual, seen in given_:
        ring.push(negatives, others, usual, seen)
    return ring


@given(slots)
def test_running_sums_are_the_sums_of_the_newest_slots(given_: list[Slot]) -> None:
    lengths = [1, 4, 13]
    ring = pushed(given_, lengths)
    for window, length in enumerate(lengths):
        newest = [slot for slot in given_[-length:] if slot[3]]
        assert abs(ring.sum_negatives[window] - sum(slot[0] for slot in newest)) < 1e-6
        assert abs(ring.sum_others[window] - sum(slot[1] for slot in newest)) < 1e-6
        assert abs(ring.sum_used[window] - sum(slot[2] for slot in newest)) < 1e-6


def test_a_slot_without_data_adds_nothing_and_expects_nothing() -> None:
    ring = pushed([(5.0, 5.0, 2.0, False)], [1, 3])
    assert (ring.sum_negatives, ring.sum_others, ring.sum_used) == ([0.0, 0.0], [0.0, 0.0], [0.0, 0.0])


def test_late_counts_beyond_the_ring_are_not_taken() -> None:
    ring = pushed([(1.0, 0.0, 1.0, True)] * 2, [1, 3])
    assert not ring.add_late(2, 9.0, 0.0)
    assert not ring.add_late(-1, 9.0, 0.0)
    assert ring.sum_negatives == [1.0, 2.0]


def test_a_blanked_run_leaves_the_older_slots_alone() -> None:
    ring = pushed([(7.0, 1.0, 1.0, True), (0.0, 0.0, 1.0, True), (0.0, 0.0, 1.0, True)], [1, 3])
    ring.blank(2)
    assert (ring.sum_negatives, ring.sum_used) == ([0.0, 7.0], [0.0, 1.0])


def test_slots_are_told_newest_first_also_across_the_seam() -> None:
    ring = pushed([(float(at), 0.0, 1.0, True) for at in range(5)], [1, 3])
    assert ring.newest_first() == [(4.0, 1.0), (3.0, 1.0), (2.0, 1.0)]


def test_revised_shares_replace_those_of_slots_with_data_only() -> None:
    ring = pushed([(1.0, 0.0, 1.0, True), (0.0, 0.0, 1.0, False)], [1, 2])
    ring.revise([4.0, 5.0])
    assert (ring.sum_used, ring.usual) == ([0.0, 5.0], [5.0, 4.0])
