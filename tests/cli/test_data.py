"""Posts through the store by hand: ingest, tick and the single stages, export, db, replay."""

import csv
import fcntl
import io
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor import plugins
from monitor.cli import _alerts_file
from monitor.domain import Terms
from monitor.store.reports import ANSWERS

Runs = Callable[..., Any]
POSTS = [
    {"id": "1", "text": "Acme is awful. Broken again, never again!", "created_at": "2026-03-02T10:00:00Z", "likes": 3},
    {"id": "2", "text": "@acmehelp thank you, that was wonderful", "created_at": "2026-03-02T10:01:00Z"},
    {"id": "3", "text": "Somebody else entirely", "created_at": "2026-03-02T11:00:00+01:00", "author": "=1+1"},
]


@pytest.fixture
def posts(folder: Path) -> Path:
    path = folder / "posts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in POSTS))
    return path


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_file_goes_in_is_scored_and_comes_out(run: Runs, posts: Path) -> None:
    said = run("ingest", posts)
    assert (said.code, said.out) == (0, "")
    assert said.err == "3 new, 0 edited, 0 known already.\n"

    report = json.loads(run("tick").out)
    assert report["score"] == {"scored": 3, "quarantined": 0, "unmeasured": 0}
    assert report["collect"][0]["source"] == "inbox"
    assert set(report) == {"collect", "recheck", "score", "detect", "alert", "tell", "watch", "deliver"}

    found = {row["id"]: row for row in table(run("export", "mentions").out)}
    assert (found["1"]["brand"], found["1"]["label"], found["1"]["likes"]) == ("Acme", "negative", "3")
    assert (found["2"]["brand"], found["2"]["label"]) == ("Acme", "positive")
    assert found["3"]["brand"] == ""
    assert found["3"]["created_at"] == "2026-03-02T10:00:00Z"
    assert found["1"]["followers"] == ""  # unknown is not 0
    assert "=1+1" not in {row["author"] for row in found.values()}

    (hour,) = table(run("export", "trends", "--brand", "Acme", "--bucket", "1h").out)
    assert (hour["bucket_start"], hour["mentions"], hour["negative"], hour["positive"]) == (
        "2026-03-02T10:00:00Z", "2", "1", "1",
    )  # fmt: skip


def test_a_post_in_another_language_is_exported_with_its_reason_until_a_model_may_judge_it(
    run: Runs, folder: Path
) -> None:
    rows = [{"id": "1", "text": "Acme is awful"}, {"id": "2", "text": "Acme hat mein Paket schon wieder verloren."}]
    (folder / "two.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run("ingest", "two.jsonl")
    assert json.loads(run("score-pending").out) == {"scored": 1, "quarantined": 0, "unmeasured": 1}
    found = {row["id"]: row for row in table(run("export", "mentions").out)}
    assert list(found["1"])[-5:] == ["model", "reason", "rating", "deleted_because", "story"]
    assert (found["1"]["label"], found["1"]["reason"]) == ("negative", "")
    assert (found["2"]["label"], found["2"]["negative"], found["2"]["complaint"]) == ("unsure", "", "")
    assert found["2"]["reason"] == "it reads as German (de), and the model was measured on English (en)"
    with (folder / "config" / "monitor.toml").open("a") as file:
        file.write('[model]\nmeasured = ["de", "en"]\n')
    assert json.loads(run("score-pending", "--again").out)["scored"] == 2
    found = {row["id"]: row for row in table(run("export", "mentions").out)}
    assert found["2"]["label"] in ("negative", "neutral", "positive")
    assert (found["2"]["reason"], found["2"]["negative"] != "") == ("", True)


def test_reading_the_same_file_again_changes_nothing(run: Runs, posts: Path) -> None:
    run("ingest", posts)
    before = run("export", "mentions", "--format", "jsonl").out
    assert run("ingest", posts).err == "0 new, 0 edited, 3 known already.\n"
    assert run("export", "mentions", "--format", "jsonl").out == before


def test_bad_rows_are_counted_and_told_and_the_rest_is_stored(run: Runs, folder: Path) -> None:
    (folder / "mixed.jsonl").write_text(
        '{"text": "Acme"}\n{broken\n{"text": ""}\n{"text": "x", "created_at": "soon"}\n'
    )
    said = run("ingest", "mixed.jsonl", "--json")
    report = json.loads(said.out)
    assert (said.code, report["added"], report["rejected"]) == (0, 1, 3)
    assert said.err.splitlines()[0] == "mixed.jsonl: 3 rows were set aside:"
    assert [line.split(":")[0] for line in said.err.splitlines()[1:]] == ["  line 2", "  line 3", "  line 4"]
    assert json.loads(run("db", "info", "--json").out)["rows"]["rejects"] == 3


def test_a_file_in_which_every_row_is_bad_is_refused(run: Runs, folder: Path) -> None:
    (folder / "bad.jsonl").write_text("{broken\nno\n")
    run("ingest", "bad.jsonl").refuses(3, "bad.jsonl: no row could be stored.")


@pytest.mark.parametrize(("file", "words"), [("nowhere.jsonl", "No such file"), ("config", "Is a directory")])
def test_a_file_that_cannot_be_read_is_refused(run: Runs, file: str, words: str) -> None:
    run("ingest", file).refuses(3, f"{file}: cannot be opened ({words}")


def test_the_single_stages_do_what_tick_does(run: Runs, folder: Path, posts: Path) -> None:
    posts.rename(folder / "inbox" / "posts.jsonl")
    assert json.loads(run("collect").out)[0]["added"] == 3
    assert json.loads(run("recheck").out) == []
    assert json.loads(run("score-pending").out) == {"scored": 3, "quarantined": 0, "unmeasured": 0}
    assert json.loads(run("detect-pending").out)["spikes"] == 0
    told = json.loads(run("alert-pending").out)
    assert (list(told), told["alert"]["opened"]) == (["alert", "tell", "deliver"], 0)
    assert json.loads(run("tick").out)["score"]["scored"] == 0


@pytest.mark.parametrize("command", ["collect", "tick"])
def test_a_source_that_cannot_be_read_shows_in_the_exit_code_and_the_others_go_on(
    run: Runs, folder: Path, command: str
) -> None:
    with (folder / "config" / "monitor.toml").open("a") as file:
        file.write('\n[[source]]\nname = "gone"\nkind = "jsonl"\npath = "nowhere.jsonl"\n')
    (folder / "inbox" / "a.jsonl").write_text('{"text": "Acme"}\n')
    said = run(command)
    report = json.loads(said.out)
    assert said.code == 6
    assert "gone: nowhere.jsonl is not there." in said.err
    assert [each["added"] for each in (report["collect"] if command == "tick" else report)] == [1, 0]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_an_export_can_be_read_in_again_with_its_stars(run: Runs, folder: Path, kind: str) -> None:
    rows = [{"id": str(stars), "text": f"Acme {stars}", "rating": stars} for stars in (1, 2, 4.5, 5)]
    (folder / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run("ingest", "in.jsonl")
    run("export", "mentions", "--format", kind, "--out", f"out.{kind}")
    said = run("ingest", f"out.{kind}", "--db", "second.db", "--json")
    assert (said.code, json.loads(said.out)["added"]) == (0, 4)
    out = run("export", "mentions", "--format", "jsonl", "--db", "second.db").out
    stars = {row["id"]: row["rating"] for row in map(json.loads, out.splitlines())}
    assert stars == {"1": 1, "2": 2, "4.5": 4.5, "5": 5}
    assert [type(value) for value in stars.values()].count(float) == 1, "whole stars are whole numbers"


def test_an_export_is_bounded_by_time_and_brand(run: Runs, posts: Path) -> None:
    run("ingest", posts)

    def ids(*words: str) -> list[str]:
        return sorted(row["id"] for row in table(run("export", "mentions", *words).out))

    assert ids("--from", "2026-03-02T10:01Z") == ["2"]
    assert ids("--to", "2026-03-02T10:01Z") == ["1", "3"]
    assert ids("--brand", "Acme") == ["1", "2"]
    assert ids("--brand", "Nobody") == []
    assert ids("--brand", "\udcff") == []  # bytes of the command line that are no text


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_an_export_to_a_file_is_the_same_as_to_standard_output(run: Runs, folder: Path, posts: Path, kind: str) -> None:
    run("ingest", posts)
    straight = run("export", "mentions", "--format", kind)
    said = run("export", "mentions", "--format", kind, "--out", "out.txt")
    assert (said.code, said.out) == (0, "")
    assert (folder / "out.txt").read_bytes().decode() == straight.out
    assert "3 rows written." in said.err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (
            ["mentions", "--from", "yesterday"],
            3,
            '--from "yesterday" is not a time; write one such as 2026-03-11T13:00Z',
        ),
        (["trends", "--to", "9999-99-99"], 3, '--to "9999-99-99" is not a time'),
        (["trends", "--bucket", "5x"], 3, '--bucket "5x" is not a duration; write one such as 1h.'),
        (["trends", "--bucket", "0s"], 3, '--bucket "0s" must be longer than nothing'),
        (["trends", "--bucket", "999999999999d"], 3, '--bucket "999999999999d" is not a duration'),
        (["trends", "--bucket", "7m"], 3, '--bucket "7m" must be a whole number of 5 minutes, as in 15m.'),
        (["mentions", "--format", "punchcard"], 2, '"punchcard" is not one of the exporters; there are: csv, jsonl'),
        (["mentions", "--out", "nowhere/x.csv"], 3, "nowhere/x.csv cannot be written"),
        (["mentions", "--out", "config"], 3, "config cannot be written"),
    ],
)
def test_a_wrong_option_of_export_is_refused(run: Runs, posts: Path, words: list[str], code: int, told: str) -> None:
    run("ingest", posts)
    run("export", *words).refuses(code, told)


# The database


READERS = [
    ["export", "mentions"], ["db", "info"], ["db", "backup", "copy.db"], ["db", "vacuum"], ["db", "prove-deletions"],
    ["db", "erase", "--post", "x:1"],
]  # fmt: skip


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_without_a_database_a_reader_says_how_to_get_one(run: Runs, folder: Path, words: list[str]) -> None:
    run(*words).refuses(4, "monitor.db: there is no database yet. `run_monitor.py ingest` or `run` makes one.")
    assert not (folder / "monitor.db").exists()


@pytest.mark.parametrize("words", [["ingest", "posts.jsonl"], ["tick"], ["run"], ["db", "vacuum"]], ids=" ".join)
def test_a_database_that_another_run_owns_is_refused(run: Runs, posts: Path, words: list[str]) -> None:
    run("ingest", posts)
    with Path("monitor.db.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run(*words).refuses(5, "monitor.db: another run of the program is using it.")
        assert run("export", "mentions").code == 0
        assert run("sources").code == 0
    assert run("ingest", posts).code == 0


def test_a_database_that_another_program_holds_is_refused(run: Runs, posts: Path) -> None:
    run("ingest", posts)
    hold = "import sqlite3; c = sqlite3.connect('monitor.db'); c.execute('begin exclusive'); print(); input()"
    command = [sys.executable, "-c", hold]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        other.stdout.readline()
        run("ingest", posts).refuses(5, "monitor.db: another program holds it")
        other.communicate("\n")


@pytest.mark.parametrize("words", [["ingest", "posts.jsonl"], ["export", "mentions"], ["run"]], ids=" ".join)
def test_a_newer_database_is_refused_and_stays_as_it_is(run: Runs, posts: Path, words: list[str]) -> None:
    run("ingest", posts)
    with closing(sqlite3.connect("monitor.db")) as later, later:
        later.execute("insert into _sqlite_migrations (migration_set, name) values ('monitor', '9999_later')")
    before = Path("monitor.db").read_bytes()
    run(*words).refuses(4, "monitor.db: a later version of the program wrote it (9999_later is unknown here).")
    assert Path("monitor.db").read_bytes() == before


@pytest.mark.parametrize("words", [["ingest", "posts.jsonl"], ["export", "mentions"], ["db", "info"]], ids=" ".join)
def test_a_file_that_is_no_database_is_refused_and_stays_as_it_is(run: Runs, posts: Path, words: list[str]) -> None:
    before = posts.read_bytes()
    run(*words, "--db", posts).refuses(4, "posts.jsonl: is not a whole SQLite database")
    assert posts.read_bytes() == before


def test_a_database_of_another_program_is_refused(run: Runs, posts: Path) -> None:
    with closing(sqlite3.connect("other.db")) as other, other:
        other.execute("create table recipes (name text)")
    run("ingest", posts, "--db", "other.db").refuses(4, "other.db: is a database of another program.")


@pytest.mark.parametrize("place", ["config", "posts.jsonl/monitor.db"])
def test_a_place_where_no_database_can_be_is_refused(run: Runs, posts: Path, place: str) -> None:
    run("ingest", posts, "--db", place).refuses(4, f"{place}: cannot be written (")


def test_a_folder_that_may_not_be_written_is_refused(run: Runs, folder: Path, posts: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o555)
    place = Path("/proc") if os.access(closed, os.W_OK) else closed  # root may write anywhere but there
    run("ingest", posts, "--db", place / "monitor.db").refuses(4, "monitor.db: cannot be written (")


def test_info_counts_and_checks(run: Runs, posts: Path) -> None:
    run("ingest", posts)
    facts = json.loads(run("db", "info", "--check", "--json").out)
    assert (facts["rows"]["mentions"], facts["intact"], facts["path"]) == (3, True, "monitor.db")
    assert json.loads(run("db", "info", "--json").out)["intact"] is None
    assert "not checked (--check)" in run("db", "info").out


def test_a_damaged_database_is_told(run: Runs, posts: Path) -> None:
    run("ingest", posts)
    whole = Path("monitor.db").read_bytes()
    Path("monitor.db").write_bytes(whole[:4096] + b"\x55" * 8192 + whole[12288:])
    said = run("db", "info", "--check")
    assert said.code == 4
    assert "monitor.db: is " in said.err
    assert "Restore a backup" in said.err
    assert "Traceback" not in said.err


def test_rows_that_were_set_aside_are_listed_with_file_line_and_reason(run: Runs, folder: Path) -> None:
    (folder / "mixed.jsonl").write_text('{"text": "Acme"}\n{no\n{"text": "Acme", "created_at": "soon"}\n')
    run("ingest", "mixed.jsonl")
    rows = json.loads(run("sources", "--set-aside", "--json").out)
    assert [(row["source or file"], row["line"], row["row"]) for row in rows] == [
        ("mixed.jsonl", 2, "{no"), ("mixed.jsonl", 3, '{"text": "Acme", "created_at": "soon"}'),
    ]  # fmt: skip
    assert rows[1]["reason"] == "created_at is not an ISO 8601 time: 'soon'"
    assert "broken JSON" in run("sources", "--set-aside").out


def test_a_backup_is_a_database_of_its_own(run: Runs, posts: Path) -> None:
    run("ingest", posts)
    assert run("db", "backup", "copy.db").code == 0
    original = run("export", "mentions").out
    assert run("export", "mentions", "--db", "copy.db").out == original
    run("db", "backup", "copy.db").refuses(4, "copy.db: exists already.")
    run("db", "backup", "nowhere/copy.db").refuses(4, "nowhere/copy.db: the backup was not written")


def test_vacuum_gives_room_back_and_loses_nothing(run: Runs, folder: Path) -> None:
    rows = "".join(json.dumps({"id": str(n), "text": f"Acme {'x' * 500} {n}"}) + "\n" for n in range(1000))
    (folder / "many.jsonl").write_text(rows)
    run("ingest", "many.jsonl")
    before = run("export", "mentions").out
    with closing(sqlite3.connect("monitor.db")) as direct, direct:
        direct.execute("create table ballast as select hex(randomblob(500)) as x from mentions")
        direct.execute("drop table ballast")
    size = Path("monitor.db").stat().st_size
    assert run("db", "vacuum").code == 0
    assert Path("monitor.db").stat().st_size < size
    assert run("export", "mentions").out == before


# Deletions


def test_a_person_who_asks_is_forgotten_and_the_proof_finds_nothing_of_them(run: Runs, folder: Path) -> None:
    rows = [
        {"id": "1", "text": "Acme is awful", "author": "Ann", "platform": "x", "likes": 3},
        {"id": "2", "text": "Acme zanzibar", "author": "ann", "platform": "x"},
        {"id": "3", "text": "Acme is fine", "author": "bob", "platform": "x"},
        {"id": "4", "text": "Acme is late", "author": "ann", "platform": "mastodon"},
    ]
    (folder / "four.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run("ingest", "four.jsonl")
    run("score-pending")
    said = run("db", "erase", "--author", "x:@ann", "--post", "mastodon:4", "--post", "x:9")
    assert said.err.splitlines() == [
        "x:@ann: 2 posts erased.", "mastodon:4: 1 post erased.", "x:9: 0 posts erased.",
        "Backups and exports that were made before still hold them.",
    ]  # fmt: skip
    found = {row["id"]: row for row in table(run("export", "mentions").out)}
    assert (found["1"]["text"], found["1"]["author"], found["1"]["likes"]) == ("", "", "3")
    assert (found["1"]["deleted_because"], found["3"]["author"]) == ("asked to be forgotten", "bob")
    assert b"zanzibar" not in b"".join(file.read_bytes() for file in folder.glob("monitor.db*"))

    proof = json.loads(run("db", "prove-deletions", "--json").out)
    assert (proof["tombstones"], proof["leftovers"]["posts"], proof["log"]) == (3, 0, 0)
    assert proof["trial"] == {"words": 13, "seen": 13, "left": 0, "index_whole": True}
    assert not list(folder.glob(".*")), "the copy is gone"
    assert run("export", "mentions").out.count("\n") == 5, "the trial left nothing in the database"
    assert run("ingest", "four.jsonl").err == "0 new, 0 edited, 4 known already.\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "Nothing to erase was named."),
        (["--author", "ann"], '--author "ann" names no platform; write one such as x:1234567890.'),
        (["--post", "x:"], '--post "x:" names no platform'),
    ],
)
def test_what_is_to_be_erased_must_be_named(run: Runs, posts: Path, words: list[str], told: str) -> None:
    run("ingest", posts)
    run("db", "erase", *words).refuses(3, told)


def test_what_is_left_of_a_deleted_post_is_told_in_one_sentence(run: Runs, posts: Path) -> None:
    run("ingest", posts)
    run("db", "erase", "--post", "file:1")
    with closing(sqlite3.connect("monitor.db")) as direct, direct:
        direct.execute("update mentions set url = 'https://example.org/1' where deleted_at is not null")
    said = run("db", "prove-deletions")
    assert said.code == 1
    assert "monitor.db: 1 deleted posts still have words, an address or an author." in said.err
    assert len(said.err.splitlines()) == 1
    assert "of these, with words, an address or an author" in said.out


def test_a_database_that_is_being_written_is_proved_as_far_as_its_copy_tells(run: Runs, posts: Path) -> None:
    run("ingest", posts)
    with Path("monitor.db.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = run("db", "prove-deletions")
        run("db", "erase", "--post", "file:1").refuses(5, "another run of the program is using it")
    assert said.code == 0
    assert "another run is writing it" in said.out


# What others may be given


@pytest.fixture
def shared(run: Runs, folder: Path) -> None:
    rows = [
        *({"id": f"x{n}", "text": f"Acme says {n}", "author": "ann", "platform": "x", "url": "https://x.com/ann/1",
           "created_at": f"2026-03-02T10:{n:02}:00Z", "likes": 9} for n in range(3)),
        {"id": "h1", "text": "Acme again", "author": "bob", "platform": "hackernews"},
        {"id": "f1", "text": "Acme at last", "author": "cat", "platform": "a shop of ours"},
    ]  # fmt: skip
    (folder / "five.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run("ingest", "five.jsonl")
    run("score-pending")


def hold_to(monkeypatch: pytest.MonkeyPatch, terms: Mapping[str, Terms]) -> None:
    monkeypatch.setattr(plugins, "terms", lambda platform: terms.get(platform, Terms()))


@pytest.mark.usefixtures("shared")
def test_what_is_shared_keeps_to_each_platforms_terms_and_tells_what_it_kept_back(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold_to(monkeypatch, {"x": Terms(share="ids", share_rows=2, note="the rule stands there")})
    said = run("export", "mentions", "--share")
    found = {row["id"]: row for row in table(said.out)}
    assert set(found) == {"x0", "x1", "h1", "f1"}
    kept = {name for name, value in found["x0"].items() if value and name not in ANSWERS}
    assert kept <= {"platform", "id", "brand", "collected_at", "label", "negative", "neutral", "positive", "polarity",
                    "model", "reason"}  # fmt: skip
    assert {"platform", "id", "brand", "label"} <= kept
    assert (found["h1"]["text"], found["f1"]["author"]) == ("Acme again", "cat")
    assert said.err.splitlines() == [
        "x: 2 posts as ids only, 1 post left out, as at most 2 a day may be handed on. (the rule stands there)",
        "4 rows written.",
    ]


@pytest.mark.usefixtures("shared")
def test_only_ids_are_what_is_ours_and_the_platforms_names_for_its_posts(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold_to(monkeypatch, {"x": Terms(share_rows=2)})
    rows = [json.loads(line) for line in run("export", "mentions", "--ids-only", "--format", "jsonl").out.splitlines()]
    assert len(rows) == 5
    assert set(rows[0]) == {"platform", "id", "brand", "collected_at", "label", "negative", "neutral", "positive",
                            "polarity", "model", "reason", *ANSWERS}  # fmt: skip
    assert len(run("export", "mentions", "--ids-only", "--share").out.splitlines()) == 1 + 4


@pytest.mark.usefixtures("shared")
def test_a_post_about_two_brands_counts_once_toward_what_a_day_allows(
    run: Runs, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    rows = ({"id": "x0", "text": "Acme says 0", "platform": "x", "brand": brand} for brand in ("Acme", "Other"))
    (folder / "two.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run("ingest", "two.jsonl")
    hold_to(monkeypatch, {"x": Terms(share_rows=2)})
    ids = [row["id"] for row in table(run("export", "mentions", "--share").out) if row["platform"] == "x"]
    assert sorted(ids) == ["x0", "x0", "x1"]


@pytest.mark.usefixtures("shared")
def test_terms_are_those_that_the_platforms_collector_names(run: Runs) -> None:
    found = {row["id"]: row for row in table(run("export", "mentions", "--share").out)}
    assert (found["x0"]["text"], found["x0"]["url"], found["x0"]["author"]) == ("", "", "")
    assert found["f1"]["text"] == "Acme at last"


@pytest.mark.parametrize("option", ["--share", "--ids-only"])
def test_only_mentions_are_bound_by_terms(run: Runs, posts: Path, option: str) -> None:
    run("ingest", posts)
    run("export", "alerts", option).refuses(3, f"{option} is for mentions; alerts are not")


# Replay


def calm_and_crisis() -> list[dict[str, Any]]:
    """Nine calm days, then an hour in which forty people are angry."""
    start = datetime(2026, 3, 2, tzinfo=UTC)
    calm = [
        {"text": f"Acme order {n} came on time", "created_at": (start + timedelta(minutes=37 * n)).isoformat()}
        for n in range(350)
    ]
    angry = start + timedelta(days=9)
    crisis = [
        {
            "text": f"Acme charged me twice, case {n}. Terrible, I am furious!",
            "created_at": (angry + timedelta(seconds=80 * n)).isoformat(),
        }
        for n in range(40)
    ]
    return [{"id": str(n), "author": f"a{n}", **row} for n, row in enumerate([*calm, *crisis])]


def test_a_replay_finds_the_crisis_and_tells_nobody(run: Runs, folder: Path) -> None:
    stream = folder / "stream.jsonl"
    stream.write_text("".join(json.dumps(row) + "\n" for row in calm_and_crisis()))
    said = run("replay", stream, "--db", "history.db")
    (alert,) = [json.loads(line) for line in said.out.splitlines()]
    assert said.code == 0
    assert alert["brand"] == "Acme"
    assert "2026-03-11T00:" in alert["onset"]
    assert "2026-03-11T00:" <= alert["fired_at"] < "2026-03-11T02:"
    assert alert["observed"] > alert["expected"]
    assert alert["explanation"]["top_posts"]
    assert "390 rows replayed up to 2026-03-11T00:52:00Z: 1 alert." in said.err
    assert "What to do" not in said.err  # the text of a message
    assert not (folder / "monitor.db").exists()

    assert run("replay", stream, "--out", "alerts.csv").code == 0
    (row,) = table((folder / "alerts.csv").read_text())
    assert (row["fired_at"], row["brand"]) == (alert["fired_at"], "Acme")
    (again,) = table(run("export", "alerts", "--db", "history.db").out)
    assert again["fired_at"] == row["fired_at"]


def test_a_brand_that_would_steer_a_terminal_is_shown_and_not_obeyed(run: Runs, folder: Path) -> None:
    stream = folder / "stream.jsonl"
    rows = [{**row, "brand": "Acme\x1b]0;x\x07"} for row in calm_and_crisis()]
    stream.write_text("".join(json.dumps(row) + "\n" for row in rows))
    said = run("replay", stream, "--out", "alerts.csv")
    assert "Acme?]0;x?: 2026-03-11T" in said.err
    assert "\x1b" not in said.err


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [("nowhere.jsonl", None, "cannot be opened"), ("bad.jsonl", b"{no\n", "bad.jsonl: no row could be replayed.")],
)
def test_a_stream_that_cannot_be_replayed_is_refused(
    run: Runs, folder: Path, name: str, content: bytes | None, words: str
) -> None:
    if content is not None:
        (folder / name).write_bytes(content)
    said = run("replay", name)
    assert said.code == 3
    assert words in said.err
    assert "Traceback" not in said.err


def test_alerts_are_exported_with_their_explanation_and_bounded_by_time(run: Runs, folder: Path) -> None:
    stream = folder / "stream.jsonl"
    stream.write_text("".join(json.dumps(row) + "\n" for row in calm_and_crisis()))
    told = json.loads(run("replay", stream, "--db", "history.db").out)
    export = ["export", "alerts", "--db", "history.db", "--format", "jsonl"]
    exported = json.loads(run(*export).out)
    assert {key: exported.pop(key) for key in told} == told
    assert set(exported) == set(_alerts_file.PEOPLE), "what people did is for exports alone"
    assert json.loads(run(*export, "--from", told["fired_at"]).out)["fired_at"] == told["fired_at"]
    assert run(*export, "--to", told["fired_at"]).out == ""


def test_rules_learn_from_the_past_posts_that_are_ingested_first(run: Runs, folder: Path) -> None:
    """Known only since now, they would be a heap in one slot, without the empty slots between them."""
    posts = folder / "past.jsonl"
    posts.write_text("".join(json.dumps(row) + "\n" for row in calm_and_crisis()))
    replayed = json.loads(run("replay", posts).out)
    run("ingest", posts, "--db", "history.db")
    report = json.loads(run("tick", "--db", "history.db").out)
    assert report["alert"]["opened"] == 1
    assert report["deliver"]["sent"] == 0  # long ago: nobody is called
    (alert,) = table(run("export", "alerts", "--db", "history.db").out)
    assert alert["onset"] == replayed["onset"]
