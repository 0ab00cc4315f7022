"""What every collector promises, asked of each that can be found. Cases: tests/collectors/cases/."""

import dataclasses
import logging
import socket
import traceback
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor import plugins
from monitor.domain import MAX_TEXT, Secret
from monitor.errors import CollectorError, RateLimited
from monitor.ports import Collector
from tests.collectors.case import NOW, SECRET, Case, Reader, case_of, kinds, make


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


def test_each_fault_is_the_error_that_was_promised(collector: Collector, case: Case) -> None:
    wanted = case.publish(5)
    for name, (promised, break_it) in case.faults.items():
        break_it()
        with pytest.raises(CollectorError) as caught:
            Reader(collector, case.query).poll()
        assert type(caught.value) is promised, name
        assert str(caught.value).startswith("brand-watch: "), name
        assert "\n" not in str(caught.value), name
        case.heal()
    assert Reader(collector, case.query).drain().ids == wanted


def test_a_rate_limit_names_a_wait_that_can_be_kept(collector: Collector, case: Case) -> None:
    limits = [break_it for promised, break_it in case.faults.values() if promised is RateLimited]
    for break_it in limits:
        break_it()
        with pytest.raises(RateLimited) as caught:
            Reader(collector, case.query).poll()
        assert timedelta(0) < caught.value.wait <= timedelta(days=1)
        case.heal()


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


def test_no_secret_shows_in_errors_logs_or_repr(
    kind: str, collector: Collector, case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    case.publish(3)
    shown = [repr(collector), str(vars(collector))]
    for _, break_it in case.faults.values():
        break_it()
        try:
            Reader(collector, case.query).poll()
        except CollectorError as error:
            shown += traceback.format_exception(error)
        case.heal()
    shown += [str(page) for page in Reader(collector, case.query).drain().pages]
    shown += [record.getMessage() + str(record.args) for record in caplog.records]
    assert not [text for text in shown if SECRET in text]


def test_each_option_is_typed_frozen_and_explained(kind: str) -> None:
    options = plugins.load("collectors", kind).Options
    assert dataclasses.is_dataclass(options)
    assert vars(options)["__dataclass_params__"].frozen
    for option in dataclasses.fields(options):
        assert str(option.metadata.get("help", "")).endswith("."), f"{option.name} has no help"
        if any(word in option.name for word in ("token", "password", "secret")):
            assert option.type is Secret, f"{option.name} must be a Secret"


def test_its_kind_is_its_file_and_its_class_says_so(kind: str) -> None:
    plugin = plugins.load("collectors", kind)
    assert plugin.kind == kind
    assert plugin.__name__ == f"{kind.capitalize()}Collector"
    assert plugin.__module__.endswith(f".{kind}")
