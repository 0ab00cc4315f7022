"""What every test may ask for: a store in a folder of its own, a clock that stands still, settings, a small program."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from monitor import http
from monitor.clock import FakeClock
from monitor.pipeline import failpoints
from monitor.pipeline.program import Program
from monitor.settings import Settings
from monitor.store import Store
from tests.support import fakes


@pytest.fixture(scope="session", autouse=True)
def certificates() -> None:
    """Read the machine's certificates once, before any test: it takes longer than some tests let an answer take."""
    http._tls()


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """Each test logs as if it were the first: a stream that another test captured is closed by now."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(fakes.START)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "monitor.db") as opened:
        yield opened


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return fakes.write_config(tmp_path / "config")


@pytest.fixture
def settings(config: Path) -> Settings:
    return fakes.read_config(config)


@pytest.fixture
def program(settings: Settings, store: Store, clock: FakeClock) -> Iterator[Program]:
    """The real stages with a quick scorer, a plain detector and receivers that keep what they get."""
    yield fakes.small_program(settings, store, clock)
    failpoints.disarm()
