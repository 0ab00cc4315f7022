"""The burn of a budget: how much of the false alarms that were asked for has been used, by what people said. Pure.

A rule is asked for so many false alarms a brand and week. Only a person can say that an incident was one; what nobody
judged is counted apart, and is neither false nor real. Knows incidents; nothing of rules, the store or a screen.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.analysis.poisson import interval
from monitor.domain import Incident

WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Burn:
    """What became of a budget of false alarms in a stretch of time. Drills are in none of the numbers."""

    asked: float  # false alarms a brand and week
    brand_weeks: float  # for which they were asked
    incidents: int
    real: int  # by a person's word
    false: int  # by a person's word
    unjudged: int
    low: float  # exact 95 % interval of false alarms in such a stretch, given those that were judged false
    high: float

    @property
    def allowed(self) -> float:
        """False alarms that were to be expected at the asked rate."""
        return self.asked * self.brand_weeks

    @property
    def used(self) -> float | None:
        """The share of the budget that the judged false alarms used: 1 is all of it. None where there is none yet."""
        return self.false / self.allowed if self.allowed > 0.0 else None

    @property
    def used_between(self) -> tuple[float, float] | None:
        """The share with its exact 95 % Poisson interval."""
        return (self.low / self.allowed, self.high / self.allowed) if self.allowed > 0.0 else None

    @property
    def used_at_most(self) -> float | None:
        """The share, were everything false that nobody has judged."""
        return (self.false + self.unjudged) / self.allowed if self.allowed > 0.0 else None

    @property
    def rate(self) -> float | None:
        """Judged false alarms a brand and week."""
        return self.false / self.brand_weeks if self.brand_weeks > 0.0 else None

    @property
    def rate_between(self) -> tuple[float, float] | None:
        """That rate with its exact 95 % Poisson interval."""
        if self.brand_weeks <= 0.0:
            return None
        return self.low / self.brand_weeks, self.high / self.brand_weeks

    @property
    def too_many(self) -> bool:
        """Whether chance alone does not explain so many: the whole interval lies above the budget."""
        return self.low > self.allowed


def burn(incidents: Iterable[Incident], *, asked: float, since: datetime, until: datetime, brands: int = 1) -> Burn:
    """Count what opened in [since, until) for so many watched brands; give it one rule's incidents, or one brand's.

    Raises ValueError where `until` lies before `since`.
    """
    if until < since:
        raise ValueError("the stretch ends before it begins")
    held = [each for each in incidents if not each.drill and since <= each.opened_at < until]
    real = sum(each.real is True for each in held)
    false = sum(each.real is False for each in held)
    low, high = interval(false)
    return Burn(
        asked=asked, brand_weeks=brands * ((until - since) / WEEK), incidents=len(held), real=real, false=false,
        unjudged=len(held) - real - false, low=low, high=high,
    )  # fmt: skip
