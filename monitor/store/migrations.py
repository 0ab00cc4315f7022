"""The tables, as numbered migrations; each is applied whole or not at all, and never changed after a release.

Knows nothing of what the rows mean to the program beyond their shape.
"""

from sqlite_utils import Database, Migrations

migrations = Migrations("monitor")

_TABLES = (
    """create table mentions (
        id integer primary key, platform text not null, native_id text not null, source text not null,
        text text not null, url text, lang text, author_id text, author text, followers integer,
        likes integer, replies integer, reposts integer, quotes integer, views integer,
        conversation_id text, in_reply_to text, extra text not null,
        published_at integer not null, collected_at integer not null, edited_at integer, deleted_at integer,
        unique (platform, native_id)) strict""",
    "create index mentions_by_time on mentions (published_at)",
    # A brand that a mention is about ("" where none is named), with what the model in force says toward it.
    """create table targets (
        mention_id integer not null references mentions (id), brand text not null,
        published_at integer not null, collected_at integer not null,
        pending integer not null default 1, -- 0: scored, 1: never scored, 2: to be scored again
        model text, negative real, neutral real, positive real, label text, vote integer,
        primary key (mention_id, brand)) strict, without rowid""",
    "create index targets_by_time on targets (brand, published_at)",
    "create index targets_pending on targets (pending, collected_at, published_at) where pending > 0",
    """create table scores (
        mention_id integer not null references mentions (id), target text not null, model text not null,
        negative real not null, neutral real not null, positive real not null, label text not null,
        answers text, scored_at integer not null, primary key (mention_id, target, model)) strict, without rowid""",
    """create table quarantine (
        mention_id integer not null references mentions (id), target text not null, model text not null,
        reason text not null, at integer not null, primary key (mention_id, target, model)) strict, without rowid""",
    # Who was counted already, and how unhappy: the program's memory for one vote per author and story.
    "create table votes (voter integer primary key, negative real not null, published_at integer not null) strict",
    # What detection reads: votes by the slot in which they were published and the slot in which they became known.
    """create table tallies (
        brand text not null, known_slot integer not null, slot integer not null,
        mentions real not null, negatives real not null,
        primary key (brand, known_slot, slot)) strict, without rowid""",
    # What charts read: posts by label as the model in force sees them now.
    """create table rollups (
        brand text not null, slot integer not null, platform text not null,
        mentions integer not null, negative integer not null, neutral integer not null,
        positive integer not null, unsure integer not null, expected_negatives real not null,
        primary key (brand, slot, platform)) strict, without rowid""",
    """create table sources (
        name text primary key, cursor text, cursor_at integer, last_poll integer, last_success integer,
        failures integer not null default 0, last_error text, blind_since integer, not_before integer) strict""",
    """create table polls (
        id integer primary key, source text not null, at integer not null, asked integer, returned integer not null,
        added integer not null, rejected integer not null, more_available integer not null, total integer,
        since integer, until integer, cost real) strict""",
    "create index polls_by_source on polls (source, at)",
    """create table gaps (
        id integer primary key, source text not null, since integer, until integer, reason text not null,
        found_at integer not null, closed_at integer, unique (source, since, reason)) strict""",
    """create table rejects (
        source text not null, digest text not null, line integer, reason text not null, raw text not null,
        seen_at integer not null, primary key (source, digest)) strict, without rowid""",
    """create table detector_states (
        rule text not null, brand text not null, until integer not null, settings text not null, state blob not null,
        primary key (rule, brand)) strict, without rowid""",
    """create table spikes (
        id integer primary key, rule text not null, brand text not null, phase text not null,
        fired_at integer not null, body text not null, pending integer not null default 1,
        unique (rule, brand, fired_at, phase)) strict""",
    "create index spikes_pending on spikes (id) where pending = 1",
    """create table incidents (
        id integer primary key, rule text not null, brand text not null, opened_at integer not null,
        onset integer not null, status text not null, severity text not null, resolved_at integer) strict""",
    "create unique index incidents_open on incidents (rule, brand) where status = 'firing'",
    """create table alerts (
        id integer primary key, incident_id integer not null references incidents (id),
        spike_id integer not null unique references spikes (id), phase text not null, at integer not null,
        explanation text not null) strict""",
    """create table outbox (
        id integer primary key, alert_id integer not null references alerts (id), receiver text not null,
        key text not null unique, message text not null, state text not null, attempts integer not null default 0,
        repeat integer not null default 0, due_at integer not null, last_error text, sent_at integer) strict""",
    "create index outbox_due on outbox (receiver, due_at) where state = 'queued'",
    """create table attempts (
        id integer primary key, outbox_id integer not null references outbox (id), started_at integer not null,
        finished_at integer, outcome text) strict""",
    # For people who ask with SQL: times as text, one row for each mention and brand.
    """create view readable as select m.platform, m.native_id, t.brand,
        strftime('%Y-%m-%dT%H:%M:%SZ', m.published_at / 1000, 'unixepoch') as published_at,
        strftime('%Y-%m-%dT%H:%M:%SZ', m.collected_at / 1000, 'unixepoch') as collected_at,
        m.author, m.followers, m.text, m.url, t.label, t.negative, t.neutral, t.positive, t.model
        from targets t join mentions m on m.id = t.mention_id""",
)


@migrations(name="0001_first_tables")
def first_tables(db: Database) -> None:
    """Everything that the first release keeps, and full-text search over the posts."""
    for statement in _TABLES:
        db.execute(statement)
    db.table("mentions").enable_fts(["text", "author"], create_triggers=True, tokenize="unicode61 remove_diacritics 2")
    # A post's counts change far more often than its words, and need no new index entry.
    db.execute("drop trigger mentions_au")
    db.execute(
        "create trigger mentions_au after update of text, author on mentions begin"
        " insert into mentions_fts (mentions_fts, rowid, text, author) values ('delete', old.id, old.text, old.author);"
        " insert into mentions_fts (rowid, text, author) values (new.id, new.text, new.author); end"
    )
    # Without this, the words of an erased post would stay readable in the index.
    db.execute("insert into mentions_fts (mentions_fts, rank) values ('secure-delete', 1)")


@migrations(name="0002_reasons")
def reasons(db: Database) -> None:
    """Why a label is unsure. A post whose language no model was measured on has a reason, and no probabilities."""
    db.execute("alter table targets add column reason text")
    db.execute("alter table scores add column reason text")
    # Those of `unsure` that have no probabilities: they are in no share.
    db.execute("alter table rollups add column unmeasured integer not null default 0")
    db.execute("drop view readable")
    db.execute(
        "create view readable as select m.platform, m.native_id, t.brand,"
        " strftime('%Y-%m-%dT%H:%M:%SZ', m.published_at / 1000, 'unixepoch') as published_at,"
        " strftime('%Y-%m-%dT%H:%M:%SZ', m.collected_at / 1000, 'unixepoch') as collected_at,"
        " m.author, m.followers, m.text, m.url, t.label, t.negative, t.neutral, t.positive, t.model, t.reason"
        " from targets t join mentions m on m.id = t.mention_id"
    )


@migrations(name="0003_duties")
def duties(db: Database) -> None:
    """What collecting owes: re-checks, tombstones of posts never seen, states of sources, waits shared by a key."""
    for column in ("rating real", "quoted text", "checked_at integer", "erased_at integer", "gone_because text"):
        db.execute(f"alter table mentions add column {column}")
    # 1: the platform says that it may be shown again, so a later read fills the tombstone.
    db.execute("alter table mentions add column restorable integer not null default 0")
    # Whose post it was, as a digest, where the account may come back and its posts with it; forgotten after a while.
    db.execute("alter table mentions add column gone_author blob")
    db.execute("create index mentions_by_gone_author on mentions (gone_author) where gone_author is not null")
    db.execute("update mentions set checked_at = collected_at, erased_at = deleted_at")
    db.execute("pragma user_version = 1")  # what earlier deletions left in pages is overwritten when the file is closed
    db.execute("create index mentions_by_author on mentions (platform, author_id) where author_id is not null")
    db.execute("create index mentions_to_check on mentions (source, checked_at) where deleted_at is null")
    # A deletion that came before its post. The id is kept as a digest: nothing of the post is.
    db.execute(
        "create table tombstones (platform text not null, digest blob not null, deleted_at integer not null,"
        " told_at integer not null, reason text not null, primary key (platform, digest)) strict, without rowid"
    )
    db.execute("create index tombstones_by_time on tombstones (told_at)")
    # What keys those digests, so that they say nothing outside of this database and its copies.
    db.execute("create table salts (purpose text primary key, salt blob not null) strict, without rowid")
    db.execute("insert into salts values ('tombstones', randomblob(16))")
    # What a source is besides read or blind: quiet, unreadable, partial, new fields, thinned, capped.
    db.execute(
        "create table source_states (source text not null, state text not null, since integer not null,"
        " until integer, detail text not null, primary key (source, state, since)) strict, without rowid"
    )
    db.execute(
        "create table source_fields (source text not null, field text not null, first_seen integer not null,"
        " primary key (source, field)) strict, without rowid"
    )
    # Sources that share a key share its limit.
    db.execute(
        "create table waits (credential text primary key, not_before integer not null, asked_at integer not null,"
        " reason text not null) strict, without rowid"
    )
    for column in ("units real", "remaining integer", "resets_at integer"):
        db.execute(f"alter table polls add column {column}")
    db.execute("alter table gaps add column filled_at integer")
    # A re-check's place is its own.
    db.execute("alter table sources add column recheck_cursor text")


@migrations(name="0004_stories")
def stories(db: Database) -> None:
    """Which posts tell one story: its number at the post, and for some days what it is found by."""
    db.execute("alter table mentions add column story integer")
    # Names and bands of texts, as numbers, and the story that each leads to.
    db.execute(
        "create table story_keys (key integer primary key, story integer not null, said_at integer not null) strict"
    )
    # Of each story's first text 128 bytes to compare others with; the text cannot be had from them.
    db.execute(
        "create table stories (story integer primary key, signature blob not null, said_at integer not null) strict"
    )


def _rebuilt(table: str, shape: str, columns: str) -> tuple[str, ...]:
    """A table in a new shape with its old rows: SQLite cannot change a key or a constraint in place."""
    return (
        f"create table {table}_new {shape}",
        f"insert into {table}_new ({columns}) select {columns} from {table}",
        f"drop table {table}",
        f"alter table {table}_new rename to {table}",
    )


_SLICES = (
    *_rebuilt(
        "tallies",
        "(brand text not null, slice text not null default '', known_slot integer not null, slot integer not null,"
        " mentions real not null, negatives real not null,"
        " primary key (brand, slice, known_slot, slot)) strict, without rowid",
        "brand, known_slot, slot, mentions, negatives",
    ),
    *_rebuilt(
        "detector_states",
        "(rule text not null, brand text not null, slice text not null default '', until integer not null,"
        " settings text not null, open integer not null default 0, state blob not null,"
        " primary key (rule, brand, slice)) strict, without rowid",
        "rule, brand, until, settings, state",
    ),
    # Open: a spike was told that is not over.
    """update detector_states set open = 1 where exists (select 1 from incidents i
        where i.rule = detector_states.rule and i.brand = detector_states.brand and i.status = 'firing')""",
    # Which slices each post is in, one a line.
    "alter table targets add column slices text",
    # Tallies by the day in which they became known: what says which slices are worth watching.
    """create table slice_days (
        brand text not null, day integer not null, slice text not null, mentions real not null,
        primary key (brand, day, slice)) strict, without rowid""",
    """insert into slice_days select brand, known_slot / 86400000 * 86400000, slice, sum(mentions) from tallies
        group by 1, 2, 3""",
    *_rebuilt(
        "spikes",
        "(id integer primary key, rule text not null, brand text not null, slice text not null default '',"
        " phase text not null, fired_at integer not null, body text not null, pending integer not null default 1,"
        " unique (rule, brand, slice, fired_at, phase)) strict",
        "id, rule, brand, phase, fired_at, body, pending",
    ),
    "create index spikes_pending on spikes (id) where pending = 1",
    # What a rule expected of each bucket, for charts; pruned after some months.
    """create table readings (
        rule text not null, brand text not null, slice text not null default '', slot integer not null,
        expected real, low real, high real, score real not null,
        primary key (rule, brand, slice, slot)) strict, without rowid""",
)
_INCIDENTS = (
    "drop index incidents_open",
    *(
        f"alter table incidents add column {column}"
        for column in (
            *("slice text not null default ''", "owner text", "acknowledged_at integer", "acknowledged_by text"),
            *("real integer", "judged_at integer", "drill integer not null default 0", "reopened_at integer"),
        )
    ),
    "create index incidents_by_time on incidents (opened_at)",
    "create index incidents_by_brand on incidents (brand, id)",
    # The rules, and the parts of a brand, that take part in an incident; it is over when all of them are.
    """create table incident_slices (
        incident_id integer not null references incidents (id), rule text not null, slice text not null default '',
        opened_at integer not null, closed_at integer,
        primary key (incident_id, rule, slice)) strict, without rowid""",
    # One fire is one incident: what fires beside an open incident of its brand takes part in that one.
    """insert into incident_slices select coalesce((select min(o.id) from incidents o where o.brand = i.brand
        and o.status <> 'resolved' and i.status <> 'resolved'), i.id), rule, '', opened_at, resolved_at
        from incidents i""",
    """update incidents set status = 'resolved', resolved_at = opened_at where status <> 'resolved'
        and id > (select min(o.id) from incidents o where o.brand = incidents.brand and o.status <> 'resolved')""",
    "create unique index incidents_open on incidents (brand) where status <> 'resolved'",
    """create table incident_events (
        id integer primary key, incident_id integer not null references incidents (id), at integer not null,
        actor text not null, kind text not null, detail text not null default '{}') strict""",
    "create index incident_events_by_incident on incident_events (incident_id, id)",
    """create trigger incident_events_stay before update on incident_events
        begin select raise(abort, 'the history of an incident is never changed'); end""",
    """create trigger incident_events_remain before delete on incident_events
        begin select raise(abort, 'the history of an incident is never changed'); end""",
)
_TELLING = (
    *_rebuilt(
        "outbox",
        "(id integer primary key, alert_id integer references alerts (id), receiver text not null,"
        " key text not null unique, message text not null, state text not null, attempts integer not null default 0,"
        " repeat integer not null default 0, due_at integer not null, last_error text, sent_at integer,"
        " kind text not null default 'alert', group_key text, queued_at integer) strict",
        "id, alert_id, receiver, key, message, state, attempts, repeat, due_at, last_error, sent_at",
    ),
    "create index outbox_due on outbox (receiver, due_at) where state = 'queued'",
    "create index attempts_by_message on attempts (outbox_id, id)",
    "create index outbox_open on outbox (receiver) where state in ('queued', 'sending')",
    "create index outbox_dead on outbox (receiver) where state = 'dead'",
    "create index outbox_by_group on outbox (receiver, queued_at, group_key) where group_key is not null",
    # Who is to hear of an alert, and what became of that: waiting, told, held back (and why).
    """create table notices (
        id integer primary key, alert_id integer not null references alerts (id),
        incident_id integer not null references incidents (id), receiver text not null, group_key text not null,
        state text not null, reason text not null, due_at integer not null,
        outbox_id integer references outbox (id), held_by text, done_at integer, ended_at integer,
        quiet text, urgent text not null default 'high', wait integer not null default 0,
        repeat integer not null default 0, remind_at integer, unique (alert_id, receiver)) strict""",
    "create index notices_due on notices (due_at) where state in ('waiting', 'held')",
    "create index notices_to_remind on notices (remind_at) where remind_at is not null",
    "create index notices_passed on notices (done_at) where state in ('passed', 'gone')",
    "create index notices_by_incident on notices (incident_id, receiver)",
    "create index alerts_by_incident on alerts (incident_id, at)",
    "create index alerts_by_time on alerts (at)",
    "create index incidents_by_end on incidents (resolved_at) where resolved_at is not null",
    """create table silences (
        id integer primary key, matchers text not null, since integer not null, until integer not null,
        by text not null, why text not null, made_at integer not null, ended_at integer, ended_by text) strict""",
    """create table maintenances (
        id integer primary key, source text not null, since integer not null, until integer not null,
        by text not null, why text not null, made_at integer not null, ended_at integer) strict""",
    # Of each receiver: failures in a row, and until when it is left alone.
    """create table receiver_states (
        receiver text primary key, failures integer not null default 0, broken_since integer, rest_until integer,
        last_sent integer, last_error text) strict""",
    # When something that comes by the calendar (a heartbeat, a digest) was last written, for each of its subjects.
    """create table beats (
        kind text not null, subject text not null default '', last integer not null, since integer,
        primary key (kind, subject)) strict, without rowid""",
)
_EVIDENCE = (
    "alter table mentions add column region text",
    "alter table mentions add column drill integer not null default 0",
    """create table complaints (
        id integer primary key, source text not null, native_id text not null, brand text not null,
        created_at integer not null, known_at integer not null, count integer not null default 1,
        unique (source, native_id)) strict""",
    "create index complaints_by_time on complaints (brand, created_at)",
    """create table drills (
        id integer primary key, brand text not null, rule text not null, by text not null, started_at integer not null,
        posts integer not null, incident_id integer references incidents (id), detected_at integer,
        notified_at integer, acknowledged_at integer, ended_at integer, outcome text) strict""",
    "create index drills_under_way on drills (brand) where ended_at is null",
    # What becomes known of a brand becomes known of its shadow, while a drill of it is under way, for a day at most.
    *(
        f"""create trigger tallies_{moment}_to_drills after {event} on tallies
            when exists (select 1 from drills d where d.ended_at is null and d.brand = new.brand) begin
            insert into tallies (brand, slice, known_slot, slot, mentions, negatives)
            select d.brand || ' (drill ' || d.id || ')', new.slice, new.known_slot, new.slot,
                new.mentions - {mentions}, new.negatives - {negatives} from drills d
            where d.ended_at is null and d.brand = new.brand and new.known_slot < d.started_at + 86400000
            on conflict do update set mentions = mentions + excluded.mentions,
                negatives = negatives + excluded.negatives; end"""
        for moment, event, mentions, negatives in (
            ("added", "insert", "0", "0"),
            ("changed", "update", "old.mentions", "old.negatives"),
        )
    ),
)


@migrations(name="0005_incidents")
def incidents(db: Database) -> None:
    """Slices of a brand, what people do with incidents, who is told what and when, complaints, rehearsals."""
    db.execute("pragma defer_foreign_keys = on")  # tables are rebuilt under the rows that point at them
    for statement in _SLICES + _INCIDENTS + _TELLING + _EVIDENCE:
        db.execute(statement)
