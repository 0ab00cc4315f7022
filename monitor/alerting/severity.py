"""The order of severities. Knows nothing of who decides them."""

SEVERITIES = ("low", "medium", "high")


def rank(severity: str) -> int:
    """Its place in the order, 0 for the mildest. Raises ValueError for a word that is no severity.

    >>> rank("high") > rank("low")
    True
    """
    if severity not in SEVERITIES:
        raise ValueError(f'"{severity}" is not a severity; there are: {", ".join(SEVERITIES)}')
    return SEVERITIES.index(severity)


def worst(*severities: str) -> str:
    """The gravest of some.

    >>> worst("low", "high", "medium")
    'high'
    """
    return max(severities, key=rank)
