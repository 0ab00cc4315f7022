"""The newest buckets of one brand, and their sums over several windows, kept up to date in steps of one bucket.

Pure arithmetic on floats; knows nothing of time zones, baselines or alerts. A slot without data keeps its place and
adds nothing: no data is never zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Recent:
    """A ring of the newest buckets, as long as the largest window.

    `usual` holds the share of a usual hour that each slot stands for, with or without data; `used` the same where there
    was data, else 0. The sums have one place a window, shortest window first.
    """

    lengths: list[int]  # buckets a window, rising
    negatives: list[float]
    others: list[float]  # mentions that are not negative
    usual: list[float]
    used: list[float]
    sum_negatives: list[float]
    sum_others: list[float]
    sum_used: list[float]
    head: int = 0  # where the next bucket goes
    filled: int = 0  # buckets pushed so far, at most the ring's length

    @classmethod
    def empty(cls, lengths: Sequence[int]) -> "Recent":
        """A ring for these windows (in buckets, rising).

        >>> Recent.empty([1, 3]).sum_used
        [0.0, 0.0]
        """
        a, b, c, d = ([0.0] * lengths[-1] for _ in range(4))
        e, f, g = ([0.0] * len(lengths) for _ in range(3))
        return cls(list(lengths), a, b, c, d, e, f, g)

    def push(self, negatives: float, others: float, usual: float, seen: bool) -> None:
        """Take in the next slot; the oldest one leaves. `seen` False: a slot without data."""
        head = self.head
        used = usual if seen else 0.0
        if not seen:
            negatives = others = 0.0
        for window, length in enumerate(self.lengths):
            old = head - length  # a negative index reaches round the ring
            self.sum_negatives[window] += negatives - self.negatives[old]
            self.sum_others[window] += others - self.others[old]
            self.sum_used[window] += used - self.used[old]
        self.negatives[head] = negatives
        self.others[head] = others
        self.usual[head] = usual
        self.used[head] = used
        size = self.lengths[-1]
        self.filled = min(self.filled + 1, size)
        self.head = head + 1
        if self.head == size:
            self.head = 0
            self.refresh()

    def refresh(self) -> None:
        """Sum anew, so that rounding errors of running sums cannot pile up."""
        head = self.head
        negatives, others, used = (of[head:] + of[:head] for of in (self.negatives, self.others, self.used))
        for window, length in enumerate(self.lengths):
            self.sum_negatives[window] = sum(negatives[-length:])
            self.sum_others[window] = sum(others[-length:])
            self.sum_used[window] = sum(used[-length:])

    def add_late(self, age: int, negatives: float, others: float) -> bool:
        """Add counts to the slot `age` buckets before the newest; says whether the ring still holds it.

        A slot that had no data has data from now on.

        >>> ring = Recent.empty([1, 3])
        >>> ring.push(1.0, 0.0, 2.0, True); ring.push(0.0, 0.0, 2.0, False); ring.push(1.0, 0.0, 2.0, True)
        >>> ring.add_late(1, 5.0, 1.0), ring.sum_negatives, ring.sum_used
        (True, [1.0, 7.0], [2.0, 6.0])
        """
        if not 0 <= age < self.filled:
            return False
        at = self.head - 1 - age
        self.negatives[at] += negatives
        self.others[at] += others
        self.used[at] = self.usual[at]
        self.refresh()
        return True

    def revise(self, shares: Sequence[float]) -> None:
        """Replace what each slot stands for, newest first: more is known by now."""
        for age, share in enumerate(shares[: self.filled]):
            at = self.head - 1 - age
            if self.used[at] > 0.0:
                self.used[at] = share
            self.usual[at] = share
        self.refresh()

    def blank(self, count: int) -> None:
        """Turn the newest `count` slots into slots without data: they were an outage, not a silence."""
        for age in range(min(count, self.filled)):
            at = self.head - 1 - age
            self.negatives[at] = self.others[at] = self.used[at] = 0.0
        self.refresh()

    def newest_first(self) -> list[tuple[float, float]]:
        """(negatives, used) of each slot, from the newest to the oldest."""
        places = range(self.head - 1, self.head - 1 - self.filled, -1)
        return [(self.negatives[at], self.used[at]) for at in places]
