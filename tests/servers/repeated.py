"""A loopback server whose questions may name a parameter more than once, as lists of ids do."""

from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.servers.loopback import Loopback


class RepeatedParams(Loopback):
    """Remembers the question as it came; one client asks at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.query = ""
        known: Any = self._server.RequestHandlerClass

        def do_get(handler: BaseHTTPRequestHandler) -> None:
            self.query = urlsplit(handler.path).query
            if not self.stream(handler):
                known.do_GET(handler)

        self._server.RequestHandlerClass = type("Handler", (known,), {"do_GET": do_get})

    def all_of(self, name: str) -> list[str]:
        """Every value of a parameter of the last question."""
        return [value for key, value in parse_qsl(self.query) if key == name]

    def stream(self, handler: BaseHTTPRequestHandler) -> bool:
        """Answer without an end, where the server can; whether it did."""
        return False
