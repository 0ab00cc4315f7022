"""A database as plain sorted rows, without numbers and times that may differ between two right runs."""

from contextlib import closing
from pathlib import Path

from monitor.store.database import connect

# Row numbers, attempts and marks of repeats are left out: a crash may change them, and nothing else.
_QUERIES = {
    "mentions": "select platform, native_id, source, text, url, lang, author_id, author, followers, likes, replies,"
    " reposts, quotes, views, conversation_id, in_reply_to, extra, published_at, collected_at, edited_at, deleted_at,"
    " quoted, rating, gone_because, restorable, erased_at from mentions",
    "targets": "select m.platform, m.native_id, t.brand, t.published_at, t.collected_at, t.pending, t.model,"
    " t.negative, t.neutral, t.positive, t.label, t.reason, t.vote from targets t"
    " join mentions m on m.id = t.mention_id",
    "scores": "select m.platform, m.native_id, s.target, s.model, s.negative, s.neutral, s.positive, s.label, s.reason"
    " from scores s join mentions m on m.id = s.mention_id",
    "quarantine": "select m.platform, m.native_id, q.target, q.model, q.reason from quarantine q"
    " join mentions m on m.id = q.mention_id",
    "stories": "select platform, native_id, story from mentions",
    "story_keys": "select key, story, said_at from story_keys",
    "signatures": "select story, signature, said_at from stories",
    "votes": "select voter, negative from votes",
    "tallies": "select brand, known_slot, slot, mentions, negatives from tallies",
    "rollups": "select brand, slot, platform, mentions, negative, neutral, positive, unsure, unmeasured,"
    " expected_negatives from rollups",
    "cursors": "select name, cursor from sources",
    "gaps": "select source, since, until, reason, filled_at is null from gaps",
    "source_states": "select source, state, detail, until is null from source_states",
    "rejects": "select source, line, reason, raw from rejects",
    "states": "select rule, brand, until, settings, state from detector_states",
    "spikes": "select rule, brand, phase, fired_at, body, pending from spikes",
    "incidents": "select rule, brand, slice, opened_at, onset, status, severity, resolved_at, drill from incidents",
    "incident_slices": "select i.brand, i.opened_at, s.rule, s.slice, s.opened_at, s.closed_at from incident_slices s"
    " join incidents i on i.id = s.incident_id",
    "incident_events": "select i.brand, i.opened_at, e.at, e.actor, e.kind, e.detail from incident_events e"
    " join incidents i on i.id = e.incident_id",
    "alerts": "select i.rule, i.brand, i.opened_at, a.phase, a.at, a.explanation from alerts a"
    " join incidents i on i.id = a.incident_id",
    "outbox": "select receiver, key, message, state from outbox",
    "search": "select m.native_id from mentions_fts f join mentions m on m.id = f.rowid"
    " where mentions_fts match 'nimbus'",
}
Dump = dict[str, list[str]]


def dump(path: Path) -> Dump:
    """Every table as sorted rows, each written out."""
    with closing(connect(path, "ro")) as connection:
        return {name: sorted(map(repr, connection.execute(sql))) for name, sql in _QUERIES.items()}


def differences(left: Dump, right: Dump) -> list[str]:
    """What the two do not share, as sentences."""
    found = []
    for name in left:
        only_left, only_right = sorted(set(left[name]) - set(right[name])), sorted(set(right[name]) - set(left[name]))
        if left[name] != right[name]:
            found.append(
                f"{name}: {len(left[name])} and {len(right[name])} rows; only left {only_left[:2]},"
                f" only right {only_right[:2]}"
            )
    return found
