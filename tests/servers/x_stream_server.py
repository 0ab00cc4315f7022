"""X's filtered stream on loopback: rules, keep-alives, and lines that end as a test tells."""

import json
from typing import Any

from tests.servers.loopback import Asked, Reply, json_reply
from tests.servers.x_http import METHOD, Streamed
from tests.servers.x_words import PROBLEMS, problem

KEEP_ALIVE = b"\r\n"


class Streaming:
    """The part of the server that knows rules, and says what `script` tells it to."""

    posts: dict[int, dict[str, Any]]

    def __init__(self) -> None:
        self.rules: dict[str, dict[str, str]] = {}
        self.script: list[int | bytes] = []  # posts by their ids, or bytes as they are
        self.held = False  # the line stays open after the script
        self.events = False  # framed as an event stream, with comments as keep-alives
        self.cannot_delete = False
        self.most_rules = 1_000

    def reply_to_rules(self, asked: Asked) -> Reply:
        if asked.headers[METHOD] == "GET":
            rows = list(self.rules.values())
            return json_reply({"meta": {"result_count": len(rows)}} | ({"data": rows} if rows else {}))
        told = json.loads(asked.body)
        if "delete" in told:
            if self.cannot_delete:
                return json_reply({"errors": [{"message": "The `add` field is required and cannot be empty"}]})
            for ident in told["delete"]["ids"]:
                self.rules.pop(ident, None)
            return json_reply({"meta": {"summary": {"deleted": len(told["delete"]["ids"])}}})
        return self._add(told["add"])

    def _add(self, rules: list[dict[str, str]]) -> Reply:
        added, problems = [], []
        for rule in rules:
            same = [known for known in self.rules.values() if known["value"] == rule["value"]]
            if same:
                told = {"value": rule["value"], "id": same[0]["id"], "title": "DuplicateRule"}
                problems.append(told | {"type": f"{PROBLEMS}duplicate-rules"})
            elif len(self.rules) >= self.most_rules:
                told = {"title": "RulesCapExceeded", "detail": "You have reached the limit of rules."}
                problems.append(told | {"type": f"{PROBLEMS}rule-cap"})
            else:
                ident = str(1_000 + len(self.rules))
                self.rules[ident] = rule | {"id": ident}
                added.append(self.rules[ident])
        return json_reply(
            {"meta": {}} | ({"data": added} if added else {}) | ({"errors": problems} if problems else {})
        )

    def reply_to_stream(self, params: dict[str, str]) -> Reply:
        if not self.rules:
            return problem("invalid-request", "Invalid Request", "There are no rules.", 400)
        return Streamed(pieces=[self._piece(part, params) for part in self.script], held=self.held)

    def _piece(self, part: int | bytes, params: dict[str, str]) -> bytes:
        if isinstance(part, bytes):
            return b": keep-alive\n\n" if self.events and part == KEEP_ALIVE else part
        return self.line(part, params)

    def line(self, ident: int, params: dict[str, str] | None = None) -> bytes:
        """A post as the stream says it."""
        matching = [{"id": rule["id"], "tag": rule.get("tag", "")} for rule in self.rules.values()]
        document = self.envelope([ident], params or {}) | {"matching_rules": matching}
        document["data"] = document["data"][0]
        text = json.dumps(document).encode()
        return b"data: " + text + b"\n\n" if self.events else text + b"\r\n"

    def envelope(self, ids: list[int], params: dict[str, str]) -> dict[str, Any]:
        raise AssertionError("the search's part of the server answers this")
