"""A stream as Jetstream (version 1) sends it, invented: posts, deletions, account events; and a process that serves it.

    python -m benchmarks._jetstream --lines N --matching SHARE --terms N --seed N   prints its port

Of the lines, 86 in 100 are posts (one in five with signs beyond ASCII, one in eight a reply), 7 are deletions and 7 are
events about accounts. A post that matches holds one of the terms. Frames are written by hand: the server costs little.
"""

import argparse
import base64
import hashlib
import json
import random
import re
import socket
import struct
from collections.abc import Iterator, Sequence
from functools import cache

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
SPAN = 3_000_000_000  # microseconds over which the lines are spread, from the cursor on
TEMPLATES = 5_000
BATCH = 200  # lines that are written at once
_TIME, _KEY, _OWNER = "%TIME%", "%KEY%", "%OWNER%"
_LETTERS = "eeetttaaaooiinnsshhrrddlluucmfwygpbv"  # about as often as English has them
_BEYOND = ("é", "ü", "😀", "❤️", "日本語で話す", "привет", "’s", "สวัสดี", "안녕하세요", "—")


@cache
def words() -> tuple[str, ...]:
    """Invented words of 2 to 9 letters, of which all texts are made."""
    chance = random.Random(12)
    return tuple("".join(chance.choices(_LETTERS, k=chance.randint(2, 9))) for _ in range(5_000))


def brand_terms(count: int) -> list[str]:
    """Invented names of 5 to 12 of the same letters; the same ones whoever asks. None is a word of the texts.

    >>> len(set(brand_terms(10_000))), brand_terms(2) == brand_terms(10_000)[:2]
    (10000, True)
    """
    chance, known, found = random.Random(11), set(words()), dict[str, None]()
    while len(found) < count:
        name = "".join(chance.choices(_LETTERS, k=chance.randint(5, 12)))
        if name not in known:
            found[name] = None
    return list(found)


def texts(count: int, chance: random.Random) -> list[str]:
    """Texts of 3 to 45 words, at most 300 characters, as the network has it; one in five with signs beyond ASCII."""
    found = []
    for _ in range(count):
        said = chance.choices(words(), k=chance.randint(3, 45))
        if chance.random() < 0.2:
            said.insert(chance.randrange(len(said)), chance.choice(_BEYOND))
        found.append(" ".join(said)[:300].rpartition(" ")[0])
    return found


def templates(matching: float, terms: Sequence[str], chance: random.Random) -> list[str]:
    """Lines with holes for the time, the key and the owner."""
    found = []
    for number, text in enumerate(texts(TEMPLATES, chance)):
        drawn = chance.random()
        if drawn < 0.86:
            hit = chance.random() < matching
            found.append(_post(f"{text} {terms[number % len(terms)]}" if hit else text, chance))
        elif drawn < 0.93:
            told = {"rev": "3l3qo2vutsw2b", "operation": "delete", "collection": "app.bsky.feed.post", "rkey": _KEY}
            found.append(_line("commit", commit=told))
        else:
            status = {"active": True, "did": _OWNER, "seq": 123456, "time": "2026-01-01T00:00:00.000Z"}
            found.append(_line("account", account=status))
    return found


def _post(text: str, chance: random.Random) -> str:
    record: dict[str, object] = {
        "$type": "app.bsky.feed.post", "createdAt": "2026-01-01T00:00:00.000Z", "langs": ["en"], "text": text,
    }  # fmt: skip
    if chance.random() < 0.125:
        place = {"cid": "bafyreidc6sydkkbchcyg62v77wbhzvb2mvytlmsychqgwf2xojjtirmzj4", "uri": "at://did:plc:a/b/c"}
        record["reply"] = {"parent": place, "root": place}
    commit = {
        "rev": "3l3qo2vutsw2b", "operation": "create", "collection": "app.bsky.feed.post", "rkey": _KEY,
        "record": record, "cid": "bafyreidc6sydkkbchcyg62v77wbhzvb2mvytlmsychqgwf2xojjtirmzj4",
    }  # fmt: skip
    return _line("commit", commit=commit)


def _line(kind: str, **body: object) -> str:
    told = json.dumps({"kind": kind, **body}, ensure_ascii=False, separators=(",", ":"))
    return f'{{"did":"{_OWNER}","time_us":{_TIME},{told[1:]}'


def lines(count: int, cursor: int, matching: float, terms: Sequence[str], seed: int) -> Iterator[bytes]:
    """The lines from a cursor on, and one that is later than any present, which ends the reading."""
    chance = random.Random(seed)
    made = [each.replace(_OWNER, "did:plc:%OWNER%").split(_TIME) for each in templates(matching, terms, chance)]
    for number in range(count):
        head, tail = made[chance.randrange(TEMPLATES)]
        owner = f"{number * 7919 % 400_000:024d}"
        tail = tail.replace(_KEY, f"3l{number:011d}").replace("%OWNER%", owner)
        yield f"{head.replace('%OWNER%', owner)}{cursor + number * SPAN // count}{tail}".encode()
    yield _line("identity", identity={}).replace(_OWNER, "did:plc:last").replace(_TIME, str(cursor + 10**11)).encode()


def frame(data: bytes) -> bytes:
    """One text message as a server sends it (RFC 6455)."""
    length = len(data)
    head = bytes([length]) if length < 126 else b"\x7e" + struct.pack("!H", length)
    return b"\x81" + head + data


def serve(asked: argparse.Namespace) -> None:
    """Say the port, wait for one reader, give it everything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        line, _ = server.accept()
    with line:
        request = line.recv(1 << 16)
        key = re.search(rb"(?i)sec-websocket-key: *(\S+)", request)
        cursor = re.search(rb"cursor=(\d+)", request)
        if key is None or cursor is None:
            raise SystemExit("no websocket was asked for, or no cursor was named")
        accept = base64.b64encode(hashlib.sha1(key[1] + GUID).digest())
        line.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        waiting: list[bytes] = []
        for data in lines(asked.lines, int(cursor[1]), asked.matching, brand_terms(asked.terms), asked.seed):
            waiting.append(frame(data))
            if len(waiting) == BATCH:
                line.sendall(b"".join(waiting))
                waiting.clear()
        line.sendall(b"".join(waiting))
        line.recv(1 << 16)  # the reader's goodbye


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve one reader."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks._jetstream", description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--matching", type=float, default=0.02)
    parser.add_argument("--terms", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    serve(parser.parse_args(arguments))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
