"""Reads what X says became of posts: the result of a compliance job, or a look-up by ids. Knows no network.

The result's `delete` (with a reason) is a deletion, `rehydrate` an edit; `scrub_geo` concerns places, which are not
kept. A look-up names the posts that it does not bring, each with a problem that says why.
"""

import json
import re
from dataclasses import dataclass

from monitor.collectors._fields import instant, word
from monitor.collectors._x_errors import problems_of
from monitor.collectors._x_posts import PLATFORM, Answer, Json, versions
from monitor.domain import Deletion, Reject
from monitor.post_fields import shown

_GONE = re.compile(r"resource-not-found|not-authorized-for-resource|resource-unavailable")
_REASONS = {"deleted", "protected", "suspended", "deactivated", "bounced"}


@dataclass(frozen=True, slots=True)
class Lookup:
    """One answer about posts that were named."""

    there: dict[str, str]  # each post that came, also under the id of its first version; and its newest version's id
    gone: dict[str, str]  # each that X says is gone, and why
    faults: set[str]  # each that X cannot tell about now
    answer: Answer

    @classmethod
    def read(cls, document: Json, answer: Answer) -> "Lookup":
        """Sort what came from what did not."""
        there: dict[str, str] = {}
        rows = document.get("data")
        for row in rows if isinstance(rows, list) else []:
            try:
                ids = versions(row)
            except (ValueError, AttributeError):
                continue
            for ident in (ids[0], min(ids)):
                there[str(ident)] = str(max(ids))
        gone, faults = _missing(document)
        return cls(there, gone, faults, answer)

    def answers(self, ident: str) -> bool:
        """Whether it says what became of a post."""
        return ident in self.there or ident in self.gone


def _missing(document: Json) -> tuple[dict[str, str], set[str]]:
    """The posts that X names beside the good ones: gone, with the reason, or not to be had for now."""
    gone: dict[str, str] = {}
    faults: set[str] = set()
    for problem in problems_of(document):
        ident = word(problem.get("resource_id") or problem.get("value"))
        if not ident or str(problem.get("resource_type") or "tweet") not in ("tweet", "post"):
            continue
        kind = str(problem.get("type"))
        if not _GONE.search(kind):
            faults.add(ident)
            continue
        told = str(problem.get("detail", "")).lower()
        usual = "protected" if "not-authorized" in kind else "deleted"
        gone[ident] = next((reason for reason in sorted(_REASONS) if reason in told), usual)
    return gone, faults


def read_result(lines: list[bytes], ids: frozenset[str]) -> tuple[list[Deletion], set[str], list[Reject]]:
    """The lines of a job's result: what is gone, what was edited, and what cannot be read."""
    deletions: list[Deletion] = []
    edited: set[str] = set()
    rejects: list[Reject] = []
    for place, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            ident, action = word(row.get("id")), row.get("action", "delete")
        except (ValueError, AttributeError, RecursionError):
            raw = shown(line.decode("utf-8", "replace"))
            rejects.append(Reject(line=place, reason="a line of a compliance result is no JSON object", raw=raw))
            continue
        if ident not in ids or "error" in row or action == "scrub_geo" or row.get("reason") == "scrub_geo":
            continue  # we keep no places
        if action == "rehydrate":
            edited.add(ident)
        elif action == "delete":
            deletions.append(_deletion(ident, row))
    return deletions, edited, rejects


def _deletion(ident: str, row: Json) -> Deletion:
    try:
        when = instant(row.get("redacted_at") or row.get("deleted_at"), "redacted_at")
    except ValueError:
        when = None
    reason = str(row.get("reason"))
    return Deletion(
        platform=PLATFORM, native_id=ident, deleted_at=when, reason=reason if reason in _REASONS else "deleted"
    )
