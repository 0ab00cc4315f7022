"""The command line: one file a verb; this one only finds it. stdout is data, stderr is talk.

`--help` reads the first line of each verb's file and imports none of them, so that it answers at once. A verb's file is
named as the verb (with _ for -), opens with a docstring, and holds `app`, a Typer.
"""

import ast
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path

from monitor import __version__
from monitor.errors import InputError, MonitorError

PROGRAM = "run_monitor.py"
STOPPED = 130  # by Ctrl-C
ORDER = ("demo", "run", "tick", "collect", "recheck", "score-pending", "detect-pending", "alert-pending")


def verbs() -> dict[str, str]:
    """Each verb with its one line of help: the main ones first, then by name."""
    files = {path.stem.replace("_", "-"): path for path in Path(__file__).parent.glob("[!_]*.py")}
    names = [name for name in ORDER if name in files] + sorted(set(files) - set(ORDER))
    return {name: _first_line(files[name]) for name in names}


def _first_line(path: Path) -> str:
    """The first line of a file's docstring, read without running the file."""
    head = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return head.partition("\n")[0]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return the exit code. An error of ours is one sentence on stderr, never a traceback."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _any_letter()
    try:
        code = _answer(words)
        sys.stdout.flush()
    except MonitorError as error:
        for line in str(error).split("\n"):
            _complain(line)
        return error.exit_code
    except KeyboardInterrupt:
        code = STOPPED
    except BrokenPipeError:
        code = 0  # the reader of our output has all that it wanted
        _drop_output()
    except OSError as error:
        _complain(f"{error.filename or 'standard output'}: {error.strerror or error}.")
        code = InputError.exit_code
        _drop_output()
    if code == STOPPED:
        _complain("stopped; what was done so far is kept.")
    return code


def _any_letter() -> None:
    """Data is UTF-8, whatever the locale; a letter that a terminal cannot show is written as its number."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            told = stream.isatty() or stream is sys.stderr
            stream.reconfigure(encoding=stream.encoding if told else "utf-8", errors="backslashreplace")


def _answer(words: list[str]) -> int:
    known = verbs()
    if not words or words[0] in ("--help", "-h", "help"):
        print(_help(known))  # noqa: T201 - the answer that was asked for
        return 0
    if words[0] == "--version":
        print(__version__)  # noqa: T201
        return 0
    if words[0] not in known:
        _complain(f'there is no command "{words[0]}". There are: {", ".join(known)}.')
        return 2
    return _run(words[0], words[1:])


def _run(verb: str, words: list[str]) -> int:
    module = import_module(f"monitor.cli.{verb.replace('-', '_')}")
    try:
        module.app(words, prog_name=f"{PROGRAM} {verb}")
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):
            return 0
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def harmless(text: str) -> str:
    """One line that a terminal shows and does not obey: strangers' names and platforms' words come through here.

    >>> harmless("red" + chr(27) + "[31m" + chr(0x202E) + " ok")
    'red?[31m? ok'
    """
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _complain(line: str) -> None:
    """One line on stderr; what a terminal would obey rather than show becomes a question mark."""
    print(f"{PROGRAM}: {harmless(line)}", file=sys.stderr)  # noqa: T201


def _drop_output() -> None:
    """Send what is still in the buffer nowhere: writing it again at the end would fail again, with a traceback."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _help(known: dict[str, str]) -> str:
    wide = max(len(name) for name in known)
    rows = "\n".join(f"  {name.ljust(wide)}  {line}" for name, line in known.items())
    return (
        f"Usage: {PROGRAM} COMMAND …        {PROGRAM} COMMAND --help\n\n"
        "Listens for brand mentions, scores their sentiment, and alerts when negative word of mouth spikes.\n\n"
        f"Commands:\n{rows}\n\nNew here? Try: python {PROGRAM} demo"
    )
