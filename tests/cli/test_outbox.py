"""`outbox` and `alerts test`: people look after messages."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.store import Store
from monitor.store.outbox import Outgoing
from tests.cli.conftest import Run
from tests.servers import receivers
from tests.store.test_outbox import message
from tests.support.fakes import START


@pytest.fixture
def told(folder: Path) -> Path:
    """A database with a dead letter, one that waits, and one that was sent."""
    with Store(folder / "monitor.db") as store:
        for key in ("dead", "sent", "queued"):
            store.outbox.put(None, "console", message(key), due=START)
        items = [item for _ in range(2) if (item := store.outbox.claim("console", now=START))]
        assert all(isinstance(item, Outgoing) for item in items)
        store.outbox.give_up(items[0], "the address is wrong", now=START)
        store.outbox.sent(items[1], now=START)
        store.receivers.failed("console", "the address is wrong", now=START, rest=timedelta(hours=1), broken=True)
    return folder


def test_dead_letters_are_listed_with_their_reason(told: Path, run: Run) -> None:
    (letter,) = json.loads(run("outbox", "list", "--dead", "--json").out)
    assert (letter["title"], letter["last_error"], letter["state"]) == ("title dead", "the address is wrong", "dead")
    assert "the address is wrong" in run("outbox", "list").out
    assert len(json.loads(run("outbox", "list", "--json").out)) == 3


def test_a_dead_letter_is_queued_again_and_its_receiver_asked_at_once(told: Path, run: Run) -> None:
    assert "1 message queued again" in run("outbox", "retry", "--all").err
    with Store(told / "monitor.db", write=False) as store:
        assert store.outbox.waiting() == {"queued": 2, "sent": 1}
        assert store.receivers.state("console").rest_until is None


def test_what_is_no_dead_letter_or_no_receiver_is_refused_in_words(told: Path, run: Run) -> None:
    run("outbox", "retry", "2").refuses(3, "there is no dead letter 2")
    run("outbox", "retry", "1", "--to", "nobody").refuses(3, 'there is no receiver "nobody"')
    run("outbox", "retry").refuses(3, "say --all")


def test_how_receivers_are_doing_is_told(told: Path, run: Run) -> None:
    (state,) = json.loads(run("outbox", "receivers", "--json").out)
    assert (state["receiver"], state["failures"], state["broken_since"]) == ("console", 1, "2026-03-02T00:00:00Z")
    assert "broken" in run("outbox", "receivers").out


def test_a_test_of_a_receiver_says_what_became_of_it(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with (folder / "config" / "alerts.toml").open("a") as alerts:
        alerts.write('[[receiver]]\nname = "hook"\nkind = "webhook"\nurl = "env:HOOK_URL"\npicture = true\n')
        alerts.write('allow_private_hosts = ["127.0.0.1"]\n')
    with receivers.web() as web:
        monkeypatch.setenv("HOOK_URL", f"http://127.0.0.1:{web.port}/")
        said = run("alerts", "test", "hook")
        assert (said.code, "hook: the test was delivered (webhook, with its chart)." in said.err) == (0, True)
        sent = json.loads(web.posts[0][1])
        assert (sent["kind"], sent["title"][:7], sent["picture"]["type"]) == ("test", "[test] ", "image/png")
        web.behaviour = 403
        run("alerts", "test", "hook").refuses(8, "the receiver refused the message (403)")
    run("alerts", "test", "nobody").refuses(3, "there are: console, hook")
    assert not (folder / "monitor.db").exists(), "nothing of it is kept"
