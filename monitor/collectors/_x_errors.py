"""X's refusals, and the program's errors for them in words that say what to do. Knows no network and no cursor.

X says no in several shapes: one problem, a list of `errors`, a 200 that holds `errors` beside the data or in its place.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from monitor import clock
from monitor.collectors._x_posts import Json, words
from monitor.errors import AnswerUnreadable, CollectorError, CredentialRefused, RateLimited, SourceDown

DEFAULT_WAIT = timedelta(minutes=15)  # X's window, where a 429 does not say when it ends
LONGEST_WAIT = timedelta(days=1)  # no reset time further off is believed
FIELDS = (
    *("author_id", "conversation_id", "created_at", "edit_history_tweet_ids", "lang"),
    *("note_tweet", "public_metrics", "referenced_tweets"),
)
_FIELD_WORDS = re.compile("|".join(("tweet.fields", "post.fields", *FIELDS)).replace("_tweet", "_(?:tweet|post)"))
_OUT_OF_CREDIT = re.compile(r"usage-?capped|usage cap|credit|spend(ing)? cap|billing", re.IGNORECASE)
_ONE_STREAM = re.compile(r"ConnectionException|TooManyConnections|streaming-connection", re.IGNORECASE)
_PLAN = re.compile(r"client-?(forbidden|not-enrolled)|access level|enroll|not-authorized-for-(product|resource)", re.I)


class Refusal(Exception):
    """X answered with an error status."""

    def __init__(self, status: int, headers: Mapping[str, str], document: Json) -> None:
        super().__init__(f"{status}: {words(_first(document))}")
        self.status = status
        self.headers = headers
        self.document = document

    def names(self) -> set[str]:
        """The parameters that X objects to; "fields" stands for any name in which the dialects differ."""
        names: set[str] = set()
        for problem in problems_of(self.document) or [self.document]:
            parameters = problem.get("parameters")
            names |= set(parameters) if isinstance(parameters, dict) else set()
            # "[x] is not one of [a,b]": only what stands before is refused
            refused = str(problem.get("message") or problem.get("detail") or "").split("not one of")[0]
            names |= set(re.findall(r"[a-z_]+(?:\.[a-z]+)?", refused))
        return names | ({"fields"} if any(_FIELD_WORDS.fullmatch(name) for name in names) else set())

    @property
    def by_plan(self) -> bool:
        """Whether what was asked for is not part of the plan: asking again, or for other posts, will not help."""
        return self.status == 403 and bool(_PLAN.search(json.dumps(dict(self.document))))


def problems_of(document: Json) -> list[Json]:
    """The problems that an answer names, whatever its status."""
    problems = document.get("errors")
    return [problem for problem in problems if isinstance(problem, dict)] if isinstance(problems, list) else []


def credit_error(problems: Iterable[Json], source: str) -> CredentialRefused | None:
    """The error for an answer that came with the news that it is the last one that is paid for."""
    for problem in problems:
        if _OUT_OF_CREDIT.search(json.dumps(dict(problem))):
            told = words(_first(problem))
            return CredentialRefused(
                f"{source}: X says that the credit is used up or capped ({told}). Add credit at X."
            )
    return None


def error_of(refusal: Refusal, source: str, *, now: datetime) -> CollectorError:
    """The program's error for a refusal, in words that say what to do."""
    status, told = refusal.status, words(_first(refusal.document))
    if status in (402, 403, 429) and (unpaid := credit_error([refusal.document], source)):
        return unpaid
    if status == 429 and _ONE_STREAM.search(json.dumps(dict(refusal.document))):
        return SourceDown(f"{source}: another program holds the one stream that X allows this token. End that one.")
    if status == 429:
        return RateLimited(source, _wait(refusal.headers, now))
    if status == 401:
        return CredentialRefused(f"{source}: X refuses the token (401). Make a new one at X, and set it where it is.")
    if status == 402:
        return CredentialRefused(f"{source}: X wants to be paid first ({told}). Add credit at X.")
    if status == 403:
        return CredentialRefused(f"{source}: X does not allow this token to ask that ({told}). Check the plan at X.")
    if status >= 500 or status == 408:
        return SourceDown(f"{source}: X's server has a fault ({status}). The next poll tries again.")
    return AnswerUnreadable(
        f"{source}: X does not accept the question ({status}: {told}). Check the source's settings."
    )


def reset_of(headers: Mapping[str, str]) -> datetime | None:
    """When the window of a limit ends; None where that is not told, or not to be read.

    >>> clock.iso(reset_of({"x-rate-limit-reset": "1773230400"}))
    '2026-03-11T12:00:00Z'
    """
    try:
        return clock.EPOCH + timedelta(seconds=int(headers["x-rate-limit-reset"]))
    except (KeyError, ValueError, OverflowError):
        return None


def _first(document: Json) -> Json:
    """The problem that says what is wrong: the first of a list, which the text around it only announces."""
    told = problems_of(document)
    return told[0] if told else document


def _wait(headers: Mapping[str, str], now: datetime) -> timedelta:
    reset = reset_of(headers)
    if reset is None or not timedelta(0) <= reset - now <= LONGEST_WAIT:
        return DEFAULT_WAIT
    return reset - now + timedelta(seconds=1)
