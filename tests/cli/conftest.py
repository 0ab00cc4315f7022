"""What the tests of the command line share: a folder with settings, and a way to give a command."""

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitor.cli import main

ROOT = Path(__file__).parent.parent.parent
MONITOR = """
[store]
path = "monitor.db"

[schedule]
work_every = "0.2s"
jitter = "0s"

[[source]]
name = "inbox"
kind = "jsonl"
every = "0.2s"
path = "inbox"
"""
BRANDS = '[[brand]]\nname = "Acme"\nhandles = ["acmehelp"]\n'
ALERTS = """
[[rule]]
name = "negative-spike"
kind = "counts"

[[receiver]]
name = "console"
kind = "console"

[[route]]
receivers = ["console"]
"""


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    def refuses(self, code: int, words: str) -> None:
        """It ended with this code and one sentence that holds these words, and printed no data and no traceback."""
        ours = [line for line in self.err.splitlines() if line.startswith("run_monitor.py: ")]
        assert self.code == code, self.err
        assert len(ours) == 1, self.err
        assert words in ours[0]
        assert "Traceback" not in self.err
        assert self.out == ""


Run = Callable[..., Said]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with settings that need no network, and an inbox."""
    for name, text in (("monitor", MONITOR), ("brands", BRANDS), ("alerts", ALERTS)):
        file = tmp_path / "config" / f"{name}.toml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    (tmp_path / "config" / "templates").symlink_to(ROOT / "config" / "templates")
    (tmp_path / "inbox").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("MONITOR_")]:
        monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def run(folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Give a command in this process; `text` is what standard input holds."""

    def answer(*words: object, text: bytes = b"") -> Said:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text), encoding="utf-8"))
        capfd.readouterr()
        code = main([str(word) for word in words])
        return Said(code, *capfd.readouterr())

    return answer


class Child:
    """A command in a process of its own."""

    def __init__(self, folder: Path, *words: str, environ: Mapping[str, str] | None = None) -> None:
        self._errors = folder / f"stderr-{time.monotonic_ns()}.txt"
        self._stream = self._errors.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "run_monitor.py"), *words],
            cwd=folder, stdout=subprocess.PIPE, stderr=self._stream, env={**os.environ, **(environ or {})},
        )  # fmt: skip

    @property
    def err(self) -> str:
        """What it said so far."""
        return self._errors.read_text("utf-8")

    def until(self, happened: Callable[[], object], seconds: float = 60) -> None:
        """Wait for something that the process does; fail if it ends first, or does not do it in time."""
        deadline = time.monotonic() + seconds
        while not happened():
            assert self.process.poll() is None, f"it ended with {self.process.returncode}: {self.err}"
            assert time.monotonic() < deadline, f"it did not happen in {seconds} s: {self.err}"
            time.sleep(0.02)

    def signalled(self, number: int, seconds: float) -> int:
        """Send a signal; the exit code, which must come in time."""
        self.process.send_signal(number)
        return self.process.wait(timeout=seconds)

    def close(self) -> None:
        """End it, however it stands."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        self._stream.close()


@pytest.fixture
def child(folder: Path) -> Iterator[Callable[..., Child]]:
    """Start commands in processes of their own; all are ended with the test."""
    started: list[Child] = []

    def start(*words: str, environ: Mapping[str, str] | None = None) -> Child:
        started.append(Child(folder, *words, environ=environ))
        return started[-1]

    yield start
    for each in started:
        each.close()
