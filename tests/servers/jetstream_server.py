"""A Jetstream on loopback, versions 1 and 2: frames made by hand, so that nothing of the client's library is in it.

Version 1 starts silently later where a cursor is too old; version 2 says so, or refuses. Behind what it holds it sends
one line of the present, as a busy network does.
"""

import base64
import hashlib
import json
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.servers.loopback import Reply

V1 = "/subscribe"
V2 = "/xrpc/network.bsky.jetstream.subscribeEvents"
POSTS = "app.bsky.feed.post"
DID = "did:plc:wq4aajammjtxdomz3e23667t"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def frame(data: bytes, opcode: int = 1, *, fin: bool = True) -> bytes:
    length = len(data)
    if length < 126:
        size = bytes([length])
    else:
        size = b"\x7e" + struct.pack("!H", length) if length < 1 << 16 else b"\x7f" + struct.pack("!Q", length)
    return bytes([opcode | (0x80 if fin else 0)]) + size + data


class JetstreamServer:
    """Holds lines in the order in which they were witnessed."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.lines: list[tuple[int, dict[str, Any] | str]] = []  # microseconds, and what is said
        self.asked: list[dict[str, list[str]]] = []
        self.always: Reply | None = None  # answers with this, and opens no websocket
        self.floor: datetime | None = None  # nothing older is replayed
        self.tip = True
        self.fault = ""  # "drop", "stall", "close", "slow", "large"
        self.after = 0  # lines before the fault
        self.fragments = False
        self.ending = threading.Event()
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.ending.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def post(self, at: datetime, text: object = "Acme is late", rkey: str = "", did: str = DID, **more: Any) -> str:
        rkey = rkey or f"3k{len(self.lines):011d}"
        record = {"$type": POSTS, "createdAt": _iso(at), "langs": ["en-GB"], "text": text}
        operation = more.pop("operation", "create")
        self.commit(at, operation, rkey, did, cid="bafy", record=record | more)
        return f"at://{did}/{POSTS}/{rkey}"

    def commit(self, at: datetime, operation: str, rkey: str, did: str = DID, **more: Any) -> None:
        body = {"rev": "3l", "operation": operation, "collection": POSTS, "rkey": rkey} | more
        self.lines.append((micros(at), {"did": did, "kind": "commit", "commit": body}))

    def account(self, at: datetime, did: str, status: str | None) -> None:
        told = {"active": status is None, "did": did, "seq": 9, "time": _iso(at)} | (
            {"status": status} if status else {}
        )
        self.lines.append((micros(at), {"did": did, "kind": "account", "account": told}))

    def told(self, path: str, asked: dict[str, list[str]]) -> Iterator[str]:
        cursor = int(asked["cursor"][0])
        by_time = cursor >= 10**15
        floor = micros(self.floor) if self.floor else 0
        if path == V2 and by_time and cursor < floor:
            yield _notice("OutdatedCursor")
        if path == V2 and not by_time and cursor > len(self.lines):
            yield _notice("FutureCursor")
            cursor = len(self.lines) + 1
        for seq, (moment, body) in enumerate(self.lines, start=1):
            if moment >= floor and (moment if by_time else seq) >= cursor:
                yield body if isinstance(body, str) else self._spoken(path, seq, moment, body)
        if self.tip:
            identity = {"did": DID, "kind": "identity", "identity": {"did": DID, "handle": "ann.example"}}
            yield self._spoken(path, len(self.lines) + 1, micros(self.now), identity)

    def too_old(self, path: str, asked: dict[str, list[str]]) -> bool:
        cursor, floor = int(asked["cursor"][0]), micros(self.floor) if self.floor else 0
        lowest = next((seq for seq, (moment, _) in enumerate(self.lines, start=1) if moment >= floor), 0)
        return path == V2 and cursor < 10**15 and cursor < lowest

    def _spoken(self, path: str, seq: int, moment: int, body: dict[str, Any]) -> str:
        if path == V1:
            named = {"did": body["did"], "time_us": moment} | {n: v for n, v in body.items() if n != "did"}
            return json.dumps(named, ensure_ascii=False, separators=(",", ":"))
        kind = body["kind"]
        at = _iso(EPOCH + timedelta(microseconds=moment))
        told = {"$type": f"network.bsky.jetstream.subscribeEvents#{kind}", "seq": seq, "did": body["did"], "time": at}
        told |= {"witnessedAt": at} | (body["commit"] if kind == "commit" else {kind: body[kind]})
        return json.dumps({"$type": "message", "payload": told}, ensure_ascii=False, separators=(",", ":"))


def _notice(name: str) -> str:
    told = {"$type": "network.bsky.jetstream.subscribeEvents#info", "name": name, "message": "from seq 7"}
    return json.dumps({"$type": "message", "payload": told})


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


class _Handler(socketserver.StreamRequestHandler):
    server_of: JetstreamServer

    def handle(self) -> None:
        with suppress(OSError):
            self._talk()

    def _talk(self) -> None:
        if self.rfile.read(4) != b"GET ":
            return  # this speaks something else, as TLS does
        place = urlsplit(self.rfile.readline().split()[0].decode())
        headers = {}
        while line := self.rfile.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        server, asked = self.server_of, parse_qs(place.query)
        server.asked.append(asked)
        if server.fault == "slow":
            for byte in b"HTTP/1.1 101 Switching Protocols\r\n":
                self.wfile.write(bytes([byte]))
                if server.ending.wait(0.05):
                    return
        refused = server.always
        if refused is None and server.too_old(place.path, asked):
            refused = Reply(400, b'{"error":"CursorTooOld","message":"the floor is 7"}')
        if refused is None and place.path not in (V1, V2):
            refused = Reply(404)
        if refused is not None:
            self._refuse(refused)
            return
        accept = base64.b64encode(hashlib.sha1(headers["sec-websocket-key"].encode() + GUID).digest())
        self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n")
        self.wfile.write(b"sec-websocket-accept: " + accept + b"\r\n\r\n")
        self._stream(server, list(server.told(place.path, asked)))

    def _refuse(self, reply: Reply) -> None:
        if reply.drip:
            self.server_of.ending.wait(30)
        head = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
        self.wfile.write(f"HTTP/1.1 {reply.status} No\r\n{head}content-length: {len(reply.body)}\r\n\r\n".encode())
        self.wfile.write(reply.body)

    def _stream(self, server: JetstreamServer, lines: list[str]) -> None:
        for number, line in enumerate([*lines, '{"never":"whole"}']):
            data = line.encode()
            if server.fault and number == min(server.after, len(lines)):
                self._break(server, data)
                return
            if number == len(lines):
                break
            if server.fragments:
                self.wfile.write(frame(data[:7], fin=False) + frame(b"hello", 9) + frame(data[7:], 0))
            else:
                self.wfile.write(frame(data))
        self.wfile.flush()
        with suppress(OSError):
            while self.connection.recv(1 << 16):  # the client's pongs, and its goodbye
                pass

    def _break(self, server: JetstreamServer, data: bytes) -> None:
        if server.fault == "close":
            self.wfile.write(frame(struct.pack("!H", 1008) + b"ConsumerTooSlow", 8))
        elif server.fault == "error":
            self.wfile.write(frame(b'{"$type":"error","error":"ConsumerTooSlow","message":"too slow"}'))
            server.ending.wait(30)
        elif server.fault == "large":
            self.wfile.write(b"\x81\x7f" + struct.pack("!Q", 1 << 40) + data)
            server.ending.wait(30)
        else:
            self.wfile.write(frame(data)[:-3])
            self.wfile.flush()
            if server.fault == "stall":
                server.ending.wait(30)


def _handler(server: JetstreamServer) -> type[_Handler]:
    return type("Handler", (_Handler,), {"server_of": server})
