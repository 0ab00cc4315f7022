"""The ping: tells a watchdog elsewhere that this program lives. One that hears nothing for a while raises the alarm.

Knows an address; nothing of what is well. Whatever becomes of a ping, it disturbs nothing: the watchdog is there for
the case that nobody here can say anything any more.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

import structlog

from monitor.domain import Secret
from monitor.http import GuardedClient, HttpError, Limits

LIMITS = Limits(size=100_000, seconds=10.0)
log = structlog.get_logger("ping")


class Ping:
    """Asks one address; says in the log when it begins to fail, and when it works again."""

    def __init__(self, address: Secret) -> None:
        self._address = address
        self._failing = False

    def __call__(self) -> None:
        """Ask it once. Never raises."""
        fault = self._asked()
        if fault is not None and not self._failing:
            log.warning("the watchdog was not reached", error=fault)
        elif fault is None and self._failing:
            log.info("the watchdog is reached again")
        self._failing = fault is not None

    def _asked(self) -> str | None:
        """What went wrong, in words without the address; None: it answered."""
        try:
            url = self._address.reveal()
            answer = GuardedClient(allow_hosts=_own(url), limits=LIMITS).get(url)
        except (LookupError, HttpError) as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - a ping disturbs nothing
            return f"{type(error).__name__} in asking it"
        return None if answer.status < 400 else f"it answers {answer.status}"


def of(address: Secret | None) -> Callable[[], None] | None:
    """The ping to an address; None: none is wanted."""
    return None if address is None else Ping(address)


def _own(url: str) -> tuple[str, ...]:
    """The host that the settings themselves name: a watchdog may stand in one's own network."""
    host = urlsplit(url).hostname
    return (host,) if host else ()
