"""False alarms: how much of those that were asked for people's verdicts have used, in a sentence.

Knows the rules and the store's incidents; how it is reckoned stands in analysis/burn.py.
"""

from datetime import datetime, timedelta

from monitor.analysis.burn import burn
from monitor.pipeline.program import Program, Rule

BURN = timedelta(weeks=4)  # over which they are counted


def budget(program: Program, *, now: datetime, brand: str | None = None) -> str:
    """How much of the false alarms that were asked for people's verdicts have used in four weeks, in a sentence.

    "": no rule asks for any, or nothing was watched yet.
    """
    brands = [card.name for card in program.settings.brands if not card.competitor and brand in (None, card.name)]
    begun = [first for name in brands if (first := program.store.detection.first_slot(name)) is not None]
    if not begun:
        return ""
    since = max(now - BURN, min(begun))
    asked = sum(asked_of(rule) * sum(rule.watches(name) for name in brands) for rule in program.rules)
    used = burn(
        program.store.incidents.find(since=since, brand=brand, limit=10_000), asked=asked, since=since, until=now
    )
    if used.allowed <= 0.0:
        return ""
    days = max(1, round((now - since) / timedelta(days=1)))
    span = f"{days} day{'' if days == 1 else 's'}"
    said = f"{used.false} in {span} by people's word, where {used.allowed:.1f} were asked for"
    return said + (f"; {used.unjudged} of {used.incidents} alarms were judged by nobody" if used.unjudged else "") + "."


def asked_of(rule: Rule) -> float:
    """How many false alarms a week a rule may make for each brand; 0 where it knows no such rate or tells nobody."""
    if not getattr(rule.detector, "alarm", True):
        return 0.0
    return float(getattr(getattr(rule.detector, "options", None), "false_alarms_per_week", None) or 0.0)
