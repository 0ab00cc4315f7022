"""Children for tests that need another process: forked, bounded, and never left behind."""

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# For code that must not be root: after the imports, as the interpreter may lie where only root can read.
AS_NOBODY = "import os; os.geteuid() or os.setuid(65534)\n"


def python(
    code: str, *arguments: object, nobody: bool = False, timeout: float = 60
) -> "subprocess.CompletedProcess[str]":
    """Run a few lines in a new interpreter; with `nobody` as somebody who may not write what is not theirs."""
    return subprocess.run(
        command(code, arguments), capture_output=True, text=True, timeout=timeout, check=False, cwd=root(),
    )  # fmt: skip


def start(code: str, *arguments: object) -> "subprocess.Popen[str]":
    """The same, left running; end it with `finish`."""
    return subprocess.Popen(
        command(code, arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=root(),
    )  # fmt: skip


def finish(process: "subprocess.Popen[str]", *, kill: bool = False) -> int:
    """Wait for it (or kill it) and close what it had open; its exit status."""
    if kill:
        process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    return process.returncode


def command(code: str, arguments: Sequence[object]) -> list[str]:
    return [sys.executable, "-c", code, *map(str, arguments)]


def root() -> Path:
    return Path(__file__).parents[2]
