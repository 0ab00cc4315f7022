"""The shape of config/alerts.toml: rules, receivers, routes, calendars, silences, inhibitions.

Knows which keys there are and what each may be; nothing of what they do.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from monitor.clock import parse
from monitor.settings_types import PluginTable, Section, Unique
from monitor.settings_words import Duration, Flag, Name, Names, Slices, Zone

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = 24 * 60  # minutes
Severity = Literal["low", "medium", "high"]
WeekSpan = tuple[int, int, int]  # weekday (0: Monday), first minute of the day, the minute after the last


def week_of(lines: Sequence[str]) -> tuple[WeekSpan, ...]:
    """The spans of a week from lines such as "mon-fri 09:00-12:30 13:30-18:00", in order.

    One that ends before it begins goes on after midnight. Raises ValueError where a line cannot be read, a span is
    empty, or two overlap.

    >>> week_of(["mon 22:00-07:00"])
    ((0, 1320, 1440), (1, 0, 420))
    """
    spans = sorted(span for line in lines for span in _spans_of_line(line))
    for before, after in pairwise(spans):
        if before[0] == after[0] and after[1] < before[2]:
            raise ValueError(f"two spans overlap on {DAYS[after[0]]}: {_told(before)} and {_told(after)}")
    return tuple(spans)


def hours_of(text: str) -> tuple[tuple[int, int], ...]:
    """The spans of one day from text such as "10:00-14:00"; none of empty text. Raises ValueError as `week_of` does."""
    spans = week_of([f"mon {text}"]) if text.strip() else ()
    if any(day for day, _, _ in spans):
        raise ValueError(f'"{text}" goes on after midnight; end it at 24:00')
    return tuple((start, end) for _, start, end in spans)


def _spans_of_line(line: str) -> Iterator[WeekSpan]:
    days, *spans = line.lower().split()
    if not spans:
        raise ValueError(f'"{line}" names no hours; write days and hours, as in "mon-fri 09:00-17:00"')
    for day in _days(days):
        for text in spans:
            start, end = _span(text)
            if end > start:
                yield day, start, end
            else:
                yield day, start, MIDNIGHT
                if end:
                    yield (day + 1) % 7, 0, end


def _days(text: str) -> list[int]:
    if text == "daily":
        return list(range(7))
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(f'"{part}" is no day; there are: {", ".join(DAYS)}, ranges such as mon-fri, and daily')
        start = DAYS.index(first)
        number = (DAYS.index(last or first) - start) % 7 + 1
        found += [(start + step) % 7 for step in range(number)]
    return sorted(set(found))


def _span(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})", text)
    if not found:
        raise ValueError(f'"{text}" is no span of hours; write one such as 09:00-12:30')
    hours = [int(each) for each in found.groups()]
    start, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
    if hours[1] > 59 or hours[3] > 59 or start >= MIDNIGHT or end > MIDNIGHT:
        raise ValueError(f'"{text}" is no span of a day, which goes from 00:00 to 24:00')
    if start == end:
        raise ValueError(f'"{text}" is empty; write 00:00-24:00 for the whole day')
    return start, end


def _told(span: WeekSpan) -> str:
    return f"{span[1] // 60:02}:{span[1] % 60:02}-{span[2] // 60:02}:{span[2] % 60:02}"


def _hours(value: tuple[str, ...]) -> tuple[str, ...]:
    week_of(value)
    return value


def _day_hours(value: str) -> str:
    hours_of(value)
    return value


def _holiday(value: object) -> object:
    """A day of one year, or of each; TOML's own dates as well."""
    text = value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else value
    try:
        if isinstance(text, str) and re.fullmatch(r"(\d{4}-)?\d{2}-\d{2}", text):
            date.fromisoformat(text if len(text) > 5 else f"2024-{text}")  # a leap year: 02-29 is a day
            return text
    except ValueError:
        pass
    raise ValueError('it must be a day, as in "2026-12-25", or "12-25" for every year')


def _moment(value: object) -> object:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    try:
        return parse(value.isoformat() if isinstance(value, datetime) else str(value))
    except ValueError as error:
        raise ValueError('it must be a time, as in "2026-12-24T18:00+01:00"; one without a zone is UTC') from error


def _brief(value: timedelta) -> timedelta:
    if value > timedelta(days=1):
        raise ValueError("it must be at most a day")
    return value


Hours = Annotated[Names, AfterValidator(_hours)]
DayHours = Annotated[str, AfterValidator(_day_hours)]
Holidays = tuple[Annotated[str, BeforeValidator(_holiday)], ...]
Moment = Annotated[datetime, BeforeValidator(_moment)]
GroupWords = tuple[Literal["brand", "rule", "slice", "severity"], ...]


class RuleTable(PluginTable):
    """[[rule]]"""

    brands: Names = Field(("*",), description="Which brands it watches; * stands for any letters.")
    slices: Slices = Field(
        (),
        description='Parts of a brand that it also watches one by one: "platform", "touchpoint", "language", "region",'
        ' or one of them as in "touchpoint=delivery". All of them share the rule\'s false alarms.',
    )


class ReceiverTable(PluginTable):
    """[[receiver]]"""

    fallback: Name | None = Field(
        None, description="Who is told instead when this one cannot be reached: the name of another [[receiver]]."
    )


class RouteTable(Section):
    """[[route]]"""

    brands: Names = Field(("*",), description="Which brands it fits; * stands for any letters.")
    severity: Severity = Field("low", description="The least severity that it fits.")
    rules: Names = Field(("*",), description="Which rules it fits, by their names; * stands for any letters.")
    slices: Names = Field(
        ("*",),
        description='Which parts of a brand it fits, as in "touchpoint=*" or "platform=x"; "whole" is the brand as a'
        " whole.",
    )
    calendar: Name | None = Field(
        None, description="It fits only within the hours of this [[calendar]]; unset: always."
    )
    receivers: Names = Field(min_length=1, description="Who is told, by the names of their [[receiver]].")
    continue_: Flag = Field(False, alias="continue", description="Whether the routes below are asked as well.")
    quiet: Name | None = Field(
        None,
        description="Quiet hours: within the hours of this [[calendar]] its alerts wait, and are told afterwards if"
        " they still fire; unset: none.",
    )
    urgent: Literal["low", "medium", "high", "never"] = Field(
        "high", description='The least severity that quiet hours let through; "never": nothing.'
    )
    repeat: Duration = Field(
        timedelta(0),
        description="After how long people are reminded of an incident that still fires and that nobody has"
        ' acknowledged, as in "4h"; "0s": never, what was told is told once.',
    )
    group_by: GroupWords = Field(
        ("brand",), description="What the alerts of one group have in common; empty: all are one group."
    )
    group_interval: Annotated[Duration, AfterValidator(_brief)] = Field(
        timedelta(minutes=5), description="A group writes to a receiver at most once in so long."
    )


class CalendarTable(Section):
    """[[calendar]]"""

    name: Name = Field(description="Yours to choose; routes speak of it.")
    timezone: Zone = Field("UTC", description="The place whose clock its hours are by.")
    hours: Hours = Field(
        min_length=1,
        description='Its hours, as in ["mon-fri 09:00-12:30 13:30-18:00", "sat 10:00-14:00"]; daily stands for all'
        " seven days, and a span that ends before it begins goes on after midnight.",
    )
    holidays: Holidays = Field((), description='Days that are otherwise: "2026-12-25", or "12-25" for every year.')
    holiday_hours: DayHours = Field(
        "", description='The hours of these days, as in "10:00-14:00"; empty: none; "00:00-24:00": the whole day.'
    )


class SilenceTable(Section):
    """[[silence]]"""

    brands: Names = Field(("*",), description="Which brands it mutes; * stands for any letters.")
    rules: Names = Field(("*",), description="Which rules it mutes.")
    slices: Names = Field(("*",), description='Which parts of a brand it mutes, as in "touchpoint=delivery".')
    severity: Severity = Field("high", description="The gravest that it mutes.")
    since: Moment = Field(description='From when, as in "2026-12-24T18:00+01:00"; a time without a zone is UTC.')
    until: Moment = Field(description="Until when.")
    by: Name = Field(description="Who wants it.")
    why: Name = Field(description="Why; everybody who looks for a missing message reads it.")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "SilenceTable":
        if self.until <= self.since:
            raise ValueError("until must be later than since")
        return self


class InhibitionTable(Section):
    """[[inhibition]]"""

    severity: Literal["medium", "high"] = Field("high", description="While an incident at least so grave is open, …")
    mutes: Literal["low", "medium"] = Field("low", description="… those at most so grave are held back.")
    brands: Names = Field(("*",), description="Of which brands the graver one is.")
    rules: Names = Field(("*",), description="By which rules it was opened.")
    muted_brands: Names = Field((), description="Of which brands the milder ones are; empty: of the same brand.")
    muted_rules: Names = Field(("*",), description="Of which rules the milder ones are.")

    @model_validator(mode="after")
    def _mutes_what_is_milder(self) -> "InhibitionTable":
        if (self.severity, self.mutes) == ("medium", "medium"):
            raise ValueError("mutes must be milder than severity, or two incidents would mute each other")
        return self


class AlertsFile(Unique):
    """config/alerts.toml"""

    rule: tuple[RuleTable, ...] = ()
    route: tuple[RouteTable, ...] = ()
    receiver: tuple[ReceiverTable, ...] = ()
    calendar: tuple[CalendarTable, ...] = ()
    silence: tuple[SilenceTable, ...] = ()
    inhibition: tuple[InhibitionTable, ...] = (InhibitionTable(),)


def wrong_names(alerts: AlertsFile) -> Iterator[str]:
    """What the tables say of each other that is not so, one sentence each."""
    receivers = {table.name: table for table in alerts.receiver}
    calendars = [table.name for table in alerts.calendar]
    for number, route in enumerate(alerts.route, 1):
        place = f"[[route]] number {number}"
        yield from _missing(place, "receiver", route.receivers, list(receivers))
        yield from _missing(place, "calendar", [name for name in (route.calendar, route.quiet) if name], calendars)
    for table in alerts.receiver:
        if table.fallback:
            place = f'[[receiver]] "{table.name}"'
            yield from _missing(place, "receiver", [table.fallback], list(receivers))
            yield from _circle(place, table, receivers)
    rules = [table.name for table in alerts.rule]
    for place, names in _rules_named(alerts):
        yield from _missing(place, "rule", [name for name in names if not re.search(r"[*?]", name)], rules)


def _rules_named(alerts: AlertsFile) -> Iterator[tuple[str, Sequence[str]]]:
    """Which tables speak of rules, and of which."""
    for number, route in enumerate(alerts.route, 1):
        yield f"[[route]] number {number}", route.rules
    for number, silence in enumerate(alerts.silence, 1):
        yield f"[[silence]] number {number}", silence.rules
    for number, each in enumerate(alerts.inhibition, 1):
        yield f"[[inhibition]] number {number}", (*each.rules, *each.muted_rules)


def _missing(place: str, word: str, names: Sequence[str], known: Sequence[str]) -> Iterator[str]:
    folded = {name.casefold() for name in known} if word == "rule" else set(known)
    for name in names:
        if (name.casefold() if word == "rule" else name) not in folded:
            there = ", ".join(sorted(known)) or "none"
            yield f'{place}: there is no [[{word}]] named "{name}"; there are: {there}.'


def _circle(place: str, table: ReceiverTable, receivers: Mapping[str, ReceiverTable]) -> Iterator[str]:
    """A fallback that leads back to where it started would be tried for ever."""
    seen, name = [table.name], table.fallback
    while name is not None and name in receivers and name not in seen:
        seen.append(name)
        name = receivers[name].fallback
    if name == table.name:
        yield f"{place}: fallback leads back to itself: {' → '.join([*seen, name])}. Take one of them out."
