"""Every error that the program raises on purpose; knows nothing of who raises or catches it.

    MonitorError                exit 1   something a person must read
    ├── SettingsError           exit 2   a setting is refused: file, key, value, what is allowed
    │   └── UnknownPlugin       exit 2   no file and no entry point of that kind
    ├── InputError              exit 3   a file that was named cannot be read as what it should be
    ├── StoreError              exit 4   the database cannot be used
    │   ├── StoreBusy           exit 5   another process owns it (retryable)
    │   ├── StoreNewer          exit 4   a later program wrote it
    │   └── StoreFull           exit 4   no room left on the disk (retryable)
    ├── CollectorError          exit 6   a source could not be read
    │   ├── RateLimited         exit 6   the platform asked us to wait (retryable)
    │   ├── SourceDown          exit 6   network, timeout, server fault (retryable)
    │   ├── CredentialRefused   exit 6   key missing, expired or not allowed
    │   └── AnswerUnreadable    exit 6   the platform's answer has an unknown shape
    ├── ModelUnavailable        exit 7   no model can score
    └── NotifierError           exit 8   a message was not delivered
        ├── NotifierRefused     exit 8   the receiver says no: retrying will not help
        └── DeliveryUnknown     exit 8   it may have arrived (retryable, marked as repeat)

Each message is one sentence or two: what, where, and what to do. `retryable` says whether the same call may
succeed later without anybody doing anything.
"""

from datetime import timedelta
from typing import ClassVar


class MonitorError(Exception):
    """Something that a person must read; the message is the whole story."""

    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False


class SettingsError(MonitorError):
    """A setting is refused; `problems` has one sentence for each."""

    exit_code = 2

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class UnknownPlugin(SettingsError):
    """No file and no entry point has that kind."""


class InputError(MonitorError):
    """A file that was named cannot be read as what it should be."""

    exit_code = 3


class StoreError(MonitorError):
    """The database cannot be used."""

    exit_code = 4


class StoreBusy(StoreError):
    """Another process owns the database."""

    exit_code = 5
    retryable = True


class StoreNewer(StoreError):
    """A later version of the program wrote the database."""


class StoreFull(StoreError):
    """No room is left; nothing of the running transaction was kept."""

    retryable = True


class CollectorError(MonitorError):
    """A source could not be read."""

    exit_code = 6


class RateLimited(CollectorError):
    """The platform asked us to wait; `wait` is how long from now."""

    retryable = True

    def __init__(self, source: str, wait: timedelta) -> None:
        super().__init__(
            f"{source}: rate limited, next try in {int(wait.total_seconds())} s."
            " To ask less often, raise `every` in config/monitor.toml."
        )
        self.wait = wait


class SourceDown(CollectorError):
    """The network or the platform's server failed; the next poll may succeed."""

    retryable = True


class CredentialRefused(CollectorError):
    """The key is missing, expired, out of credit, or may not do this."""


class AnswerUnreadable(CollectorError):
    """The platform's answer has a shape that the collector does not know."""


class ModelUnavailable(MonitorError):
    """No model can score: it is missing, damaged, or has no usable labels."""

    exit_code = 7


class NotifierError(MonitorError):
    """A message was not delivered; a later try may succeed unless the class says otherwise.

    `retry_after` is the wait that the receiver asked for, if it did.
    """

    exit_code = 8
    retryable = True

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotifierRefused(NotifierError):
    """The receiver says no for good: bad address, bad key, message not acceptable."""

    retryable = False


class DeliveryUnknown(NotifierError):
    """The line broke after the message left: it may have arrived."""
