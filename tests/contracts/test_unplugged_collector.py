"""A collector's file is taken away: its own tests and its own part of the docs are all that breaks."""

import difflib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.fakes import write_config

KINDS = ("hackernews", "youtube")
ROOT = Path(__file__).parents[2]
SOURCE = '\n[[source]]\nname = "inbox"\nkind = "jsonl"\npath = "{folder}/inbox"\nmake_folder = true\n'
# Every other kind can be loaded, and every command about sources works.
LOOK = """
import sys
from pathlib import Path
import monitor
from monitor import plugins
from monitor.cli import main
here, gone, told = Path.cwd(), sys.argv[1], ["--config", "small", "--db", "small.db"]
assert Path(monitor.__file__).is_relative_to(here)
assert gone not in plugins.kinds("collectors")
for port in plugins.PORTS:
    for kind in plugins.kinds(port):
        plugins.load(port, kind)
commands = [["--help"], ["config", "check", "--config", "small"], ["collect", *told], ["sources", *told]]
for command in [*commands, ["sources", "--json", *told], ["sources", "cost", *told], ["db", "info", *told]]:
    status = main(command)
    assert status == 0, f"{command}: {status}"
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The program as it is, in another place; `unplug` takes a file out of it."""
    for name in ("monitor", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("models", "tests", "config", "pyproject.toml", "README.md"):
        (tmp_path / name).symlink_to(ROOT / name)
    write_config(tmp_path / "small")
    with (tmp_path / "small" / "monitor.toml").open("a", encoding="utf-8") as settings:
        settings.write(SOURCE.format(folder=tmp_path))
    return tmp_path


def unplug(copy: Path, kind: str) -> None:
    (copy / "monitor" / "collectors" / f"{kind}.py").unlink()


def python(copy: Path, *arguments: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=copy, env=environment, timeout=120,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_every_other_kind_and_command_works(copy: Path, kind: str) -> None:
    unplug(copy, kind)
    python(copy, "-c", LOOK, kind)


@pytest.mark.parametrize("kind", KINDS[1:])
def test_the_contract_goes_on_without_it(copy: Path, kind: str) -> None:
    unplug(copy, kind)
    suite = "tests/contracts/test_collector_contract.py"
    ran = python(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rA", suite, "-k", "test_every_post_arrives")
    passed = set(re.findall(r"PASSED .*\[(\w+)\]", ran))
    every = {path.stem for path in (ROOT / "monitor" / "collectors").glob("[a-z]*.py")}
    assert passed == every - {kind}


@pytest.mark.parametrize("kind", KINDS[:1])
def test_its_part_of_the_docs_goes_and_no_other_line(copy: Path, kind: str) -> None:
    page = copy / "docs" / "config.md"
    python(copy, "docs/generate.py", "--write")
    whole = page.read_text("utf-8")
    unplug(copy, kind)
    python(copy, "docs/generate.py", "--write")
    row, section = rf"^\| `{kind}` \|.*\n", rf"^##### {kind}\n(?s:.*?)(?=^#)"
    without = re.sub(section, "", re.sub(row, "", whole, flags=re.MULTILINE), flags=re.MULTILINE)
    assert without != whole
    assert list(difflib.unified_diff(without.splitlines(), page.read_text("utf-8").splitlines(), lineterm="")) == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_other_test_names_its_file(kind: str) -> None:
    named = re.compile(rf"\bmonitor\.collectors\.{kind}\b|\btests\.collectors\.cases\.{kind}\b")
    naming = {path.name for path in (ROOT / "tests").rglob("*.py") if named.search(path.read_text("utf-8"))}
    assert {name for name in naming if not name.startswith((f"test_{kind}", f"{kind}_"))} == set()
