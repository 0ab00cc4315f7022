"""X's compliance jobs and look-ups by id, on loopback. Files lie on the same host, and want the token."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.servers.loopback import Asked, Reply, json_reply
from tests.servers.x_http import METHOD
from tests.servers.x_words import EXPIRED, missing, problem


@dataclass
class Job:
    id: str
    name: str
    status: str = "created"
    ids: list[str] = field(default_factory=list)


class Jobs:
    """The part of the server that knows what became of posts."""

    posts: dict[int, dict[str, Any]]
    url: str
    token: str

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.fates: dict[str, dict[str, Any]] = {}  # what a job's result says of an id
        self.jobs_refused: Reply | None = None
        self.files_at: str | None = None  # another place for files, which wants no token
        self.stuck = False  # a job never ends
        self.upload_refused: Reply | None = None
        self.unmentioned = False  # what is gone is left out of a look-up without a word
        self.why_missing: dict[str, str] = {}
        self.faulty: set[str] = set()  # what X cannot tell about now

    def reply_to_jobs(self, asked: Asked) -> Reply:
        if self.jobs_refused:
            return self.jobs_refused
        method, parts = asked.headers[METHOD], asked.path.split("/")[4:]
        if not parts:
            return self._made(json.loads(asked.body)) if method == "POST" else self._listed()
        job = self.jobs.get(parts[0])
        if job is None:
            return problem("resource-not-found", "Not Found Error", "There is no such job.", 404)
        if len(parts) == 2:
            return self._file(job, asked)
        if method == "DELETE":
            del self.jobs[job.id]
            return json_reply({"data": {"cancelled": True}})
        if job.status == "in_progress" and not self.stuck:
            job.status = "complete"
            return json_reply({"data": self._told(job) | {"status": "in_progress"}})
        return json_reply({"data": self._told(job)})

    def _made(self, told: dict[str, str]) -> Reply:
        if any(job.status in ("created", "in_progress") for job in self.jobs.values()):
            return problem("conflict", "Conflict", "A job of this type is already active.", 409)
        job = Job(str(7_000 + len(self.jobs)), told.get("name", ""))
        self.jobs[job.id] = job
        return json_reply({"data": self._told(job)})

    def _listed(self) -> Reply:
        return json_reply({"data": [self._told(job) for job in self.jobs.values()]})

    def _told(self, job: Job) -> dict[str, str]:
        base = self.files_at or f"{self.url}/2/compliance/jobs"
        urls = {f"{way}_url": f"{base}/{job.id}/{way}?token=signed" for way in ("upload", "download")}
        return {"id": job.id, "type": "tweets", "name": job.name, "status": job.status} | urls

    def _file(self, job: Job, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return EXPIRED
        if asked.headers[METHOD] == "PUT":
            if self.upload_refused:
                return self.upload_refused
            job.ids = asked.body.decode().split()
            job.status = "in_progress"
            return Reply(200)
        lines = [json.dumps({"id": ident} | self.fates[ident]) for ident in job.ids if ident in self.fates]
        return Reply(200, "\n".join(lines).encode(), {"content-type": "application/x-ndjson"})

    def finish_jobs(self) -> None:
        """Every job has its result by now."""
        for job in self.jobs.values():
            job.status = "complete"

    def reply_to_lookup(self, params: dict[str, str]) -> Reply:
        ids = params["ids"].split(",")
        there = [int(ident) for ident in ids if int(ident) in self.posts]
        gone = [ident for ident in ids if int(ident) not in self.posts]
        document = self.envelope(there, params)
        document.pop("meta")
        if gone and not self.unmentioned:
            document["errors"] = [self._why(ident) for ident in gone]
        return json_reply(document)

    def _why(self, ident: str) -> dict[str, str]:
        told = missing(ident, why=self.why_missing.get(ident, ""))
        return told | {"title": "Service Unavailable", "type": "about:blank"} if ident in self.faulty else told

    def envelope(self, ids: list[int], params: dict[str, str]) -> dict[str, Any]:
        raise AssertionError("the search's part of the server answers this")
