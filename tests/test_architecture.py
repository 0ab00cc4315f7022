"""The house: the program keeps the rules of docs/architecture.md, and each check can be seen to fail."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import house
from tests.house import File

ROOT = Path(__file__).parent.parent
DOC = (ROOT / house.DOC).read_text("utf-8")
PROGRAM = house.files(ROOT)
ROOMS = house.rooms(DOC)
HEAVY = ("torch", "transformers", "onnxruntime", "numpy", "tweepy", "feedparser", "apprise", "sqlite_utils")


def example(path: str, text: str) -> File:
    return File(Path(path), text)


def told(problems: list[str]) -> None:
    assert not problems, "\n" + "\n".join(problems)


# The program


def test_every_import_is_allowed_by_the_table_of_rooms() -> None:
    told(house.wrong_imports(PROGRAM, ROOMS))


def test_there_is_no_import_circle() -> None:
    told(house.circles(PROGRAM))


def test_no_file_imports_a_plugin_by_name() -> None:
    told(house.plugins_by_name(PROGRAM))


def test_libraries_stay_behind_their_door() -> None:
    told(house.misplaced_libraries(PROGRAM, house.libraries(DOC)))


def test_no_import_hides_in_a_function() -> None:
    told(house.imports_in_functions(PROGRAM))


def test_functions_and_files_stay_short() -> None:
    told(house.sizes(PROGRAM))


def test_every_file_says_which_room_it_is() -> None:
    told(house.docstrings(PROGRAM))


def test_a_plugins_kind_is_its_files_name() -> None:
    told(house.kinds(PROGRAM))


def test_every_plugin_has_tests_of_its_name() -> None:
    told(house.untested(PROGRAM, ROOT / "tests"))


def test_no_name_uses_a_word_that_the_glossary_replaces() -> None:
    told(house.words(PROGRAM, house.banned_words(DOC)))


def test_all_sql_is_in_the_store() -> None:
    told(house.sql(PROGRAM))


def test_only_the_command_line_prints() -> None:
    told(house.prints(PROGRAM))


def test_only_the_clock_asks_for_the_time() -> None:
    told(house.clocks(PROGRAM))


def test_every_row_of_the_table_holds_files() -> None:
    empty = [room.name for room in ROOMS if not any(room.holds(file.path) for file in PROGRAM)]
    assert not empty, f"docs/architecture.md names rooms that are not there: {empty}. Take their rows out."


def test_the_table_names_only_rooms_and_libraries_that_are_used() -> None:
    names = {room.name for room in ROOMS} | {"everything"}
    modules = {file.module for file in PROGRAM}
    used = {name.split(".")[0] for file in PROGRAM for _, name in house.imports(file, modules)}
    odd = sorted({each for room in ROOMS for each in room.may} - names - used)
    assert not odd, f"docs/architecture.md allows what nobody imports: {odd}. Take it out."


def loaded_by(code: str) -> set[str]:
    ask = f"import sys\n{code}\nprint('\\n' + ' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "code",
    ["from monitor.cli import main\nassert main(['--help']) == 0", "import models", "import monitor.plugins"],
    ids=["help", "models", "plugins"],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(code: str) -> None:
    heavy = loaded_by(code) & set(HEAVY)
    assert not heavy, f"{code!r} loads {', '.join(sorted(heavy))}. Import it where it is used, by kind or by engine."


def test_a_command_about_settings_loads_no_model_and_no_other_plugin() -> None:
    """Those that config/ names may be loaded; the model may not."""
    loaded = loaded_by("from monitor.cli import main\nassert main(['config', 'check']) == 0")
    assert not loaded & {"torch", "transformers", "onnxruntime"}


# Each check can fail


KERNEL_AND_STORE = (
    example("monitor/domain/__init__.py", '"""Values."""\n'),
    example("monitor/store/posts.py", '"""Rows."""\nfrom monitor.domain import Mention\n'),
)


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        (
            "monitor/domain/__init__.py",
            "from monitor.store.posts import x",
            "of the room `store`, which `domain` may not know",
        ),
        ("monitor/collectors/a.py", "import monitor.store.posts", "of the room `store`, which `collectors` may not"),
        ("monitor/collectors/a.py", "from monitor.store import posts", "of the room `store`"),
        ("monitor/collectors/a.py", "from ..store import posts", "of the room `store`"),
        (
            "monitor/collectors/a.py",
            "from importlib import import_module\nimport_module('monitor.store.posts')",
            "store",
        ),
        ("monitor/analysis/a.py", "import numpy.linalg", "a library that the room `analysis` does not name"),
        ("models/a.py", "from monitor import domain", "of the room `domain`, which `models` may not know"),
        ("monitor/analysis/a.py", "from monitor.nowhere import x", "which is no file of the program"),
        ("monitor/attic/a.py", "import json", "is in no room"),
    ],
)
def test_an_import_across_the_house_is_seen(path: str, text: str, words: str) -> None:
    program = [*(file for file in KERNEL_AND_STORE if str(file.path) != path), example(path, text)]
    (problem,) = house.wrong_imports(program, ROOMS)
    assert path in problem
    assert words in problem


def test_what_the_table_allows_is_allowed() -> None:
    assert house.wrong_imports(KERNEL_AND_STORE, ROOMS) == []


def test_a_circle_is_seen() -> None:
    first = example("monitor/a.py", "from monitor import b")
    second = example("monitor/b.py", "from monitor.c import x")
    third = example("monitor/c.py", "import monitor.a")
    (problem,) = house.circles([first, second, third])
    assert problem.startswith("monitor.a → monitor.b → monitor.c → monitor.a is an import circle.")
    assert house.circles([first, second]) == []


def test_a_plugin_imported_by_name_is_seen() -> None:
    plugin = example("monitor/collectors/rss.py", "")
    helper = example("monitor/collectors/_web.py", "")
    other = example("monitor/collectors/news.py", "from monitor.collectors import rss, _web")
    stage = example("monitor/pipeline/collect.py", "from monitor.collectors.rss import Rss")
    problems = house.plugins_by_name([plugin, helper, other, stage])
    assert [problem.split(" imports")[0] for problem in problems] == [
        "monitor/collectors/news.py:1",
        "monitor/pipeline/collect.py:1",
    ]


def test_a_library_outside_its_door_is_seen() -> None:
    places = house.libraries(DOC)
    bad = example("monitor/pipeline/tick.py", "from apscheduler.events import X")
    good = example("monitor/pipeline/schedule.py", "import apscheduler")
    helper = example("monitor/collectors/_x_client.py", "import tweepy")
    (problem,) = house.misplaced_libraries([bad, good, helper], places)
    assert problem.startswith("monitor/pipeline/tick.py:1 imports apscheduler, which is kept in")


def test_an_import_in_a_function_is_seen() -> None:
    (problem,) = house.imports_in_functions([example("monitor/a.py", "def work():\n    if 1:\n        import json\n")])
    assert problem == "monitor/a.py:3 imports inside work(). Move the import to the top of the file."


def test_length_is_seen() -> None:
    body = "\n".join(["def long():", *["    x = 1"] * 60])
    (problem,) = house.sizes([example("monitor/a.py", body)])
    assert "long() has 61 lines, more than 60" in problem
    assert house.sizes([example("monitor/a.py", "\n" * 400)]) == []
    (problem,) = house.sizes([example("monitor/a.py", "\n" * 401)])
    assert "has 401 lines, more than 400" in problem
    (problem,) = house.sizes([example("monitor/exporters/csv.py", "\n" * 251)])
    assert "has 251 lines, more than 250" in problem


def test_a_missing_docstring_is_seen() -> None:
    (problem,) = house.docstrings([example("monitor/a.py", "x = 1\n")])
    assert problem.startswith("monitor/a.py has no docstring.")
    assert house.docstrings([example("monitor/a.py", '"""What."""\n')]) == []


def test_a_kind_that_is_not_its_files_name_is_seen() -> None:
    text = 'class A:\n    kind: ClassVar[str] = "other"\n'
    (problem,) = house.kinds([example("monitor/notifiers/mail.py", text)])
    assert 'must hold one class with kind = "mail"' in problem
    assert house.kinds([example("monitor/notifiers/other.py", text)]) == []
    assert house.kinds([example("monitor/notifiers/_helper.py", "")]) == []


def test_a_plugin_without_tests_is_seen(tmp_path: Path) -> None:
    plugin = example("monitor/exporters/csv.py", "")
    (problem,) = house.untested([plugin], tmp_path)
    assert problem == "monitor/exporters/csv.py has no test of its own. Write tests/exporters/test_csv.py."
    (tmp_path / "exporters").mkdir()
    (tmp_path / "exporters" / "test_csv.py").touch()
    assert house.untested([plugin], tmp_path) == []


@pytest.mark.parametrize(
    "text",
    ["tweet = 1", "class RawTweet: ...", "def send(payload): ...", "self.last_since_id = 1", "anomaly = 1", "NPS = 1"],
)
def test_a_word_that_is_not_ours_is_seen(text: str) -> None:
    (problem,) = house.words([example("monitor/pipeline/a.py", text)], house.banned_words(DOC))
    assert "is not a word of ours" in problem


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("monitor/pipeline/a.py", "retweets = anomaly_score = 1\nsomething.tweet"),
        ("monitor/collectors/x.py", "tweet = since_id = 1"),
    ],
)
def test_a_word_of_another_program_is_left_alone(path: str, text: str) -> None:
    assert house.words([example(path, text)], house.banned_words(DOC)) == []


@pytest.mark.parametrize(
    "text",
    [
        "q = 'select a, b from mentions'",
        "q = f'INSERT OR IGNORE INTO mentions values ({x})'",
        "q = '''\n  update mentions\n  set a = 1'''",
        "run('delete from mentions')",
        "run('create table t (a)')",
        "run('pragma synchronous = off')",
    ],
)
def test_sql_outside_of_the_store_is_seen(text: str) -> None:
    (problem,) = house.sql([example("monitor/pipeline/a.py", text)])
    assert "All SQL is in monitor/store/" in problem
    assert house.sql([example("monitor/store/a.py", text)]) == []


def test_words_that_only_sound_like_sql_are_left_alone() -> None:
    assert (
        house.sql([example("monitor/a.py", '"""Select rows from here."""\nx = "Update the settings, set by set."')])
        == []
    )


def test_a_print_is_seen() -> None:
    bad = example("monitor/store/a.py", "print(1)\n")
    (problem,) = house.prints([bad, example("monitor/cli/a.py", "print(1)"), example("monitor/a.py", "talk.print(1)")])
    assert problem.startswith("monitor/store/a.py:1 calls print().")


@pytest.mark.parametrize("text", ["datetime.now(UTC)", "datetime.datetime.utcnow()", "time.time()", "date.today()"])
def test_a_question_for_the_time_is_seen(text: str) -> None:
    (problem,) = house.clocks([example("monitor/store/a.py", text)])
    assert "Take `now` as an argument" in problem
    assert house.clocks([example("monitor/clock.py", text)]) == []


def test_a_steady_clock_is_allowed() -> None:
    assert house.clocks([example("monitor/a.py", "time.monotonic()\nclock.now()\nself.clock.now()")]) == []
