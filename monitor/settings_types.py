"""The shape of the settings files, for pydantic, and its refusals put into the reader's words.

Knows which keys there are and what each may be; knows neither where files lie nor what the values do.
"""

import re
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator

from monitor.clock import parse_duration
from monitor.domain import Secret

Sections = ("store", "model", "detection", "schedule")


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


def _secret(value: object) -> object:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)", value):
        raise ValueError("a secret is not written into a file; write env:NAME or file:PATH, which say where it is")
    return Secret(value)


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError('it is not the name of a time zone; write one such as "Europe/Berlin"') from error
    return value


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("it must be longer than nothing")
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Interval = Annotated[Duration, AfterValidator(_positive)]
SecretName = Annotated[Secret, BeforeValidator(_secret)]
Zone = Annotated[str, AfterValidator(_zone)]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Names = tuple[Name, ...]


class Section(BaseModel):
    """A plain table: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class StoreSection(Section):
    """[store]"""

    path: Path = Field(Path("data/monitor.db"), description="The SQLite file; a relative path starts where you run.")


class ModelSection(Section):
    """[model]"""

    name: str = Field("bundled", description='"bundled", or a Hugging Face model id or folder (needs the extra torch).')
    device: str = Field("cpu", description='"cpu", or a device of torch such as "cuda".')
    threads: int | None = Field(None, ge=1, le=256, description="Threads for scoring; unset: one for each core.")
    unsure_below: float = Field(
        0.0, ge=0, le=1, description="A label whose probability is below this is called unsure; 0: never."
    )


class DetectionSection(Section):
    """[detection]"""

    settle: Interval | None = Field(
        None,
        description="How long after its end a bucket is inspected; unset: the longest interval of the quick sources.",
    )
    evidence: Interval = Field(timedelta(days=7), description="How far back an alert's terms are compared.")


class ScheduleSection(Section):
    """[schedule]"""

    work_every: Interval = Field(timedelta(seconds=5), description="How often stored posts are scored and inspected.")
    jitter: Duration = Field(timedelta(seconds=10), description="Up to so much is added to each source's interval.")
    workers: int = Field(16, ge=2, le=256, description="Threads that read sources side by side.")


class _Plugin(BaseModel):
    """A table of a plugin: common keys here, the plugin's own pass through to its Options."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: Name
    kind: Name


class SourceTable(_Plugin):
    """[[source]]"""

    every: Interval = timedelta(minutes=5)
    enabled: bool = True
    brands: Names = ()


class RuleTable(_Plugin):
    """[[rule]]"""

    brands: Names = ("*",)


class ReceiverTable(_Plugin):
    """[[receiver]]"""


class RouteTable(Section):
    """[[route]]"""

    brands: Names = ("*",)
    severity: Literal["low", "medium", "high"] = "low"
    receivers: Names
    continue_: bool = Field(False, alias="continue")


class BrandTable(Section):
    """[[brand]]"""

    name: Name
    about: str = ""
    not_: Names = Field((), alias="not")
    names: Names = ()
    handles: Names = ()
    hashtags: Names = ()
    exclude: Names = ()
    competitor: bool = False
    timezone: Zone = "UTC"
    promises: Names = ()


class _Unique(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="after")
    def _names_differ(self) -> "_Unique":
        for key, tables in self:
            names = [table.name for table in tables if hasattr(table, "name")] if isinstance(tables, tuple) else []
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f'two [[{key}]] are named "{twice[0]}"; each needs a name of its own')
        return self


class MonitorFile(_Unique):
    """config/monitor.toml"""

    store: StoreSection = StoreSection()
    model: ModelSection = ModelSection()
    detection: DetectionSection = DetectionSection()
    schedule: ScheduleSection = ScheduleSection()
    source: tuple[SourceTable, ...] = ()


class BrandsFile(_Unique):
    """config/brands.toml"""

    brand: tuple[BrandTable, ...] = ()


class AlertsFile(_Unique):
    """config/alerts.toml"""

    rule: tuple[RuleTable, ...] = ()
    route: tuple[RouteTable, ...] = ()
    receiver: tuple[ReceiverTable, ...] = ()


def options_model(options: type[Any]) -> type[BaseModel]:
    """A pydantic model of a plugin's Options dataclass: same fields, unknown keys refused."""
    hints = get_type_hints(options)
    shape: dict[str, Any] = {}
    for item in fields(options):
        default = item.default if item.default is not MISSING else ...
        if item.default_factory is not MISSING:
            default = Field(default_factory=item.default_factory)
        shape[item.name] = (_in_words(hints[item.name]), default)
    return create_model(options.__qualname__, __config__=Section.model_config, **shape)


def _in_words(hint: Any) -> Any:
    """The type as it is written in a file: durations as text, secrets as references."""
    if hint is timedelta:
        return Duration
    if hint is Secret:
        return SecretName
    if get_origin(hint) in (Union, types.UnionType):
        return Union[tuple(_in_words(part) for part in get_args(hint))]  # noqa: UP007 - built at run time
    return hint


def sentence(
    item: Any, values: Mapping[str, Any], path: Path, origins: Mapping[str, str], where: str | None = None
) -> str:
    """One refusal of pydantic in the reader's words: file, table, key, value, what is allowed."""
    loc = [part for part in item["loc"] if not (isinstance(part, str) and part.startswith(("function-", "union")))]
    place = where or _place(loc, values, path, origins)
    key = next((str(part) for part in reversed(loc) if isinstance(part, str)), "")
    if item["type"] == "extra_forbidden":
        return f"{place}: there is no key {key}. Take it out, or look for its spelling in docs/config.md."
    if item["type"] == "missing":
        return f"{place}: {key} is missing. Write {key} = …"
    reason = item["msg"].removeprefix("Value error, ").rstrip(".")
    if not loc:
        return f"{place}: {reason}."
    return f"{place}: {key} = {_short(item['input'])}: {reason[:1].lower()}{reason[1:]}."


def _place(loc: list[Any], values: Mapping[str, Any], path: Path, origins: Mapping[str, str]) -> str:
    """`file, [[table]] "name"`, or the environment variable that the value came from."""
    if len(loc) >= 2 and origins.get(f"{loc[0]}.{loc[1]}", "").startswith(("environment", "command")):
        return origins[f"{loc[0]}.{loc[1]}"]
    if len(loc) >= 2 and isinstance(loc[1], int):
        table = values[loc[0]][loc[1]]
        name = table.get("name") if isinstance(table, dict) else None
        return f'{path}, [[{loc[0]}]] "{name}"' if name else f"{path}, [[{loc[0]}]] number {loc[1] + 1}"
    return f"{path}, [{loc[0]}]" if len(loc) >= 2 else str(path)


def _short(value: object) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 80 else text[:77] + "…"
