"""What an alert is explained by: a brand's posts as they were known at a moment, with words and without. Only reads.

A post that was deleted since then still counts, without its author and its words; one that became known later does not.
Knows no statistics.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from monitor.clock import from_ms, to_ms
from monitor.domain import WHOLE, Label, NearRule, Outline, ScoredMention
from monitor.store.database import Connection
from monitor.store.mentions import READ, mention_of

_POSTS = (
    " from targets t join mentions m on m.id = t.mention_id where t.brand = ?1 and t.published_at >= ?2"
    " and t.published_at < ?3 and t.collected_at < ?4 and t.negative is not null"
    " and (?5 = '' or instr(char(10) || t.slices || char(10), char(10) || ?5 || char(10)) > 0)"
)
_COUNTED = " and (m.deleted_at is null or m.erased_at >= ?4)"
# By the posts themselves: in which order they were stored says nothing.
_NEWEST = " order by t.published_at desc, m.platform, m.native_id"
_SEEN = "max(coalesce(m.views, -1), coalesce(m.followers, -1), coalesce(m.reposts, -1))"
_OUTLINE = (
    "select m.platform, m.native_id, coalesce(m.author_id, lower(m.author)), m.author, m.followers, m.conversation_id,"
    " m.story, t.negative, case when t.negative >= t.neutral and t.negative >= t.positive then 0"
    " when t.neutral >= t.positive then 1 else 2 end, t.label = 'negative', coalesce(t.vote, 0),"
    f" nullif({_SEEN}, -1), t.published_at, t.slices"
)
_SLICES = (  # from one to the next, each found by the key: a year holds a hundred thousand readings
    "with recursive s (slice) as (select min(slice) from readings where rule = ?1 and brand = ?2 union all"
    " select (select min(r.slice) from readings r where r.rule = ?1 and r.brand = ?2 and r.slice > s.slice)"
    " from s where s.slice is not null) select slice from s where slice is not null"
)
_SCORED = f"select t.model, t.negative, t.neutral, t.positive, t.label, t.vote, m.story, t.slices, {READ}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which posts are meant: published in [since, until), known before `known`."""

    brand: str
    since: datetime
    until: datetime
    known: datetime
    slice: str = WHOLE


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of the posts of a scope since then; each may make an explanation come out differently."""

    deleted: int = 0
    edited: int = 0
    rescored: int = 0
    read_again: int = 0  # followers and views may be others


class Evidence:
    """Posts as an explanation needs them."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def outlines(self, scope: Scope, *, limit: int) -> list[Outline]:
        """The newest posts of a scope, in order of time."""
        rows = self._c.rows(_OUTLINE + _POSTS + _COUNTED + _NEWEST + " limit ?6", *_values(scope), limit)
        told = {lines: tuple(lines.split("\n")) if lines else () for lines in {row[-1] for row in rows}}
        return [Outline._make((*row[:-1], told[row[-1]])) for row in reversed(rows)]

    def newest(self, scope: Scope, *, limit: int) -> Scope:
        """The scope narrowed to its newest posts."""
        found = self._c.one(
            "select t.published_at" + _POSTS + _COUNTED + _NEWEST + " limit 1 offset ?6", *_values(scope), limit
        )
        return scope if found is None else replace(scope, since=from_ms(found[0] + 1))

    def posts(self, brand: str, keys: Iterable[tuple[str, str]]) -> list[ScoredMention]:
        """Those of these posts (platform, native_id) that live, with their words, in order of time."""
        rows = self._c.rows(  # cross: from the keys to the rows, whatever the planner would guess
            f"{_SCORED} from json_each(?2) j cross join mentions m on m.platform = json_extract(j.value, '$[0]')"
            " and m.native_id = json_extract(j.value, '$[1]')"
            " cross join targets t on t.mention_id = m.id and t.brand = ?1"
            " where m.deleted_at is null and t.negative is not null"
            " order by t.published_at, m.platform, m.native_id",
            brand, json.dumps(list(keys)),
        )  # fmt: skip
        return [_scored(row, brand) for row in rows]

    def changes(self, scope: Scope) -> Changes:
        """What became of a scope's posts since it was known."""
        found = self._c.one(
            "select count(*) filter (where m.deleted_at is not null),"
            " count(*) filter (where m.deleted_at is null and m.edited_at >= ?4),"
            " count(*) filter (where exists (select 1 from scores s where s.mention_id = t.mention_id"
            " and s.target = t.brand and s.model = t.model and s.scored_at > ?6)),"
            " count(*) filter (where m.deleted_at is null and m.checked_at > ?6)"
            " from targets t join mentions m on m.id = t.mention_id where t.brand = ?1 and t.published_at >= ?2"
            " and t.published_at < ?3 and t.collected_at < ?4 and (m.deleted_at is null or m.erased_at >= ?4)"
            " and ?5 = ?5",
            *_values(scope), to_ms(scope.known),
        )  # fmt: skip
        return Changes(*found) if found else Changes()

    def near(self, rule: str, brand: str, since: datetime, until: datetime, *, least: float) -> list[NearRule]:
        """How close each slice of a rule came to firing in a stretch, where its score was `least` or more.

        The readings say which slices there were: what detection watches now may be others.
        """
        slices = self._c.rows(_SLICES, rule, brand)
        found = []
        for (name,) in slices:
            score = self._c.one(
                "select max(score) from readings where rule = ? and brand = ? and slice = ? and slot >= ? and slot < ?",
                rule, brand, name, to_ms(since), to_ms(until),
            )  # fmt: skip
            if score is not None and score[0] is not None and score[0] >= least:
                found.append(NearRule(rule=rule, slice=name, score=score[0]))
        return found


def _values(scope: Scope) -> tuple[Any, ...]:
    return (scope.brand, to_ms(scope.since), to_ms(scope.until), to_ms(scope.known), scope.slice)


def _scored(row: tuple[Any, ...], brand: str) -> ScoredMention:
    return ScoredMention(
        mention=mention_of(row[8:]), brand=brand, model=row[0], negative=row[1], neutral=row[2], positive=row[3],
        label=Label(row[4]), vote=bool(row[5]), story=row[6], slices=tuple(row[7].split("\n")) if row[7] else (),
    )  # fmt: skip
