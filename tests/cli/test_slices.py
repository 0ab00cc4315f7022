"""Rules on slices that cannot be, or that no post was ever in: one clear sentence each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.clock import parse
from monitor.domain import Mention
from monitor.store import Store
from monitor.store.scores import Tally

Runs = Callable[..., Any]
NOW = parse("2026-03-02T00:00Z")


def watch(folder: Path, *slices: str) -> None:
    path = folder / "config" / "alerts.toml"
    asked = ", ".join(f'"{each}"' for each in slices)
    path.write_text(path.read_text().replace('kind = "counts"\n', f'kind = "counts"\nslices = [{asked}]\n', 1))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("touchpoint=deliveries", 'Rule "negative-spike": there is no touchpoint "deliveries"; there are product,'),
        ("language=German", 'Rule "negative-spike": "German" is not a language; write ISO 639, as in "language=de".'),
    ],
)
def test_config_check_refuses_a_slice_that_no_post_can_be_in(run: Runs, folder: Path, asked: str, words: str) -> None:
    watch(folder, asked)
    said = run("config", "check")
    assert said.code == 2
    assert words in said.err
    assert "Traceback" not in said.err


def test_doctor_notes_a_slice_in_which_no_post_was_so_far(
    run: Runs, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.cli.doctor._model", lambda settings: iter(()))
    watch(folder, "region=de", "platform")
    with Store(folder / "monitor.db") as store, store.transaction():
        post = Mention(platform="x", native_id="1", text="Acme", published_at=NOW)
        store.mentions.upsert([post], [("Acme",)], source="inbox", now=NOW)
        store.scores.count([Tally("Acme", NOW, NOW, 1.0, 0.5, part) for part in ("", "platform=x")])
    said = run("doctor")
    assert 'note  rule negative-spike: there are no posts in "region=de" so far; watched when there are' in said.err
    assert '"platform" so far' not in said.err
