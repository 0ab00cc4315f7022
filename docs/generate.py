"""Writes docs/cli.md from every command's help, docs/config.md from the settings and the plugins' options, and
docs/networks.md from what the collectors say of their platforms' rules.

`python docs/generate.py --write` writes them, `--check` says which are stale (exit 1). Knows no wording of its own:
what is wrong in a page is put right in the help text, the field's description or the plugin's docstring.
"""

import inspect
import re
import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import typer

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # this tree's program, whatever else is installed

from monitor import cli, plugins  # noqa: E402
from monitor.domain import Secret, Terms  # noqa: E402
from monitor.ports import Listener, Rechecker  # noqa: E402
from monitor.settings import as_written, duration_text  # noqa: E402
from monitor.settings_alerts import AlertsFile  # noqa: E402
from monitor.settings_types import BrandsFile, MonitorFile  # noqa: E402

WIDTH = 100
NOTE = "<!-- Written by docs/generate.py; change the program's texts and run `make docs`. -->\n\n"
FILES = (("monitor.toml", MonitorFile), ("brands.toml", BrandsFile), ("alerts.toml", AlertsFile))
PLUGINS = {"source": ("collectors", "Collectors"), "rule": ("detectors", "Detectors")} | {
    "receiver": ("notifiers", "Notifiers")
}
SCALARS = {
    bool: "true or false", int: "whole number", float: "number", str: "text", Path: "path",
    timedelta: "duration", datetime: "time", Secret: "where a secret is",
}  # fmt: skip
MANY = {
    "text": "texts", "whole number": "whole numbers", "number": "numbers", "path": "paths", "duration": "durations",
}  # fmt: skip

CONFIG_HEAD = """# Settings

Three files in one folder: `monitor.toml` (how the program runs), `brands.toml` (whom you watch), `alerts.toml` (what is
told, and to whom). The folder is the one named by `--config`, else by `MONITOR_CONFIG`, else `config/` where you stand,
beside the program, or installed with it. `run_monitor.py config check` reads them and says all that is wrong;
`run_monitor.py config show` prints every value in force and where it came from. Settings are taken whole or not at all.

- **Durations** are a number and a unit in quotes: `"30s"`, `"5m"`, `"1.5h"`, `"7d"`.
- **Secrets** are never written into a file. A key that takes one says where it is: `"env:NAME"` (the environment) or
  `"file:PATH"`. The value is read only when it is used, and never printed.
- **Plain sections** (`[store]`, `[model]`, `[detection]`, `[schedule]`, `[web]`) can be overridden by the environment:
  `MONITOR_SECTION__KEY`, as in `MONITOR_STORE__PATH=/var/lib/monitor.db`. `--db` overrides both.
- **Tables in double brackets** may stand as often as you like, each with a name of its own.
"""

CLI_HEAD = """# The command line

`python run_monitor.py COMMAND …`, or `sentiment-monitor COMMAND …` once the program is installed. stdout is data,
stderr is talk. `--json` is there wherever people read tables. Long work shows a progress bar on a terminal only.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | something a person must read (`doctor`: something that is configured cannot work) |
| 2 | the settings or the command are refused |
| 3 | a file that was named cannot be read or written |
| 4 | the database cannot be used |
| 5 | another process owns the database: try again later |
| 6 | a source could not be read |
| 7 | no model can score |
| 8 | a message was not delivered |
| 130 | stopped by Ctrl-C; what was done so far is kept |
"""


# The command line


def cli_page() -> str:
    """docs/cli.md."""
    parts = [CLI_HEAD, "\n## Commands\n\n| command | |\n|---|---|\n"]
    parts += [f"| [`{verb}`](#{verb}) | {line} |\n" for verb, line in cli.verbs().items()]
    for verb in cli.verbs():
        parts.append(f"\n## {verb}\n")
        for words, command in _commands(verb):
            parts.append(f"\n```text\n{_help(words, command)}\n```\n")
    return NOTE + "".join(parts)


def _commands(verb: str) -> Iterator[tuple[str, Any]]:
    found: Any = typer.main.get_command(import_module(f"monitor.cli.{verb.replace('-', '_')}").app)
    yield verb, found
    for name, inner in getattr(found, "commands", {}).items():
        yield f"{verb} {name}", inner


def _help(words: str, command: Any) -> str:
    """The help as plain text of a fixed width, whatever the terminal is."""
    command.rich_markup_mode = None
    context = command.context_class(
        command, info_name=f"{cli.PROGRAM} {words}", terminal_width=WIDTH, max_content_width=WIDTH
    )
    return "\n".join(line.rstrip() for line in str(command.get_help(context)).splitlines())


# The settings


def config_page() -> str:
    """docs/config.md."""
    parts = [CONFIG_HEAD]
    for name, model in FILES:
        parts.append(f"\n## {name}\n")
        for key, item in model.model_fields.items():
            many = get_origin(item.annotation) is tuple
            table = get_args(item.annotation)[0] if many else item.annotation
            parts.append(f"\n### {f'[[{key}]]' if many else f'[{key}]'}\n\n{_section(table)}")
            if key in PLUGINS:
                parts.append(_plugins(*PLUGINS[key]))
    parts.append(_exporters())
    return NOTE + "".join(parts)


def _section(model: Any) -> str:
    rows = [
        (
            item.alias or name,
            in_words(item.annotation) + _bounds(item.metadata),
            "*must be given*" if item.is_required() else _default(item.default),
            item.description or "",
        )
        for name, item in model.model_fields.items()
    ]
    return _table(("key", "what it may be", "default", "meaning"), rows)


def _plugins(port: str, title: str) -> str:
    kinds = [(kind, plugins.load(port, kind)) for kind in plugins.kinds(port)]
    parts = [
        f"\n#### {title}\n\n",
        _table(("kind", "what it is"), [(f"`{kind}`", _about(each)) for kind, each in kinds]),
    ]
    for kind, each in kinds:
        rows = _options(each.Options)
        told = _table(("key", "what it may be", "default", "meaning"), rows) if rows else "No options.\n"
        parts.append(f"\n##### {kind}\n\n{told}")
    return "".join(parts)


def _exporters() -> str:
    rows = [(f"`{kind}`", _about(plugins.load("exporters", kind))) for kind in plugins.kinds("exporters")]
    return "\n## Exporters\n\nChosen by `export --format`; they have no settings.\n\n" + _table(
        ("kind", "what it is"), rows
    )


def _options(options: Any) -> list[tuple[str, ...]]:
    hints = get_type_hints(options)
    rows: list[tuple[str, ...]] = []
    for item in fields(options):
        given = item.default_factory() if item.default_factory is not MISSING else item.default
        shown = "*must be given*" if given is MISSING else _default(given)
        rows.append((item.name, in_words(hints[item.name]), shown, item.metadata.get("help", "")))
    return rows


def _about(plugin: Any) -> str:
    """What a plugin's file says of itself first."""
    text = " ".join((inspect.getdoc(inspect.getmodule(plugin)) or "").split())
    return re.split(r"[.;] |\.$", text)[0] + "."


# The networks


NETWORKS_HEAD = """# The networks, and what each asks of us

One row for each kind of source; [config.md](config.md) has its options, [duties.md](duties.md) how the rules are kept.
*Asked again*: how old what is known of a stored post may become before the platform is asked what became of it;
deletions and edits come back with the answer, or with the stream. *Kept*: a copy that could not be refreshed for so
long is erased. *Handed on*: what `export mentions --share` writes for others; your own export is whole. You are the
developer who registered with each network: its terms bind you, not us.
"""


def networks_page() -> str:
    """docs/networks.md."""
    rows = [(kind, *_duties(plugins.load("collectors", kind))) for kind in plugins.kinds("collectors")]
    return NOTE + NETWORKS_HEAD + "\n" + _table(("kind", "asked again", "kept", "handed on", "the rule"), rows)


def _duties(collector: Any) -> tuple[str, ...]:
    terms: Terms = getattr(collector, "terms", Terms())
    if isinstance(collector, Rechecker):
        again = f"every {duration_text(collector.recheck_every)}"
    else:
        again = "pushed" if isinstance(collector, Listener) else "no"
    handed = "ids only" if terms.share == "ids" else "all columns"
    if terms.share_rows is not None:
        handed += f", {terms.share_rows} a day"
    kept = "no term" if terms.keep is None else duration_text(terms.keep)
    return again, kept, handed, terms.note or "none is named"


def in_words(hint: Any) -> str:
    """A type in the reader's words."""
    origin, parts = get_origin(hint), get_args(hint)
    if hint in SCALARS:
        return SCALARS[hint]
    if origin is Literal:
        return " or ".join(f'"{part}"' for part in parts)
    if origin in (Union, types.UnionType):
        return " or ".join(in_words(part) for part in parts if part is not type(None))
    if origin in (tuple, list, frozenset):
        one = in_words(parts[0])
        return f"list of {MANY.get(one, one)}"
    if origin is Mapping:
        return f"table of {MANY.get(in_words(parts[1]), in_words(parts[1]))}"
    if hasattr(hint, "__metadata__"):
        return in_words(parts[0])
    return getattr(hint, "__name__", str(hint))


def _bounds(metadata: Sequence[Any]) -> str:
    least = next((each.ge for each in metadata if hasattr(each, "ge")), None)
    most = next((each.le for each in metadata if hasattr(each, "le")), None)
    return "" if least is None or most is None else f", {least} to {most}"


def _default(value: object) -> str:
    if value is None:
        return "unset"
    if isinstance(value, str | Path | timedelta | Secret):
        return f'`"{as_written(value)}"`'
    if isinstance(value, Mapping):
        return "empty"
    if isinstance(value, tuple | list):
        return "`[" + ", ".join(_default(each).strip("`") for each in value) + "]`"
    return f"`{as_written(value)}`"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = [head, ["---"] * len(head), *([f"`{row[0].strip('`')}`", *row[1:]] for row in rows)]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in cells)


PAGES = {"cli.md": cli_page, "config.md": config_page, "networks.md": networks_page}


def main(words: Sequence[str]) -> int:
    """`--write` or `--check`."""
    if list(words) not in (["--write"], ["--check"]):
        sys.stderr.write("Usage: python docs/generate.py --write|--check\n")
        return 2
    stale = 0
    for name, page in PAGES.items():
        path, text = ROOT / "docs" / name, page()
        if words[0] == "--write":
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text("utf-8") != text:
            sys.stderr.write(f"docs/{name} is stale. Run `make docs`.\n")
            stale = 1
    return stale


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
