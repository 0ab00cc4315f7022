"""What a collector remembers between polls, as the JSON text of a cursor. Knows no collector."""

import json
from collections.abc import Mapping
from typing import Any

from monitor.domain import Cursor


def read_state(cursor: Cursor | None) -> dict[str, Any]:
    """What a cursor holds. One that cannot be read holds nothing: the source is then read from its beginning.

    >>> read_state(Cursor('{"since":"7"}')), read_state(Cursor("[7]")), read_state(None)
    ({'since': '7'}, {}, {})
    """
    try:
        state = json.loads(cursor.value) if cursor else {}
    except ValueError:
        return {}
    return state if isinstance(state, dict) else {}


def write_state(state: Mapping[str, object]) -> Cursor:
    """A cursor that holds the state."""
    return Cursor(json.dumps(state, separators=(",", ":"), sort_keys=True))
