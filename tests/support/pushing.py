"""How a sender signs what it pushes, and asks over HTTP. Knows no collector."""

import json
import socket
from collections.abc import Mapping
from datetime import datetime
from http.client import HTTPConnection
from typing import Any

from monitor.collectors._hook_signature import key_of, signature_of
from tests.collectors.case import SECRET

VARIABLE = "TEST_WEBHOOK_SECRET"
LONG_SECRET = f"{SECRET}-and-as-long-as-asked"
Answer = tuple[int, dict[str, Any], Mapping[str, str]]


def signed(body: bytes, ident: str, at: datetime, secret: str = LONG_SECRET) -> dict[str, str]:
    """The headers of a request as a sender signs it."""
    stamp = str(int(at.timestamp()))
    signature = signature_of(key_of(secret), ident, stamp, body)
    return {"webhook-id": ident, "webhook-timestamp": stamp, "webhook-signature": signature}


def ask(place: str, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Status, document (empty where it is no JSON) and headers of one answer."""
    connection = HTTPConnection(place, timeout=10)
    try:
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        text = response.read()
        told = {name.lower(): value for name, value in response.getheaders()}
        return response.status, json.loads(text) if told.get("content-type") == "application/json" else {}, told
    finally:
        connection.close()


def raw(place: str, *pieces: bytes) -> bytes:
    """What comes back until the other side hangs up."""
    host, _, port = place.rpartition(":")
    answer = b""
    with socket.create_connection((host, int(port)), timeout=10) as line:
        for piece in pieces:
            line.sendall(piece)
        while got := line.recv(65_536):
            answer += got
    return answer
