"""Console: shows each message as one block where the program runs; needs nothing. Knows no alerts.

On a terminal the title is coloured by severity; into a file or a pipe goes plain text.
"""

import sys
from dataclasses import dataclass, field
from io import StringIO
from typing import ClassVar, Literal, TextIO

from rich.console import Console as Terminal
from rich.text import Text

from monitor.domain import Message
from monitor.errors import NotifierError
from monitor.notifiers import _text

_STYLES = {"low": "bold yellow", "medium": "bold dark_orange", "high": "bold red"}
_RULE = "─" * 72


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleOptions:
    """Where the messages are shown."""

    stream: Literal["stderr", "stdout"] = field(
        default="stderr", metadata={"help": "stderr (for people, the default) or stdout (for a pipe)"}
    )


class Console:
    """Writes a message to standard error or standard output."""

    kind: ClassVar[str] = "console"
    Options: ClassVar[type[ConsoleOptions]] = ConsoleOptions
    pictures: ClassVar[bool] = False

    def __init__(self, name: str, options: ConsoleOptions) -> None:
        self.name = name
        self._options = options

    def send(self, message: Message) -> None:
        """Show it. Raises NotifierError where the stream is closed or full."""
        stream: TextIO = getattr(sys, self._options.stream)
        try:
            # One write: two messages at once do not end up in each other's lines.
            stream.write(_showable(self._block(message, stream), stream))
            stream.flush()
        except (OSError, ValueError) as error:
            raise NotifierError(f"{self.name}: cannot write to {self._options.stream} ({error}).") from error

    def _block(self, message: Message, stream: TextIO) -> str:
        paper = StringIO()
        terminal = Terminal(file=paper, force_terminal=stream.isatty(), soft_wrap=True, emoji=False)
        style = _STYLES.get(message.severity, "bold")
        terminal.print(Text(_RULE, style="dim"))
        terminal.print(Text(_text.title(message), style=style))
        terminal.print(Text(_text.body(message)))
        terminal.print(Text(_RULE, style="dim"))
        return paper.getvalue()


def _showable(text: str, stream: TextIO) -> str:
    """Letters that the stream cannot carry become question marks: a bare terminal must not stop an alert."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)
