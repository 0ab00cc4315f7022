"""Each platform that can be asked again, and the program around it: what is gone there goes here, within its term."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.domain import Mention
from monitor.pipeline import recheck
from monitor.pipeline.program import Program, Source
from tests.collectors.case import NOW, make
from tests.collectors.recheck_case import RecheckCase, recheck_case_of, recheck_kinds
from tests.support.fakes import source_of

HOUR = timedelta(hours=1)


@pytest.fixture(params=recheck_kinds())
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def case(kind: str, tmp_path: Path) -> Iterator[RecheckCase]:
    with recheck_case_of(kind, tmp_path) as case:
        yield case


def stored(program: Program, case: RecheckCase, source: Source, kind: str, count: int) -> list[str]:
    """Posts that stand on the platform and lie in the store, last seen so long ago that they are due."""
    names = [case.publish() for _ in range(count)]
    posts = [
        Mention(platform=kind, native_id=name, text=f"Nimbus says {name}", published_at=NOW - 99 * HOUR)
        for name in names
    ]
    with program.store.transaction():
        seen = NOW - source.collector.recheck_every  # type: ignore[attr-defined]
        program.store.mentions.upsert(posts, [("Nimbus",)] * count, source=source.name, now=seen)
    return names


def living(program: Program) -> set[str]:
    return {row[0] for row in program.store._connection.rows("select native_id from mentions where deleted_at is null")}


def ask(program: Program, case: RecheckCase, source: Source) -> None:
    """Two looks, an hour apart: a platform that answers later has answered by then."""
    for hours in (0, 1):
        report = recheck.run(program, source, now=NOW + HOUR * hours)
        assert report.error is None
        if case.settle:
            case.settle()


def test_what_its_author_deletes_is_erased_and_the_rest_is_seen(program: Program, case: RecheckCase, kind: str) -> None:
    source = source_of(make(kind, case.options))
    names = stored(program, case, source, kind, 4)
    case.delete(names[1])
    ask(program, case, source)
    assert living(program) == {names[0], names[2], names[3]}
    assert recheck.run(program, source, now=NOW + HOUR).asked == 0, "none is due any more"
    assert program.store.proof.leftovers().total == 0


def test_while_its_server_fails_nothing_is_erased_and_everything_stays_due(
    program: Program, case: RecheckCase, kind: str
) -> None:
    source = source_of(make(kind, case.options))
    names = stored(program, case, source, kind, 3)
    case.delete(names[0])
    case.fault(0)
    assert recheck.run(program, source, now=NOW).error is not None
    assert living(program) == set(names)
    case.heal()
    ask(program, case, source)
    assert living(program) == set(names[1:])
