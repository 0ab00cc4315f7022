"""The whole store in one hand: each group of tables under its name. Knows no SQL itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from monitor.store.beats import Beats
from monitor.store.complaints import Complaints
from monitor.store.database import Connection
from monitor.store.detection import Detection
from monitor.store.drills import Drills
from monitor.store.evidence import Evidence
from monitor.store.incidents import Incidents
from monitor.store.maintenance import Maintenance
from monitor.store.maintenances import Maintenances
from monitor.store.mentions import Mentions
from monitor.store.notices import Notices
from monitor.store.outbox import Outbox
from monitor.store.periods import Periods
from monitor.store.proof import Proof
from monitor.store.proofs import Proofs
from monitor.store.receivers import Receivers
from monitor.store.rechecks import Rechecks
from monitor.store.reports import Reports
from monitor.store.scores import Scores
from monitor.store.silences import Silences
from monitor.store.sources import Sources
from monitor.store.stories import Stories


class Store:
    """One open database. Raises StoreError and its kinds, in one sentence, wherever it is touched."""

    def __init__(self, path: Path, *, write: bool = True, beside: bool = False) -> None:
        """Open the file to read, to write, or to write a person's word `beside` a program that runs."""
        self.path = path
        self._connection = Connection(path, write=write, beside=beside)
        self.mentions = Mentions(self._connection)
        self.scores = Scores(self._connection)
        self.stories = Stories(self._connection)
        self.sources = Sources(self._connection)
        self.rechecks = Rechecks(self._connection)
        self.detection = Detection(self._connection)
        self.incidents = Incidents(self._connection)
        self.evidence = Evidence(self._connection)
        self.notices = Notices(self._connection)
        self.silences = Silences(self._connection)
        self.outbox = Outbox(self._connection)
        self.receivers = Receivers(self._connection)
        self.beats = Beats(self._connection)
        self.maintenances = Maintenances(self._connection)
        self.periods = Periods(self._connection)
        self.reports = Reports(self._connection)
        self.maintenance = Maintenance(self._connection)
        self.proof = Proof(self._connection)
        self.proofs = Proofs(self._connection)
        self.complaints = Complaints(self._connection)
        self.drills = Drills(self._connection)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it is committed, durably, or nothing of it."""
        with self._connection.transaction():
            yield

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
