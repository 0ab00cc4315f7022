"""What the program tells of itself, word for word: the heartbeat, what does not work, a digest."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.alerting.routine_message import (
    Back,
    DigestWords,
    Health,
    Heartbeat,
    OpenIncident,
    Over,
    RoutineTexts,
    Trouble,
    addressed,
)
from monitor.clock import parse
from monitor.domain import Message, MessageKind
from monitor.errors import SettingsError
from tests.support.fakes import TEMPLATES

NOW = parse("2026-03-11T08:00:00Z")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TEXTS = RoutineTexts(TEMPLATES)
CALM = Heartbeat(
    since=NOW - DAY, posts=(("Acme", 1204, 31), ("Globex", 80, 2)), silent=1, incidents=(), sources=6, unheard=(),
    maintained=(), receivers=(), stuck=(), waiting=None,
    budget="0 in 28 days by people's word, where 1.6 were asked for.",
    digest=parse("2026-03-16T07:00:00Z"),
)  # fmt: skip
BLIND = Trouble(
    what='Source "posts"', state="blind", since=NOW - HOUR, why="x.example: no answer.",
    means="Acme cannot be judged: no other source is heard, so silence is not calm.",
    todo="`sources test posts` tries it.",
)  # fmt: skip
WEEK = DigestWords(
    brand="Acme", period="week", since=NOW - 7 * DAY, until=NOW, headline="louder and more negative; 1 incident",
    volume="1,204 posts, 38 % more than in the week before (870) (95 % sure: 1.2 to 1.6 times as many).",
    mood="Negative: 21 % (95 % sure: 19 % to 24 %), 4 points more than in the week before (17 %).",
    moved=("about delivery: 34 % negative, 12 points more than before (22 %)",),
    incidents=(
        "Tuesday 10 March 2026, 14:10: high, told 40 min after it began; over after 3 h; called real (incident 7)",
    ),
    changes=("since Monday 9 March 2026, 06:00: 40 negative posts in 1 d, where 22 were usual",), returned=2,
    back=(Back(author="joe", platform="x", text="thanks @everyone, all good [now](http://e.vil)", url="https://x.example/1"),),
    terms=(("parcel", 41), ("late", 20)), holes=("posts: 2 h could not be read",),
    budget="0 in 28 days by people's word, where 0.4 were asked for.",
)  # fmt: skip


def written(told: Heartbeat | Health | DigestWords, zone: str = "Europe/Berlin") -> Message:
    return TEXTS.message(told, key="k", zone=zone, at=NOW)


def test_a_calm_heartbeat() -> None:
    message = written(CALM)
    assert (message.kind, message.severity, message.brand) == (MessageKind.HEARTBEAT, "low", "")
    assert message.title == "Listening: nothing unusual"
    assert message.body == (
        "We are listening, and nothing is unusual.\n"
        "\n"
        "Posts since Tuesday 10 March 2026, 09:00 (Europe/Berlin): Acme 1,204 (31 negative), Globex 80 (2 negative)\n"
        "Brands without a post: 1\n"
        "Sources heard: 6 of 6\n"
        "Posts that wait for their score: none\n"
        "False alarms: 0 in 28 days by people's word, where 1.6 were asked for.\n"
        "Next digest: Monday 16 March 2026, 08:00 (Europe/Berlin)"
    )


def test_a_heartbeat_of_a_day_that_is_not_calm() -> None:
    incident = OpenIncident(id=7, brand="Acme", severity="high", since=NOW - HOUR, owner=None)
    message = written(
        replace(
            CALM, incidents=(incident, replace(incident, id=8, brand="Globex", owner="anna")),
            unheard=(("posts", "blind", NOW - HOUR),), maintained=(("reviews", NOW + HOUR, "new key"),),
            receivers=("pager",), waiting=NOW - HOUR,
        )
    )  # fmt: skip
    assert message.title == "Listening: 2 incidents open, 1 source not heard, 1 receiver not reached, scoring is behind"
    assert message.body == (
        "We are listening. Not as usual: 2 incidents open, 1 source not heard, 1 receiver not reached, scoring is"
        " behind.\n"
        "\n"
        "Open incidents:\n"
        "- Acme, high, since Wednesday 11 March 2026, 08:00: nobody has it (incident 7)\n"
        "- Globex, high, since Wednesday 11 March 2026, 08:00: anna has it (incident 8)\n"
        "\n"
        "Posts since Tuesday 10 March 2026, 09:00 (Europe/Berlin): Acme 1,204 (31 negative), Globex 80 (2 negative)\n"
        "Brands without a post: 1\n"
        "Sources heard: 4 of 6; posts is blind since Wednesday 11 March 2026, 08:00;"
        " reviews is worked on until Wednesday 11 March 2026, 10:00 (new key)\n"
        "Receivers not reached: pager\n"
        "Posts wait for their score since: Wednesday 11 March 2026, 08:00 (Europe/Berlin)\n"
        "False alarms: 0 in 28 days by people's word, where 1.6 were asked for.\n"
        "Next digest: Monday 16 March 2026, 08:00 (Europe/Berlin)"
    )


def test_of_a_thousand_brands_a_heartbeat_names_ten() -> None:
    many = tuple((f"Brand {n:04}", 1000 - n, 1) for n in range(1000))
    body = written(replace(CALM, posts=many)).body
    assert "Brand 0009 991 (1 negative), and 490,545 about 990 more brands" in body
    assert "Brand 0010" not in body


def test_a_source_that_went_blind() -> None:
    message = written(Health(fresh=(BLIND,)), "UTC")
    assert (message.kind, message.severity) == (MessageKind.HEALTH, "high")
    assert message.title == 'Source "posts" is blind since Wednesday 11 March 2026, 07:00 (UTC)'
    assert message.body == (
        'Source "posts" is blind since Wednesday 11 March 2026, 07:00 (UTC) (1 h).\n'
        "Why: x.example: no answer.\n"
        "What it means: Acme cannot be judged: no other source is heard, so silence is not calm.\n"
        "What to do: `sources test posts` tries it."
    )


def test_one_that_works_again_while_another_does_not() -> None:
    over = Over(what='Source "reviews"', since=NOW - 2 * DAY, until=NOW, note="What was published meanwhile was read.")
    message = written(Health(over=(over,), lasting=(BLIND,)), "UTC")
    assert message.severity == "low"
    assert message.body == (
        'Source "reviews" works again since Wednesday 11 March 2026, 08:00 (UTC), after 2 d.'
        " What was published meanwhile was read.\n"
        "\n"
        "Not over, told before:\n"
        '- Source "posts" is blind since Wednesday 11 March 2026, 07:00 (UTC) (1 h): x.example: no answer.\n'
        "You hear of these once a day, and when they are over."
    )


@pytest.mark.parametrize(
    ("told", "title"),
    [
        (Health(fresh=(BLIND, BLIND)), '2 things do not work: Source "posts", Source "posts"'),
        (Health(lasting=(BLIND,)), 'Source "posts" is still blind, for 1 h'),
        (Health(lasting=(BLIND, BLIND)), '2 things still do not work: Source "posts", Source "posts"'),
        (Health(over=(Over(what="Scoring", since=NOW - HOUR, until=NOW, note=""),)), "Scoring works again after 1 h"),
    ],
)
def test_a_title_says_what_is_new(told: Health, title: str) -> None:
    assert written(told).title == title


def test_a_digest_with_everything() -> None:
    message = written(WEEK)
    assert (message.kind, message.brand) == (MessageKind.DIGEST, "Acme")
    assert message.title == "Acme, the week: louder and more negative; 1 incident"
    assert message.body.replace("\u200b", "") == (
        "Wednesday 4 March 2026, 09:00 (Europe/Berlin) to Wednesday 11 March 2026, 09:00 (Europe/Berlin)\n"
        "\n"
        "1,204 posts, 38 % more than in the week before (870) (95 % sure: 1.2 to 1.6 times as many).\n"
        "Negative: 21 % (95 % sure: 19 % to 24 %), 4 points more than in the week before (17 %).\n"
        "\n"
        "What moved:\n"
        "- about delivery: 34 % negative, 12 points more than before (22 %)\n"
        "\n"
        "Incidents:\n"
        "- Tuesday 10 March 2026, 14:10: high, told 40 min after it began; over after 3 h; called real (incident 7)\n"
        "\n"
        "Lasting changes:\n"
        "- since Monday 9 March 2026, 06:00: 40 negative posts in 1 d, where 22 were usual\n"
        "\n"
        "What unhappy posts talked of: parcel (41), late (20)\n"
        "\n"
        "Won back: 2 people who were unhappy before\n"
        '- joe on x: "thanks @everyone, all good [now](http://e.vil)" https://x.example/1\n'
        "\n"
        "Not heard:\n"
        "- posts: 2 h could not be read\n"
        "\n"
        "False alarms: 0 in 28 days by people's word, where 0.4 were asked for."
    )
    assert "@everyone" not in message.body  # what would call everybody is broken by a sign that nobody sees
    assert "[now](" not in message.body


def test_a_digest_of_nothing_is_short() -> None:
    bare = DigestWords(
        brand="Acme", period="day", since=NOW - DAY, until=NOW, headline="no post", volume="0 posts.", mood=""
    )
    message = written(bare, "UTC")
    assert message.title == "Acme, the day: no post"
    assert message.body == ("Tuesday 10 March 2026, 08:00 (UTC) to Wednesday 11 March 2026, 08:00 (UTC)\n\n0 posts.")


def test_programs_get_the_same_as_data() -> None:
    facts = written(CALM).facts
    assert (facts["kind"], facts["since"], facts["waiting"]) == ("heartbeat", "2026-03-10T08:00:00Z", None)
    assert facts["posts"] == [["Acme", 1204, 31], ["Globex", 80, 2]]
    assert written(WEEK).facts["terms"] == [["parcel", 41], ["late", 20]]


def test_each_receiver_gets_the_same_message_under_the_same_key_each_time() -> None:
    message = written(CALM)
    keys = [addressed(message, name).key for name in ("mail", "pager", "mail")]
    assert keys[0] == keys[2] != keys[1]
    assert addressed(written(Health(fresh=(BLIND,))), "mail").key != keys[0]


def test_a_mistake_in_a_template_shows_when_it_is_read(tmp_path: Path) -> None:
    for name in ("heartbeat", "health", "digest"):
        (tmp_path / f"{name}.j2").write_text((TEMPLATES / f"{name}.j2").read_text("utf-8"), "utf-8")
    RoutineTexts(tmp_path)
    (tmp_path / "digest.j2").write_text("{{ brnad }}\nbody", "utf-8")
    with pytest.raises(SettingsError, match=r"digest\.j2: 'brnad' is undefined"):
        RoutineTexts(tmp_path)
