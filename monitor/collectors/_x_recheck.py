"""What became of posts of X: by compliance jobs, which answer later, or by looking posts up. Knows no store.

A job is made, the ids are left at its upload address, and some time later what happened to them lies at its download
address; an id that is not named there is fine. X's documents of 2026 have both addresses on its own host, with the
token; those of before had them on a storage host, signed and without a token: who is sent the token is decided by the
host. One job of a type may run at a time. What was edited is looked up.

Where the plan has no jobs, or no file is taken, posts are looked up, a hundred at a time, each billed like any other
read. X says there of each post that is gone why; one of which it says nothing counts as gone with care only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from monitor import clock
from monitor.collectors._fields import instant, word
from monitor.collectors._recheck import is_believed, parts_of
from monitor.collectors._state import write_state
from monitor.collectors._x_errors import Refusal, credit_error, error_of, problems_of
from monitor.collectors._x_fates import Lookup, read_result
from monitor.collectors._x_options import XOptions
from monitor.collectors._x_posts import PLATFORM, Answer, Json, words
from monitor.collectors._x_read import Reader
from monitor.domain import Coverage, Cursor, Deletion, Page
from monitor.errors import AnswerUnreadable, CollectorError, CredentialRefused, SourceDown
from monitor.http import Answer as HttpAnswer
from monitor.http import GuardedClient, HttpError, Limits, Unreachable

EVERY = timedelta(hours=20)  # X wants within 24 hours what it asks for
NEVER = timedelta(days=36_500)
BATCH = 5_000  # ids of a job; a cursor must hold them
LOOKUP = 100  # ids of a look-up
PATIENCE = timedelta(hours=2)  # a job that is not done by then is given up, and its posts are looked up
UPLOAD = timedelta(minutes=20)  # X takes ids for 15 minutes
RETRY = timedelta(days=7)  # a plan without jobs may have them again
MAX_RESULT = 5_000_000  # bytes
_OWN = {"api.x.com", "api.twitter.com"}


@dataclass(frozen=True, slots=True)
class Job:
    """A compliance job that was made, and the posts that wait for it."""

    id: str
    made: datetime
    ids: tuple[str, ...]

    @classmethod
    def read(cls, told: Any) -> "Job | None":
        """As a cursor tells it; None where it tells none."""
        try:
            return cls(str(told["id"]), clock.parse(told["made"]), tuple(str(ident) for ident in told["ids"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    def told(self) -> dict[str, Any]:
        """What a cursor must hold."""
        return {"id": self.id, "made": clock.iso(self.made), "ids": list(self.ids)}


class Rechecks:
    """Asks X what became of posts."""

    def __init__(self, source: str, options: XOptions, reader: Reader, memory: dict[str, Any]) -> None:
        self._source = source
        self._options = options
        self._memory = memory  # what the last page's cursor held
        self._reader = reader
        self._client = reader.client
        self._now = reader.now
        limits = Limits(size=MAX_RESULT, seconds=options.timeout, redirects=0)
        self._files = GuardedClient(allow_hosts=options.private_hosts, limits=limits)

    def pages(self, ids: tuple[str, ...]) -> Iterator[Page]:
        """What became of posts, as far as it is known by now."""
        job, way = Job.read(self._memory.get("job")), self._options.recheck_by
        if way == "jobs" and job is not None:
            yield from self._after(job)
        elif way == "lookup" or (way == "jobs" and self._without_jobs()):
            yield from self._looked_up_all(ids)
        elif way == "jobs" and ids:
            yield from self._begun(ids[:BATCH])

    def _without_jobs(self) -> bool:
        """Whether X said lately that the plan has no jobs."""
        try:
            return self._now - instant(self._memory.get("without_jobs"), "without_jobs") < RETRY
        except ValueError:
            return False

    def _begun(self, ids: tuple[str, ...]) -> Iterator[Page]:
        job = self._begin(ids)
        if job is not None:
            yield Page(cursor=self._cursor(job=job.told()))
            return
        yield Page(cursor=self._cursor(without_jobs=clock.iso(self._now)))
        yield from self._looked_up_all(ids)

    def _after(self, job: Job) -> Iterator[Page]:
        """How a job goes on. One that failed or expired is forgotten: the next re-check begins again."""
        state, place = self._state(job)
        running, age = state in ("created", "in_progress"), self._now - job.made
        if state == "complete" and place:
            yield from self._result(job, place)
        elif running and age >= PATIENCE:
            self._call_off(job.id)
            self._memory.pop("job", None)
            yield from self._looked_up_all(job.ids)
        elif state == "created" and age >= UPLOAD:
            self._call_off(job.id)  # the ids never arrived
            yield Page(cursor=self._cursor(job=None))
        else:
            yield Page(cursor=self._cursor(job=job.told() if running else None))

    def _cursor(self, **changes: Any) -> Cursor:
        """What must be remembered: a job that runs, a plan without jobs, since when answers are empty."""
        self._memory |= changes
        return write_state({name: value for name, value in self._memory.items() if value is not None})

    def _begin(self, ids: tuple[str, ...]) -> Job | None:
        """Have a job made for these posts; None where none can be had. Raises the collectors' errors."""
        try:
            made = self._made()
        except Refusal as refusal:
            if refusal.by_plan:
                return None
            raise error_of(refusal, self._source, now=self._now) from None
        job, upload = word(made.get("id")), made.get("upload_url")
        if not job or not job.isalnum() or not isinstance(upload, str):
            raise AnswerUnreadable(f"{self._source}: X made a compliance job without an id or an address.")
        try:
            self._file("PUT", upload, "\n".join(ids).encode())
        except _NoFiles:
            self._call_off(job)
            return None
        return Job(job, self._now, ids)

    def _made(self) -> Json:
        """A new job; one of ours that is in its way, as a crash may leave it, is called off first."""
        name = f"sentiment-monitor {self._source}"[:64]
        try:
            return self._data(lambda: self._client.create_compliance_job("tweets", name=name))
        except Refusal as refusal:
            if refusal.status != 409:
                raise
        document = self._asked(lambda: self._client.get_compliance_jobs("tweets"))
        rows = document.get("data")
        running = [job for job in rows if _is_running(job)] if isinstance(rows, list) else []
        for job in running:
            if job.get("name") != name:
                raise SourceDown(f"{self._source}: another compliance job runs at X. The next re-check tries again.")
            self._call_off(quote(str(job.get("id")), safe=""))
        return self._data(lambda: self._client.create_compliance_job("tweets", name=name))

    def _call_off(self, job: str) -> None:
        """End a job that is not wanted any more; one that is gone already is no fault."""
        try:
            self._asked(lambda: self._client.request("DELETE", f"/2/compliance/jobs/{job}").json())
        except Refusal as refusal:
            if refusal.status not in (400, 404, 405, 409, 410):
                raise error_of(refusal, self._source, now=self._now) from None

    def _state(self, job: Job) -> tuple[str, str | None]:
        """What X says of a job, and where its result lies. "gone": X does not know it."""
        try:
            document = self._asked(lambda: self._client.get_compliance_job(job.id))
        except Refusal as refusal:
            if refusal.status in (404, 410):
                return "gone", None
            raise error_of(refusal, self._source, now=self._now) from None
        data = document.get("data")
        if not isinstance(data, dict):
            return "gone", None
        place = data.get("download_url")
        return str(data.get("status")), place if isinstance(place, str) else None

    def _result(self, job: Job, place: str) -> Iterator[Page]:
        """What became of the posts of a job that is complete."""
        lines = [line for line in self._file("GET", place).splitlines() if line.strip()]
        deletions, edited, rejects = read_result(lines, frozenset(job.ids))
        if rejects and len(rejects) == len(lines):
            raise AnswerUnreadable(f"{self._source}: X's compliance result cannot be read; it is asked for again.")
        yield Page(
            deletions=tuple(deletions),
            rejects=tuple(rejects),
            cursor=self._cursor(job=None),
            checked=tuple(ident for ident in job.ids if ident not in edited),
            coverage=self._coverage([], len(job.ids)),
        )
        yield from self._looked_up_all(tuple(ident for ident in job.ids if ident in edited))

    def _looked_up_all(self, ids: tuple[str, ...]) -> Iterator[Page]:
        """Posts by their ids, a hundred at a time: as they are now, or gone."""
        for part in parts_of(ids, LOOKUP):
            yield self._looked_up(part)

    def _looked_up(self, ids: tuple[str, ...]) -> Page:
        """What X leaves out of its answer without a word is asked for once more, alone, before it may count as gone."""
        found = [self._posts(ids)]
        left = tuple(ident for ident in ids if not found[0].answers(ident))
        if left:
            found.append(self._posts(left))
        silent = [ident for ident in left if not found[1].answers(ident) and ident not in found[1].faults]
        believed = is_believed(self._memory, len(ids), len(ids) - len(left), self._now)
        gone = {ident: why for each in found for ident, why in each.gone.items()}
        gone |= dict.fromkeys(silent if believed else (), "deleted")
        there = {ident for each in found for ident in each.there}
        found += self._newest(found)
        return Page(
            mentions=tuple(mention for each in found for mention in each.answer.mentions),
            deletions=tuple(Deletion(platform=PLATFORM, native_id=ident, reason=why) for ident, why in gone.items()),
            rejects=tuple(reject for each in found for reject in each.answer.rejects if reject.line is not None),
            cursor=self._cursor(),
            checked=tuple(ident for ident in ids if ident in gone or ident in there),
            coverage=self._coverage([each.answer for each in found], len(ids)),
        )

    def _newest(self, found: list[Lookup]) -> list[Lookup]:
        """X returns the version that was named: the newest of an edited post has a name of its own."""
        had = {ident for each in found for ident in each.there}
        names = {newest for each in found for newest in each.there.values()} - had
        return [self._posts(part) for part in parts_of(sorted(names), LOOKUP)]

    def _posts(self, ids: tuple[str, ...]) -> Lookup:
        document: dict[str, Any] = {}

        def ask() -> Json:
            document.update(self._client.posts_of(list(ids)))
            return {"data": [], **document}

        answer = self._reader.understood(ask)
        if unpaid := credit_error(answer.problems, self._source):
            raise unpaid
        return Lookup.read(document, answer)

    def _coverage(self, answers: Sequence[Answer], asked: int) -> Coverage:
        return Coverage(
            asked=asked, returned=sum(each.rows for each in answers),
            cost=sum(self._reader.cost(each, self._options.price_per_post) for each in answers),
            remaining=self._client.remaining, resets_at=self._client.resets_at,
        )  # fmt: skip

    def _data(self, ask: Any) -> Json:
        document = self._asked(ask)
        data = document.get("data")
        if isinstance(data, dict):
            return data
        told = problems_of(document)
        raise AnswerUnreadable(f"{self._source}: X made no compliance job ({words(told[0] if told else document)}).")

    def _asked(self, ask: Any) -> Json:
        """An answer; Refusal is the caller's."""
        try:
            document: Json = ask()
        except Refusal:
            raise
        except OSError as error:
            raise SourceDown(f"{self._source}: X cannot be reached ({type(error).__name__}).") from None
        except ValueError as error:
            raise AnswerUnreadable(f"{self._source}: X's answer cannot be read ({error}).") from None
        return document

    def _file(self, method: str, place: str, content: bytes = b"") -> bytes:
        """Leave a file at an address that X named, or fetch one. The address is a secret: it is never told."""
        url, own = self._address(place)
        headers = {"authorization": f"Bearer {self._client.bearer_token}"} if own else {}
        try:
            if method == "PUT":
                answer = self._files.put(url, content, headers={**headers, "content-type": "text/plain"})
            else:
                answer = self._files.get(url, headers=headers)
        except Unreachable as error:
            raise SourceDown(f"{self._source}: {error} The next re-check tries again.") from None
        except HttpError as error:
            raise AnswerUnreadable(f"{self._source}: {error}") from None
        if not 200 <= answer.status < 300:
            raise _file_error(answer, self._source, self._now)
        return answer.body

    def _address(self, place: str) -> tuple[str, bool]:
        """Where a file really is, and whether it is X's own host, which alone is sent the token."""
        told, base = urlsplit(place), urlsplit(self._options.base_url)
        if told.hostname in _OWN or told.netloc == base.netloc:
            return urlunsplit((base.scheme, base.netloc, told.path, told.query, "")), True
        if told.scheme != "https":
            raise AnswerUnreadable(f"{self._source}: X names an address for a file that is not https.")
        return place, False


class _NoFiles(AnswerUnreadable):
    """There is no way to leave or fetch a file: it is no use to try again."""


def _is_running(job: Any) -> bool:
    return isinstance(job, dict) and job.get("status") in ("created", "in_progress")


def _file_error(answer: HttpAnswer, source: str, now: datetime) -> CollectorError:
    if answer.status in (401, 403):
        return CredentialRefused(f"{source}: X does not let us have a compliance file ({answer.status}).")
    if answer.status >= 500 or answer.status in (408, 429):
        return error_of(Refusal(answer.status, answer.headers, {}), source, now=now)
    return _NoFiles(f"{source}: X's files answer {answer.status}.")
