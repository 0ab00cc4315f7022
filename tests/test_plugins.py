"""Plugins are found by their kind, loaded one at a time, and can be taken out by deleting their file."""

import shutil
import subprocess
import sys
from dataclasses import fields, is_dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from monitor import plugins
from monitor.errors import UnknownPlugin

ROOT = Path(__file__).parent.parent
ALL = [(port, kind) for port in plugins.PORTS for kind in plugins.kinds(port)]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the program that may be taken apart."""
    for name in ("monitor", "config"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "run_monitor.py", tmp_path)
    (tmp_path / "models").symlink_to(ROOT / "models")
    return tmp_path


def ask(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], cwd=root, capture_output=True, text=True, timeout=120, check=False)


def entry(name: str, value: str, port: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group=f"monitor.{port}")


def declare(monkeypatch: pytest.MonkeyPatch, *points: EntryPoint) -> None:
    """Installed packages declare these entry points."""
    monkeypatch.setattr(plugins, "entry_points", lambda *, group: [point for point in points if point.group == group])


@pytest.mark.parametrize(("port", "kind"), ALL)
def test_every_plugin_loads_under_its_kind(port: str, kind: str) -> None:
    plugin = plugins.load(port, kind)
    assert plugin.kind == kind


@pytest.mark.parametrize(("port", "kind"), ALL)
def test_every_option_of_a_plugin_is_explained(port: str, kind: str) -> None:
    options = plugins.load(port, kind).Options
    assert is_dataclass(options)
    assert vars(options)["__dataclass_params__"].frozen, (
        f"the Options of {port}/{kind} can be changed; make them frozen"
    )
    silent = [item.name for item in fields(options) if not item.metadata.get("help")]
    assert not silent, f'{port}/{kind}: {silent} need metadata={{"help": …}}; docs/config.md is written from it'


@pytest.mark.parametrize("kind", ["smoke-signal", "", "_web", "__init__", "../detectors/counts", "collectors.jsonl"])
def test_an_unknown_kind_is_refused_and_those_that_there_are_are_named(kind: str) -> None:
    with pytest.raises(UnknownPlugin) as caught:
        plugins.load("collectors", kind)
    assert f'"{kind}" is not one of the collectors; there are: ' in str(caught.value)
    assert "jsonl" in str(caught.value)


def test_an_entry_point_of_another_package_is_a_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    found = plugins.load("exporters", "csv")
    declare(monkeypatch, entry("elsewhere", f"monitor.exporters.csv:{found.__name__}", "exporters"))
    assert "elsewhere" in plugins.kinds("exporters")
    assert "elsewhere" not in plugins.kinds("notifiers")
    assert plugins.load("exporters", "elsewhere") is found


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("nothing.of.that.name:Plugin", "cannot be loaded (ModuleNotFoundError"),
        ("monitor.clock:Nothing", "cannot be loaded (AttributeError"),
        ("monitor.clock:FakeClock", "lacks Options, write"),
    ],
)
def test_a_broken_plugin_is_one_sentence(monkeypatch: pytest.MonkeyPatch, value: str, words: str) -> None:
    declare(monkeypatch, entry("broken", value, "exporters"))
    with pytest.raises(UnknownPlugin) as caught:
        plugins.load("exporters", "broken")
    assert '"broken" of ' in str(caught.value)
    assert words in str(caught.value).replace("lacks write, Options", "lacks Options, write")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import nothing_of_that_name\n", "cannot be loaded (ModuleNotFoundError: No module named"),
        ("1 / 0\n", "cannot be loaded (ZeroDivisionError: division by zero)"),
        ("x = (\n", "cannot be loaded (SyntaxError"),
        ("", 'must hold one class with kind = "broken"; it holds 0.'),
        ('class A:\n    kind = "broken"\nclass B:\n    kind = "broken"\n', "it holds 2."),
        ('class A:\n    kind = "broken"\n', "lacks pages, Options."),
        (
            'class A:\n    kind = "broken"\n    Options = dict\n    def pages(self): ...\n',
            "needs Options that are a dataclass.",
        ),
    ],
)
def test_a_file_that_is_no_plugin_is_told_by_doctor_and_stops_no_other(copy: Path, text: str, words: str) -> None:
    (copy / "monitor" / "collectors" / "broken.py").write_text(text)
    code = (
        "from monitor import plugins\n"
        "from monitor.errors import UnknownPlugin\n"
        "plugins.load('collectors', 'jsonl')\n"
        "try:\n    plugins.load('collectors', 'broken')\nexcept UnknownPlugin as error:\n    print(error)\n"
    )
    done = ask(copy, "-c", code)
    assert done.returncode == 0, done.stderr
    assert words in done.stdout
    assert done.stdout.count("\n") == 1


def test_a_plugin_is_unplugged_by_deleting_its_file(copy: Path) -> None:
    """Every plugin in turn, and the lists of the others stay as they were."""
    code = (
        "import os\nfrom pathlib import Path\nfrom monitor import plugins\n"
        "for port in plugins.PORTS:\n"
        "    for kind in plugins.kinds(port):\n"
        "        others = [each for each in plugins.kinds(port) if each != kind]\n"
        "        file = Path(plugins.__file__).parent / port / f'{kind}.py'\n"
        "        aside = file.with_suffix('.txt')\n"
        "        file.rename(aside)\n"
        "        assert list(plugins.kinds(port)) == others, (port, kind)\n"
        "        [plugins.load(port, each) for each in others]\n"
        "        aside.rename(file)\n"
        "print('well')\n"
    )
    done = ask(copy, "-c", code)
    assert (done.returncode, done.stdout) == (0, "well\n"), done.stderr


def test_without_a_collectors_file_the_program_works_on(copy: Path) -> None:
    gone = next(kind for kind in plugins.kinds("collectors") if kind != "jsonl")
    (copy / "monitor" / "collectors" / f"{gone}.py").unlink()
    (copy / "config" / "monitor.toml").write_text('[[source]]\nname = "inbox"\nkind = "jsonl"\npath = "inbox"\n')
    for verb in (["doctor"], ["sources"], ["config", "check"]):
        done = ask(copy, "run_monitor.py", *verb)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        assert gone not in (done.stdout + done.stderr).split()


def test_a_source_of_a_collector_that_is_gone_is_refused_in_words(copy: Path) -> None:
    gone = next(kind for kind in plugins.kinds("collectors") if kind != "jsonl")
    (copy / "monitor" / "collectors" / f"{gone}.py").unlink()
    (copy / "config" / "monitor.toml").write_text(f'[[source]]\nname = "old"\nkind = "{gone}"\n')
    done = ask(copy, "run_monitor.py", "config", "check")
    assert done.returncode == 2
    assert f'[[source]] "old": kind: "{gone}" is not one of the collectors' in done.stderr
