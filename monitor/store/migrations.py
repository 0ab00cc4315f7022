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
