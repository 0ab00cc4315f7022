"""What a value of the settings files may be, one type for each: the check, and the refusal in the reader's words.

Knows single values only: no table, no file, and nothing of what a value is for.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from math import isfinite
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field

from monitor.clock import parse_duration
from monitor.domain import Secret

LONGEST = timedelta(days=3660)  # of a duration: ten years; anything above is a slip of the pen
IN_THE_CLEAR = "a secret is not written into a file; write env:NAME or file:PATH, which say where it is"


class EnvironmentText(str):
    """A value that came as text because the environment knows nothing else: a number may be read from it."""

    __slots__ = ()


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    try:
        length = parse_duration(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        length = None
    if length is None:
        raise ValueError('it is not a duration; write a number and s, m, h or d in quotes, as in "5m"')
    if length > LONGEST:
        raise ValueError("it must be at most ten years")
    return length


def _secret(value: object) -> object:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)", value):
        raise ValueError(IN_THE_CLEAR)
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


def _whole_number(value: object) -> object:
    if isinstance(value, EnvironmentText) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise ValueError("it must be a whole number without quotes, as in 16")


def _number(value: object) -> object:
    if isinstance(value, EnvironmentText):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError("it must be a number without quotes, as in 0.5")
    return value


def _flag(value: object) -> object:
    if not isinstance(value, bool | EnvironmentText):
        raise ValueError("it must be true or false, without quotes")
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("it must not be empty")
    return value


def _without(sign: str) -> AfterValidator:
    def check(value: str) -> str:
        if value.lstrip().startswith(sign):
            raise ValueError(f"write it without the {sign}")
        return value

    return AfterValidator(check)


def _path(value: object) -> object:
    if not isinstance(value, str | Path) or not str(value).strip() or "\0" in str(value):
        raise ValueError("it must be a path in quotes")
    return value


def _language(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"[a-z]{2,3}", value):
        raise ValueError('it must be a language in ISO 639-1, as in "de"')
    return value


def _bind(value: str) -> str:
    found = re.fullmatch(r"(?:[0-9A-Za-z._-]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})", value)
    if not found or int(found[1]) > 65_535:
        raise ValueError('it must be an address and a port, as in "127.0.0.1:8765" or "[::1]:8765"')
    return value


def _day_time(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9])?", value):
        raise ValueError('it must be a time of day, as in "09:00"')
    return value


def _web_address(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"https?://[^\s/@?#]+(?:/[^\s?#]*)?", value):
        raise ValueError("it must be an address, as in https://monitor.example.org")
    return value.rstrip("/")


def _slice(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"(platform|touchpoint|language|region)(=.{1,80})?", value):
        raise ValueError('it must be "platform", "touchpoint", "language" or "region", or one as in "platform=x"')
    return value


def _some(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise ValueError('it must name one at least, as in ["en"]')
    return value


def _routes(value: object) -> object:
    """The whole table at once: which language it is about is then said in words."""
    if not isinstance(value, Mapping):
        raise ValueError("it must be a table, under a line [model.languages]")
    for code, name in value.items():
        if not re.fullmatch(r"[a-z]{2,3}|\*", str(code)):
            raise ValueError(f'"{str(code)[:40]}" is not a language; write ISO 639-1, as in de, or "*" for all others')
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f'{code} must name a model in quotes, as in {code} = "some/model"')
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Interval = Annotated[Duration, AfterValidator(_positive)]
SecretName = Annotated[Secret, BeforeValidator(_secret)]
Zone = Annotated[str, AfterValidator(_zone)]
Whole = Annotated[int, BeforeValidator(_whole_number)]
Number = Annotated[float, BeforeValidator(_number)]
Flag = Annotated[bool, BeforeValidator(_flag)]
FilePath = Annotated[Path, BeforeValidator(_path)]
Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_not_blank)]
Names = tuple[Name, ...]
Bind = Annotated[str, AfterValidator(_bind)]
DayTime = Annotated[str, BeforeValidator(_day_time)]
WebAddress = Annotated[str, BeforeValidator(_web_address)]
Slices = tuple[Annotated[str, BeforeValidator(_slice)], ...]
Language = Annotated[str, BeforeValidator(_language)]
Languages = Annotated[tuple[Language, ...], AfterValidator(_some)]
ModelByLanguage = Annotated[Mapping[str, str], BeforeValidator(_routes)]
Handles = tuple[Annotated[Name, _without("@")], ...]
Hashtags = tuple[Annotated[Name, _without("#")], ...]
