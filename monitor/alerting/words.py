"""Numbers, times and findings as a person says them. Pure; knows no alert as a whole."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.domain import Hearing, NearRule, Part, Range, Risk

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def number(value: float) -> str:
    """A count or an expected count: whole from ten up, with one decimal below.

    >>> number(12_345.6), number(4.23), number(3.0)
    ('12,346', '4.2', '3')
    """
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")


def percent(share: float) -> str:
    """
    >>> percent(0.675)
    '68 %'
    """
    return f"{share:.0%}".replace("%", " %")


def chance(probability: float) -> str:
    """A probability as odds; below one in ten thousand no model is exact enough to say more.

    >>> chance(0.2), chance(0.0012), chance(1e-9), chance(0.7)
    ('1 in 5', '1 in 833', 'less than 1 in 10,000', 'more than 1 in 2')
    """
    if probability > 0.5:
        return "more than 1 in 2"
    return f"1 in {round(1 / probability):,}" if probability >= 1e-4 else "less than 1 in 10,000"


def few_voices(posts: int, total: int, accounts: int | None) -> str:
    """How much of what was said comes from few; without accounts, it is copies of one text.

    >>> few_voices(41, 52, 3), few_voices(30, 52, 1), few_voices(38, 52, None)
    ('41 of 52 unhappy posts come from 3 accounts', '30 of 52 unhappy posts come from one account', \
'38 of 52 unhappy posts are copies of one text')
    """
    if accounts is None:
        return f"{posts:,} of {total:,} unhappy posts are copies of one text"
    few = "one account" if accounts == 1 else f"{accounts} accounts"
    return f"{posts:,} of {total:,} unhappy posts come from {few}"


def copies(posts: int, accounts: int | None, reach: int | None) -> str:
    """How often a text was posted, and how far all of its copies reach.

    >>> copies(38, 35, 15_450), copies(2, None, None), copies(3, 1, 40)
    ('38 copies by 35 accounts with 15,450 followers together', '2 copies', '3 copies by one account with 40 followers')
    """
    by = "" if accounts is None else " by one account" if accounts == 1 else f" by {accounts:,} accounts"
    together = "" if accounts == 1 else " together"
    return f"{posts:,} copies{by}" + ("" if reach is None else f" with {reach:,} followers{together}")


def length(span: timedelta) -> str:
    """How long something lasted, in its two largest units.

    >>> length(timedelta(minutes=70)), length(timedelta(days=2, minutes=5)), length(timedelta(seconds=20))
    ('1 h 10 min', '2 d', 'less than a minute')
    """
    minutes = int(span.total_seconds() // 60)
    days, hours = divmod(minutes // 60, 24)
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else ""]
    parts += [f"{minutes % 60} min" if minutes % 60 and not days else ""]
    return " ".join(filter(None, parts)) or "less than a minute"


def window(span: timedelta) -> str:
    """The stretch after "in the last".

    >>> [window(timedelta(minutes=n)) for n in (5, 60, 180, 90)]
    ['5 minutes', 'hour', '3 hours', '90 minutes']
    """
    minutes = int(span.total_seconds() // 60)
    if minutes % 60:
        return f"{minutes} minutes" if minutes > 1 else "minute"
    return "hour" if minutes == 60 else f"{minutes // 60} hours"


def moment(at: datetime, zone: ZoneInfo) -> str:
    """A time in a place, with the place.

    >>> from monitor.clock import parse
    >>> moment(parse("2026-03-11T13:10:00Z"), ZoneInfo("Europe/Berlin"))
    'Wednesday 11 March 2026, 14:10 (Europe/Berlin)'
    """
    local = at.astimezone(zone)
    day = f"{_WEEKDAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local.year}"
    return f"{day}, {local:%H:%M} ({zone.key})"


def clock(at: datetime, zone: ZoneInfo) -> str:
    """A day of the week and a time of day in a place.

    >>> from monitor.clock import parse
    >>> clock(parse("2026-03-11T13:10:00Z"), ZoneInfo("Europe/Berlin"))
    'Wednesday 14:10'
    """
    return f"{weekday(at, zone)} {at.astimezone(zone):%H:%M}"


def lately(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """A time as one says it while the day of the week tells which day is meant.

    >>> from monitor.clock import parse
    >>> long_ago, now = parse("2026-03-01T13:10:00Z"), parse("2026-03-11T13:10:00Z")
    >>> lately(now, now, ZoneInfo("UTC")), lately(long_ago, now, ZoneInfo("UTC"))
    ('Wednesday 13:10', 'Sunday 1 March 2026, 13:10 (UTC)')
    """
    return clock(at, zone) if now - at < timedelta(days=6) else moment(at, zone)


def weekday(at: datetime, zone: ZoneInfo) -> str:
    """The day of the week in a place."""
    return _WEEKDAYS[at.astimezone(zone).weekday()]


def between(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """Two times of day in a place.

    >>> from monitor.clock import parse
    >>> between(parse("2026-03-11T12:10:00Z"), parse("2026-03-11T13:10:00Z"), ZoneInfo("UTC"))
    '12:10 to 13:10'
    """
    return f"{start.astimezone(zone):%H:%M} to {end.astimezone(zone):%H:%M}"


# What an explanation found


SHOWN = 4  # values of one kind
LEAST = 0.05  # of the excess; what has less is left out
MUCH = 0.2  # of the excess in one conversation


def part(slice_: str) -> str:
    """A slice in words, where the caller has no better ones.

    >>> part("touchpoint=delivery"), part("platform=x"), part("language=de")
    ('about delivery', 'on x', 'with language de')
    """
    kind, _, value = slice_.partition("=")
    return {"touchpoint": f"about {value}", "platform": f"on {value}"}.get(kind, f"with {kind} {value}")


def between_shares(share: Range | None) -> str | None:
    """
    >>> between_shares(Range(estimate=0.5, low=0.42, high=0.581))
    '42 % to 58 %'
    """
    return None if share is None else f"{percent(share.low)} to {percent(share.high)}"


def risk(each: Risk) -> str:
    """People at risk, with the assumption that makes them so many.

    >>> risk(Risk(of="reached", people=15_450, rate=0.01))
    '154, if 1 % of the 15,450 followers of unhappy authors turn away'
    >>> risk(Risk(of="unhappy", people=27, rate=20.0))
    '540, if each of the 27 unhappy authors turns 20 others away'
    """
    if each.of == "reached":
        share = f"{100 * each.rate:.2g} %"
        return f"{number(each.lost)}, if {share} of the {each.people:,} followers of unhappy authors turn away"
    authors = "the one unhappy author" if each.people == 1 else f"each of the {each.people:,} unhappy authors"
    return f"{number(each.lost)}, if {authors} turns {each.rate:g} others away"


def shares_of(parts: Iterable[Part], kind: str, whole: float) -> list[tuple[str, str]]:
    """Each value's share of the excess, the largest first; nothing where nothing is in excess, or one has it all.

    >>> two = [Part(kind="platform", value=name, posts=1, observed=9.0, expected=4.0) for name in ("x", "rss")]
    >>> shares_of(two, "platform", 10.0)
    [('x', '50 %'), ('rss', '50 %')]
    """
    held = [each for each in parts if each.kind == kind]
    named = [each for each in held if each.value is not None]
    if whole <= 0.0 or not named or (len(named) == 1 and kind != "touchpoint"):
        return []
    told = [(each.value or "others", each.excess / whole) for each in held if each.excess >= LEAST * whole]
    return [(name, percent(share)) for name, share in told[: SHOWN + 1]]


def largest(parts: Iterable[Part], kind: str, whole: float) -> list[str]:
    """The shares of values that alone make up a good part of the excess.

    >>> largest([Part(kind="thread", value="t", posts=9, observed=9.0, expected=0.0)], "thread", 18.0)
    ['50 %']
    """
    if whole <= 0.0:
        return []
    return [percent(each.excess / whole) for each in parts
            if each.kind == kind and each.value is not None and each.excess >= MUCH * whole]  # fmt: skip


def unheard(each: Hearing, zone: ZoneInfo) -> str:
    """A source that was not fully heard.

    >>> from monitor.clock import parse
    >>> since = parse("2026-03-11T13:10:00Z")
    >>> unheard(Hearing(source="forum", state="blind", since=since, until=None), ZoneInfo("UTC"))
    'forum was blind since Wednesday 13:10'
    """
    since = clock(each.since, zone)
    if each.until is None:
        return f"{each.source} was {each.state} since {since}"
    return f"{each.source} was {each.state} from {since} to {clock(each.until, zone)}"


def near(each: NearRule) -> str:
    """Another rule that came close, or spoke as well.

    >>> near(NearRule(rule="share", slice="", score=0.734)), near(NearRule(rule="counts", slice="platform=x", score=1))
    ('share nearly fired (0.7 of its threshold)', 'counts fired as well, on x')
    """
    of = f", {part(each.slice)}" if each.slice else ""
    if each.score >= 1.0:
        return f"{each.rule} fired as well{of}"
    return f"{each.rule}{of} nearly fired ({int(10 * each.score) / 10:g} of its threshold)"
