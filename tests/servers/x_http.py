"""What X's server does beyond a plain one: other methods, and answers that go on for as long as somebody listens."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.servers.loopback import Loopback, Reply, _Handler

METHOD = "x-method"  # under this name the method stands among the headers of `Asked`


@dataclass(frozen=True)
class Streamed(Reply):
    """Pieces of a body, each sent by itself; then the line is held until the client hangs up, or dropped."""

    pieces: Iterable[bytes] = field(default_factory=tuple)
    held: bool = False


class XHandler(_Handler):
    """Bound to its server by `take_over`."""

    def do_GET(self) -> None:  # noqa: N802 - the standard library calls it so
        self.headers[METHOD] = self.command
        super().do_GET()

    def do_PUT(self) -> None:  # noqa: N802
        self.do_GET()

    def do_DELETE(self) -> None:  # noqa: N802
        self.do_GET()

    def _send(self, reply: Reply) -> None:
        if not isinstance(reply, Streamed):
            super()._send(reply)
            return
        self.send_response(reply.status)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for piece in reply.pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        if reply.held:
            self.rfile.read(1)  # until the client hangs up
        self.close_connection = True


def take_over(server: Loopback) -> None:
    """Let a server speak as X's does."""
    server._server.RequestHandlerClass = type("Handler", (XHandler,), {"loopback": server})
