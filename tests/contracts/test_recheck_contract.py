"""What every collector promises that can be asked what became of posts. Cases: tests/collectors/cases/."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor import plugins
from monitor.errors import RateLimited, SourceDown
from monitor.ports import Rechecker
from tests.collectors.case import kinds, make
from tests.collectors.recheck_case import RecheckCase, Rechecking, recheck_case_of, recheck_kinds


@pytest.fixture(params=recheck_kinds())
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def case(kind: str, tmp_path: Path) -> Iterator[RecheckCase]:
    with recheck_case_of(kind, tmp_path) as case:
        yield case


@pytest.fixture
def collector(kind: str, case: RecheckCase) -> Any:
    collector = make(kind, case.options)
    assert isinstance(collector, Rechecker)
    return collector


def settled(collector: Any, case: RecheckCase, *ids: str) -> Rechecking:
    """Asked until there was time to answer."""
    asking = Rechecking(collector).ask(*ids)
    if case.settle:
        case.settle()
        asking.ask(*ids)
    return asking


def test_it_says_how_often_and_how_many(collector: Any) -> None:
    assert timedelta(minutes=1) < collector.recheck_every <= timedelta(days=30)
    assert 1 <= collector.recheck_batch <= 100_000


def test_a_post_that_stands_is_checked_and_stays(collector: Any, case: RecheckCase) -> None:
    ids = [case.publish() for _ in range(3)]
    asking = settled(collector, case, *ids)
    assert asking.checked == set(ids)
    assert asking.deleted == set()


def test_a_post_that_is_gone_is_told_as_a_deletion(collector: Any, case: RecheckCase) -> None:
    stands, gone = case.publish(), case.publish()
    case.delete(gone)
    asking = settled(collector, case, stands, gone)
    assert asking.deleted == {gone}
    assert asking.checked == {stands, gone}
    assert gone not in asking.texts


def test_an_edited_post_is_told_with_the_same_key(collector: Any, case: RecheckCase) -> None:
    if case.edit is None:
        pytest.skip("this platform does not tell of edits")
    edited, other = case.publish(), case.publish()
    case.edit(edited, "Acme is on time after all")
    asking = settled(collector, case, edited, other)
    assert "Acme is on time after all" in asking.texts[edited]
    assert asking.deleted == set()


def test_a_post_that_stands_again_is_no_deletion(collector: Any, case: RecheckCase) -> None:
    if case.restore is None:
        pytest.skip("this platform does not bring posts back")
    back, other = case.publish(), case.publish()
    case.delete(back)
    case.restore(back)
    asking = settled(collector, case, back, other)
    assert asking.deleted == set()
    assert asking.checked == {back, other}


def test_an_id_that_never_was_breaks_no_batch(collector: Any, case: RecheckCase) -> None:
    ids = [case.publish() for _ in range(2)]
    asking = settled(collector, case, ids[0], case.unknown, ids[1])
    assert set(ids) <= asking.checked
    assert asking.deleted <= {case.unknown}


def test_nothing_is_checked_without_an_answer(collector: Any, case: RecheckCase) -> None:
    name = case.publish()
    case.fault(0)
    asking = Rechecking(collector)
    with pytest.raises(SourceDown):
        asking.ask(name)
    assert asking.checked == set()
    assert asking.deleted == set()
    case.heal()
    assert settled(collector, case, name).checked == {name}


def test_a_limit_keeps_what_was_checked_before_it(collector: Any, case: RecheckCase) -> None:
    ids = [case.publish() for _ in range(2)]
    if case.settle:
        settled(collector, case, ids[0])
    case.limit(case.answers)
    asking = Rechecking(collector)
    with pytest.raises(RateLimited) as caught:
        asking.one_by_one(ids)
    assert timedelta(0) < caught.value.wait <= timedelta(days=1)
    assert asking.deleted == set()
    assert asking.checked < set(ids)
    if not case.settle:
        assert asking.checked == {ids[0]}
    case.heal()
    rest = [name for name in ids if name not in asking.checked]
    assert settled(collector, case, *rest).checked == set(rest)


def test_asking_again_gives_the_same(collector: Any, case: RecheckCase) -> None:
    stands, gone = case.publish(), case.publish()
    case.delete(gone)
    first, second = settled(collector, case, stands, gone), settled(collector, case, stands, gone)
    assert first.deleted == second.deleted
    assert first.texts == second.texts


def test_nothing_that_was_not_asked_for_is_told(collector: Any, case: RecheckCase) -> None:
    asked, other = case.publish(), case.publish()
    asking = settled(collector, case, asked)
    assert asking.checked == {asked}
    assert other not in asking.texts


@pytest.mark.parametrize("kind", kinds())
def test_each_that_can_be_asked_offers_a_case(kind: str) -> None:
    assert hasattr(plugins.load("collectors", kind), "recheck") == (kind in recheck_kinds())
