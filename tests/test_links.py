"""Signed links: each says what it does, for whom and until when; none can be forged, changed or used for ever."""

from datetime import timedelta
from pathlib import Path

import pytest

from monitor import links
from monitor.clock import parse
from monitor.domain import Secret
from monitor.errors import InputError, SettingsError
from monitor.links import ACTIONS, VALID, LinkExpired
from monitor.pipeline.keys import SIZE, link_key

NOW = parse("2026-03-11T13:10:20Z")
KEY = b"k" * 32


def token_of(action: str = "acknowledge", receiver: str = "team", incident: int = 7) -> str:
    (found,) = [each for each in links.make("https://m", KEY, incident, receiver, now=NOW) if each.action == action]
    return found.url.removeprefix("https://m/act/")


@pytest.mark.parametrize("action", ACTIONS)
def test_a_link_says_what_it_does_to_which_incident_for_whom_and_until_when(action: str) -> None:
    act = links.read(token_of(action, "Team Köln"), KEY, now=NOW)
    assert (act.action, act.incident_id, act.receiver) == (action, 7, "Team Köln")
    assert VALID <= act.expires - NOW < VALID + timedelta(minutes=1)


def test_links_are_short_and_hold_only_what_every_mail_program_leaves_alone() -> None:
    for link in links.make("https://monitor.example.org/base/", KEY, 123_456, "community-team", now=NOW):
        assert link.url.startswith("https://monitor.example.org/base/act/")
        assert len(link.url) < 100
        assert (
            link.url.removeprefix("https://monitor.example.org/base/act/").replace("-", "").replace("_", "").isalnum()
        )


def test_a_link_works_for_seven_days_and_then_says_that_it_has_expired() -> None:
    assert links.read(token_of(), KEY, now=NOW + VALID).incident_id == 7
    with pytest.raises(LinkExpired, match="expired: links work for 7 days"):
        links.read(token_of(), KEY, now=NOW + VALID + timedelta(minutes=1))


def test_no_letter_of_a_link_can_be_changed_left_out_or_added() -> None:
    token = token_of()
    forged = [token[:at] + ("B" if token[at] == "A" else "A") + token[at + 1 :] for at in range(len(token))]
    for text in (*forged, *(token[:cut] for cut in range(len(token))), token + "A", token + "=", " " + token):
        with pytest.raises(InputError, match="not complete, or was not made here"):
            links.read(text, KEY, now=NOW)


@pytest.mark.parametrize("text", ["", "=", "é" * 40, "A" * 2_000, "../../etc", "\x00", "A" * 1_000])
def test_what_is_no_link_at_all_is_refused_in_the_same_sentence(text: str) -> None:
    with pytest.raises(InputError, match="not complete, or was not made here"):
        links.read(text, KEY, now=NOW)


def test_a_link_made_with_another_key_is_refused() -> None:
    with pytest.raises(InputError, match="not made here"):
        links.read(token_of(), b"x" * 32, now=NOW)


# The key


def test_a_key_is_made_once_beside_the_database_and_only_we_may_read_it(tmp_path: Path) -> None:
    key = link_key(None, tmp_path / "monitor.db")
    (kept,) = tmp_path.iterdir()
    assert (len(key), kept.name, kept.stat().st_mode & 0o777) == (SIZE, "monitor.db.links", 0o600)
    assert link_key(None, tmp_path / "monitor.db") == key
    assert link_key(None, tmp_path / "other.db") != key


def test_the_key_of_the_settings_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINK_SECRET", "long enough to be one")
    assert link_key(Secret("env:LINK_SECRET"), tmp_path / "monitor.db") == b"long enough to be one"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("value", "told"),
    [("", "LINK_SECRET is not set"), ("short", "holds fewer than 16 letters, which can be guessed")],
)
def test_a_secret_that_is_missing_or_short_is_refused_without_being_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, told: str
) -> None:
    monkeypatch.setenv("LINK_SECRET", value)
    with pytest.raises(SettingsError, match=told) as refused:
        link_key(Secret("env:LINK_SECRET"), tmp_path / "monitor.db")
    assert not value or value not in str(refused.value)


def test_a_file_that_holds_no_key_is_told_and_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "monitor.db.links"
    place.write_bytes(b"cut")
    with pytest.raises(SettingsError, match="no key of ours"):
        link_key(None, tmp_path / "monitor.db")
    assert place.read_bytes() == b"cut"


def test_a_place_where_no_key_can_be_kept_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="the key that signs links cannot be kept there"):
        link_key(None, tmp_path / "missing" / "monitor.db")


def test_two_programs_that_begin_at_once_have_one_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = tmp_path / "monitor.db"
    first = link_key(None, database)
    place = tmp_path / "monitor.db.links"
    read, asked = Path.read_bytes, []

    def blind_once(path: Path) -> bytes:
        asked.append(path)
        if len(asked) == 1:
            raise FileNotFoundError(path)  # the other program's key comes between the look and the making
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", blind_once)
    assert link_key(None, database) == first
    assert [each.name for each in tmp_path.iterdir()] == [place.name]
