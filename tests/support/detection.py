"""Detection without posts: tallies put straight into a store, and a detector that notes what it is given."""

from datetime import datetime, timedelta

from monitor.domain import Bucket, Inspection, Series
from monitor.pipeline.program import Program, Rule
from monitor.store.scores import Tally
from tests.support.fakes import START, Threshold, ThresholdOptions, post

FIVE = timedelta(minutes=5)
HOUR = timedelta(hours=1)


class Recorder(Threshold):
    """The plain detector, which also notes what it is given."""

    def __init__(self, name: str, options: ThresholdOptions) -> None:
        super().__init__(name, options)
        self.seen: list[tuple[str, Bucket]] = []
        self.calls = 0

    def inspect(self, series: Series, state: bytes | None) -> Inspection:
        found = super().inspect(series, state)
        if series.buckets:
            self.calls += 1
        self.seen += [(series.brand, bucket) for bucket in series.buckets]
        return found

    def of(self, brand: str = "Nimbus") -> list[tuple[int, float, float]]:
        """Buckets as (number since the start, mentions, negatives)."""
        return [((b.start - START) // FIVE, b.mentions, b.negatives) for name, b in self.seen if name == brand]


def recording(program: Program, most: float = 4.0) -> Recorder:
    chosen = ThresholdOptions(most=most)
    detector = Recorder("too-many", chosen)
    program.rules = (Rule(name="too-many", detector=detector, patterns=("*",), fingerprint=repr(chosen)),)
    return detector


def count(program: Program, *tallies: tuple[int, int, float, float], brand: str = "Nimbus") -> None:
    """Put tallies: (bucket published, bucket known, mentions, negatives)."""
    with program.store.transaction():
        program.store.scores.count(
            Tally(brand, START + FIVE * slot, START + FIVE * known, mentions, negatives)
            for slot, known, mentions, negatives in tallies
        )


def at(bucket: float) -> datetime:
    """A moment at which everything up to the start of that bucket can be inspected."""
    return START + FIVE * bucket + timedelta(minutes=5)


def pending(program: Program) -> list[tuple[str, int]]:
    return [
        (spike.phase.value, (spike.fired_at - START) // FIVE) for _, spike in program.store.detection.pending_spikes()
    ]


def keep(program: Program, *texts: str, published: datetime, known: datetime, brand: str = "Nimbus") -> None:
    posts = [post(f"{published}-{known}-{n}", text, at=published) for n, text in enumerate(texts)]
    with program.store.transaction():
        program.store.mentions.upsert(posts, [(brand,)] * len(posts), source="test", now=known)
