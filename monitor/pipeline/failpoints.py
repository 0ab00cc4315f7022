"""Named places at which a test may end the program. In a normal run each is a look into an empty table.

Knows nothing of the stages that pass them.
"""

from collections.abc import Callable

NAMES = (
    "collect.page_read",
    "collect.rows_written",
    "collect.cursor_moved",
    "collect.committed",
    "recheck.page_read",
    "recheck.rows_written",
    "recheck.committed",
    "recheck.expired",
    "score.predicted",
    "score.rows_written",
    "score.committed",
    "detect.inspected",
    "detect.committed",
    "alert.decided",
    "alert.rows_written",
    "alert.committed",
    "tell.written",
    "tell.committed",
    "deliver.claimed",
    "deliver.sent",
    "deliver.committed",
)
_armed: dict[str, Callable[[], None]] = {}


def reach(name: str) -> None:
    """Pass a place: do what a test has armed there, if it has."""
    action = _armed.get(name)
    if action is not None:
        action()


def arm(name: str, action: Callable[[], None]) -> None:
    """Have something done at a place. Raises ValueError for a place that there is not."""
    if name not in NAMES:
        raise ValueError(f"there is no failpoint {name!r}; there are: {', '.join(NAMES)}")
    _armed[name] = action


def disarm() -> None:
    """Pass every place freely again."""
    _armed.clear()
