"""Which apps of a store a source reads, and which brands they are of. Knows no store."""

import re
from dataclasses import dataclass
from datetime import timedelta

from monitor.domain import Query
from monitor.errors import CollectorError

Apps = dict[str, tuple[str, ...]]  # app → brands; none: about nobody


@dataclass(frozen=True, slots=True)
class Depth:
    """How far a list is read in one poll, and how far back."""

    max_pages: int
    lookback: timedelta
    overlap: timedelta


def wanted_apps(
    own: tuple[str, ...], brand: str, query: Query, shape: re.Pattern[str], source: str, *, rivals: bool
) -> Apps:
    """The source's own apps if it names any, else those of the brand cards that have this store's shape.

    They are about the source's brand if it names one, else about the brands on whose cards they stand. `rivals`:
    competitors' cards count too, which a store's interface for its own customers would only refuse.
    Raises CollectorError where there is none.
    """
    cards = [card for card in query.brands if rivals or not card.competitor]
    told = own or tuple(app for card in cards for app in card.apps if shape.fullmatch(app))
    if not told:
        raise CollectorError(f"{source}: names no app. Write `apps` here, or on the brand's card in brands.toml.")
    return {app: (brand,) if brand else tuple(card.name for card in query.brands if app in card.apps) for app in told}
