"""`sources test`: what a source's real answer would match, before anything is kept."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.store import Store
from tests.servers.feed_server import FeedServer
from tests.servers.loopback import Reply

Runs = Callable[..., Any]
AT = datetime(2026, 3, 11, 10, tzinfo=UTC)
BRANDS = """
[[brand]]
name = "Acme"
exclude = ["Acme Street"]
handles = ["acmehelp"]

[[brand]]
name = "Ring"
companions = ["doorbell"]
"""
TEXTS = (
    "Acme is late",
    "meet me in Acme Street",
    "a Ring of gold",
    "during the day",
    "nobody",
    "the RING doorbell, Acme",
)


@pytest.fixture
def server(folder: Path) -> Iterator[FeedServer]:
    with FeedServer() as running:
        for number, text in enumerate(TEXTS):
            running.add(number, AT + timedelta(minutes=number), guid=f"id-{number}", body=text)
        source = f'\n[[source]]\nname = "news"\nkind = "rss"\nurl = "{running.url}/feed.xml"\n'
        source += f'allow_private_hosts = ["{running.host}"]\n'
        settings = folder / "config" / "monitor.toml"
        settings.write_text(settings.read_text() + source)
        (folder / "config" / "brands.toml").write_text(BRANDS)
        yield running


def test_matches_and_misses_are_shown_with_the_reason_and_nothing_is_kept(
    run: Runs, folder: Path, server: FeedServer
) -> None:
    said = run("sources", "test", "news", "--json")
    told = json.loads(said.out)
    assert (said.code, told["source"], told["kind"], told["read"], told["pages"]) == (0, "news", "rss", 6, 1)
    matches = {each["text"].partition("\n")[2]: each for each in told["matches"]}
    misses = {each["text"].partition("\n")[2]: each["why"] for each in told["misses"]}
    assert matches["the RING doorbell, Acme"]["brands"] == ["Acme", "Ring"]
    assert matches["Acme is late"]["why"] == "Acme: Acme (named: Acme)"
    assert misses == {
        "meet me in Acme Street": "Acme: Acme (excluded by Acme Street)",
        "a Ring of gold": "Ring: Ring (no companion beside it)",
        "during the day": "Ring: during (inside another word)",
        "nobody": "no name in it",
    }
    assert told["asked"]["terms"] == ["Acme", "Ring"]
    assert (told["coverage"][0]["total"], told["cost"], told["error"]) == (6, None, None)
    assert not (folder / "monitor.db").exists()
    assert [asked.headers.get("if-none-match") for asked in server.asked] == [None]


def test_people_get_two_tables_and_a_sum(run: Runs, server: FeedServer) -> None:
    server.entries.append("<item><title></title></item>")
    said = run("sources", "test", "news")
    assert said.code == 0
    assert "Matches" in said.out
    assert "Misses" in said.out
    assert "inside another word" in said.out
    assert "news: 1 row was set aside:" in said.err
    assert "news: 6 posts on 1 page; 2 match, 4 do not. Nothing was kept." in said.err
    assert "Brands: Acme 2, Ring 1." in said.err
    assert "The platform counts 7." in said.err
    assert "Cost: the platform tells none." in said.err


def test_no_more_is_looked_at_than_asked_for(run: Runs, server: FeedServer) -> None:
    told = json.loads(run("sources", "test", "news", "--posts", "2", "--json").out)
    assert told["read"] == 2


def test_a_files_posts_about_nobody_are_shown_as_such_and_stay_to_be_read(run: Runs, folder: Path) -> None:
    (folder / "inbox" / "a.jsonl").write_text('{"id": "1", "text": "Acme"}\n{"id": "2", "text": "hm"}\nbroken\n')
    for _ in range(2):
        told = json.loads(run("sources", "test", "inbox", "--json").out)
        assert [len(told[part]) for part in ("matches", "misses", "rejects")] == [1, 1, 1]
    run("collect")
    with Store(folder / "monitor.db", write=False) as store:
        assert store.mentions.count() == 2


def test_an_unknown_source_is_refused_in_one_sentence(run: Runs) -> None:
    run("sources", "test", "nowhere").refuses(3, 'there is no source "nowhere"; there are: inbox.')


def test_a_source_that_cannot_be_read_is_told_with_its_exit_code(run: Runs, server: FeedServer) -> None:
    server.always = Reply(503)
    run("sources", "test", "news").refuses(6, "news:")
    server.always = Reply(200, b"<html>no feed</html>")
    run("sources", "test", "news", "--json").refuses(6, "no feed")


def test_a_platform_that_asked_to_wait_is_not_asked(run: Runs, folder: Path, server: FeedServer) -> None:
    server.always = Reply(429, headers={"retry-after": "3600"})
    run("collect")
    asked = len(server.asked)
    run("sources", "test", "news").refuses(6, "news: rate limited")
    assert asked == len(server.asked) == 1


def test_strangers_words_are_shown_and_not_obeyed(run: Runs, server: FeedServer) -> None:
    server.add(9, AT, guid="id-9", body="Acme [bold]x[/bold] &#x202e; \x1b[31m".replace("\x1b", "&#x9b;"))
    said = run("sources", "test", "news")
    assert "[bold]x[/bold]" in said.out
    assert "\u202e" not in said.out
    assert "\x9b" not in said.out
