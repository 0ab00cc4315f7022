"""What is pushed: who signed it, what shapes it may have, that it is kept once, and that nothing of it is lost."""

import base64
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from monitor.collectors import _spool
from monitor.collectors._hook_signature import key_of, signature_of
from monitor.collectors.webhook import WebhookCollector, WebhookOptions
from monitor.domain import Cursor, Mention, Query, Secret
from monitor.errors import CredentialRefused, InputError, SourceDown, StoreFull
from tests.collectors.case import NOW, Reader
from tests.support.pushing import LONG_SECRET, VARIABLE, signed

BODY = b'{"id": "1", "text": "The app fails"}'
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, LONG_SECRET)


def desk(folder: Path, **options: Any) -> WebhookCollector:
    told: dict[str, Any] = {"secret": Secret(f"env:{VARIABLE}"), "folder": folder / "hooks"}
    return WebhookCollector("desk", WebhookOptions(**(told | options)))


def push(at: WebhookCollector, body: bytes, ident: str = "msg_1", **changed: str) -> int:
    headers = signed(body, ident, NOW) | {name.replace("_", "-"): value for name, value in changed.items()}
    return at.accept(headers, body, now=NOW)


def read(at: WebhookCollector) -> list[Mention]:
    return [mention for page in Storing(at, Query()).poll().pages for mention in page.mentions]


class Storing(Reader):
    """Reads as the program does, which tells first what it stored before."""

    def poll(self, most: int | None = None) -> "Storing":
        if self.cursor is not None:
            assert isinstance(self.collector, WebhookCollector)
            self.collector.stored(self.cursor)
        super().poll(most)
        return self


def waiting(folder: Path) -> int:
    return len(list((folder / "hooks").glob("*.jsonl")))


# Who signed it


def test_a_signature_is_the_one_that_other_implementations_make() -> None:
    """The published example of the Standard Webhooks libraries."""
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = signature_of(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_one_good_signature_among_several_is_enough(tmp_path: Path) -> None:
    good = signed(BODY, "msg_1", NOW)["webhook-signature"]
    assert push(desk(tmp_path), BODY, webhook_signature=f"v1a,xyz v1,AAAA {good} v2,zzz") == 1


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"webhook_signature": ""}, "are needed"),
        ({"webhook_id": ""}, "are needed"),
        ({"webhook_id": "msg_2"}, "signature is wrong"),
        ({"webhook_id": "msg.1"}, "without spaces and dots"),
        ({"webhook_id": "x" * 257}, "1 to 256 letters"),
        ({"webhook_timestamp": "1773230401"}, "signature is wrong"),
        ({"webhook_timestamp": "soon"}, "whole seconds"),
        ({"webhook_timestamp": "٣"}, "whole seconds"),
        ({"webhook_signature": "v1,"}, "signature is wrong"),
        ({"webhook_signature": "v1,ü\udcff"}, "signature is wrong"),
        ({"webhook_signature": "v1a," + "A" * 44}, "signature is wrong"),
    ],
)
def test_what_is_not_signed_as_it_should_be_is_refused(tmp_path: Path, changed: dict[str, str], reason: str) -> None:
    with pytest.raises(CredentialRefused, match=reason) as caught:
        push(desk(tmp_path), BODY, **changed)
    assert str(caught.value).startswith("desk: ")
    assert waiting(tmp_path) == 0


def test_a_body_that_was_changed_on_its_way_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CredentialRefused, match="signature is wrong"):
        desk(tmp_path).accept(signed(BODY, "msg_1", NOW), BODY + b" ", now=NOW)


@pytest.mark.parametrize("late", [-6 * MINUTE, 6 * MINUTE])
def test_a_request_of_another_time_is_refused(tmp_path: Path, late: timedelta) -> None:
    with pytest.raises(CredentialRefused, match="more than 5 minutes from now"):
        desk(tmp_path).accept(signed(BODY, "msg_1", NOW + late), BODY, now=NOW)


@pytest.mark.parametrize("late", [-4 * MINUTE, 4 * MINUTE])
def test_clocks_may_differ_a_little(tmp_path: Path, late: timedelta) -> None:
    assert desk(tmp_path).accept(signed(BODY, "msg_1", NOW + late), BODY, now=NOW) == 1


@pytest.mark.parametrize("secret", ["too short", "whsec_c2hvcnQ=", "whsec_not base64 at all, whatever it says"])
def test_a_weak_secret_is_our_fault_and_is_told_to_us(
    tmp_path: Path, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, secret)
    door = desk(tmp_path)
    with pytest.raises(CredentialRefused, match=f"env:{VARIABLE} cannot be used") as told:
        Storing(door, Query()).poll()
    assert secret not in str(told.value)
    with pytest.raises(SourceDown):  # the sender tries again
        push(door, BODY)


def test_a_base64_secret_is_taken_with_and_without_its_padding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = b"thirty-two bytes of a secret key"
    for told in (base64.b64encode(key).decode(), base64.b64encode(key).decode().rstrip("=")):
        monkeypatch.setenv(VARIABLE, f"whsec_{told}")
        assert key_of(f"whsec_{told}") == key
        headers = signed(BODY, "msg_1", NOW, secret=f"whsec_{told}")
        assert desk(tmp_path).accept(headers, BODY, now=NOW) == 1


def test_the_secret_in_a_fixed_header_is_taken_only_where_it_is_asked_for(tmp_path: Path) -> None:
    headers = {"Authorization": f"Bearer {LONG_SECRET}"}
    with pytest.raises(CredentialRefused, match="webhook-signature are needed"):
        desk(tmp_path).accept(headers, BODY, now=NOW)
    assert desk(tmp_path, bearer=True).accept(headers, BODY, now=NOW) == 1


@pytest.mark.parametrize("value", ["Bearer wrong", "Bearer", f"Basic {LONG_SECRET}", f"Bearer {LONG_SECRET}x"])
def test_another_fixed_header_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(CredentialRefused, match="secret in the header Authorization is wrong"):
        desk(tmp_path, bearer=True).accept({"authorization": value}, BODY, now=NOW)


def test_a_signature_is_taken_beside_a_fixed_header(tmp_path: Path) -> None:
    assert push(desk(tmp_path, bearer=True), BODY, authorization="Basic of a proxy") == 1


# What it may hold


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        ('{"text": "one"}', ["one"]),
        ('\ufeff{"text": "one"}', ["one"]),
        ('{\n  "text": "one"\n}\n', ["one"]),
        ('[{"text": "one"}, {"text": "zwei \u00fc\u2028"}]', ["one", "zwei \u00fc\u2028"]),
        ('{"text": "one"}\n\n{"text": "two"}\r\n', ["one", "two"]),
        ('{"type": "case.made", "timestamp": "x", "data": {"text": "one"}}', ["one"]),
        ('{"type": "case.made", "data": [{"text": "one"}, {"text": "two"}]}', ["one", "two"]),
        ('{"text": "one", "data": {"text": "beside"}}', ["one"]),
    ],
)
def test_rows_come_as_an_object_a_list_or_lines(tmp_path: Path, body: str, texts: list[str]) -> None:
    door = desk(tmp_path)
    assert push(door, body.encode()) == len(texts)
    assert [mention.text for mention in read(door)] == texts


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "neither a JSON object"),
        (b"7", "neither a JSON object"),
        (b'"text"', "neither a JSON object"),
        (b'{"text": "half', "neither a JSON object"),
        (b"text=one&id=2", "neither a JSON object"),
        (b"[" * 500_000, "neither a JSON object"),
        (b"\xff\xfe{", r"not UTF-8 text \(byte 1\)"),
        (b'{"text": "caf\xe9"}', r"not UTF-8 text \(byte 14\)"),
        (json.dumps([{"text": "x"}] * 1_001).encode(), "1,001 rows, more than 1,000"),
        (b'{"text": "x"}\n' * 1_001, "1,001 rows, more than 1,000"),
        (b" " * 1_000_001, "longer than 1,000,000 bytes"),
    ],
)
def test_a_body_without_a_usable_shape_is_refused(tmp_path: Path, body: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        push(desk(tmp_path), body)
    assert waiting(tmp_path) == 0


def test_an_empty_list_is_nothing_and_no_fault(tmp_path: Path) -> None:
    assert push(desk(tmp_path), b"[]") == 0
    assert waiting(tmp_path) == 0


@pytest.mark.parametrize(
    "bad",
    [
        "7",
        '{"text": ""}',
        '{"text": 7}',
        '{"text": "half \\ud800"}',
        '{"text": "n", "x": NaN}',
        '{"text": "n", "x": 1e999}',
        f'{{"text": "n", "x": {"[" * 60}{"]" * 60}}}',
        '{"text": "n", "created_at": "yesterday"}',
    ],
)
@pytest.mark.parametrize("shape", ["[{}, {}]", "{}\n{}\n"])
def test_a_bad_row_is_set_aside_when_it_is_read(tmp_path: Path, bad: str, shape: str) -> None:
    door = desk(tmp_path)
    assert push(door, shape.replace("{}", "%s").__mod__(('{"text": "good"}', bad)).encode()) == 2
    got = Storing(door, Query()).poll()
    assert [mention.text for page in got.pages for mention in page.mentions] == ["good"]
    assert len(got.rejects) == 1


def test_a_body_that_begins_like_a_packed_file_stops_nothing(tmp_path: Path) -> None:
    door = desk(tmp_path)
    push(door, b'PK\x03\x04\n{"text": "inside"}\n')
    push(door, BODY, "msg_2")
    got = Storing(door, Query()).poll()
    assert [mention.text for page in got.pages for mention in page.mentions] == ["The app fails"]
    assert "packed" in got.rejects[0]


def test_a_row_is_a_mention_of_the_source_with_what_it_brought_along(tmp_path: Path) -> None:
    door = desk(tmp_path, brand="Acme")
    push(door, b'{"id": 7, "text": "Late", "author": "ann", "case": {"queue": "b2c"}}')
    (mention,) = read(door)
    assert mention.key == ("desk", "7")
    assert mention.published_at == NOW.replace(microsecond=123_000)  # when it came
    assert (mention.targets, mention.author.handle) == (("Acme",), "ann")
    assert mention.extra == {"case": {"queue": "b2c"}}


def test_a_row_may_name_its_brand_and_its_platform(tmp_path: Path) -> None:
    door = desk(tmp_path, brand="Acme", platform="helpdesk")
    push(door, b'[{"id": "1", "text": "a", "brand": "Birch", "platform": "chat"}, {"id": "1", "text": "b"}]')
    assert [(each.key, each.targets) for each in read(door)] == [
        (("chat", "1"), ("Birch",)),
        (("helpdesk", "1"), ("Acme",)),
    ]


@pytest.mark.parametrize("keep_all", [True, False])
def test_rows_that_name_nobody_are_kept_unless_it_is_forbidden(tmp_path: Path, keep_all: bool) -> None:
    door = desk(tmp_path, keep_all=keep_all)
    push(door, BODY)
    assert [page.keep_unmatched for page in Storing(door, Query()).poll().pages] == [keep_all]


@pytest.mark.parametrize(
    ("told", "every_row", "kept"),
    [
        ("true", False, True),
        ('"Yes"', False, True),
        ("false", False, False),
        ("null", False, None),
        (None, False, "absent"),
        (None, True, True),
        ("false", True, False),
        ('"billing"', False, "billing"),
    ],
)
def test_a_complaint_is_what_says_so(tmp_path: Path, told: str | None, every_row: bool, kept: object) -> None:
    door = desk(tmp_path, complaints=every_row)
    push(door, ('{"text": "Late"' + (f', "complaint": {told}' if told else "") + "}").encode())
    (mention,) = read(door)
    assert mention.extra.get("complaint", "absent") == kept


# That it is kept, once


def test_a_message_that_is_sent_twice_is_kept_once_even_after_it_was_read(tmp_path: Path) -> None:
    door = desk(tmp_path)
    assert [push(door, BODY), push(door, BODY)] == [1, 1]
    assert waiting(tmp_path) == 1
    reader = Storing(door, Query()).poll()
    reader.poll()
    assert waiting(tmp_path) == 0
    assert push(door, BODY) == 1
    assert push(desk(tmp_path), BODY) == 1  # and after a restart
    assert waiting(tmp_path) == 0
    assert sum(len(page.mentions) for page in reader.poll().pages) == 1


def test_only_what_the_stored_cursor_has_passed_is_removed(tmp_path: Path) -> None:
    door = desk(tmp_path, page_rows=1)
    for number in range(3):
        push(door, b'{"text": "%d"}' % number, f"msg_{number}")
    reader = Storing(door, Query()).poll(most=1)
    assert waiting(tmp_path) == 3
    reader.poll(most=1)
    assert waiting(tmp_path) == 2
    texts = [mention.text for page in reader.poll().pages for mention in page.mentions]
    assert texts == ["0", "1", "2"]


def test_what_was_read_is_removed_as_soon_as_it_is_stored(tmp_path: Path) -> None:
    door = desk(tmp_path, page_rows=1)
    for number in range(3):
        push(door, b'{"text": "%d"}' % number, f"msg_{number}")
    reader = Storing(door, Query()).poll(most=2)
    assert reader.cursor is not None
    door.stored(reader.cursor)
    assert waiting(tmp_path) == 1
    assert len(reader.poll().ids) == 3
    assert push(door, b'{"text": "0"}', "msg_0") == 1
    assert waiting(tmp_path) == 1, "what was removed is still known"


def test_nobody_else_may_read_the_folder_and_no_link_leads_out_of_it(tmp_path: Path) -> None:
    door = desk(tmp_path)
    push(door, BODY)
    read(door)
    (tmp_path / "hooks" / "others.part").write_text("not ours")
    outside = tmp_path / "outside"
    outside.write_text("precious")
    Storing(door, Query()).poll().poll()
    (tmp_path / "hooks" / "read.txt").unlink()
    (tmp_path / "hooks" / "read.txt").symlink_to(outside)
    again = desk(tmp_path)
    push(again, BODY, "msg_2")
    files = list((tmp_path / "hooks").glob("*.jsonl"))
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert (tmp_path / "hooks").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "hooks" / "others.part").exists()
    with pytest.raises(SourceDown, match="cannot be written"):
        Storing(again, Query()).poll().poll()
    assert outside.read_text() == "precious"


def test_the_order_is_that_of_arrival_even_if_the_clock_is_set_back(tmp_path: Path) -> None:
    door = desk(tmp_path)
    reader = Storing(door, Query())
    for number, back in enumerate((0, 30, 10, 60)):
        body, at = b'{"text": "%d"}' % number, NOW - back * MINUTE
        assert desk(tmp_path).accept(signed(body, f"msg_{number}", at), body, now=at) == 1
        if number == 1:
            reader.poll().poll()
            assert waiting(tmp_path) == 0
    assert [mention.text for page in reader.poll().pages for mention in page.mentions] == ["0", "1", "2", "3"]


def test_a_folder_that_was_emptied_starts_again_beyond_the_cursor(tmp_path: Path) -> None:
    door = desk(tmp_path)
    later = Cursor(json.dumps({"read": int(NOW.timestamp() * 1_000) + 3_600_000}))
    reader = Storing(door, Query())
    reader.cursor = later  # the database comes from a machine whose clock is an hour ahead
    reader.poll()
    push(door, BODY)
    assert len(reader.poll().ids) == 1


def test_what_a_crash_left_half_written_is_no_message(tmp_path: Path) -> None:
    door = desk(tmp_path)
    push(door, BODY)
    (file,) = (tmp_path / "hooks").glob("*.jsonl")
    file.with_name("001773230400124-" + "0" * 32 + ".part").write_bytes(b'{"text": "ha')
    (tmp_path / "hooks" / "read.txt").write_text("00177323040012")
    again = desk(tmp_path)
    assert [mention.text for mention in read(again)] == ["The app fails"]
    assert [file.name for file in (tmp_path / "hooks").glob("*.part")] == []


def test_a_full_folder_puts_senders_off_until_it_was_read(tmp_path: Path) -> None:
    door = desk(tmp_path, folder_bytes=2 * _spool.BLOCK)
    assert [push(door, BODY, "msg_1"), push(door, BODY, "msg_2")] == [1, 1]
    with pytest.raises(StoreFull, match="raise `folder_bytes`"):
        push(door, BODY, "msg_3")
    Storing(desk(tmp_path, folder_bytes=2 * _spool.BLOCK), Query()).poll().poll()  # by another process
    assert push(door, BODY, "msg_3") == 1


def test_a_disk_without_room_puts_senders_off_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = desk(tmp_path)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(StoreFull, match="no room is left"):
            push(door, BODY)
    assert list((tmp_path / "hooks").iterdir()) == []
    assert push(door, BODY) == 1


def test_the_ids_of_long_ago_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_spool, "REMEMBERED", 5)
    door = desk(tmp_path)
    reader = Storing(door, Query())
    for number in range(40):
        push(door, BODY, f"msg_{number}")
        reader.poll()
    reader.poll()
    lines = (tmp_path / "hooks" / "read.txt").read_text().split()
    assert len(lines) < 2 * 20
    push(desk(tmp_path), BODY, "msg_39")
    assert waiting(tmp_path) == 0
    push(desk(tmp_path), BODY, "msg_0")
    assert waiting(tmp_path) == 1


def test_pushing_and_reading_side_by_side_loses_nothing(tmp_path: Path) -> None:
    door = desk(tmp_path, folder_bytes=30 * _spool.BLOCK)  # so that removing goes on as well
    reader = Storing(door, Query())

    def send(number: int) -> None:
        body = b'{"id": "%d", "text": "Call"}' % number
        while True:
            try:
                push(door, body, f"msg_{number}")
            except StoreFull:
                continue  # the reader is behind
            return

    with ThreadPoolExecutor(4) as pool:
        pushes = [pool.submit(send, number) for number in range(150)]
        while not all(each.done() for each in pushes):
            reader.poll()
    assert reader.poll().ids == {str(number) for number in range(150)}


def test_nothing_is_kept_while_the_folder_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = _spool.Spool("desk", tmp_path, 100 * _spool.BLOCK)
    spool.keep("msg_1", BODY, now=NOW)
    late = Thread(target=spool.keep, args=("msg_2", BODY), kwargs={"now": NOW})
    finished, real = [], os.scandir

    def slow(folder: Path) -> Any:
        late.start()
        late.join(0.1)
        finished.append(not late.is_alive())
        return real(folder)

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", slow)
        assert len(spool.waiting(0)) == 1
    late.join()
    assert finished == [False]
    assert len(spool.waiting(0)) == 2


@pytest.mark.parametrize("name", ["../../etc", "a/b", "..", ".", "käse & co"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    door = WebhookCollector(name, WebhookOptions(secret=Secret(f"env:{VARIABLE}")))
    push(door, BODY)
    (kept,) = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert kept.parent.parent == tmp_path / "data" / "hooks"
    assert len(read(door)) == 1


PUSHER = """
import os, sys
from pathlib import Path
from tests.collectors.test_webhook import desk, push
door = desk(Path(sys.argv[1]))
for number in range(10_000):
    push(door, b'{"id": "%d", "text": "Call"}' % number, f"msg_{number}")
    os.write(1, b"%d\\n" % number)
"""


def test_what_was_confirmed_before_a_kill_is_read_after_it(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", PUSHER, str(tmp_path)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, env={**os.environ}) as pusher:
        assert pusher.stdout is not None
        confirmed = {pusher.stdout.readline().decode().strip() for _ in range(50)}
        pusher.kill()
        confirmed |= set(pusher.stdout.read().decode().split("\n")[:-1])
    got = {mention.native_id for mention in read(desk(tmp_path))}
    assert confirmed <= got
    assert len(got) - len(confirmed) <= 1  # one may have been on its way
