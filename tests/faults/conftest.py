"""Folders for databases whose writers are killed."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def quick() -> Iterator[Path]:
    """A folder in memory where there is one: a kill leaves to a file whatever was written, on a disk or not."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


@pytest.fixture
def folder(quick: Path) -> Iterator[Path]:
    """A test's own folder there."""
    with tempfile.TemporaryDirectory(dir=quick) as mine:
        yield Path(mine)
