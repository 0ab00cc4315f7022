"""What a score means: rarity learned from a brand's own half-days, and thresholds for a rate of false alarms."""

from random import Random

import pytest

from monitor.analysis.calibration import LEVEL, ShortTail, Tail, threshold, together


def lived(blocks: int, excess: float, seed: int = 5) -> Tail:
    """A brand of which every second block exceeds the level, by so much on average."""
    random, tail = Random(seed), Tail()
    for block in range(blocks):
        tail.see(block, LEVEL + random.expovariate(1 / excess) if block % 2 else 0.0)
    return tail


def test_everyday_scores_are_not_rare() -> None:
    assert Tail().rarity(LEVEL) == Tail().rarity(0.0) == 0.0


def test_rarity_rises_with_the_score() -> None:
    rarities = [lived(100, 0.4).rarity(1.2 + step / 10) for step in range(60)]
    assert rarities == sorted(rarities)


def test_a_brand_that_often_bursts_is_believed_less() -> None:
    assert lived(100, 1.5).rarity(5.0) < lived(100, 0.3).rarity(5.0) / 2


def test_rarity_counts_expected_blocks() -> None:
    tail = lived(4000, 0.5)
    random = Random(9)
    scores = [LEVEL + random.expovariate(2.0) if block % 2 else 0.0 for block in range(20_000)]
    over = sum(tail.rarity(score) >= 2.0 for score in scores)
    assert 0.005 < over / len(scores) < 0.02


def test_one_monstrous_block_does_not_deafen() -> None:
    tail = lived(60, 0.4)
    before = tail.rarity(5.0)
    tail.see(60, 1000.0)
    tail.see(61, 0.0)
    assert tail.rarity(5.0) > 0.85 * before


@pytest.mark.parametrize("windows", [1, 2, 3, 4, 5, 9])
def test_fewer_false_alarms_ask_for_a_higher_threshold(windows: int) -> None:
    asked = [0.005, 0.02, 0.05, 0.07, 0.10, 0.25, 0.5, 1.0, 2.0]
    found = [threshold(rate, windows) for rate in asked]
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == len(asked)
    assert found[-1] > 0


def test_short_blocks_learn_a_tail_within_days() -> None:
    random, tail = Random(5), ShortTail()
    before = tail.rarity(5.0)
    for block in range(3 * 12):
        tail.see(block, LEVEL + random.expovariate(1 / 2.5))
    assert tail.rarity(5.0) < before / 2


def test_windows_that_agree_say_more_than_the_clearest_and_less_than_their_sum() -> None:
    assert 2.0 < together([2.0, 1.5, 1.0]) < 4.5
    assert together([2.0, 0.0, 0.0]) == 2.0
    assert together([]) == 0.0
