"""The console notifier."""

import io
import sys
from dataclasses import replace

import pytest

from monitor.domain import Message
from monitor.errors import NotifierError
from monitor.notifiers.console import Console, ConsoleOptions

MESSAGE = Message(
    key="k", title="Acme: 31 negative posts", body="Since: noon\nWhere: x 20", severity="high", brand="Acme"
)
BLOCK = ["─" * 72, "Acme: 31 negative posts", "Since: noon", "Where: x 20", "─" * 72]


class Terminal(io.StringIO):
    """A stream that says it is a terminal and counts how often it is written to."""

    def __init__(self, *, terminal: bool = True) -> None:
        super().__init__()
        self.writes = 0
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def write(self, text: str) -> int:
        self.writes += 1
        return super().write(text)


def send(message: Message = MESSAGE, options: ConsoleOptions = ConsoleOptions()) -> None:  # noqa: B008 - frozen
    Console("console", options).send(message)


def test_a_message_is_one_block_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    send()
    shown = capsys.readouterr()
    assert shown.err.splitlines() == BLOCK
    assert shown.out == ""


def test_marks_piled_on_a_letter_do_not_reach_other_lines(capsys: pytest.CaptureFixture[str]) -> None:
    piled, real = "Z" + "\u0300\u0489" * 90 + "algo", "Việt שָׁלוֹם สิ้น क्ष्मी"
    send(replace(MESSAGE, body=f"{piled} {real}"))
    assert "Z" + "\u0300\u0489" * 2 + f"algo {real}\n" in capsys.readouterr().err


def test_standard_output_can_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    send(options=ConsoleOptions(stream="stdout"))
    shown = capsys.readouterr()
    assert shown.out.splitlines() == BLOCK
    assert shown.err == ""


def test_a_block_is_written_at_once_so_that_two_never_mix(monkeypatch: pytest.MonkeyPatch) -> None:
    paper = Terminal()
    monkeypatch.setattr(sys, "stderr", paper)
    send()
    assert paper.writes == 1


@pytest.mark.parametrize(("terminal", "coloured"), [(True, True), (False, False)])
def test_colours_are_for_terminals_only(terminal: bool, coloured: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    paper = Terminal(terminal=terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys, "stderr", paper)
    send()
    assert ("\x1b[" in paper.getvalue()) is coloured


def test_a_long_line_is_not_broken(capsys: pytest.CaptureFixture[str]) -> None:
    long = "word " * 100 + "end"
    send(Message(key="k", title="t", body=long, severity="low", brand="Acme"))
    assert long in capsys.readouterr().err.splitlines()


def test_words_that_look_like_markup_stay_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    send(Message(key="k", title="[bold]t[/bold] :smile:", body="[link=x]y[/link]", severity="low", brand="Acme"))
    assert capsys.readouterr().err.splitlines()[1:3] == ["[bold]t[/bold] :smile:", "[link=x]y[/link]"]


def test_letters_that_the_stream_cannot_carry_do_not_stop_an_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(raw, encoding="ascii"))
    send(Message(key="k", title="caf\u00e9 😡", body="b", severity="low", brand="Acme"))
    assert b"caf? ?" in raw.getvalue()


def test_a_closed_stream_is_said_in_a_sentence_and_may_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    with pytest.raises(NotifierError, match="console: cannot write to stderr") as failure:
        send()
    assert failure.value.retryable
