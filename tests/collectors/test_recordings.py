"""Real replies that others recorded, replayed on loopback: every row is read. MONITOR_RECORDINGS names their folder.

It has a folder for each platform: x/, reddit/, mastodon/ (cassettes of vcr or betamax), youtube/ (bodies), bluesky/
(lines of a Jetstream), feeds/ (RSS and Atom as they come). Nothing of it is part of this project.
"""

import gzip
import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from monitor.domain import Query, Secret
from tests.collectors.case import Reader, make
from tests.servers.jetstream_server import V1, JetstreamServer
from tests.servers.loopback import Asked, Loopback, Reply, json_reply

FOLDER = Path(os.environ.get("MONITOR_RECORDINGS", "nowhere"))
NOW = datetime(2027, 1, 1, tzinfo=UTC)
TEN_YEARS = 24.0 * 3_653
VARIABLE = "TEST_RECORDINGS_KEY"
JSON = {"content-type": "application/json"}

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="needs MONITOR_RECORDINGS, a folder of recorded replies")


class Replay(Loopback):
    """Gives each recorded answer once, to the first question whose path ends as its own; then answers for no rows."""

    def __init__(self, answers: Mapping[str, list[Reply]], empty: object) -> None:
        super().__init__()
        self.answers = {path.rstrip("/"): list(replies) for path, replies in answers.items()}
        self.empty = empty
        self.given = 0

    def reply(self, asked: Asked) -> Reply:
        for path, replies in self.answers.items():
            if replies and asked.path.rstrip("/").endswith(path):
                self.given += 1
                return replies.pop(0)
        return json_reply(self.empty)


def cassette(path: Path) -> Iterator[tuple[str, Reply]]:
    """The path and the answer of each question on a cassette, in YAML (vcr) or JSON (betamax)."""
    text = path.read_text("utf-8")
    yaml: Any = pytest.importorskip("yaml")
    for each in (json.loads(text) if path.suffix == ".json" else yaml.safe_load(text))["interactions"]:
        body = each["response"]["body"]["string"]
        raw = body.encode() if isinstance(body, str) else body
        packed = {"content-encoding": "gzip"} if raw[:2] == b"\x1f\x8b" else {}
        yield urlsplit(each["request"]["uri"]).path, Reply(200, raw, JSON | packed)


def found(folder: str, names: str, part: str) -> list[tuple[str, Reply]]:
    """Every first answer of a cassette to a question whose path has this part, with the path."""
    answers = []
    for path in sorted((FOLDER / folder).glob(names)):
        answers += [(place, reply) for place, reply in cassette(path) if part in place][:1]
    assert answers, f"there is nothing of {part} in {folder}/{names}"
    return answers


def document(reply: Reply) -> Any:
    return json.loads(gzip.decompress(reply.body) if reply.headers.get("content-encoding") else reply.body)


def read(kind: str, server: Replay, options: dict[str, Any], query: Query | None = None) -> Reader:
    os.environ[VARIABLE] = "a-key"
    told = {"base_url": server.url, "timeout": 5.0} | options
    reader = Reader(make(kind, told), query or Query(terms=("anything",)), NOW).poll()
    assert not any(server.answers.values()), "not every recorded answer was asked for"
    assert reader.rejects == []
    return reader


def taken(reader: Reader) -> set[str]:
    """Every post that was read, and every one that was told as gone."""
    gone = {str(deletion.native_id) for page in reader.pages for deletion in page.deletions}
    return reader.ids | gone


def test_x() -> None:
    for path, reply in found("x", "*.yaml", "/2/tweets/search/recent"):
        wanted = {row["id"] for row in document(reply)["data"]}
        # The rows lack fields that we ask for, so it asks again in other words.
        with Replay({path: [reply, reply]}, {"meta": {"result_count": 0}}) as server:
            assert wanted
            assert taken(read("x", server, {"token": Secret(f"env:{VARIABLE}")})) == wanted


@pytest.mark.parametrize("end", ["/search", "/comments"])
def test_reddit(end: str) -> None:
    token = Reply(200, b'{"access_token": "a-token", "token_type": "bearer", "expires_in": 3600}', JSON)
    for _, reply in found("reddit", "*.json", end):
        wanted = {row["data"]["name"] for row in document(reply)["data"]["children"]}
        nothing = {"kind": "Listing", "data": {"children": [], "after": None}}
        with Replay({"/api/v1/access_token": [token], end: [reply]}, nothing) as server:
            options: dict[str, Any] = {
                "user_agent": "linux:tests:1.0 (by /u/acme)",
                "subreddits": ("acme",),
                "auth_url": server.url,
            }
            options |= {name: Secret(f"env:{VARIABLE}") for name in ("client_id", "client_secret")}
            options |= {"allow_private_hosts": (server.host,), "lookback_hours": TEN_YEARS}
            assert wanted
            assert taken(read("reddit", server, options)) == wanted


@pytest.mark.parametrize("part", ["/timelines/tag/", "/api/v1/notifications"])
def test_mastodon(part: str) -> None:
    for path, reply in found("mastodon", "*.yaml", part):
        rows = [row.get("status") or row for row in document(reply)]
        with Replay({path: [reply]}, []) as server:
            options: dict[str, Any] = {"credential": Secret(f"env:{VARIABLE}"), "allow_private_hosts": (server.host,)}
            options |= {"lookback_hours": TEN_YEARS, "search": False}
            query = Query(hashtags=(path.rpartition("/")[2],))
            assert rows
            assert taken(read("mastodon", server, options, query)) == {row["uri"] for row in rows}


def test_youtube() -> None:
    bodies = [path.read_bytes() for path in sorted((FOLDER / "youtube").glob("comment_threads_by_video_paged_*.json"))]
    threads = [row for body in bodies for row in json.loads(body)["items"]]
    wanted = {row["id"] for row in threads}
    wanted |= {reply["id"] for row in threads for reply in row.get("replies", {}).get("comments", [])}
    nothing = {"kind": "youtube#list", "items": []}
    with Replay({"/commentThreads": [Reply(200, body, JSON) for body in bodies]}, nothing) as server:
        options: dict[str, Any] = {
            "key": Secret(f"env:{VARIABLE}"),
            "allow_private_hosts": (server.host,),
            "search": False,
        }
        options |= {"videos": (threads[0]["snippet"]["videoId"],), "quiet_hours": 0.0, "lookback_hours": TEN_YEARS}
        assert wanted
        assert taken(read("youtube", server, options)) == wanted


def test_bluesky() -> None:
    lines = [json.loads(line) for line in (FOLDER / "bluesky" / "jetstream_v1.jsonl").read_text("utf-8").splitlines()]
    moments = [datetime.fromtimestamp(line["time_us"] / 1e6, UTC) for line in lines]
    with JetstreamServer(max(moments)) as server:
        server.lines = [(line["time_us"], json.dumps(line)) for line in lines]
        options: dict[str, Any] = {"stream_url": f"ws://{server.host}{V1}", "allow_private_hosts": (server.host,)}
        options |= {"replay_hours": 24.0, "silence_seconds": 1e9, "idle_seconds": 2.0, "timeout": 5.0}
        reader = Reader(make("bluesky", options), Query(terms=tuple(words(lines))), max(moments)).poll()
    posts = [line for line in lines if line.get("commit", {}).get("collection") == "app.bsky.feed.post"]
    assert posts
    assert reader.ids == {f"at://{line['did']}/app.bsky.feed.post/{line['commit']['rkey']}" for line in posts}
    assert reader.rejects == []


def words(lines: list[dict[str, Any]]) -> set[str]:
    """A word of each post, for a stream that is looked through for words."""
    texts = [line["commit"]["record"].get("text", "") for line in lines if line.get("commit", {}).get("record")]
    return {text.split()[0] for text in texts if text.split()}


def test_feeds() -> None:
    """Each is read, however ill-formed: every entry is a mention, or set aside with a reason."""
    entries, feeds = 0, sorted((FOLDER / "feeds").iterdir())
    for path in feeds:
        with Loopback(partial(whole, path)) as server:
            options = {"url": f"{server.url}/feed", "allow_private_hosts": (server.host,), "timeout": 5.0}
            reader = Reader(make("rss", options), Query(), NOW).poll()
        assert all(reader.rejects), path.name
        entries += len(reader.ids) + len(reader.rejects)
    assert entries >= len(feeds)


def whole(path: Path, _: Asked) -> Reply:
    return Reply(200, path.read_bytes())
