"""What a rehearsal is called: a drill for Acme runs under a brand of its own, so that nothing of Acme is touched."""

import re

_SHADOW = re.compile(r"(?P<brand>.*) \(drill \d+\)", re.DOTALL)


def shadow_of(brand: str, number: int) -> str:
    """The name under which a brand's drill runs.

    >>> shadow_of("Acme", 3)
    'Acme (drill 3)'
    """
    return f"{brand} (drill {number})"


def real_brand(brand: str) -> str:
    """The brand that a name stands for: a drill follows its brand's rules, routes, hours and card.

    >>> real_brand("Acme (drill 3)"), real_brand("Acme")
    ('Acme', 'Acme')
    """
    found = _SHADOW.fullmatch(brand)
    return found["brand"] if found else brand


def is_drill(brand: str) -> bool:
    """Whether a name is that of a drill.

    >>> is_drill("Acme (drill 3)"), is_drill("Acme")
    (True, False)
    """
    return _SHADOW.fullmatch(brand) is not None
