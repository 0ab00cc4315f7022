"""Message texts: Jinja templates of one folder, which the user may change, filled in a sandbox.

A template is plain text: line 1 is the title, the rest the body. A name that it misspells is an error, and whatever it
prints is made harmless (`plain_text`), because much of it was written by strangers. Knows no alert and no receiver.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, Template, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from monitor.alerting.plain_text import Harmless, neutral
from monitor.errors import SettingsError

_CANNOT_BE_FILLED = (TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class Texts:
    """Some templates of a folder, by name (without .j2).

    Raises SettingsError, naming file and line, where one is missing or cannot be read. Fill each once with invented
    values when the program starts, so that a mistake shows then.
    """

    def __init__(self, folder: Path, names: Iterable[str]) -> None:
        self._folder = folder
        environment = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(folder),
            undefined=StrictUndefined,
            autoescape=False,  # plain text: `finalize` does what plain text needs
            finalize=_harmless,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates = {name: self._load(environment, name) for name in names}

    def filled(self, name: str, values: Mapping[str, object]) -> tuple[str, str]:
        """Title and body. Raises SettingsError where the template cannot be filled."""
        template = self._templates[name]
        try:
            title, _, body = _tidy(template.render(values)).partition("\n")
        except _CANNOT_BE_FILLED as error:
            raise SettingsError(f"{self._folder / str(template.name)}: {error}. Mend the template.") from error
        return title, body.strip("\n")

    def _load(self, environment: ImmutableSandboxedEnvironment, stem: str) -> Template:
        name = f"{stem}.j2"
        try:
            return environment.get_template(name)
        except TemplateSyntaxError as error:
            raise SettingsError(f"{self._folder / name}, line {error.lineno}: {error.message}. Mend it.") from error
        except (TemplateError, OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"{self._folder / name} cannot be read; the one that came with the program can be put in its place."
            ) from error


def _harmless(value: object) -> object:
    return neutral(value) if isinstance(value, str) and not isinstance(value, Harmless) else value


def _tidy(text: str) -> str:
    """Without spaces at the ends of lines, and never two empty lines in a row."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in text.strip().split("\n")))
