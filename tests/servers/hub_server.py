"""A small model hub on 127.0.0.1: what its client asks to list a model and to download its files."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from tests.servers.loopback import Asked, Loopback, Reply, json_reply

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class HubServer(Loopback):
    """Offers one model, `name`, with these files; anything else is not there."""

    def __init__(self, name: str, files: Mapping[str, bytes]) -> None:
        super().__init__()
        self.name = name
        self.files = dict(files)
        kind: Any = self._server.RequestHandlerClass
        self._server.RequestHandlerClass = type("Handler", (kind,), {"do_HEAD": _head})

    @property
    def downloaded(self) -> set[str]:
        """The files whose bytes were asked for."""
        start = f"/{self.name}/resolve/"
        return {
            asked.path.removeprefix(start).partition("/")[2] for asked in self.asked if asked.path.startswith(start)
        }

    def reply(self, asked: Asked) -> Reply:
        if asked.path.startswith(f"/api/models/{self.name}/tree/"):
            return json_reply([_entry(path, data) for path, data in self.files.items()])
        if asked.path in (f"/api/models/{self.name}", f"/api/models/{self.name}/revision/main"):
            held = [{"rfilename": path} for path in self.files]
            return json_reply({"id": self.name, "sha": COMMIT, "siblings": held, "tags": [], "private": False})
        path = asked.path.removeprefix(f"/{self.name}/resolve/").partition("/")[2]
        if path in self.files:
            told = {"etag": f'"{_sum(self.files[path])}"', "x-repo-commit": COMMIT}
            return Reply(200, self.files[path], told)
        code = "EntryNotFound" if f"/{self.name}/" in asked.path else "RepoNotFound"
        return Reply(404, json.dumps({"error": "not found"}).encode(), {"x-error-code": code})


def _head(handler: Any) -> None:
    """As GET, without the body."""
    reply = handler.loopback.reply(Asked(handler.path.partition("?")[0], {}, {}))
    handler.send_response(reply.status)
    for name, value in {**reply.headers, "content-length": str(len(reply.body))}.items():
        handler.send_header(name, value)
    handler.end_headers()


def _entry(path: str, data: bytes) -> dict[str, object]:
    return {"type": "file", "path": path, "size": len(data), "oid": _sum(data)}


def _sum(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()
