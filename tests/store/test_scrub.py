"""Old bytes that SQLite leaves in a page when rows move to another one are overwritten, now or later."""

from contextlib import closing
from pathlib import Path
from random import Random

from monitor.domain import Mention
from monitor.store import Store
from monitor.store.database import connect
from tests.store.test_mentions import CANARY, bytes_of, forget, keep
from tests.support.fakes import post

SEED = 1  # with which SQLite leaves some


def test_no_byte_stays_where_a_post_stood_before_its_page_was_divided(tmp_path: Path) -> None:
    """SQLite overwrites a row where it is deleted, and not the room from which it was moved to another page."""
    chance = Random(SEED)
    marks: dict[int, list[str]] = {}

    def said(number: int) -> Mention:
        mark = f"{chance.getrandbits(72):018x}"
        marks.setdefault(number, []).append(mark)
        words = " ".join(f"w{chance.randrange(3000)}" for _ in range(chance.randint(3, 40)))
        return post(number, f"{mark} {words}", extra={"note": mark * chance.choice((1, 1, 20))})

    with Store(tmp_path / "monitor.db") as store:
        for start in range(0, 1200, 100):
            keep(store, *(said(number) for number in range(start, start + 100)))
            keep(store, *(said(number) for number in range(start, start + 100, 7)))
        dead = chance.sample(range(1200), 600)
        for start in range(0, 600, 10):
            forget(store, *(str(number) for number in dead[start : start + 10]))
        assert store.maintenance.fold()
        at_work = bytes_of(tmp_path)
        assert store.proof.index_is_whole()
    for content in (at_work, bytes_of(tmp_path)):
        assert [number for number in dead for mark in marks[number] if mark.encode() in content] == []
    with Store(tmp_path / "monitor.db") as store:
        assert store.maintenance.info(check=True).intact
        assert store.mentions.count() == 1200


def test_what_a_reader_put_off_is_overwritten_later(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    with Store(path) as store:
        keep(store, post(1, CANARY))
        forget(store, "1")
        store._connection.owe()
        with closing(connect(path, "ro")) as reader:
            reader.execute("begin")
            reader.execute("select count(*) from mentions").fetchone()
            keep(store, post(2))
            assert not store.maintenance.fold()
        assert store._connection.rows("pragma user_version") == [(1,)]
        assert store.maintenance.fold()
        assert store._connection.rows("pragma user_version") == [(0,)]
