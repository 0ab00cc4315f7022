"""alerts.toml: routes, calendars, silences and the rest are taken as they are meant, or refused in one sentence."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from monitor import settings
from monitor.clock import iso
from monitor.errors import SettingsError
from monitor.settings import Settings
from monitor.settings_alerts import hours_of, week_of

ROOT = Path(__file__).parent.parent
RULE = '[[rule]]\nname = "spike"\nkind = "counts"\n'
TEAM = '[[receiver]]\nname = "team"\nkind = "console"\n'
DUTY = '[[receiver]]\nname = "duty"\nkind = "console"\n'
ROUTE = '[[route]]\nreceivers = ["team"]\n'
NIGHT = '[[calendar]]\nname = "night"\nhours = ["daily 22:00-07:00"]\n'
SILENCE = '[[silence]]\nsince = "2026-03-02"\nuntil = "2026-03-03"\nby = "Ada"\nwhy = "known"\n'
INHIBITION = "[[inhibition]]\n"

Loader = Callable[[str], Settings]
Refused = Callable[[str], list[str]]


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    def loaded(text: str) -> Settings:
        for name, held in (("monitor", ""), ("brands", ""), ("alerts", text)):
            (tmp_path / f"{name}.toml").write_text(held)
        return settings.load(tmp_path, environ={})

    return loaded


@pytest.fixture
def refused(load: Loader, tmp_path: Path) -> Refused:
    def problems(text: str) -> list[str]:
        with pytest.raises(SettingsError) as caught:
            load(text)
        return [problem.replace(f"{tmp_path}/alerts.toml", "alerts") for problem in caught.value.problems]

    return problems


def test_a_route_that_says_nothing_more_has_the_defaults(load: Loader) -> None:
    (route,) = load(TEAM + ROUTE).routes
    assert (route.brands, route.severity, route.rules, route.slices) == (("*",), "low", ("*",), ("*",))
    assert (route.calendar, route.quiet, route.urgent) == (None, None, "high")
    assert (route.repeat, route.group_by, route.group_interval) == (
        timedelta(0),
        ("brand",),
        timedelta(minutes=5),
    )


def test_every_part_reaches_its_place(load: Loader) -> None:
    given = load(
        RULE + TEAM + 'fallback = "duty"\n' + DUTY + NIGHT
        + 'timezone = "Europe/Berlin"\nholidays = ["12-25", 2026-04-06]\n'
        + 'holiday_hours = "10:00-12:00 13:00-24:00"\n'
        + ROUTE + 'rules = ["spike"]\nslices = ["touchpoint=*"]\nquiet = "night"\nurgent = "never"\nrepeat = "0s"\n'
        + "group_by = []\n"
        + SILENCE + 'brands = ["Acme"]\nseverity = "low"\n'
        + INHIBITION + 'mutes = "medium"\nmuted_brands = ["Acme *"]\n'
    )  # fmt: skip
    assert [(each.name, each.fallback) for each in given.receivers] == [("team", "duty"), ("duty", None)]
    (route,) = given.routes
    assert (route.quiet, route.urgent, route.repeat, route.group_by) == ("night", "never", timedelta(0), ())
    (calendar,) = given.calendars
    assert (calendar.timezone, calendar.holidays) == ("Europe/Berlin", ("12-25", "2026-04-06"))
    (silence,) = given.silences
    assert (iso(silence.since), iso(silence.until)) == ("2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z")
    assert [each.muted_brands for each in given.inhibitions] == [("Acme *",)]


def test_there_is_one_inhibition_unless_none_is_wanted(load: Loader) -> None:
    assert [(each.severity, each.mutes) for each in load("").inhibitions] == [("high", "low")]
    assert load("inhibition = []\n").inhibitions == ()


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("mon 09:00-17:00", [(0, 540, 1020)]),
        ("Mon-Tue 9:00-12:30 13:30-18:00", [(0, 540, 750), (0, 810, 1080), (1, 540, 750), (1, 810, 1080)]),
        ("sat,sun 00:00-24:00", [(5, 0, 1440), (6, 0, 1440)]),
        ("sun 22:00-07:00", [(0, 0, 420), (6, 1320, 1440)]),
        ("sat-mon 10:00-11:00", [(0, 600, 660), (5, 600, 660), (6, 600, 660)]),
        ("fri 20:00-00:00", [(4, 1200, 1440)]),
        ("mon 09:00-12:00 12:00-13:00", [(0, 540, 720), (0, 720, 780)]),
    ],
)
def test_hours_of_the_week_are_read_as_people_write_them(text: str, spans: list[tuple[int, int, int]]) -> None:
    assert list(week_of([text])) == spans


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["mon"], '"mon" names no hours; write days and hours, as in "mon-fri 09:00-17:00"'),
        (["monday 09:00-17:00"], '"monday" is no day; there are: mon, tue, wed, thu, fri, sat, sun'),
        (["mon 9-17"], '"9-17" is no span of hours; write one such as 09:00-12:30'),
        (["mon 09:00-25:00"], '"09:00-25:00" is no span of a day, which goes from 00:00 to 24:00'),
        (["mon 09:60-10:00"], '"09:60-10:00" is no span of a day'),
        (["mon 09:00-09:00"], '"09:00-09:00" is empty; write 00:00-24:00 for the whole day'),
        (["mon-fri 09:00-17:00", "fri 16:00-18:00"], "two spans overlap on fri: 09:00-17:00 and 16:00-18:00"),
        (["daily 22:00-07:00", "mon 06:00-08:00"], "two spans overlap on mon: 00:00-07:00 and 06:00-08:00"),
    ],
)
def test_hours_that_cannot_be_are_refused(lines: list[str], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        week_of(lines)


def test_a_holidays_hours_end_at_midnight() -> None:
    assert hours_of("") == ()
    assert hours_of("00:00-24:00") == ((0, 1440),)
    with pytest.raises(ValueError, match="end it at 24:00"):
        hours_of("22:00-02:00")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (ROUTE, 'alerts, [[route]] number 1: there is no [[receiver]] named "team"; there are: none.'),
        (
            TEAM + ROUTE + 'quiet = "nihgt"\n' + NIGHT,
            'alerts, [[route]] number 1: there is no [[calendar]] named "nihgt"; there are: night.',
        ),
        (
            TEAM + ROUTE + 'calendar = "office"\n',
            'alerts, [[route]] number 1: there is no [[calendar]] named "office"; there are: none.',
        ),
        (
            RULE + TEAM + ROUTE + 'rules = ["spikes", "sp*"]\n',
            'alerts, [[route]] number 1: there is no [[rule]] named "spikes"; there are: spike.',
        ),
        (SILENCE + 'rules = ["x"]\n', 'alerts, [[silence]] number 1: there is no [[rule]] named "x"; there are: none.'),
        (
            INHIBITION + 'muted_rules = ["x"]\n',
            'alerts, [[inhibition]] number 1: there is no [[rule]] named "x"; there are: none.',
        ),
        (
            TEAM + 'fallback = "dute"\n' + DUTY,
            'alerts, [[receiver]] "team": there is no [[receiver]] named "dute"; there are: duty, team.',
        ),
        (
            TEAM + 'fallback = "team"\n',
            'alerts, [[receiver]] "team": fallback leads back to itself: team → team. Take one of them out.',
        ),
        (TEAM + ROUTE + 'severity = "urgent"\n', "it must be one of 'low', 'medium' or 'high'."),
        (TEAM + ROUTE + 'group_by = ["colour"]\n', "it must be one of 'brand', 'rule', 'slice' or 'severity'."),
        (TEAM + ROUTE + 'group_interval = "2d"\n', 'group_interval = "2d": it must be at most a day.'),
        (TEAM + ROUTE + 'repeat = "often"\n', 'repeat = "often": it is not a duration'),
        (TEAM + ROUTE + 'night = "x"\n', "there is no key night. Take it out"),
        (
            '[[calendar]]\nname = "a"\nhours = ["mon 9-17"]\n',
            '[[calendar]] "a": hours = […]: "9-17" is no span of hours',
        ),
        ('[[calendar]]\nname = "a"\nhours = []\n', '[[calendar]] "a": hours = […]'),
        (NIGHT + 'timezone = "Mars/Base"\n', 'timezone = "Mars/Base": it is not the name of a time zone'),
        (NIGHT + 'holidays = ["25.12."]\n', 'holidays = "25.12.": it must be a day, as in "2026-12-25"'),
        (NIGHT + 'holidays = ["02-30"]\n', 'holidays = "02-30": it must be a day'),
        (NIGHT + NIGHT, 'two [[calendar]] are named "night"; each needs a name of its own'),
        (
            SILENCE.replace("2026-03-03", "2026-03-01"),
            "alerts, [[silence]] number 1: silence = {…}: until must be later than since.",
        ),
        (
            SILENCE.replace('"2026-03-03"', '"soon"'),
            'until = "soon": it must be a time, as in "2026-12-24T18:00+01:00"',
        ),
        (SILENCE.replace('why = "known"', 'why = " "'), 'why = " ": it must not be empty.'),
        (SILENCE.replace('by = "Ada"\n', ""), "by is missing. Write by = …"),
        (
            INHIBITION + 'severity = "medium"\nmutes = "medium"\n',
            "mutes must be milder than severity, or two incidents would mute each other.",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(refused: Refused, text: str, problem: str) -> None:
    (said,) = refused(text)
    assert problem in said


def test_fallbacks_that_lead_in_a_circle_are_refused_once_each(refused: Refused) -> None:
    said = refused(TEAM + 'fallback = "duty"\n' + DUTY + 'fallback = "team"\n')
    assert [problem.partition(":")[0] for problem in said] == [
        'alerts, [[receiver]] "team"',
        'alerts, [[receiver]] "duty"',
    ]
    assert "team → duty → team" in said[0]


def test_every_value_is_shown_with_where_it_came_from(load: Loader, tmp_path: Path) -> None:
    shown = {key: (value, origin) for key, value, origin in settings.shown(load(TEAM + ROUTE + NIGHT + SILENCE))}
    file = str(tmp_path / "alerts.toml")
    assert shown["route 1.receivers"] == ("team", file)
    assert shown["route 1.repeat"] == ("0s", "default")
    assert shown['calendar "night".hours'] == ("daily 22:00-07:00", file)
    assert shown["silence 1.by"] == ("Ada", file)
    assert shown["inhibition 1.mutes"] == ("low", "default")
    assert shown['receiver "team".fallback'] == ("", "default")


EXAMPLES = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "alerting.md").read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_each_example_of_the_page_on_alerting_can_stand_in_the_file(load: Loader, number: int) -> None:
    given = load(EXAMPLES[number])
    assert given.routes or given.silences or given.inhibitions


def test_the_page_on_alerting_has_an_example_of_each_table() -> None:
    text = "".join(EXAMPLES)
    for word in ("receiver", "route", "calendar", "silence", "inhibition"):
        assert f"[[{word}]]" in text


def test_what_is_commented_out_in_the_file_that_ships_can_be_taken_in(load: Loader) -> None:
    """Every `# key = …` and `# [[table]]` of config/alerts.toml, uncommented."""
    lines = (ROOT / "config" / "alerts.toml").read_text("utf-8").splitlines()
    inside = re.compile(r"# (\[\[\w+\]\]|[a-z_]+ = .*)")
    text = "\n".join(inside.sub(r"\1", line) if inside.match(line) else line for line in lines)
    for name in ("duty", "logistics"):
        text += f'\n[[receiver]]\nname = "{name}"\nkind = "console"\n'
    given = load(text)
    assert len(given.routes) == 3
    assert [route.quiet for route in given.routes][-1] == "night"
    assert len(given.silences) == 1
