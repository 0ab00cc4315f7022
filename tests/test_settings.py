"""Settings are taken whole or refused whole, in the reader's words; secrets are never printed."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from monitor import plugins, settings
from monitor.domain import Secret
from monitor.errors import SettingsError
from monitor.settings import Settings

ROOT = Path(__file__).parent.parent
INBOX = '[[source]]\nname = "inbox"\nkind = "jsonl"\npath = "inbox"\n'
ACME = '[[brand]]\nname = "Acme"\n'
RULE = '[[rule]]\nname = "spike"\nkind = "counts"\n'
CONSOLE = '[[receiver]]\nname = "console"\nkind = "console"\n'
CLEAR = "xoxb-4711-very-secret"

Loader = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    """Write the three files and load them; bytes are written as they are, None leaves the file out."""

    def loaded(
        monitor: str | bytes | None = "",
        brands: str | bytes | None = "",
        alerts: str | bytes | None = "",
        environ: Mapping[str, str] | None = None,
        only: Mapping[str, object] | None = None,
    ) -> Settings:
        for name, text in (("monitor", monitor), ("brands", brands), ("alerts", alerts)):
            if text is not None:
                (tmp_path / f"{name}.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return settings.load(tmp_path, environ=environ or {}, only=only)

    return loaded


@pytest.fixture
def refused(load: Loader, tmp_path: Path) -> Callable[..., list[str]]:
    """Load what must be refused; the problems, with the folder's name cut off."""

    def problems(*args: object, **kwargs: object) -> list[str]:
        with pytest.raises(SettingsError) as caught:
            load(*args, **kwargs)
        assert str(caught.value) == "\n".join(caught.value.problems)
        return [problem.replace(f"{tmp_path}/", "") for problem in caught.value.problems]

    return problems


Refused = Callable[..., list[str]]

# What is taken


def test_the_settings_that_come_with_the_program_are_in_order() -> None:
    given = settings.load(ROOT / "config", environ={})
    assert [rule.name for rule in given.rules]
    assert [source.name for source in given.sources if source.enabled]


def test_the_demos_brand_cards_are_in_order() -> None:
    assert len(settings.brand_cards(ROOT / "config" / "demo" / "brands.toml")) > 1


def test_empty_files_are_settings_with_every_default(load: Loader) -> None:
    given = load()
    assert given.store.path == Path("data/monitor.db")
    assert given.schedule.work_every == timedelta(seconds=5)
    assert (given.sources, given.rules, given.brands) == ((), (), ())


def test_every_part_reaches_its_place(load: Loader) -> None:
    given = load(
        f'{INBOX}every = "90s"\nenabled = false\nbrands = ["Acme"]\n',
        f'{ACME}timezone = "Asia/Tokyo"\nnot = ["a cartoon"]\ncompetitor = true\n',
        f'{RULE}windows = ["5m", "1h"]\n{CONSOLE}[[route]]\nreceivers = ["console"]\ncontinue = true\n',
    )
    (source,) = given.sources
    assert (source.name, source.kind, source.every) == ("inbox", "jsonl", timedelta(seconds=90))
    assert (source.enabled, source.brands, source.options.path) == (False, ("Acme",), Path("inbox"))
    assert given.brands[0].not_ == ("a cartoon",)
    assert given.timezone_of("Acme") == "Asia/Tokyo"
    assert given.timezone_of("somebody else") == "UTC"
    assert given.rules[0].options.windows == (timedelta(minutes=5), timedelta(hours=1))
    assert given.routes[0].continue_ is True


def test_languages_have_models_of_their_own(load: Loader) -> None:
    given = load(
        '[model]\nmeasured = ["en", "fr"]\ncalibration = "mine.json"\n[model.languages]\nde = "a/b"\n"*" = "c"'
    )
    assert given.model.languages == {"de": "a/b", "*": "c"}
    assert given.model.measured == ("en", "fr")
    assert given.model.calibration == Path("mine.json")
    assert (load().model.languages, load().model.measured, load().model.calibration) == ({}, None, None)


def test_a_byte_order_mark_is_passed_over(load: Loader) -> None:
    assert load(b'\xef\xbb\xbf[store]\npath = "x.db"\n').store.path == Path("x.db")


@pytest.mark.parametrize(("text", "length"), [("1.5h", 5400), ("2d", 172800), ("90s", 90), (" 5m ", 300)])
def test_a_duration_is_a_number_and_a_unit(load: Loader, text: str, length: int) -> None:
    assert load(f'[schedule]\nwork_every = "{text}"').schedule.work_every == timedelta(seconds=length)


def test_a_whole_number_will_do_where_a_fraction_may_stand(load: Loader) -> None:
    assert load("[model]\nunsure_below = 1").model.unsure_below == 1.0


def test_the_environment_overrides_plain_values(load: Loader) -> None:
    environ = {
        "MONITOR_SCHEDULE__WORKERS": "4",
        "MONITOR_MODEL__UNSURE_BELOW": "0.25",
        "MONITOR_STORE__PATH": "other.db",
        "MONITOR_CONFIG": "elsewhere",
        "PATH": "/bin",
    }
    given = load('[schedule]\nworkers = 8\n[store]\npath = "x.db"', environ=environ)
    assert (given.schedule.workers, given.model.unsure_below, given.store.path) == (4, 0.25, Path("other.db"))


def test_the_command_line_overrides_the_environment(load: Loader) -> None:
    given = load(environ={"MONITOR_STORE__PATH": "other.db"}, only={"store.path": Path("mine.db")})
    assert given.store.path == Path("mine.db")


# What is refused: (monitor.toml, words)

WRONG_IN_MONITOR = {
    "an unknown table": ("[stor]", "monitor.toml: there is no key stor. Take it out"),
    "an unknown key": ("[store]\npth = 1", "monitor.toml, [store]: there is no key pth. Take it out"),
    "a number for a table": ("store = 3", "monitor.toml: store = 3: it must be a table, under a line [store]."),
    "single brackets": ('[source]\nname = "a"', "monitor.toml: source = {…}: write [[source]], with two brackets."),
    "a list of numbers": ("source = [3]", "monitor.toml, [[source]] number 1: source = 3: it must be a table"),
    "true for a number": (
        "[schedule]\nworkers = true",
        "monitor.toml, [schedule]: workers = true: it must be a whole number without quotes, as in 16.",
    ),
    "text for a number": ('[schedule]\nworkers = "8"', 'workers = "8": it must be a whole number without quotes'),
    "a fraction for a number": ("[schedule]\nworkers = 8.5", "workers = 8.5: it must be a whole number"),
    "too few": ("[schedule]\nworkers = 1", "workers = 1: it must be at least 2."),
    "too many": ("[schedule]\nworkers = 1000000", "workers = 1000000: it must be at most 256."),
    "no number": ("[model]\nunsure_below = nan", "unsure_below = nan: it must be a number without quotes"),
    "endless": ("[model]\nunsure_below = inf", "unsure_below = inf: it must be a number without quotes"),
    "true for a share": ("[model]\nunsure_below = true", "unsure_below = true: it must be a number"),
    "a share above one": ("[model]\nunsure_below = 1.5", "unsure_below = 1.5: it must be at most 1."),
    "an unknown unit": (
        '[schedule]\nwork_every = "5x"',
        'work_every = "5x": it is not a duration; write a number and s, m, h or d in quotes, as in "5m".',
    ),
    "a place without a port": ('[web]\nbind = "127.0.0.1"', 'bind = "127.0.0.1": it must be an address and a port'),
    "a port alone": ('[web]\nbind = ":8765"', "it must be an address and a port"),
    "a port that is none": ('[web]\nbind = "127.0.0.1:65536"', "it must be an address and a port"),
    "a whole address": ('[web]\nbind = "http://127.0.0.1:80"', "it must be an address and a port"),
    "a place without its brackets": ('[web]\nbind = "::1:8765"', "it must be an address and a port"),
    "a bare number": ("[schedule]\nwork_every = 5", "work_every = 5: it is not a duration"),
    "true for a duration": ("[schedule]\nwork_every = true", "work_every = true: it is not a duration"),
    "a date for a duration": ("[schedule]\njitter = 2026-01-01", "jitter = 2026-01-01: it is not a duration"),
    "a negative duration": ('[schedule]\nwork_every = "-5s"', 'work_every = "-5s": it is not a duration'),
    "an odd digit": ('[schedule]\nwork_every = "²d"', 'work_every = "²d": it is not a duration'),
    "no length": ('[schedule]\nwork_every = "0s"', 'work_every = "0s": it must be longer than nothing.'),
    "too long": ('[schedule]\njitter = "9999d"', 'jitter = "9999d": it must be at most ten years.'),
    "absurdly long": ('[schedule]\njitter = "999999999999d"', 'jitter = "999999999999d": it is not a duration'),
    "no path": ('[store]\npath = ""', 'path = "": it must be a path in quotes.'),
    "a number for a path": ("[store]\npath = 3", "path = 3: it must be a path in quotes."),
    "a NUL in a path": ('[store]\npath = "a\\u0000b"', "it must be a path in quotes."),
    "a number for a name": ("[model]\nname = 3", 'name = 3: it must be text in quotes, as in "name".'),
    "no name": ('[[source]]\nkind = "jsonl"', "monitor.toml, [[source]] number 1: name is missing. Write name = …"),
    "an empty name": ('[[source]]\nname = ""\nkind = "jsonl"', 'number 1: name = "": it must not be empty.'),
    "a long name": (f'[[source]]\nname = "{"n" * 101}"\nkind = "jsonl"', "it must have at most 100 characters."),
    "a list for a name": ('[[source]]\nname = ["a"]\nkind = "jsonl"', "number 1: name = […]: it must be text"),
    "no kind": ('[[source]]\nname = "a"', '[[source]] "a": kind is missing.'),
    "an unknown kind": (
        '[[source]]\nname = "a"\nkind = "carrier-pigeon"',
        'monitor.toml, [[source]] "a": kind: "carrier-pigeon" is not one of the collectors; there are: ',
    ),
    "a name twice": (INBOX + INBOX, 'two [[source]] are named "inbox"; each needs a name of its own.'),
    "text for a switch": (f'{INBOX}enabled = "yes"', '"inbox": enabled = "yes": it must be true or false'),
    "an unknown brand": (
        f'{INBOX}brands = ["Nobody"]',
        'monitor.toml, [[source]] "inbox": brands names "Nobody", which has no card in brands.toml.',
    ),
    "an option that the plugin lacks": (f"{INBOX}zap = 1", '[[source]] "inbox": there is no key zap.'),
    "an option that the plugin needs": ('[[source]]\nname = "a"\nkind = "jsonl"', '"a": path is missing.'),
    "an option of the wrong type": (f'{INBOX}page_rows = "many"', 'page_rows = "many": it must be a whole number'),
    "an option out of its list": (f'{INBOX}format = "xml"', "format = \"xml\": it must be one of 'jsonl' or 'csv'."),
    "broken TOML": ("a = = 3", "monitor.toml: is not TOML: Invalid value (at line 1, column 5)."),
    "a language with its country": (
        '[model.languages]\n"pt-BR" = "x"',
        '[model]: languages = {…}: "pt-BR" is not a language; write ISO 639-1, as in de, or "*" for all others.',
    ),
    "a language without a model": ('[model.languages]\nde = ""', 'de must name a model in quotes, as in de = "some'),
    "no table of languages": ('[model]\nlanguages = "de"', "it must be a table, under a line [model.languages]."),
    "a language by its name": ('[model]\nmeasured = ["English"]', 'it must be a language in ISO 639-1, as in "de".'),
    "measured on nothing": ("[model]\nmeasured = []", "it must name one at least"),
    "a key twice": ("[store]\npath = 'a'\npath = 'b'", "monitor.toml: is not TOML: Cannot overwrite a value"),
    "bytes that are no text": (b"a = '\xff'", "monitor.toml: is not UTF-8 text (byte 6). Save it as UTF-8."),
    "another encoding": ("[store]".encode("utf-16"), "monitor.toml: is not UTF-8 text"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), WRONG_IN_MONITOR.values(), ids=WRONG_IN_MONITOR.keys())
def test_a_wrong_value_is_refused_with_its_place_and_what_is_allowed(
    refused: Refused, text: str | bytes, words: str
) -> None:
    (problem,) = refused(text)
    assert problem.startswith("monitor.toml")
    assert words in problem


WRONG_IN_BRANDS = {
    "a zone that is none": (f'{ACME}timezone = "Mars/Olympus"', "it is not the name of a time zone; write one such as"),
    "a path for a zone": (f'{ACME}timezone = "../../etc/passwd"', "it is not the name of a time zone"),
    "no zone": (f'{ACME}timezone = ""', "it is not the name of a time zone"),
    "text for a list": (f'{ACME}names = "Acme"', 'names = "Acme": it must be a list, as in ["a", "b"].'),
    "a number in a list": (f"{ACME}names = [3]", "names = 3: it must be text in quotes"),
    "an empty name in a list": (f'{ACME}handles = [""]', 'handles = "": it must not be empty.'),
    "a brand twice": (ACME + ACME, 'brands.toml: two [[brand]] are named "Acme"'),
    "no name": ('[[brand]]\nabout = "x"', "brands.toml, [[brand]] number 1: name is missing."),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), WRONG_IN_BRANDS.values(), ids=WRONG_IN_BRANDS.keys())
def test_a_wrong_card_is_refused(refused: Refused, text: str, words: str) -> None:
    (problem,) = refused(brands=text)
    assert problem.startswith("brands.toml")
    assert words in problem


WRONG_IN_ALERTS = {
    "a receiver that is not there": (
        f'{CONSOLE}[[route]]\nreceivers = ["team"]',
        'alerts.toml, [[route]] number 1: there is no [[receiver]] named "team"; there are: console.',
    ),
    "no receivers": ('[[route]]\nbrands = ["x"]', "alerts.toml, [[route]] number 1: receivers is missing."),
    "an unknown severity": (
        f'{CONSOLE}[[route]]\nreceivers = ["console"]\nseverity = "huge"',
        "[[route]] number 1: severity = \"huge\": it must be one of 'low', 'medium' or 'high'.",
    ),
    "a bad duration in a list": (f'{RULE}windows = ["5x"]', '[[rule]] "spike": windows = "5x": it is not a duration'),
    "what the plugin itself refuses": (
        f"{RULE}false_alarms_per_week = -1",
        'alerts.toml, [[rule]] "spike": false_alarms_per_week must lie between',
    ),
    "an empty list that the plugin refuses": (f"{RULE}windows = []", '[[rule]] "spike": windows must name'),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), WRONG_IN_ALERTS.values(), ids=WRONG_IN_ALERTS.keys())
def test_a_wrong_rule_route_or_receiver_is_refused(refused: Refused, text: str, words: str) -> None:
    (problem,) = refused(alerts=text)
    assert problem.startswith("alerts.toml")
    assert words in problem


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("MONITOR_SCHEDULE__WORKERS", "lots", 'workers = "lots": it must be a whole number, as in 16.'),
        ("MONITOR_SCHEDULE__WORKERS", "1", 'workers = "1": it must be at least 2.'),
        ("MONITOR_MODEL__LANGUAGES", "de=x", "it must be a table, under a line [model.languages]."),
        ("MONITOR_MODEL__UNSURE_BELOW", "half", "it must be a number, as in 0.5."),
        ("MONITOR_SCHEDULE__WORK_EVERY", "5x", 'work_every = "5x": it is not a duration'),
        ("MONITOR_SCHEDULE_WORKERS", "4", "two underscores part section and key: MONITOR_SCHEDULE__WORKERS."),
        ("MONITOR_SCHEDULE__WRKERS", "4", "there is no key wrkers."),
        (
            "MONITOR_SHEDULE__WORKERS",
            "4",
            "there is no section [shedule]; there are: store, model, detection, schedule",
        ),
    ],
)
def test_a_wrong_override_names_the_variable(refused: Refused, name: str, value: str, words: str) -> None:
    (problem,) = refused(environ={name: value})
    assert problem.startswith(f"environment, {name}: ")
    assert words in problem


def test_an_override_of_a_table_that_is_none_is_no_traceback(refused: Refused) -> None:
    (problem,) = refused("schedule = 3", environ={"MONITOR_SCHEDULE__WORKERS": "4"})
    assert "it must be a table" in problem


def test_all_that_is_wrong_is_said_at_once(refused: Refused) -> None:
    problems = refused(
        f"[store]\npth = 1\n[schedule]\nworkers = 0\n{INBOX}zap = 1",
        "[[brand]]\nname = 3",
        f'{RULE}min_negatives = "x"\n[[receiver]]\nname = "a"\nkind = "smoke"',
        environ={"MONITOR_NOPE__X": "1"},
    )
    joined = "\n".join(problems)
    for words in ("pth", "workers = 0", "no key zap", "name = 3", 'min_negatives = "x"', '"smoke" is not', "[nope]"):
        assert words in joined
    assert len(problems) == len(set(problems)) == 7


def test_missing_files_are_named_each(refused: Refused) -> None:
    problems = refused(None, None, None)
    assert [problem.split(":")[0] for problem in problems] == ["monitor.toml", "brands.toml", "alerts.toml"]
    assert all("the file is missing" in problem for problem in problems)


def test_a_folder_in_place_of_a_file_is_told(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "brands.toml").mkdir()
    assert refused(brands=None) == ["brands.toml: cannot be read (Is a directory)."]


# Secrets


SECRETS = [
    (port, kind, name)
    for port in ("collectors", "notifiers")
    for kind in plugins.kinds(port)
    for name, hint in plugins.load(port, kind).Options.__annotations__.items()
    if "Secret" in str(hint)
]


def table_with(port: str, kind: str, name: str, value: str) -> dict[str, str]:
    word, file = ("source", "monitor") if port == "collectors" else ("receiver", "alerts")
    return {file: f'[[{word}]]\nname = "a"\nkind = "{kind}"\n{name} = {value}\n'}


def test_there_are_secrets_to_try() -> None:
    assert SECRETS


@pytest.mark.parametrize(("port", "kind", "name"), SECRETS)
@pytest.mark.parametrize("value", [f'"{CLEAR}"', f'["{CLEAR}"]', f'{{ it = "{CLEAR}" }}', f'"env:{CLEAR} "'])
def test_a_secret_written_in_clear_is_refused_and_not_printed(
    refused: Refused, port: str, kind: str, name: str, value: str
) -> None:
    problems = refused(**table_with(port, kind, name, value))
    assert any(f"{name}: a secret is not written into a file; write env:NAME or file:PATH" in each for each in problems)
    assert CLEAR not in "\n".join(problems)


@pytest.mark.parametrize(
    "text",
    [
        f'[receiver]\nname = "a"\nkind = "apprise"\nurl = "{CLEAR}"',
        f'[[receiver]]\nname = {{ a = "{CLEAR}" }}\nkind = "apprise"',
        f'[[receiver]]\nname = "a"\nkind = "apprise"\nurl = "env:X"\npassword = "{CLEAR}"',
        f'receiver = "https://me:{CLEAR}@host/"',
    ],
)
def test_a_secret_in_the_wrong_place_is_not_printed_either(refused: Refused, text: str) -> None:
    assert CLEAR not in "\n".join(refused(alerts=text))


def test_shown_prints_a_secrets_place_and_never_its_value(
    load: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret.txt"
    file.write_text(CLEAR)
    monkeypatch.setenv("ALERT_URL", CLEAR)
    given = load(alerts="".join(
        f'[[receiver]]\nname = "{number}"\nkind = "apprise"\nurl = "{reference}"\n'
        for number, reference in enumerate(["env:ALERT_URL", f"file:{file}"])
    ))  # fmt: skip
    rows = list(settings.shown(given))
    assert CLEAR not in str(rows)
    assert CLEAR not in repr(given)
    assert ('receiver "0".url', "env:ALERT_URL", str(tmp_path / "alerts.toml")) in rows
    assert ('receiver "1".url', f"file:{file}", str(tmp_path / "alerts.toml")) in rows
    assert [Secret(given.receivers[n].options.url.reference).reveal() for n in (0, 1)] == [CLEAR, CLEAR]


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("rss", 'url = "not an address"', "url: an address"),
        ("rss", 'url = "file:///etc/passwd"', "url: an address"),
        ("rss", 'url = "https://a.example"\ntimeout = -1', "timeout = -1 is less than 0.1"),
        ("hackernews", "page_size = 0", "page_size = 0 is less than 1"),
        ("hackernews", 'base_url = "ftp://a.example"', "base_url: a.example: only http and https are asked"),
        ("jsonl", 'path = "inbox"\npage_rows = 0', "page_rows = 0 is less than 1"),
    ],
)
def test_a_source_that_could_never_read_anything_is_refused(
    refused: Callable[..., list[str]], kind: str, options: str, words: str
) -> None:
    (problem,) = refused(f'[[source]]\nname = "s"\nkind = "{kind}"\n{options}\n')
    assert words in problem


def test_shown_hides_a_password_in_an_address(load: Loader) -> None:
    given = load('[[source]]\nname = "news"\nkind = "x"\nquery = "https://me:hunter2@example.org/x"')
    assert ("https://…@example.org/x") in [value for _, value, _ in settings.shown(given)]


# What is shown


def test_shown_tells_every_value_and_where_it_came_from(load: Loader, tmp_path: Path) -> None:
    given = load(
        f'[schedule]\nworkers = 16\n{INBOX}every = "5m"\n', f'{ACME}handles = ["acme", "acmehelp"]\n',
        f'{RULE}{CONSOLE}[[route]]\nreceivers = ["console"]\n',
        environ={"MONITOR_MODEL__NAME": "other"}, only={"store.path": Path("mine.db")},
    )  # fmt: skip
    shown = {key: (value, origin) for key, value, origin in settings.shown(given)}
    monitor, brands, alerts = (str(tmp_path / f"{name}.toml") for name in ("monitor", "brands", "alerts"))
    assert shown["store.path"] == ("mine.db", "command line")
    assert shown["model.name"] == ("other", "environment, MONITOR_MODEL__NAME")
    assert shown["schedule.workers"] == ("16", monitor)  # written, though it equals the default
    assert shown["schedule.jitter"] == ("10s", "default")
    assert shown['source "inbox".every'] == ("5m", monitor)
    assert shown['source "inbox".enabled'] == ("true", "default")
    assert shown['source "inbox".path'] == ("inbox", monitor)
    assert shown['brand "Acme".handles'] == ("acme, acmehelp", brands)
    assert shown['brand "Acme".timezone'] == ("UTC", "default")
    assert shown['rule "spike".kind'] == ("counts", alerts)
    assert shown["route 1.receivers"] == ("console", alerts)
    assert shown["route 1.continue"] == ("false", "default")


# Where the folder is


def test_the_folder_that_was_asked_for_is_the_only_one_tried(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        settings.find_folder(tmp_path, environ={"MONITOR_CONFIG": str(ROOT / "config")})
    assert str(caught.value) == f"No monitor.toml found; looked in: {tmp_path}. Name the folder with --config."


def test_the_environment_names_the_folder(tmp_path: Path) -> None:
    (tmp_path / "monitor.toml").touch()
    assert settings.find_folder(environ={"MONITOR_CONFIG": str(tmp_path)}) == tmp_path


def test_without_a_word_the_folder_beside_the_program_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert settings.find_folder(environ={}) == ROOT / "config"


def test_the_folder_where_one_stands_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "monitor.toml").touch()
    monkeypatch.chdir(tmp_path)
    assert settings.find_folder(environ={}) == Path("config")


@pytest.mark.parametrize("name", ["n" * 5000, "a\0b", "monitor.toml"])
def test_a_folder_that_cannot_be_one_is_told_in_words(tmp_path: Path, name: str) -> None:
    (tmp_path / "monitor.toml").touch()
    with pytest.raises(SettingsError, match=r"^No monitor\.toml found"):
        settings.find_folder(tmp_path / name, environ={})


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("handles", "@acme", 'handles = "@acme": write it without the @.'),
        ("hashtags", "#acme", 'hashtags = "#acme": write it without the #.'),
        ("names", "  ", 'names = "  ": it must not be empty.'),
    ],
)
def test_a_name_that_no_post_could_hold_is_refused(
    refused: Callable[..., list[str]], key: str, value: str, words: str
) -> None:
    """A card with "@acme" as a handle would look for @@acme, and never find anything."""
    (problem,) = refused(brands=f'{ACME}{key} = ["Acme Inc", "{value}"]\n')
    assert problem.endswith(words)


def test_a_brand_needs_a_name_that_is_not_blank(refused: Callable[..., list[str]]) -> None:
    (problem,) = refused(brands='[[brand]]\nname = " "\n')
    assert problem.endswith('name = " ": it must not be empty.')
