"""That somebody is to hear of an alert, and what became of that. Knows no message and no notifier."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.domain.counts import Phase


class NoticeState(StrEnum):
    """What became of a notice."""

    WAITING = "waiting"  # for its turn: the next message of its group
    HELD = "held"  # by a silence, quiet hours, or a graver incident: its reason says until when
    TOLD = "told"  # in a message, which is in the outbox
    PASSED = "passed"  # nothing was said, and nothing will be: it is over, or another message said it
    GONE = "gone"  # its receiver is in the settings no more


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One alert for one receiver, with what its route said and how its incident stands."""

    id: int
    alert_id: int
    incident_id: int
    receiver: str
    group_key: str
    state: NoticeState
    due_at: datetime
    quiet: str | None  # the calendar of its quiet hours
    urgent: str  # the least severity that these let through
    wait: timedelta  # between two messages of its group
    repeat: timedelta  # after which it is told again while nobody has it; zero: never
    slice: str  # of the alert
    phase: Phase
    at: datetime  # of the alert
    brand: str
    rule: str
    severity: str  # of the incident, so far
    over_at: datetime | None = None  # when the incident ended
    had_at: datetime | None = None  # when a person acknowledged it
    drill: bool = False

    def over(self, at: datetime) -> bool:
        """Whether the incident was over at a moment."""
        return self.over_at is not None and self.over_at <= at

    def had(self, at: datetime) -> bool:
        """Whether a person had the incident at a moment."""
        return self.had_at is not None and self.had_at <= at
