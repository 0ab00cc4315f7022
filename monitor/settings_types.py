"""The shape of the settings files, for pydantic, and its refusals put into the reader's words.

Knows which keys there are and what each may be; knows neither where files lie nor what the values do.
"""

import re
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from monitor.domain import Secret
from monitor.settings_words import (
    IN_THE_CLEAR,
    Bind,
    DayTime,
    Duration,
    FilePath,
    Flag,
    Handles,
    Hashtags,
    Interval,
    Languages,
    ModelByLanguage,
    Name,
    Names,
    Number,
    SecretName,
    WebAddress,
    Whole,
    Zone,
)

Sections = ("store", "model", "detection", "schedule", "web", "routine")
_TABLES = ("source", "brand", "rule", "route", "receiver", "silence", "calendar", "inhibition")


class Section(BaseModel):
    """A plain table: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class StoreSection(Section):
    """[store]"""

    path: FilePath = Field(
        Path("data/monitor.db"), description="The SQLite file; a relative path starts where you run."
    )


class ModelSection(Section):
    """[model]"""

    name: str = Field("bundled", description='"bundled", or a Hugging Face model id or folder (needs the extra torch).')
    device: str = Field("cpu", description='"cpu", or a device of torch such as "cuda".')
    threads: Whole | None = Field(None, ge=1, le=256, description="Threads for scoring; unset: one for each core.")
    unsure_below: Number = Field(
        0.0, ge=0, le=1, description="A label whose probability is below this is called unsure; 0: never."
    )
    calibration: FilePath | None = Field(
        None, description="A calibration that was fitted for this model on your own posts; unset: the model's own."
    )
    measured: Languages | None = Field(
        None,
        description="Languages (ISO 639-1) that this model was measured on; a post in any other is unsure, or goes by"
        " `languages`. Unset: what the model's folder says, or all where it says nothing, as models on the hub do.",
    )
    languages: ModelByLanguage = Field(
        {},
        description='Language = model, in a table [model.languages]; "*" for those that no other model here was'
        " measured on. A model is loaded with its first post.",
    )


class DetectionSection(Section):
    """[detection]"""

    settle: Interval | None = Field(
        None,
        description="How long after its end a bucket is inspected; unset: the longest interval of the quick sources.",
    )
    evidence: Interval = Field(timedelta(days=7), description="How far back an alert's terms are compared.")
    reopen: Duration = Field(
        timedelta(hours=2),
        description="A new spike within so long after an incident was over belongs to it: the incident opens again.",
    )
    turned_away: Number = Field(
        20.0, ge=0, le=1000, description="How many people one unhappy person is taken to turn away, for people at risk."
    )
    reach_rate: Number = Field(
        0.01, ge=0, le=1, description="Which part of those whom unhappy posts reached is taken to be at risk."
    )


class ScheduleSection(Section):
    """[schedule]"""

    work_every: Interval = Field(timedelta(seconds=5), description="How often stored posts are scored and inspected.")
    jitter: Duration = Field(timedelta(seconds=10), description="Up to so much is added to each source's interval.")
    workers: Whole = Field(16, ge=2, le=256, description="Threads that read sources side by side.")


class WebSection(Section):
    """[web]"""

    bind: Bind = Field(
        "127.0.0.1:8765",
        description="Where `run` listens, only if a source of kind webhook is pushed to or public_url is set. It speaks"
        " plain HTTP: to be reached from elsewhere, put a server that speaks HTTPS before it.",
    )
    public_url: WebAddress | None = Field(
        None,
        description="Where people reach `bind`, as in https://monitor.example.org; unset: messages carry no links.",
    )
    link_secret: SecretName | None = Field(
        None,
        description="What signs the links in messages; unset: a key that is made once, beside the database.",
    )


class RoutineSection(Section):
    """[routine]"""

    heartbeat: DayTime | None = Field(
        "09:00", description='When it says each day that it listens, as in "09:00"; "" for never.'
    )
    digest: Literal["daily", "weekly", "never"] = Field("weekly", description="How often it sums up each brand.")
    digest_at: DayTime = Field("08:00", description="When the digest is written.")
    digest_on: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = Field(
        "monday", description="On which day the weekly digest is written."
    )
    timezone: Zone = Field("UTC", description="The place whose clock these times are by.")
    receivers: Names = Field((), description="Who gets heartbeat, digest, health; empty: all whom a route names.")
    ping: SecretName | None = Field(
        None,
        description='Where the address is that is asked once a minute while all is well, as in "env:PING_URL": a'
        " watchdog elsewhere that hears nothing knows that this program is dead.",
    )


class PluginTable(BaseModel):
    """A table of a plugin: common keys here, the plugin's own pass through to its Options."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: Name = Field(description="Yours to choose; shown wherever it is spoken of.")
    kind: Name = Field(description="Which plugin it is: one of the kinds below.")


class SourceTable(PluginTable):
    """[[source]]"""

    every: Interval = Field(timedelta(minutes=5), description="How often it is read.")
    enabled: Flag = Field(True, description="Whether it is read at all.")
    brands: Names = Field((), description="The brands whose names it asks for, by their cards' names; empty: all.")
    daily_cap: Number | None = Field(
        None,
        ge=0,
        le=1_000_000,
        description="The most that may be spent on it in a day (UTC), in US dollars; unset: no cap. Where money gets"
        " short, it is read less often, then asked for less, then not at all until the cap starts anew.",
    )
    monthly_cap: Number | None = Field(
        None, ge=0, le=1_000_000, description="The same for a month (UTC)."
    )  # fmt: skip


class BrandTable(Section):
    """[[brand]]"""

    name: Name = Field(description="The brand; one of its names by itself.")
    about: str = Field("", description="What it sells, for people who judge whether a post is about it.")
    not_: Names = Field((), alias="not", description="What else goes by the same name, for the same people.")
    names: Names = Field((), description="More names and spellings, as people write them.")
    handles: Handles = Field(
        (),
        description="Accounts, without the @, with their server where there is one; what they post is not counted.",
    )
    hashtags: Hashtags = Field((), description="Hashtags, without the #.")
    exclude: Names = Field(
        (),
        description="Phrases in which a name means something else; one without a name in it rules out the whole post.",
    )
    exact: Names = Field(
        (), description="Names that count only as written here, case and signs included; they may stand in `names` too."
    )
    companions: Names = Field(
        (),
        description="Words of which one must stand in the same post, for handles and hashtags excepted; empty: none.",
    )
    exclude_authors: Names = Field((), description="Handles or ids whose posts are never word of mouth about it.")
    apps: Names = Field((), description='Its apps in the stores: package names ("com.example.app") and numbers.')
    competitor: Flag = Field(False, description="true: measured for comparison, never alerted on.")
    timezone: Zone = Field("UTC", description="The place whose day and week it lives by.")
    promises: Names = Field((), description="What it promises its customers.")


class Unique(BaseModel):
    """A file of tables, each kind with names that differ."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="after")
    def _names_differ(self) -> "Unique":
        for key, tables in self:
            names = [table.name for table in tables if hasattr(table, "name")] if isinstance(tables, tuple) else []
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f'two [[{key}]] are named "{twice[0]}"; each needs a name of its own')
        return self


class MonitorFile(Unique):
    """config/monitor.toml"""

    store: StoreSection = StoreSection()
    model: ModelSection = ModelSection()
    detection: DetectionSection = DetectionSection()
    schedule: ScheduleSection = ScheduleSection()
    web: WebSection = WebSection()
    routine: RoutineSection = RoutineSection()
    source: tuple[SourceTable, ...] = ()


class BrandsFile(Unique):
    """config/brands.toml"""

    brand: tuple[BrandTable, ...] = ()


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


_WORDS: Mapping[Any, Any] = {
    timedelta: Duration, Secret: SecretName, int: Whole, float: Number, bool: Flag, Path: FilePath,
}  # fmt: skip


def _in_words(hint: Any) -> Any:
    """The type as it is written in a file: durations as text, secrets as references, numbers as numbers."""
    if hint in _WORDS:
        return _WORDS[hint]
    parts = tuple(_in_words(part) for part in get_args(hint))
    if get_origin(hint) in (Union, types.UnionType):
        return Union[parts]  # noqa: UP007 - built at run time
    if get_origin(hint) in (tuple, list, dict, frozenset, set):
        return get_origin(hint)[parts]
    return hint


def sentence(
    item: Any, values: Mapping[str, Any], path: Path, origins: Mapping[str, str], where: str | None = None
) -> str:
    """One refusal of pydantic in the reader's words: file, table, key, value, what is allowed. Never a secret."""
    loc = [part for part in item["loc"] if not (isinstance(part, str) and part.startswith(("function-", "union")))]
    place = where or _place(loc, values, path, origins)
    key = next((str(part) for part in reversed(loc) if isinstance(part, str)), "")
    if item["type"] == "extra_forbidden":
        return f"{place}: there is no key {key}. Take it out, or look for its spelling in docs/config.md."
    if item["type"] == "missing":
        return f"{place}: {key} is missing. Write {key} = …"
    reason = _reason(item, key)
    if not loc:
        return f"{place}: {reason}."
    if reason == IN_THE_CLEAR:
        return f"{place}: {key}: {reason}. If it was real, replace it: it has been in a file."
    return f"{place}: {key} = {_short(item['input'])}: {reason}."


def _reason(item: Any, key: str) -> str:
    """What is allowed, in words."""
    told = item.get("ctx", {})
    words = {
        "string_type": 'it must be text in quotes, as in "name"',
        "string_too_short": "it must not be empty",
        "string_too_long": f"it must have at most {told.get('max_length')} characters",
        "tuple_type": f"write [[{key}]], with two brackets"
        if key in _TABLES
        else 'it must be a list, as in ["a", "b"]',
        "model_type": f"it must be a table, under a line [{key}]",
        "greater_than_equal": f"it must be at least {told.get('ge')}",
        "less_than_equal": f"it must be at most {told.get('le')}",
        "literal_error": f"it must be one of {told.get('expected')}",
        "int_parsing": "it must be a whole number, as in 16",
        "float_parsing": "it must be a number, as in 0.5",
        "bool_parsing": "it must be true or false",
    }
    reason = str(words.get(item["type"], item["msg"])).removeprefix("Value error, ").rstrip(".")
    return reason[:1].lower() + reason[1:]


def _place(loc: list[Any], values: Mapping[str, Any], path: Path, origins: Mapping[str, str]) -> str:
    """`file, [[table]] "name"`, or the environment variable that the value came from."""
    if len(loc) >= 2 and origins.get(f"{loc[0]}.{loc[1]}", "").startswith(("environment", "command")):
        return origins[f"{loc[0]}.{loc[1]}"]
    if len(loc) >= 2 and isinstance(loc[1], int):
        table = values[loc[0]][loc[1]]
        name = table.get("name") if isinstance(table, dict) else None
        named = isinstance(name, str) and name
        return f'{path}, [[{loc[0]}]] "{name}"' if named else f"{path}, [[{loc[0]}]] number {loc[1] + 1}"
    return f"{path}, [{loc[0]}]" if len(loc) >= 2 else str(path)


def _short(value: object) -> str:
    """A refused value, short; the inside of tables and lists stays hidden, because a secret may be there."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return "{…}" if isinstance(value, dict) else "[…]"
    text = f'"{without_password(value)}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 80 else text[:77] + "…"


def without_password(text: str) -> str:
    """An address without the name and password that may stand before its host, and without its query: both hold keys.

    >>> without_password("http://me:pw@host/path?key=1")
    'http://…@host/path?…'
    """
    bare = re.sub(r"(?<=://)[^/@\s]+(?=@)", "…", text)
    return re.sub(r"(?<=\?).+", "…", bare, flags=re.DOTALL) if re.match(r"[a-z][a-z0-9+.-]*://", bare, re.I) else bare
