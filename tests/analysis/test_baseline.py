"""What is usual at an hour of the week: learned within days, from a prior that people post by day."""

import pytest

from monitor.analysis.baseline import Baseline, Counts, Keep

KEEP = Keep(0.5 ** (1 / (24 * 8)), 0.5 ** (1 / 14), 0.5 ** (7 / (24 * 42)))


def lived(days: int, rate: float, night: float = 1.0, weekend: float = 1.0, others: float = 0.0) -> Baseline:
    """A brand with hourly slots: `rate` an hour by day, a share of it in the eight hours of night."""
    found = Baseline.fresh(24)
    for hour in range(days * 24):
        slot, day = hour % 24, hour // 24 % 7
        now = rate * (night if slot < 8 else 1.0) * (weekend if day >= 5 else 1.0)
        found.learn(slot, day, Counts(1.0, now, now * others, 1.0), KEEP)
    return found


def expected(of: Baseline, slot: int, day: int = 1) -> float:
    return of.level * of.season(slot) * of.weekday(day)


def test_a_flat_brand_is_expected_flat_after_two_weeks() -> None:
    found = lived(14, 10.0)
    assert all(expected(found, slot) == pytest.approx(10.0, rel=0.1) for slot in range(24))


def test_quiet_nights_are_learned_within_three_days() -> None:
    found = lived(3, 10.0, night=0.1)
    assert expected(found, 3) < 2.5
    assert expected(found, 14) == pytest.approx(10.0, rel=0.2)


def test_quiet_weekends_are_learned() -> None:
    found = lived(28, 10.0, weekend=0.4)
    assert expected(found, 12, day=6) == pytest.approx(4.0, rel=0.2)
    assert expected(found, 12, day=2) == pytest.approx(10.0, rel=0.15)


def test_before_anything_is_known_afternoons_are_busier_than_nights() -> None:
    fresh = Baseline.fresh(48)
    assert fresh.season(30) > 2 * fresh.season(6)


def test_the_prior_day_turns_to_where_the_mentions_are() -> None:
    found = Baseline.fresh(24)
    for slot in (1, 2, 3, 4):
        found.learn(slot, 0, Counts(1.0, 20.0, 0.0, 1.0), KEEP)
    assert found.prior_season(3) > 1.4
    assert found.prior_season(15) < 0.6


def test_others_are_expected_in_proportion() -> None:
    assert lived(7, 10.0, others=3.0).ratio == pytest.approx(3.0, rel=0.01)


def test_distrusted_counts_change_little() -> None:
    found, same = lived(7, 10.0), lived(7, 10.0)
    found.learn(12, 1, Counts(1.0, 1000.0, 0.0, 0.001), KEEP)
    assert expected(found, 12) == pytest.approx(expected(same, 12), rel=0.1)


def test_doubt_shrinks_with_every_negative_seen() -> None:
    assert Baseline.fresh(24).doubt() > lived(1, 1.0).doubt() > lived(7, 1.0).doubt() > 0
    assert Baseline.fresh(24).season_doubt(3) > lived(7, 1.0).season_doubt(3) > 0


@pytest.mark.parametrize("slots", [1, 2, 6, 24, 48])
def test_any_number_of_slots_a_day_works(slots: int) -> None:
    found = Baseline.fresh(slots)
    for at in range(slots * 10):
        found.learn(at % slots, at // slots % 7, Counts(24 / slots, 240 / slots, 0.0, 1.0), KEEP)
    assert found.level * found.season(0) * found.weekday(2) == pytest.approx(10.0, rel=0.15)


def test_a_new_level_that_lasts_is_followed_within_days_and_keeps_the_shape_of_the_day() -> None:
    found = lived(14, 10.0, night=0.2)
    shape = expected(found, 3) / expected(found, 14)
    for hour in range(48):
        now = 30.0 * (0.2 if hour % 24 < 8 else 1.0)
        found.follow(hour % 24, hour // 24, Counts(1.0, now, 0.0, 1.0), Keep(0.5 ** (1 / 12), KEEP.slot, KEEP.day))
    assert expected(found, 14) == pytest.approx(30.0, rel=0.2)
    assert expected(found, 3) / expected(found, 14) == pytest.approx(shape, rel=0.2)
