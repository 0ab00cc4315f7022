"""What of an export may be handed to others: each platform's terms, and a count of what they keep back.

Knows the terms that collectors name; nothing of files. What is kept back is told, never passed over in silence.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from monitor import plugins
from monitor.cli._common import counted
from monitor.domain import Terms
from monitor.store.reports import IDS

_OURS = frozenset(IDS)


@dataclass(slots=True)
class Sharing:
    """Rows on their way out, and what the platforms' terms did to them.

    A platform without a collector, or whose collector names no terms, keeps nothing back.
    """

    only_ids: bool = False  # for every platform, whatever it allows
    limited: bool = True  # to as many posts of a platform as it allows in a day
    _terms: dict[str, Terms] = field(default_factory=dict)
    _posts: dict[str, int] = field(default_factory=dict)  # handed on, by platform
    _last: tuple[str, str] | None = None  # rows of one post stand together
    bare: Counter[str] = field(default_factory=Counter)  # posts that go as ids
    left_out: Counter[str] = field(default_factory=Counter)  # posts beyond what a day allows

    def rows(self, found: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The rows that may go, with what may go of each."""
        for row in found:
            platform = row["platform"]
            if platform not in self._terms:
                self._terms[platform] = plugins.terms(platform)
            terms = self._terms[platform]
            another = self._last != (platform, row["id"])
            self._last = (platform, row["id"])
            if another:
                self._count(platform, terms)
            if self._beyond(platform, terms):
                continue
            yield self._bare(row) if self._ids(terms) else row

    def told(self) -> list[str]:
        """What was kept back, a sentence for each platform, with the place of its rule."""
        return [self._sentence(platform) for platform in sorted({*self.bare, *self.left_out})]

    def _count(self, platform: str, terms: Terms) -> None:
        self._posts[platform] = self._posts.get(platform, 0) + 1
        if self._beyond(platform, terms):
            self.left_out[platform] += 1
        elif terms.share == "ids" and not self.only_ids:
            self.bare[platform] += 1

    def _beyond(self, platform: str, terms: Terms) -> bool:
        return self.limited and terms.share_rows is not None and self._posts[platform] > terms.share_rows

    def _ids(self, terms: Terms) -> bool:
        return self.only_ids or terms.share == "ids"

    def _bare(self, row: dict[str, Any]) -> dict[str, Any]:
        return {name: value if name in _OURS else None for name, value in row.items()}

    def _sentence(self, platform: str) -> str:
        terms, parts = self._terms[platform], []
        if self.bare[platform]:
            parts.append(f"{counted(self.bare[platform], 'post')} as ids only")
        if self.left_out[platform]:
            parts.append(
                f"{counted(self.left_out[platform], 'post')} left out, as at most {terms.share_rows} a day may be"
                " handed on"
            )
        return f"{platform}: {', '.join(parts)}." + (f" ({terms.note})" if terms.note else "")
