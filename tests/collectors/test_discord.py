"""Discord: messages of one server, cut by their ids; totals that are believed more than lengths; waits as told."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from monitor.collectors.discord import DiscordCollector, DiscordOptions
from monitor.domain import Query, Secret
from monitor.errors import CredentialRefused, RateLimited
from tests.collectors.case import NOW, SECRET, Reader
from tests.servers.discord_server import CHANNEL, GUILD, INDEXING, LIMITED, DiscordServer

HOUR, MILLISECOND = timedelta(hours=1), timedelta(milliseconds=1)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[DiscordServer]:
    monkeypatch.setenv("TEST_TOKEN", SECRET)
    with DiscordServer(SECRET) as server:
        yield server


def reader(server: DiscordServer, *terms: str, **options: Any) -> Reader:
    told: dict[str, Any] = {"base_url": f"{server.url}/api/v10", "allow_private_hosts": (server.host,), "guild": GUILD}
    told |= {"bot_token": Secret("env:TEST_TOKEN"), "page_size": 10}
    return Reader(DiscordCollector("guild", DiscordOptions(**(told | options))), Query(terms=terms or ("Acme",)))


def test_a_message_is_a_mention(server: DiscordServer) -> None:
    reference = {"type": 0, "message_id": "7", "channel_id": CHANNEL}
    edited = (NOW - HOUR / 2).isoformat()
    ident = server.add(NOW - HOUR, message_reference=reference, edited_timestamp=edited)
    ((mention,),) = [page.mentions for page in reader(server).poll().pages]
    assert (mention.platform, mention.native_id, mention.text) == ("discord", ident, "Acme is late <3")
    assert (mention.author.native_id, mention.author.handle) == ("53908099506183680", "ann")
    assert mention.url == f"https://discord.com/channels/{GUILD}/{CHANNEL}/{ident}"
    assert (mention.conversation_id, mention.in_reply_to) == (CHANNEL, "7")
    assert (mention.published_at, mention.edited_at) == (NOW - HOUR, NOW - HOUR / 2)
    assert mention.extra == {"brand_new_field": 1}


def test_a_forwarded_message_is_no_reply(server: DiscordServer) -> None:
    server.add(NOW - HOUR, message_reference={"type": 1, "message_id": "7"})
    ((mention,),) = [page.mentions for page in reader(server).poll().pages]
    assert mention.in_reply_to is None


def test_what_stands_around_a_hit_is_not_a_hit(server: DiscordServer) -> None:
    wanted = server.add(NOW - HOUR)
    server.around = [server.messages[0] | {"id": "1", "hit": False}]
    assert reader(server).poll().ids == {wanted}


def test_fewer_rows_than_asked_for_are_not_the_end(server: DiscordServer) -> None:
    wanted = {server.add(NOW - HOUR + number * MILLISECOND) for number in range(40)}
    server.short_by = 3
    assert reader(server, max_pages=3, overlap_seconds=0).drain().ids == wanted


def test_more_in_a_moment_than_one_answer_holds_is_told_as_a_gap(server: DiscordServer) -> None:
    for _ in range(25):
        server.add(NOW - HOUR)
    earlier = server.add(NOW - 2 * HOUR)
    read = reader(server).drain()
    assert earlier in read.ids
    (gap,) = [page.coverage for page in read.pages if page.cursor is None]
    assert gap.more_available


def test_while_old_messages_are_not_indexed_the_range_is_a_gap(server: DiscordServer) -> None:
    wanted = server.add(NOW - HOUR)
    server.indexing = True
    read = reader(server).drain()
    assert read.ids == {wanted}
    (gap,) = [page.coverage for page in read.pages if page.cursor is None]
    assert (gap.since, gap.more_available) == ((NOW - 24 * HOUR).replace(microsecond=123_000), True)


def test_only_what_people_write_in_the_named_channels_is_asked_for(server: DiscordServer) -> None:
    server.add(NOW - HOUR)
    wanted = server.add(NOW - HOUR, channel_id="8")
    assert reader(server, channels=("8",)).poll().ids == {wanted}
    params = server.asked[0].params
    assert (params["author_type"], params["sort_by"], params["sort_order"]) == ("user", "timestamp", "desc")


def test_an_index_that_is_not_ready_is_a_wait(server: DiscordServer) -> None:
    server.always = INDEXING
    with pytest.raises(RateLimited) as caught:
        reader(server).poll()
    assert caught.value.wait == timedelta(seconds=2.5)


def test_a_wait_is_taken_as_told_with_its_fraction(server: DiscordServer) -> None:
    server.always = LIMITED
    with pytest.raises(RateLimited) as caught:
        reader(server).poll()
    assert caught.value.wait == timedelta(seconds=64.57)


def test_messages_without_text_mean_a_missing_intent(server: DiscordServer) -> None:
    server.add(NOW - HOUR)
    server.textless = True
    with pytest.raises(CredentialRefused, match="MESSAGE_CONTENT"):
        reader(server).poll()


def test_a_message_that_is_only_a_picture_is_passed_over(server: DiscordServer) -> None:
    server.add(NOW - HOUR, attachments=[{"id": "1"}])
    server.textless = True
    read = reader(server).drain()
    assert (read.ids, read.rejects) == (set(), [])


def test_a_limit_in_the_middle_does_not_starve_the_later_names(server: DiscordServer) -> None:
    wanted = server.add(NOW - HOUR, "Nimbus")
    read = reader(server, "Acme", "Nimbus")
    read.poll(most=1)
    server.faults.append(LIMITED)
    with pytest.raises(RateLimited):
        read.poll()
    read.poll(most=1)
    assert read.ids == {wanted}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"guild": "my server"}, "id of digits"),
        ({"guild": GUILD, "channels": ("general",)}, "id of digits"),
        ({"guild": GUILD, "base_url": "http://discord.com"}, "https"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        DiscordOptions(**options)
