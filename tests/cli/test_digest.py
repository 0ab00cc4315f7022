"""`digest` prints a brand's week in words, and `sources maintain` says that a source is worked on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Runs = Callable[..., Any]


def filled(run: Runs, folder: Path) -> None:
    lines = [
        {"id": str(n), "text": f"Acme is late again, parcel {n}", "created_at": f"2026-03-{10 + n % 5}T12:00:00Z"}
        for n in range(8)
    ]
    (folder / "posts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    assert run("ingest", "posts.jsonl").code == 0


def test_a_digest_is_words_for_people_and_data_for_programs(run: Runs, folder: Path) -> None:
    filled(run, folder)
    run("score-pending")
    said = run("digest", "--brand", "acme", "--week", "2026-03-16")
    assert said.code == 0
    assert said.out.startswith("Acme, the week: 8 posts, too few to say\n")
    (facts,) = json.loads(run("digest", "--week", "2026-03-16", "--json").out)
    assert (facts["brand"], facts["period"], facts["until"]) == ("Acme", "week", "2026-03-16T00:00:00Z")


def test_a_day_is_a_day(run: Runs, folder: Path) -> None:
    filled(run, folder)
    assert run("digest", "--day", "2026-03-11").out.startswith("Acme, the day: no post\n")


def test_what_cannot_be_is_refused_in_one_sentence(run: Runs, folder: Path) -> None:
    run("digest", "--brand", "Globex").refuses(3, '--brand "Globex": there is no such brand; there are: Acme.')
    run("digest", "--week", "2026-03-16", "--day", "2026-03-16").refuses(3, "give one of the two")
    run("digest", "--week", "yesterday").refuses(3, '--week "yesterday" is not a time')


def test_a_source_in_maintenance_is_shown_as_such_until_it_is_ended(run: Runs, folder: Path) -> None:
    said = run("sources", "maintain", "inbox", "--for", "2h", "--why", "new key", "--by", "ana")
    assert said.code == 0
    assert "inbox is in maintenance until" in said.err
    (shown,) = json.loads(run("sources", "--json").out)
    assert "in maintenance until" in shown["state"]
    assert shown["states"][0]["state"] == "maintenance"
    (row,) = json.loads(run("sources", "maintain", "--list", "--json").out)
    assert (row["source"], row["by"], row["why"], row["ended at"]) == ("inbox", "ana", "new key", None)
    assert "watched again" in run("sources", "maintain", "inbox", "--end").err
    assert "was not in maintenance" in run("sources", "maintain", "inbox", "--end").err
    (shown,) = json.loads(run("sources", "--json").out)
    assert shown["states"] == []


def test_a_maintenance_without_a_source_or_a_reason_is_refused(run: Runs, folder: Path) -> None:
    run("sources", "maintain", "nothing", "--why", "x").refuses(3, 'There is no source "nothing"; there are: inbox')
    run("sources", "maintain").refuses(3, "Name a source")
    run("sources", "maintain", "inbox").refuses(3, "Say why")
    run("sources", "maintain", "inbox", "--why", "x", "--for", "soon").refuses(3, '--for "soon" is not a duration')
