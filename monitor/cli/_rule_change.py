"""A rule with some of its settings changed by the command line, and the lines that would make it so for good.

Knows how rules are written in alerts.toml; runs none.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from monitor import plugins
from monitor.errors import InputError, SettingsError
from monitor.settings import RuleSettings, Settings, duration_text
from monitor.settings_alerts import RuleTable
from monitor.settings_types import options_model, sentence

OWN = ("brands", "slices")  # keys that every rule has; the others are its detector's


def rule_of(settings: Settings, name: str | None) -> RuleSettings:
    """The rule of that name, or the first one. Raises SettingsError or InputError where there is none."""
    if not settings.rules:
        raise SettingsError(f"{settings.folder / 'alerts.toml'}: there is no [[rule]]. Write one.")
    found = [rule for rule in settings.rules if name in (None, rule.name)]
    if not found:
        raise InputError(f'there is no rule "{name}"; there are: {", ".join(rule.name for rule in settings.rules)}.')
    return found[0]


def changed(rule: RuleSettings, said: Sequence[str]) -> RuleSettings:
    """The rule with what `--set KEY=VALUE` says. Raises SettingsError, in the words in which a file is refused."""
    values = dict(_value(text) for text in said)
    kind = plugins.load("detectors", rule.kind)
    try:
        table = RuleTable.model_validate({"name": rule.name, "kind": rule.kind, **values})
        checked = options_model(kind.Options).model_validate(table.model_extra or {})
        options = replace(rule.options, **{key: getattr(checked, key) for key in values if key not in OWN})
    except (ValueError, TypeError, ArithmeticError) as error:
        raise SettingsError(*_refusals(error, values, rule.name)) from error
    return replace(rule, options=options, **{key: getattr(table, key) for key in OWN if key in values})


def _value(text: str) -> tuple[str, Any]:
    key, found, value = (part.strip() for part in text.partition("="))
    if not found or not key.isidentifier() or not value:
        raise InputError(f'--set "{text}" is not KEY=VALUE, as in false_alarms_per_week=0.25.')
    if key in ("name", "kind"):
        raise InputError(f'--set "{text}": a rule keeps its {key}; compare two rules with --against.')
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key, value  # a word without quotes, as in 24h


def _refusals(error: Exception, values: Mapping[str, Any], name: str) -> list[str]:
    where = f'--set, rule "{name}"'
    told = getattr(error, "errors", None)
    if told is None:  # what the detector itself refuses
        return [f"{where}: {str(error).rstrip('.')}."]
    return [sentence(item, values, Path("--set"), {}, where=where) for item in told()]


def toml_lines(before: RuleSettings, after: RuleSettings) -> list[str]:
    """What to write into the rule's table in alerts.toml; nothing where both are the same."""
    pairs = [(key, getattr(before, key), getattr(after, key)) for key in OWN]
    if before.kind == after.kind:
        names = [field.name for field in fields(after.options)]
        pairs += [(name, getattr(before.options, name), getattr(after.options, name)) for name in names]
    return [f"{key} = {_toml(new)}" for key, old, new in pairs if old != new]


def _toml(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return json.dumps(value if isinstance(value, str) else duration_text(value), ensure_ascii=False)
