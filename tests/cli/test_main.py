"""The door: finding a verb, helping, refusing, and how a command ends."""

import ast
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer

from monitor import __version__, cli

ROOT = Path(__file__).parent.parent.parent
VERBS = list(cli.verbs())
PROMISED = (
    "demo", "run", "tick", "collect", "score-pending", "detect-pending", "alert-pending", "score", "detect", "replay",
    "ingest", "export", "sources", "config", "db", "doctor",
)  # fmt: skip


def commands() -> Iterator[tuple[str, Any]]:
    """Every command and subcommand, as its words."""
    for verb in VERBS:
        found: Any = typer.main.get_command(import_module(f"monitor.cli.{verb.replace('-', '_')}").app)
        yield verb, found
        for name, inner in getattr(found, "commands", {}).items():
            yield f"{verb} {name}", inner


def test_every_promised_verb_is_there() -> None:
    assert set(PROMISED) <= set(VERBS)


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_help_lists_every_verb_with_its_line(run: Callable[..., Any], words: list[str]) -> None:
    said = run(*words)
    assert said.code == 0
    for verb, line in cli.verbs().items():
        assert line.endswith(".")
        assert [verb, line] in [row.split(None, 1) for row in said.out.splitlines()]


def test_the_main_verbs_come_first() -> None:
    assert VERBS[:3] == ["demo", "run", "tick"]


def test_the_version_is_told(run: Callable[..., Any]) -> None:
    assert run("--version").out == f"{__version__}\n"


@pytest.mark.parametrize("words", [words for words, _ in commands()])
def test_every_command_helps(run: Callable[..., Any], words: str) -> None:
    said = run(*words.split(), "--help")
    assert said.code == 0
    assert f"Usage: run_monitor.py {words}" in said.out
    assert said.err == ""


@pytest.mark.parametrize(("words", "command"), list(commands()), ids=lambda value: value if value is str else None)
def test_every_command_and_option_is_explained(words: str, command: Any) -> None:
    silent = [each.name for each in command.params if not (each.help or "").strip()]
    assert not silent, f"{words}: {silent} have no help"
    if not hasattr(command, "commands"):
        assert (command.help or "").strip(), f"{words} is missing its help"


def test_a_verbs_file_and_its_help_say_the_same() -> None:
    for verb, command in commands():
        if " " in verb or hasattr(command, "commands"):
            continue
        text = (ROOT / "monitor" / "cli" / f"{verb.replace('-', '_')}.py").read_text("utf-8")
        first = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
        assert first.rstrip(".").startswith(str(command.help).partition("\n")[0].rstrip(".")), verb


def test_an_unknown_verb_is_refused(run: Callable[..., Any]) -> None:
    run("scrape").refuses(2, 'there is no command "scrape". There are: demo, run, tick')


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["score", "x.jsonl", "--colour", "red"], "No such option: --colour"),
        (["score"], "Missing argument"),
        (["export", "everything"], "'everything' is not one of"),
        (["db", "defragment"], "No such command 'defragment'"),
        (["tick", "now"], "Got unexpected extra argument"),
    ],
)
def test_wrong_words_are_refused_with_the_way_to_help(run: Callable[..., Any], words: list[str], told: str) -> None:
    said = run(*words)
    assert said.code == 2
    assert told in said.err
    assert f"run_monitor.py {words[0]} --help" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("verb", ["tick", "run", "ingest x.jsonl", "score x.jsonl", "sources", "demo", "config check"])
def test_broken_settings_stop_every_verb_with_one_sentence(run: Callable[..., Any], folder: Path, verb: str) -> None:
    (folder / "x.jsonl").write_text('{"text": "x"}\n')
    (folder / "config" / "monitor.toml").write_text("[stor]\n")
    (folder / "config" / "demo").mkdir()
    run(*verb.split()).refuses(2, "monitor.toml: there is no key stor.")


def test_a_config_folder_that_is_not_there_is_named(run: Callable[..., Any]) -> None:
    run("config", "check", "--config", "nowhere").refuses(2, "No monitor.toml found; looked in: nowhere.")


def test_what_a_terminal_would_obey_is_not_sent_to_it(run: Callable[..., Any]) -> None:
    said = run("\x1b[2Jevil\n")
    said.refuses(2, 'there is no command "?[2Jevil?"')


# How a command ends


def many(folder: Path, rows: int) -> None:
    text = "".join(f'{{"id": "{n}", "text": "Acme row {n}"}}\n' for n in range(rows))
    (folder / "many.jsonl").write_text(text)


def test_a_reader_that_goes_away_early_is_no_fault(run: Callable[..., Any], folder: Path, child: Any) -> None:
    many(folder, 5_000)
    assert run("ingest", "many.jsonl").code == 0
    started = child("export", "mentions")
    assert started.process.stdout.readline().startswith(b"platform,id,")
    started.process.stdout.close()
    assert started.process.wait(timeout=60) == 0
    assert started.err == ""
    started.process.stdout = None


@pytest.mark.parametrize(
    "words", [["--help"], ["config", "show"], ["config", "show", "--json"], ["export", "mentions"]]
)
def test_a_full_disk_under_standard_output_is_one_sentence(
    run: Callable[..., Any], folder: Path, words: list[str]
) -> None:
    many(folder, 3)
    run("ingest", "many.jsonl")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, str(ROOT / "run_monitor.py"), *words],
            cwd=folder, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (3, "run_monitor.py: standard output: No space left on device.\n")


def test_ctrl_c_ends_a_long_command_at_once_and_leaves_no_half_file(folder: Path, child: Any) -> None:
    pipe = folder / "endless.jsonl"
    os.mkfifo(pipe)
    started = child("score", "endless.jsonl", "--out", "scored.jsonl")
    with pipe.open("w") as posts:
        posts.write('{"text": "Acme is late again"}\n' * 5_000)
        posts.flush()
        started.until(lambda: list(folder.glob("*.part")))
        assert started.signalled(signal.SIGINT, 20) == 130
    assert started.err == "run_monitor.py: stopped; what was done so far is kept.\n"
    assert [*folder.glob("scored*"), *folder.glob("*.part")] == []


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_in_a_narrow_locale_data_stays_utf_8_and_help_is_no_traceback(folder: Path, encoding: str) -> None:
    environ = {**os.environ, "PYTHONIOENCODING": encoding}
    for words, text in ((["--help"], b""), (["score", "-"], '{"text": "Grüße 🎉"}\n'.encode())):
        done = subprocess.run(
            [sys.executable, str(ROOT / "run_monitor.py"), *words],
            cwd=folder, input=text, capture_output=True, timeout=60, check=False, env=environ,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(text.strip()[:-1])


@pytest.mark.parametrize("verb", ["ingest", "score", "replay"])
def test_a_file_name_that_is_no_text_is_read_like_any_other(run: Callable[..., Any], folder: Path, verb: str) -> None:
    name = os.fsdecode(b"posts-\xff.jsonl")
    (folder / name).write_text('{"text": "Acme", "created_at": "2026-03-02"}\n{broken\n')
    said = run(verb, name)
    assert said.code == 0, said.err
    assert "1 row was set aside" in said.err
