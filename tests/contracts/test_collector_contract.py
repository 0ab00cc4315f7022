"""What every collector promises, asked of each that can be found. Cases: tests/collectors/cases/."""

import dataclasses
import logging
import socket
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext, suppress
from datetime import UTC, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from monitor import plugins
from monitor.domain import MAX_TEXT, Mention, Secret
from monitor.errors import CollectorError, RateLimited
from monitor.ports import Collector
from tests.collectors.case import NOW, Case, Reader, case_of, kinds, make
from tests.servers.loopback import Loopback
from tests.servers.troubles import FAULTS, UNKNOWN, nothing_found, rows_twice, unknown_fields

PATIENCE = 10.0  # seconds for one poll that fails: several times what any `timeout` here allows


@pytest.fixture(params=kinds())
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def case(kind: str, tmp_path: Path) -> Iterator[Case]:
    with case_of(kind, tmp_path) as case:
        yield case


@pytest.fixture
def collector(kind: str, case: Case) -> Collector:
    return make(kind, case.options)


def test_every_post_arrives(collector: Collector, case: Case) -> None:
    wanted = case.publish(35)
    assert Reader(collector, case.query).drain().ids == wanted


def test_a_source_without_posts_is_no_error(collector: Collector, case: Case) -> None:
    assert Reader(collector, case.query).drain().ids == set()


def test_a_crash_after_any_page_loses_nothing(collector: Collector, case: Case) -> None:
    wanted = case.publish(35)
    whole = Reader(collector, case.query).drain()
    for dies_after in range(1, len(whole.pages) + 1):
        reader = Reader(collector, case.query)
        reader.poll(most=dies_after)
        assert reader.drain().ids == wanted, f"after page {dies_after}"


def test_a_crash_in_every_poll_still_comes_to_an_end(collector: Collector, case: Case) -> None:
    wanted = case.publish(35)
    reader = Reader(collector, case.query)
    for _ in range(40):
        reader.poll(most=2)
    assert reader.ids == wanted


def test_what_is_published_between_polls_arrives(collector: Collector, case: Case) -> None:
    reader = Reader(collector, case.query)
    wanted: set[str] = set()
    for count in (3, 0, 17, 1, 24):
        wanted |= case.publish(count)
        reader.poll()
    assert reader.drain().ids == wanted


def test_what_is_published_while_an_unfinished_reading_waits_arrives(collector: Collector, case: Case) -> None:
    wanted = case.publish(35)
    reader = Reader(collector, case.query).poll(most=1)
    wanted |= case.publish(12)
    assert reader.drain().drain().ids == wanted


def test_reading_again_gives_the_same_mentions(collector: Collector, case: Case) -> None:
    case.publish(25)

    def read() -> dict[tuple[str, str], Any]:
        pages = Reader(collector, case.query).drain().pages
        return {mention.key: mention for page in pages for mention in page.mentions}

    assert read() == read()


def test_a_mention_is_what_the_kernel_says(collector: Collector, case: Case) -> None:
    case.publish(12)
    if case.future:
        case.future()
    pages = Reader(collector, case.query).drain().pages
    for mention in [mention for page in pages for mention in page.mentions]:
        assert isinstance(mention.native_id, str)
        assert mention.native_id
        assert mention.platform
        assert 0 < len(mention.text) <= MAX_TEXT
        assert mention.published_at.tzinfo is UTC
        assert mention.published_at <= NOW
        assert not {"&amp;", "<p>", "<script>"} & set(mention.text.split())


def test_a_post_from_the_future_is_clamped_to_now(collector: Collector, case: Case) -> None:
    if case.future is None:
        pytest.skip("this platform does not return posts from the future")
    ident = case.future()
    pages = Reader(collector, case.query).drain().pages
    found = [mention for page in pages for mention in page.mentions if mention.native_id == ident]
    assert [mention.published_at for mention in found] == [NOW]


def test_a_row_that_cannot_be_read_is_set_aside_and_the_rest_arrives(collector: Collector, case: Case) -> None:
    wanted = case.publish(5)
    case.spoil()
    wanted |= case.publish(5)
    reader = Reader(collector, case.query).drain()
    assert reader.ids == wanted
    assert len(reader.rejects) == 1
    assert len(reader.rejects[0]) > 5


def test_each_fault_is_the_error_that_was_promised_and_shows_no_secret(
    collector: Collector, case: Case, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    wanted, secrets = case.publish(5), case.secrets
    shown = [repr(collector), str(vars(collector))]
    for name, (promised, break_it) in troubles_of(case).items():
        break_it()
        reader, began = Reader(collector, case.query), time.monotonic()
        with pytest.raises(promised) if promised else nullcontext() as caught:
            reader.poll()
        assert time.monotonic() - began < PATIENCE, f"{name} took too long"
        if caught:
            check_words(name, promised, caught)
            shown += traceback.format_exception(caught.value)
        case.well()
        assert reader.drain().ids == wanted, f"after {name}"
        shown += [str(page) for page in reader.pages]
    shown += [record.getMessage() + str(record.args) for record in caplog.records] + list(capfd.readouterr())
    assert not [text for text in shown for secret in secrets if secret in text]


def check_words(name: str, promised: type[CollectorError] | None, caught: pytest.ExceptionInfo[CollectorError]) -> None:
    assert caught.type is promised, f"{name}: {caught.value!r}"
    assert str(caught.value).startswith("brand-watch: "), name
    assert str(caught.value).endswith("."), name
    assert len(str(caught.value)) < 400, name
    assert "\n" not in str(caught.value), name


def troubles_of(case: Case) -> dict[str, tuple[type[CollectorError] | None, Callable[[], None]]]:
    """The table of faults as this platform means them, and the kind's own."""
    assert not case.means.keys() - FAULTS.keys(), "the case gives a meaning to faults that the table has not"
    found: dict[str, tuple[type[CollectorError] | None, Callable[[], None]]] = dict(case.faults)
    for name, fault in FAULTS.items() if case.server else ():
        found[name] = case.means.get(name, fault.promised), partial(setattr, case.server, "always", fault.reply)
    return found


def web_of(case: Case) -> Loopback:
    """The server, if there is one that answers question by question."""
    if case.web is None:
        pytest.skip(case.offline or "it listens to a stream, which has tests of its own")
    return case.web


def through(reader: Reader) -> Reader:
    """Read on after every error, as the program does."""
    for _ in range(10):
        with suppress(CollectorError):
            return reader.drain()
    raise AssertionError("there is always an error")


def test_a_fault_at_any_place_of_a_reading_loses_nothing(kind: str, case: Case) -> None:
    wanted, server = case.publish(35), web_of(case)
    assert Reader(make(kind, case.options), case.query).drain().ids == wanted
    asked = len(server.asked)
    for number, name in enumerate(sorted(FAULTS.keys() - {"slow body"})):
        reader = Reader(make(kind, case.options), case.query)
        server.fail(FAULTS[name].reply, after=number * 5 % asked)
        through(reader)
        if case.means.get(name, CollectorError) is not None:
            assert reader.ids == wanted, f"{name}, after {number * 5 % asked} answers"
        server.well()


def test_pages_that_shift_while_they_are_read_lose_nothing(kind: str, case: Case) -> None:
    wanted, server = case.publish(35), web_of(case)
    reader, late = Reader(make(kind, case.options), case.query), iter(range(6))
    server.before = lambda: wanted.update(*(case.publish(1) for _ in islice(late, 1)))
    reader.drain()
    assert next(late, None) != 0, "nothing shifted"
    server.well()
    assert reader.drain().ids == wanted


def test_rows_that_come_twice_are_the_same_mentions(collector: Collector, case: Case) -> None:
    wanted, server = case.publish(35), web_of(case)
    before = {mention.key: mention for mention in mentions_of(Reader(collector, case.query).drain())}
    server.bend = rows_twice
    found = mentions_of(Reader(collector, case.query).drain())
    assert {mention.native_id for mention in found} == wanted
    assert len(found) > len(wanted), "nothing came twice"
    assert {mention.key: mention for mention in found} == before


def test_unknown_fields_are_no_error_and_are_kept(collector: Collector, case: Case) -> None:
    wanted, server = case.publish(12), web_of(case)
    server.bend = unknown_fields
    reader = Reader(collector, case.query).drain()
    assert reader.ids == wanted
    assert not reader.rejects
    if not case.unkept:
        assert all(UNKNOWN in mention.extra for mention in mentions_of(reader))


def test_an_answer_that_is_wrongly_empty_hides_nothing_for_long(collector: Collector, case: Case) -> None:
    server, reader = web_of(case), Reader(collector, case.query)
    wanted = case.publish(12)
    reader.drain()
    server.bend = nothing_found
    wanted |= case.publish(12)
    with suppress(CollectorError):  # some platforms' nothing is known to be wrong
        reader.poll()
    assert reader.ids < wanted, "nothing was hidden"
    server.well()
    assert through(reader).drain().ids == wanted  # one poll later at most


def test_an_oddity_of_the_platform_loses_nothing_without_a_word(kind: str, case: Case) -> None:
    if not case.oddities:
        pytest.skip("this platform has no oddity beyond the table")
    wanted = case.publish(35)
    for name, fields in case.oddities.items():
        before = {field: getattr(case.server, field) for field in fields}
        set_all(case.server, fields)
        reader = Reader(make(kind, case.options), case.query)
        for _ in range(12):  # what is told as missing is told again and again
            reader.poll()
        told = reader.pages[-1].coverage.more_available or any(page.gaps or not page.cursor for page in reader.pages)
        assert reader.ids == wanted or (told and reader.ids < wanted), name
        set_all(case.server, before)


def set_all(server: object, fields: Mapping[str, object]) -> None:
    for field, value in fields.items():
        setattr(server, field, value)


def mentions_of(reader: Reader) -> list[Mention]:
    return [mention for page in reader.pages for mention in page.mentions]


def test_a_case_names_its_server_or_says_why_it_has_none(case: Case) -> None:
    assert bool(case.server) != bool(case.offline)
    assert case.faults


def test_a_rate_limit_names_a_wait_that_can_be_kept(collector: Collector, case: Case) -> None:
    limits = [break_it for promised, break_it in troubles_of(case).values() if promised is RateLimited]
    for break_it in limits:
        break_it()
        with pytest.raises(RateLimited) as caught:
            Reader(collector, case.query).poll()
        assert timedelta(0) < caught.value.wait <= timedelta(days=1)
        case.well()


def test_a_fault_between_pages_loses_nothing(collector: Collector, case: Case) -> None:
    wanted = case.publish(35)
    promised, break_it = next(iter(case.faults.values()))
    reader = Reader(collector, case.query)
    pages = reader.stream()
    next(pages)
    break_it()
    with suppress(promised):  # some have everything in one page, or in a file that is open
        list(pages)
    case.heal()
    assert reader.drain().ids == wanted


def test_making_one_opens_nothing(kind: str, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = plugins.load("collectors", kind)

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("something was opened")

    for place, name in ((socket, "socket"), (socket, "getaddrinfo"), (Path, "open"), (Path, "read_text")):
        monkeypatch.setattr(place, name, refuse)
    monkeypatch.setattr("builtins.open", refuse)
    plugin("brand-watch", plugin.Options(**case.options))


def test_each_option_is_typed_frozen_and_explained(kind: str) -> None:
    options = plugins.load("collectors", kind).Options
    assert dataclasses.is_dataclass(options)
    assert vars(options)["__dataclass_params__"].frozen
    for option in dataclasses.fields(options):
        assert str(option.metadata.get("help", "")).endswith("."), f"{option.name} has no help"
        if any(word in option.name for word in ("token", "password", "secret")):
            assert option.type in (Secret, Secret | None), f"{option.name} must be a Secret"


def test_its_kind_is_its_file_and_its_class_says_so(kind: str) -> None:
    plugin = plugins.load("collectors", kind)
    assert plugin.kind == kind
    assert plugin.__name__ == f"{kind.capitalize()}Collector"
    assert plugin.__module__.endswith(f".{kind}")
