"""The file itself: who may open it, what is refused and in which words, and that a transaction is all or nothing."""

import sqlite3 as plain_sqlite
import threading
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import pytest

from monitor.domain import Cursor
from monitor.errors import StoreBusy, StoreError, StoreFull, StoreNewer
from monitor.store import Store
from monitor.store.database import SAFE_SQLITE, connect, sqlite_version
from tests.support import processes
from tests.support.fakes import START, post


def keep(store: Store, *numbers: int) -> None:
    with store.transaction():
        store.mentions.upsert([post(n) for n in numbers], [("Nimbus",)] * len(numbers), source="test", now=START)


def refusal(kind: type[StoreError], path: Path, *, write: bool = True) -> str:
    with pytest.raises(kind) as caught:
        Store(path, write=write).close()
    text = str(caught.value)
    assert str(path) in text
    assert "\n" not in text
    return text


# Settings of the file


def test_the_sqlite_in_use_does_not_have_the_race_that_damages_shared_files() -> None:
    assert sqlite_version() >= SAFE_SQLITE


def test_commits_are_durable_and_erased_bytes_are_overwritten(store: Store) -> None:
    asked = {name: store._connection.one(f"pragma {name}") for name in ("synchronous", "secure_delete", "foreign_keys")}
    assert asked == {"synchronous": (2,), "secure_delete": (1,), "foreign_keys": (1,)}
    assert store._connection.one("pragma journal_mode") == ("wal",)
    assert store._connection.one("select v from mentions_fts_config where k = 'secure-delete'") == (1,)


def test_the_page_cache_is_so_small_that_memory_is_soon_flat(store: Store) -> None:
    assert store._connection.one("pragma cache_size") == (-4096,)  # KiB


# Who may open it


def test_a_second_run_in_this_process_is_refused(tmp_path: Path) -> None:
    with Store(tmp_path / "monitor.db"):
        assert "another run" in refusal(StoreBusy, tmp_path / "monitor.db")
    Store(tmp_path / "monitor.db").close()


OPEN = "import sys; from pathlib import Path; from monitor.store import Store; store = Store(Path(sys.argv[1]));"
TRY = f"""
import sys
from pathlib import Path
from monitor.errors import MonitorError
from monitor.store import Store
from sqlite_utils import Database
Database(memory=True)  # loads what it loads late
{processes.AS_NOBODY}
try:
    {OPEN}
    print("opened")
except MonitorError as error:
    print(type(error).__name__, error)
"""


def test_a_second_run_in_another_process_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    first = processes.start(OPEN + "print('open', flush=True); sys.stdin.read()", tmp_path / "monitor.db")
    assert first.stdout is not None
    assert first.stdout.readline() == "open\n"
    assert "another run" in refusal(StoreBusy, tmp_path / "monitor.db")
    processes.finish(first, kill=True)
    Store(tmp_path / "monitor.db").close()


def test_a_store_that_could_not_be_opened_leaves_no_lock_behind(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    path.write_bytes(b"not a database at all, but long enough to be one" * 40)
    refusal(StoreError, path)
    path.unlink()
    Store(path).close()


def test_the_folder_of_a_new_database_is_made(tmp_path: Path) -> None:
    with Store(tmp_path / "a ?#% folder" / "été" / "monitor.db") as store:
        keep(store, 1)
    assert (tmp_path / "a ?#% folder" / "été" / "monitor.db").is_file()


def test_reading_asks_for_a_database_that_is_there(tmp_path: Path) -> None:
    assert "no database yet" in refusal(StoreError, tmp_path / "none.db", write=False)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"shopping list " * 300)
    assert "not a whole SQLite database" in refusal(StoreError, path)
    assert path.read_bytes() == b"shopping list " * 300
    refusal(StoreError, tmp_path)


def test_a_database_of_another_program_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(plain_sqlite.connect(path)) as other:
        other.execute("create table songs (title text)")
        other.commit()
    before = path.read_bytes()
    assert "another program" in refusal(StoreError, path)
    assert path.read_bytes() == before


def test_a_database_of_a_later_version_is_refused_in_both_ways_of_opening(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    with Store(path) as store:
        keep(store, 1)
    with closing(connect(path, "rwc")) as later:
        later.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at) values ('monitor', '0999_future', '')"
        )
    assert "0999_future" in refusal(StoreNewer, path)
    assert "0999_future" in refusal(StoreNewer, path, write=False)


def test_a_file_that_may_not_be_written_is_refused_when_it_is_opened(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    with Store(folder / "monitor.db") as store:
        keep(store, 1)
    folder.chmod(0o777)
    (folder / "monitor.db").chmod(0o444)
    (folder / "monitor.db.lock").chmod(0o666)
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    said = processes.python(TRY, folder / "monitor.db")
    assert said.stdout.startswith("StoreError"), said.stderr
    assert "cannot be written" in said.stdout
    assert "Traceback" not in said.stderr


def test_a_folder_that_may_not_be_written_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o555)
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    said = processes.python(TRY, folder / "monitor.db")
    assert said.stdout.startswith("StoreError"), said.stderr
    assert "cannot be written" in said.stdout


# All or nothing


def test_an_error_in_a_transaction_undoes_all_of_it(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction():  # noqa: PT012
        store.mentions.upsert([post(1)], [("Nimbus",)], source="test", now=START)
        1 / 0  # noqa: B018
    assert store.mentions.count() == 0
    keep(store, 1)
    assert store.mentions.count() == 1


def test_a_transaction_within_another_is_a_part_of_it(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction():  # noqa: PT012
        keep(store, 1)
        with pytest.raises(KeyError), store.transaction():  # noqa: PT012
            store.mentions.upsert([post(2)], [("Nimbus",)], source="test", now=START)
            raise KeyError
        assert store.mentions.count() == 1
        1 / 0  # noqa: B018
    assert store.mentions.count() == 0


def test_threads_that_read_and_write_at_once_never_see_half_a_transaction(store: Store) -> None:
    halves: list[object] = []
    begin = threading.Barrier(5)

    def write(first: int) -> None:
        begin.wait()
        for number in range(first, first + 20):
            with store.transaction():
                keep(store, 2 * number)
                keep(store, 2 * number + 1)

    def read() -> None:
        begin.wait()
        for _ in range(150):
            found = store.mentions.count()
            if found % 2:
                halves.append(found)

    threads = [threading.Thread(target=write, args=(100 * n,)) for n in range(3)]
    threads += [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert halves == []
    assert store.mentions.count() == 120


def test_an_error_in_one_thread_does_not_undo_the_work_of_another(store: Store) -> None:
    begin = threading.Barrier(2)

    def fail() -> None:
        begin.wait()
        for number in range(30):
            with pytest.raises(KeyError), store.transaction():  # noqa: PT012
                keep(store, 1000 + number)
                raise KeyError

    thread = threading.Thread(target=fail)
    thread.start()
    begin.wait()
    for number in range(30):
        keep(store, number)
    thread.join(60)
    assert store.mentions.count() == 30


def test_another_process_reads_whole_transactions_while_this_one_writes(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from monitor.store import Store
odd = seen = 0
with Store(Path(sys.argv[1]), write=False) as store:
    print("reading", flush=True)
    while seen < 80:
        seen = store.mentions.count()
        odd += seen % 2
print(odd, seen)
"""
    with Store(tmp_path / "monitor.db") as store:
        reader = processes.start(code, tmp_path / "monitor.db")
        assert reader.stdout is not None
        assert reader.stdout.readline() == "reading\n"
        for number in range(40):
            with store.transaction():
                keep(store, 2 * number)
                keep(store, 2 * number + 1)
        assert reader.stdout.readline() == "0 80\n"
        processes.finish(reader)


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    with Store(tmp_path / "monitor.db"), Store(tmp_path / "monitor.db", write=False) as reader:
        with pytest.raises(StoreError):
            keep(reader, 1)
        assert reader.mentions.count() == 0


def test_a_reader_that_holds_on_does_not_hold_up_closing(tmp_path: Path) -> None:
    store = Store(tmp_path / "monitor.db")
    keep(store, 1)
    with closing(connect(tmp_path / "monitor.db", "ro")) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from mentions").fetchall()
        keep(store, 2)
        store.close()
    with Store(tmp_path / "monitor.db") as again:
        assert again.mentions.count() == 2


# No room


def test_a_full_disk_keeps_nothing_of_the_step_and_goes_on_when_there_is_room(store: Store) -> None:
    keep(store, 1)
    pages = store._connection.one("pragma page_count")
    assert pages is not None
    store._connection.rows(f"pragma max_page_count = {pages[0] + 4}")
    with pytest.raises(StoreFull, match="disk is full"), store.transaction():  # noqa: PT012
        store.sources.advance("test", Cursor("later"), now=START)
        keep(store, *range(2, 500))
    assert store.mentions.count() == 1
    assert store.sources.cursor("test") is None
    store._connection.rows("pragma max_page_count = 1000000")
    keep(store, *range(2, 500))
    assert store.mentions.count() == 499
    assert store.maintenance.info(check=True).intact


def test_a_file_that_may_not_grow_keeps_what_was_committed(tmp_path: Path) -> None:
    code = """
import resource, sys
from pathlib import Path
from monitor.errors import StoreFull
from monitor.store import Store
from tests.store.test_database import keep
store = Store(Path(sys.argv[1]))
keep(store, *range(10))
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY))
kept = 10
try:
    while True:
        keep(store, *range(kept, kept + 100))
        kept += 100
except StoreFull as error:
    print(store.mentions.count() == kept, kept, error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
keep(store, *range(kept, kept + 100))
store.close()
"""
    said = processes.python(code, tmp_path / "monitor.db")
    assert said.returncode == 0, said.stderr
    same, kept, sentence = said.stdout.split(" ", 2)
    assert same == "True"
    assert "disk" in sentence
    with Store(tmp_path / "monitor.db") as store:
        assert store.mentions.count() == int(kept) + 100
        assert store.maintenance.info(check=True).intact


def test_every_error_of_sqlite_becomes_one_sentence_with_the_path(store: Store) -> None:
    with pytest.raises(StoreError, match="no such table") as caught:
        store._connection.rows("select * from nowhere")
    assert str(store.path) in str(caught.value)


def test_closing_that_fails_gives_the_lock_back(tmp_path: Path) -> None:
    store = Store(tmp_path / "monitor.db")
    with patch.object(store._connection, "fold", side_effect=OSError("gone")), pytest.raises(OSError, match="gone"):
        store.close()
    Store(tmp_path / "monitor.db").close()
