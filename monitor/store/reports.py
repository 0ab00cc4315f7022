"""Rows for analysts: mentions and trends as flat columns, streamed. Knows no file format."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from monitor.clock import from_ms, iso, to_ms
from monitor.store.database import Connection

# What a model may say beside sentiment; None where it does not.
ANSWERS = ("complaint", "emotion", "irony", "offensive", "touchpoints")
MENTIONS = (
    "platform", "id", "brand", "created_at", "collected_at", "edited_at", "deleted_at", "author", "followers",
    "text", "url", "lang",
    "likes", "retweets", "replies", "quotes", "views", "label", "negative", "neutral", "positive", "polarity",
    *ANSWERS, "model", "reason", "rating", "deleted_because", "story",
)  # fmt: skip
# What may be handed on where a platform lets people hand on ids and no more: its id of the post, and what is ours.
IDS = (
    "platform", "id", "brand", "collected_at", "label", "negative", "neutral", "positive", "polarity", *ANSWERS,
    "model", "reason",
)  # fmt: skip
TRENDS = (
    "brand", "bucket_start", "mentions", "negative", "neutral", "positive", "unsure",
    "negative_share", "net_sentiment", "expected_negatives", "unmeasured",
)  # fmt: skip
Rows = Iterator[dict[str, Any]]


class Reports:
    """What exports read."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def mentions(self, *, brand: str | None, since: datetime | None, until: datetime | None) -> Rows:
        """One row for each mention and brand, oldest first; tombstones without text and author."""
        found = self._c.stream(
            "select m.platform, m.native_id, t.brand, m.published_at, m.collected_at, m.edited_at, m.deleted_at,"
            " m.author, m.followers, m.text, m.url, m.lang, m.likes, m.reposts, m.replies, m.quotes, m.views, t.label,"
            " t.negative, t.neutral, t.positive, t.positive - t.negative, s.answers, t.model, t.reason,"
            " 1 + 4 * m.rating, m.gone_because, m.story"
            " from targets t join mentions m on m.id = t.mention_id"
            " left join scores s on s.mention_id = t.mention_id and s.target = t.brand and s.model = t.model"
            " where (?1 is null or t.brand = ?1) and (?2 is null or m.published_at >= ?2)"
            " and (?3 is null or m.published_at < ?3) and m.drill = 0 order by m.published_at, m.id, t.brand",
            brand, _ms(since), _ms(until),
        )  # fmt: skip
        for row in found:
            times = (iso(from_ms(value)) if value is not None else None for value in row[3:7])
            answers = json.loads(row[22] or "{}")
            said = (*(answers.get(name) for name in ANSWERS), *row[23:25])
            values = (*row[:3], *times, *row[7:22], *said, _stars(row[25]), *row[26:])
            yield dict(zip(MENTIONS, values, strict=True))

    def trends(self, *, brand: str | None, since: datetime | None, until: datetime | None, bucket: timedelta) -> Rows:
        """Posts by label for each brand and bucket that has any; a bucket without posts has no row.

        Shares are of the posts that a model could judge: those in a language that none was measured on are counted as
        unsure, and again as `unmeasured`.
        """
        size = bucket // timedelta(milliseconds=1)
        found = self._c.stream(
            "select brand, slot / ?4 * ?4 as start, sum(mentions), sum(negative), sum(neutral), sum(positive),"
            " sum(unsure), sum(expected_negatives), sum(unmeasured) from rollups"
            " where brand <> '' and (?1 is null or brand = ?1) and (?2 is null or slot >= ?2)"
            " and (?3 is null or slot < ?3) and brand not in (select brand || ' (drill ' || id || ')' from drills)"
            " group by brand, start order by brand, start",
            brand, _ms(since), _ms(until), size,
        )  # fmt: skip
        for name, start, total, negative, neutral, positive, unsure, expected, unmeasured in found:
            judged = total - unmeasured
            yield dict(zip(TRENDS, (
                name, iso(from_ms(start)), total, negative, neutral, positive, unsure,
                round(expected / judged, 4) if judged else None,
                round((positive - negative) / judged, 4) if judged else None, round(expected, 4), unmeasured,
            ), strict=True))  # fmt: skip


def _stars(number: float | None) -> float | None:
    """From 1 to 5, as files of posts have them; a whole number where it is one."""
    if number is None:
        return None
    near = round(number, 6)
    return int(near) if near == int(near) else near


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else to_ms(moment)
