"""README.md: every command in it runs, and prints what it shows; its links lead somewhere."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", README, re.S) for line in block.splitlines()]
INSTALLING = [line for line in COMMANDS if "pip install" in line]
OTHERS = [line for line in COMMANDS if "pip install" not in line]
SHOWN = re.findall(r"```text\n(.*?)```", README, re.S)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the program's files beside it, as in a new clone."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("run_monitor.py", "monitor", "models", "config"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def without_figures(text: str) -> str:
    """The words alone: figures may differ in the last digit from one processor to another, and seconds always do."""
    return re.sub(r"\d[\d.,:]*", "N", re.sub(r"@\w+", "@", text))


def run(words: list[str], place: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=place, capture_output=True, text=True, timeout=180, check=False)


def test_the_first_command_installs_the_core_and_runs_the_demo() -> None:
    assert INSTALLING[0].startswith("python3 -m venv .venv && .venv/bin/python -m pip install . &&")
    assert INSTALLING[0].endswith("run_monitor.py demo")


def test_the_second_command_is_what_continuous_integration_runs() -> None:
    steps = (ROOT / ".ci" / "run").read_text("utf-8")
    assert all(step in steps for step in INSTALLING[1].split(" && "))


def test_the_demo_prints_the_alert_that_readme_shows(place: Path) -> None:
    done = run([sys.executable, "run_monitor.py", "demo"], place)
    assert done.returncode == 0, done.stderr
    printed = without_figures(done.stderr)
    for line in filter(None, map(str.strip, SHOWN[0].splitlines())):
        assert without_figures(line) in printed, f"README shows {line!r}, the demo did not print it"


def test_every_other_command_in_readme_runs(place: Path) -> None:
    for line in OTHERS:
        words = shlex.split(line)
        assert words[0] == "python", line
        done = run([sys.executable, *words[1:]], place)
        assert done.returncode == 0, f"{line}\n{done.stderr}"


def test_every_link_in_readme_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    missing = [link for link in links if not (ROOT / link).exists()]
    assert links
    assert not missing
