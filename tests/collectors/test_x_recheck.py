"""What became of posts of X: compliance jobs and look-ups, against the loopback server."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor import clock
from monitor.collectors._state import write_state
from monitor.collectors.x import XCollector
from monitor.domain import Cursor, Deletion, Mention, Page
from monitor.errors import AnswerUnreadable, CredentialRefused, RateLimited, SourceDown
from monitor.ports import Rechecker
from tests.collectors.case import NOW
from tests.collectors.x_reader import HOUR, VARIABLE, collector, recorded, strings
from tests.servers.loopback import BROKEN, HTML, Reply
from tests.servers.x_jobs_server import Job
from tests.servers.x_server import XServer
from tests.servers.x_words import EXPIRED, NOT_ENROLLED, too_many


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[XServer]:
    with XServer(NOW) as server:
        monkeypatch.setenv(VARIABLE, server.token)
        yield server


@dataclass
class Checker:
    """Asks as the program does: again and again about what has no answer yet, with the last cursor."""

    collector: XCollector
    now: datetime = NOW
    cursor: Cursor | None = None
    pages: list[Page] = field(default_factory=list)

    def ask(self, ids: list[int], times: int = 1) -> "Checker":
        for _ in range(times):
            left = tuple(str(ident) for ident in ids if str(ident) not in self.checked)
            for page in self.collector.recheck(left, self.cursor, now=self.now):
                self.pages.append(page)
                self.cursor = page.cursor or self.cursor
        return self

    @property
    def checked(self) -> set[str]:
        return {ident for page in self.pages for ident in page.checked}

    @property
    def deletions(self) -> list[Deletion]:
        return [deletion for page in self.pages for deletion in page.deletions]

    @property
    def mentions(self) -> list[Mention]:
        return [mention for page in self.pages for mention in page.mentions]

    @property
    def cost(self) -> float:
        return sum(page.coverage.cost or 0.0 for page in self.pages)


def checker(server: XServer, **options: Any) -> Checker:
    return Checker(collector(server, **options))


def test_it_can_be_asked_and_when_it_should_be(server: XServer) -> None:
    assert isinstance(collector(server), Rechecker)
    assert collector(server).recheck_every < timedelta(hours=24)
    assert collector(server, recheck_by="none").recheck_every > timedelta(days=1_000)


def test_a_job_says_later_what_became_of_posts(server: XServer) -> None:
    ids = server.publish(5, NOW - HOUR)
    reasons = ["deleted", "protected", "suspended", "deactivated"]
    for ident, reason in zip(ids, reasons, strict=False):
        server.fates[str(ident)] = {"action": "delete", "reason": reason, "redacted_at": "2026-03-11T11:58:00.000Z"}
    check = checker(server).ask(ids)
    assert check.checked == set()
    assert check.ask(ids).checked == set()  # in progress
    assert check.ask(ids).checked == strings(ids)
    assert [deletion.reason for deletion in check.deletions] == reasons
    assert {deletion.native_id for deletion in check.deletions} == strings(ids[:4])
    assert {deletion.deleted_at for deletion in check.deletions} == {clock.parse("2026-03-11T11:58:00Z")}
    assert check.cost == 0
    assert len(server.jobs) == 1


def test_the_next_posts_get_a_job_of_their_own(server: XServer) -> None:
    ids = server.publish(4, NOW - HOUR)
    check = checker(server).ask(ids[:2], times=3).ask(ids, times=3)
    assert check.checked == strings(ids)
    assert [job.ids for job in server.jobs.values()] == [[str(ident) for ident in part] for part in (ids[:2], ids[2:])]


def test_a_restart_goes_on_with_the_job(server: XServer) -> None:
    ids = server.publish(2, NOW - HOUR)
    cursor = checker(server).ask(ids).cursor
    again = Checker(collector(server), cursor=cursor).ask([], times=2)
    assert again.checked == strings(ids)


def test_removed_places_and_ids_that_are_none_delete_nothing(server: XServer) -> None:
    ids = server.publish(4, NOW - HOUR)
    tales = [{"action": "scrub_geo", "reason": "geo_scrubbed"}, {"action": "delete", "reason": "scrub_geo"}]
    for ident, fate in zip(ids, [*tales, {"error": "invalid_id"}], strict=False):
        server.fates[str(ident)] = fate
    check = checker(server).ask(ids, times=3)
    assert check.deletions == []
    assert check.checked == strings(ids)


def test_an_edited_post_is_read_again(server: XServer) -> None:
    first = server.add(NOW - HOUR, text="as it was")
    last = server.add(NOW - HOUR + timedelta(minutes=9), text="as it is")
    for ident in (first, last):
        server.posts[ident]["edit_history_tweet_ids"] = [str(first), str(last)]
    server.fates[str(first)] = {"action": "rehydrate", "reason": "tweet_edited"}
    check = checker(server, authors=False).ask([first], times=3)
    assert check.checked == {str(first)}
    assert {mention.native_id for mention in check.mentions} == {str(first)}
    assert check.mentions[-1].text == "as it is"
    assert check.mentions[-1].edited_at
    assert check.cost == pytest.approx(2 * 0.005)


@pytest.mark.parametrize("status", ["failed", "expired"])
def test_a_job_that_comes_to_nothing_is_begun_again(server: XServer, status: str) -> None:
    ids = server.publish(2, NOW - HOUR)
    check = checker(server).ask(ids)
    next(iter(server.jobs.values())).status = status
    assert check.ask(ids).checked == set()
    assert check.ask(ids, times=3).checked == strings(ids)
    assert len(server.jobs) == 2


def test_a_job_that_x_has_forgotten_is_begun_again(server: XServer) -> None:
    ids = server.publish(2, NOW - HOUR)
    check = checker(server).ask(ids)
    server.jobs.clear()
    assert check.ask(ids, times=4).checked == strings(ids)


def test_a_job_that_never_ends_is_called_off_and_its_posts_are_looked_up(server: XServer) -> None:
    ids = server.publish(2, NOW - HOUR)
    server.stuck = True
    check = checker(server, authors=False).ask(ids, times=3)
    assert check.checked == set()
    check.now = NOW + 3 * HOUR
    assert check.ask(ids).checked == strings(ids)
    assert server.jobs == {}
    assert check.cost == pytest.approx(2 * 0.005)


def test_a_job_of_ours_that_a_crash_left_behind_makes_way(server: XServer) -> None:
    ids = server.publish(2, NOW - HOUR)
    server.upload_refused = BROKEN
    check = checker(server)
    with pytest.raises(SourceDown):
        check.ask(ids)
    server.upload_refused = None
    assert check.ask(ids, times=3).checked == strings(ids)
    assert len(server.jobs) == 1


def test_a_job_of_somebody_else_is_waited_for(server: XServer) -> None:
    server.jobs["1"] = Job("1", "theirs", status="in_progress")
    with pytest.raises(SourceDown, match="another compliance job"):
        checker(server).ask([7])
    assert list(server.jobs) == ["1"]


def test_a_plan_without_jobs_looks_posts_up_and_does_not_ask_for_jobs_each_time(server: XServer) -> None:
    server.jobs_refused = NOT_ENROLLED
    ids = server.publish(150, NOW - HOUR)
    gone = ids[::50]
    for ident in gone:
        del server.posts[ident]
    server.why_missing[str(gone[0])] = "User has been suspended: [7]."
    server.why_missing[str(gone[1])] = "Sorry, you are not authorized to see the Tweet."
    check = checker(server, authors=False).ask(ids)
    assert check.checked == strings(ids)
    assert [deletion.reason for deletion in check.deletions] == ["suspended", "protected", "deleted"]
    assert check.cost == pytest.approx(147 * 0.005)
    check.ask([*ids, *server.publish(1, NOW - HOUR / 2)])
    assert sum(asked.path == "/2/compliance/jobs" for asked in server.asked) == 1


def test_a_server_that_takes_no_files_is_one_without_jobs(server: XServer) -> None:
    server.upload_refused = Reply(404)
    ids = server.publish(2, NOW - HOUR)
    check = checker(server).ask(ids)
    assert check.checked == strings(ids)
    assert server.jobs == {}


def test_what_is_left_out_of_a_look_up_is_asked_for_alone_before_it_counts_as_gone(server: XServer) -> None:
    server.unmentioned = True
    there, gone = server.publish(2, NOW - HOUR)
    del server.posts[gone]
    check = checker(server, recheck_by="lookup").ask([there, gone])
    assert check.checked == strings([there, gone])
    assert [deletion.native_id for deletion in check.deletions] == [str(gone)]
    assert [asked.params["ids"] for asked in server.asked] == [f"{there},{gone}", str(gone)]


def test_none_asks_nothing(server: XServer) -> None:
    assert checker(server, recheck_by="none").ask([7]).pages == []
    assert server.asked == []


def test_files_elsewhere_must_be_https_and_are_never_sent_the_token(server: XServer) -> None:
    server.files_at = "http://files.example/jobs"
    with pytest.raises(AnswerUnreadable, match="not https"):
        checker(server).ask([7])
    with XServer(NOW) as elsewhere:
        server.jobs.clear()
        server.files_at = f"https://{elsewhere.host}/jobs"
        with pytest.raises(AnswerUnreadable, match="not on the public internet"):
            checker(server).ask([7])
        assert elsewhere.asked == []


def test_files_at_xs_own_names_are_asked_for_where_the_api_is(server: XServer) -> None:
    server.files_at = "https://api.x.com/2/compliance/jobs"
    ids = server.publish(2, NOW - HOUR)
    assert checker(server).ask(ids, times=3).checked == strings(ids)


@pytest.mark.parametrize(
    ("fault", "error"),
    [(BROKEN, SourceDown), (EXPIRED, CredentialRefused), (too_many(None), RateLimited), (HTML, AnswerUnreadable)],
)
def test_a_fault_at_any_question_loses_nothing(server: XServer, fault: Reply, error: type[Exception]) -> None:
    ids = server.publish(3, NOW - HOUR)
    server.fates[str(ids[0])] = {"action": "delete", "reason": "deleted"}
    del server.posts[ids[0]]
    for after in range(5):  # make, leave ids, ask, ask again, fetch
        check = checker(server)
        server.fail(fault, after=after)
        for _ in range(8):
            check.now += HOUR
            try:
                check.ask(ids)
            except (error, SourceDown) as caught:
                assert str(caught).startswith("acme-on-x: ")  # noqa: PT017
        assert check.checked == strings(ids)
        assert {deletion.native_id for deletion in check.deletions} == {str(ids[0])}
        server.jobs.clear()


def test_neither_the_token_nor_an_address_of_a_file_is_told(server: XServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ids = server.publish(2, NOW - HOUR)
    check = checker(server).ask(ids, times=3)
    server.upload_refused = Reply(403)
    with pytest.raises(CredentialRefused) as caught:
        checker(server).ask(ids)
    shown = [str(caught.value), *map(str, check.pages), *(record.getMessage() for record in caplog.records)]
    assert not [text for text in shown if server.token in text or "token=signed" in text]


def test_an_answer_without_a_word_about_many_posts_is_not_believed_at_once(server: XServer) -> None:
    server.unmentioned = True
    ids = server.publish(20, NOW - HOUR)
    kept, server.posts = server.posts, {}
    check = checker(server, recheck_by="lookup").ask(ids)
    assert (check.checked, check.deletions) == (set(), [])
    server.posts = kept
    assert check.ask(ids).checked == strings(ids)
    server.posts = {}
    ids = [ident + 1 for ident in ids]
    check.ask(ids)
    check.now += 2 * HOUR
    assert {deletion.native_id for deletion in check.ask(ids).deletions} == strings(ids)


def test_a_post_that_x_cannot_tell_about_now_is_asked_about_again(server: XServer) -> None:
    there, unknown = server.publish(2, NOW - HOUR)
    del server.posts[unknown]
    server.faulty = {str(unknown)}
    check = checker(server, recheck_by="lookup").ask([there, unknown])
    assert (check.checked, check.deletions) == ({str(there)}, [])


def test_the_end_of_credit_in_a_look_up_deletes_nothing(server: XServer) -> None:
    ids = server.publish(2, NOW - HOUR)
    server.errors = [{"title": "UsageCapExceeded", "detail": "Usage cap exceeded"}]
    check = checker(server, recheck_by="lookup")
    with pytest.raises(CredentialRefused, match="credit"):
        check.ask(ids)
    assert check.pages == []


def test_a_result_of_which_no_line_can_be_read_says_nothing(server: XServer) -> None:
    ids = server.publish(2, NOW - HOUR)
    check = checker(server).ask(ids, times=2)
    server.fail(HTML, after=1)
    with pytest.raises(AnswerUnreadable, match="compliance result"):
        check.ask(ids)
    assert check.checked == set()
    assert check.ask(ids).checked == strings(ids)


def test_a_recorded_look_up_is_read(server: XServer) -> None:
    (server.always,) = recorded("client_get_tweets")
    check = checker(server, recheck_by="lookup").ask([1293593516040269825, 1293595870563381249])
    assert check.checked == {"1293593516040269825", "1293595870563381249"}
    assert [mention.published_at.year for mention in check.mentions] == [2020, 2020]


def test_a_recorded_state_of_a_job_is_read(server: XServer) -> None:
    _, created, _ = recorded("compliance_job")
    server.faults.append(created)
    state = {"job": {"id": "1446017776678801409", "made": clock.iso(NOW), "ids": ["7"]}}
    check = Checker(collector(server), cursor=write_state(state)).ask([])
    assert check.cursor == write_state(state)
    assert check.checked == set()
