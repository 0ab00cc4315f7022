"""The documents: generated pages are fresh, recipes run as they stand, links and names lead somewhere."""

import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from monitor import cli, plugins, settings

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
EXTENDING = (DOCS / "extending.md").read_text("utf-8")
BLOCKS = re.findall(r"```(\w+)\n# (\S+)\n(.*?)```", EXTENDING, re.DOTALL)
RECIPES = {
    "A collector": ("collectors", "guestbook"),
    "A notifier": ("notifiers", "logbook"),
    "An exporter": ("exporters", "markdown"),
    "A detector": ("detectors", "ceiling"),
    "A model": ("models", "ours"),
}


def python(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=180, check=False)


@pytest.mark.parametrize("name", ["cli.md", "config.md", "networks.md"])
def test_a_generated_page_is_fresh(name: str) -> None:
    pages = runpy.run_path(str(DOCS / "generate.py"))["PAGES"]
    assert (DOCS / name).read_text("utf-8") == pages[name](), f"docs/{name} is stale. Run `make docs`."


def test_the_generator_says_what_is_stale_and_mends_it(tmp_path: Path) -> None:
    for name in ("monitor", "models", "config"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "docs").mkdir()
    shutil.copy(DOCS / "generate.py", tmp_path / "docs")
    (tmp_path / "docs" / "cli.md").write_text("old")
    done = python(tmp_path, "docs/generate.py", "--check")
    assert done.returncode == 1
    assert "docs/cli.md is stale. Run `make docs`." in done.stderr
    assert "docs/config.md is stale. Run `make docs`." in done.stderr
    assert python(tmp_path, "docs/generate.py", "--write").returncode == 0
    assert python(tmp_path, "docs/generate.py", "--check").returncode == 0
    assert python(tmp_path, "docs/generate.py").returncode == 2


def test_every_command_is_on_its_page() -> None:
    text = (DOCS / "cli.md").read_text("utf-8")
    for verb in cli.verbs():
        assert f"\n## {verb}\n" in text


def test_every_plugin_and_option_is_on_its_page() -> None:
    text = (DOCS / "config.md").read_text("utf-8")
    for port in ("collectors", "detectors", "notifiers"):
        for kind in plugins.kinds(port):
            section = (
                text.partition(f"\n#### {port.capitalize()}\n")[2]
                .partition(f"\n##### {kind}\n")[2]
                .partition("\n##")[0]
            )
            for option in plugins.load(port, kind).Options.__dataclass_fields__:
                assert f"| `{option}` |" in section, f"{port}/{kind}: {option}"
    assert "| |\n" not in text, "a key has no meaning: write its help"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    text = page.read_text("utf-8")
    for place, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)", text):
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), f"{page.name} links to {place}, which is not there"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text("utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
            assert anchor in slugs, f"{page.name} links to {place}#{anchor}, which is no heading"


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.name)
def test_files_that_a_page_names_are_there(page: Path) -> None:
    named = re.findall(r"`((?:monitor|models|config|tests|docs|benchmarks)/[\w./-]+\.\w+)`", page.read_text("utf-8"))
    made = {file for _, file, _ in BLOCKS} | {"tests/collectors/cases/guestbook.py"}
    missing = [name for name in named if not (ROOT / name).exists() and name not in made]
    assert not missing, f"{page.name} names {missing}, which are not there"


def test_the_ports_methods_are_in_the_table_of_recipes_as_they_are() -> None:
    verbs = {"collectors": "pages", "notifiers": "send", "exporters": "write", "detectors": "inspect"}
    for port, verb in verbs.items():
        code = getattr(plugins.PORTS[port], verb).__code__
        names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
        plain, only = names[: code.co_argcount - 1], names[code.co_argcount - 1 :]
        arguments = ", ".join([*plain, *(["*", *only] if only else [])])
        assert f"`{verb}({arguments})`" in EXTENDING, f"docs/extending.md must show {verb}({arguments})"


# Recipes


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program with every recipe's files in it."""
    root = tmp_path_factory.mktemp("workshop")
    ignore = shutil.ignore_patterns("__pycache__", "*.onnx")
    for name in ("monitor", "models"):
        shutil.copytree(ROOT / name, root / name, ignore=ignore)
    (root / "models" / "bundled" / "model.onnx").symlink_to(ROOT / "models" / "bundled" / "model.onnx")
    shutil.copy(ROOT / "pyproject.toml", root)
    shutil.copy(ROOT / "run_monitor.py", root)
    for language, name, text in BLOCKS:
        if language == "python":
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
    packed = python(root, "pack.py")
    assert packed.returncode == 0, packed.stderr
    return root


def test_every_recipe_has_a_file_a_test_and_settings() -> None:
    for heading, (room, kind) in RECIPES.items():
        section = EXTENDING.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
        names = re.findall(r"```\w+\n# (\S+)\n", section)
        assert f"tests/{room}/test_{kind}.py" in names
        assert any(name.startswith("config/") for name in names) or kind == "markdown"


def test_the_recipes_are_found_by_their_kinds(workshop: Path) -> None:
    code = (
        "from monitor import plugins\nprint([(port, kind) for port in plugins.PORTS for kind in plugins.kinds(port)])"
    )
    found = python(workshop, "-c", code).stdout
    for room, kind in RECIPES.values():
        assert room == "models" or str((room, kind)) in found


def test_the_recipes_pass_their_tests(workshop: Path) -> None:
    done = python(workshop, "-m", "pytest", "tests", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout
    assert re.search(r"\b1[0-9] passed", done.stdout), done.stdout


def test_the_recipes_settings_are_taken(workshop: Path) -> None:
    """As they stand, in files that hold nothing else."""
    config = workshop / "config"
    config.mkdir()
    (config / "brands.toml").touch()
    (config / "templates").symlink_to(ROOT / "config" / "templates")
    for name in ("monitor", "alerts"):
        given = [text for language, file, text in BLOCKS if language == "toml" and file == f"config/{name}.toml"]
        (config / f"{name}.toml").write_text("\n".join(given))
    done = python(workshop, "run_monitor.py", "config", "check")
    assert done.returncode == 0, done.stderr
    assert "1 source (1 on), 0 brands, 1 rule, 1 receiver" in done.stderr


def test_the_recipes_keep_the_rules_of_the_house(workshop: Path) -> None:
    """Style, types and formatting, as for every other file."""
    names = [name for language, name, _ in BLOCKS if language == "python"]
    for words in (["ruff", "check"], ["ruff", "format", "--check"]):
        done = python(workshop, "-m", *words, *names)
        assert done.returncode == 0, done.stdout
    done = python(workshop, "-m", "mypy", "--cache-dir", str(workshop / ".mypy"), *[n for n in names if "/" in n])
    assert done.returncode == 0, done.stdout


def test_the_example_of_an_entry_point_is_a_group_that_is_looked_at() -> None:
    (text,) = re.findall(r"```toml\n(\[project\.entry-points.*?)```", EXTENDING, re.DOTALL)
    (group,) = tomllib.loads(text)["project"]["entry-points"]
    assert group.removeprefix("monitor.") in plugins.PORTS


def test_every_table_of_the_settings_files_is_explained_where_they_lie() -> None:
    """config/*.toml are read by people first: each opens with a comment."""
    for name in settings.FILES:
        assert (ROOT / "config" / name).read_text("utf-8").startswith("# ")


def test_the_settings_name_no_source_that_can_be_unplugged() -> None:
    """A collector whose file is gone must not stop a program that does not use it."""
    shown = tomllib.loads((ROOT / "config" / "monitor.toml").read_text("utf-8"))
    assert [each["kind"] for each in shown["source"]] == ["jsonl"]


def test_the_settings_show_one_source_of_every_kind(tmp_path: Path) -> None:
    """Those in the comments are taken as they stand, without their "# "; of a kind that is not plugged in none is."""
    shown, mark, examples = (ROOT / "config" / "monitor.toml").read_text("utf-8").partition("# One example for every")
    plain = re.sub(r"(?m)^# (?=\[\[source\]\]$|[a-z_]+ = )", "", examples)
    plugged = [
        each for each in re.split(r"(?m)^(?=\[\[source)", plain)[1:] if _kind(each) in plugins.kinds("collectors")
    ]
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "config" / "monitor.toml").write_text(shown + mark + "\n" + "".join(plugged), "utf-8")
    kinds = [each.kind for each in settings.load(tmp_path / "config").sources]
    assert sorted(kinds) == sorted(plugins.kinds("collectors"))


def _kind(example: str) -> str:
    return str(tomllib.loads(example)["source"][0]["kind"])
