"""The values: frozen, small, and silent about secrets."""

import dataclasses
import inspect
from datetime import UTC, datetime
from enum import EnumMeta
from pathlib import Path

import pytest

from monitor import domain
from monitor.domain import Label, Mention, Score, Secret

VALUES = [
    item
    for item in vars(domain).values()
    if inspect.isclass(item) and item.__module__ == domain.__name__ and not isinstance(item, EnumMeta)
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value.__name__)
def test_every_value_is_a_frozen_dataclass_that_says_what_it_is(value: type) -> None:
    assert dataclasses.is_dataclass(value)
    assert vars(value)["__dataclass_params__"].frozen
    assert (value.__doc__ or "").rstrip().endswith((".", ")"))
    assert not (value.__doc__ or "").startswith(f"{value.__name__}("), "a docstring that Python made says nothing"


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value.__name__)
def test_what_may_be_unknown_is_none_by_default(value: type) -> None:
    """A number that a platform may not tell is None until it is told: 0 would be a claim."""
    for item in dataclasses.fields(value):
        if "None" in str(item.type) and item.default is not dataclasses.MISSING:
            assert item.default is None, f"{value.__name__}.{item.name}"


def test_a_mention_is_known_by_platform_and_id() -> None:
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    one = Mention(platform="x", native_id="1", text="before", published_at=moment)
    same = dataclasses.replace(one, text="after")
    assert one.key == same.key == ("x", "1")
    assert dataclasses.replace(one, platform="rss").key != one.key


def test_polarity_runs_from_minus_one_to_plus_one() -> None:
    def polarity(negative: float, neutral: float, positive: float) -> float:
        return Score(
            mention_id=1, target="", model="m", negative=negative, neutral=neutral, positive=positive,
            label=Label.NEUTRAL,
        ).polarity  # fmt: skip

    assert polarity(1, 0, 0) == -1
    assert polarity(0, 1, 0) == 0
    assert polarity(0, 0, 1) == 1
    assert polarity(0.25, 0.25, 0.5) == 0.25


def test_a_secret_is_read_when_it_is_used_and_shows_only_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN_OF_TEST", "first")
    secret = Secret("env:TOKEN_OF_TEST")
    assert secret.reveal() == "first"
    monkeypatch.setenv("TOKEN_OF_TEST", "second")
    assert secret.reveal() == "second"
    assert "second" not in f"{secret} {secret!r}"
    (tmp_path / "token").write_text(" third\n")
    assert Secret(f"file:{tmp_path / 'token'}").reveal() == "third"


@pytest.mark.parametrize("reference", ["env:NOT_SET_ANYWHERE", "file:/nowhere/token", "token", "", "vault:x"])
def test_a_secret_that_leads_nowhere_says_where_it_looked(reference: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_SET_ANYWHERE", raising=False)
    with pytest.raises(LookupError) as caught:
        Secret(reference).reveal()
    assert str(caught.value).startswith(reference)
