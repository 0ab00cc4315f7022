"""Lets tweepy's session reach only what the guarded client would reach: checked addresses. Knows nothing of X.

A name is resolved once for a connection, every address is checked, and the socket is opened to one that was checked.
"""

from collections.abc import Iterable
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from monitor.http import checked_addresses, system_resolver

_POOLS = {"http": (HTTPConnectionPool, HTTPConnection), "https": (HTTPSConnectionPool, HTTPSConnection)}


def guard(session: Any, allow_hosts: Iterable[str]) -> None:
    """Have a session of requests raise AddressRefused where a host is not public and not allowed."""
    allowed = frozenset(host.strip().lower() for host in allow_hosts)
    pools = {}
    for scheme, (pool, connection) in _POOLS.items():
        looking = type("Looking", (_Looking, connection), {"allowed": allowed})
        pools[scheme] = type("Pool", (pool,), {"ConnectionCls": looking})
    for scheme in pools:
        session.get_adapter(f"{scheme}://").poolmanager.pool_classes_by_scheme = pools


class _Looking:
    """Before a connection of urllib3, which resolves `_dns_host` when it opens its socket."""

    allowed: frozenset[str]
    port: int
    _dns_host: str

    def _new_conn(self) -> Any:
        name = self._dns_host
        fault: Exception = OSError("no address")
        try:
            for address in checked_addresses(name, self.port, self.allowed, system_resolver):
                self._dns_host = address
                try:
                    return super()._new_conn()  # type: ignore[misc]
                except (NewConnectionError, ConnectTimeoutError) as error:
                    fault = error
        finally:
            self._dns_host = name
        raise fault
