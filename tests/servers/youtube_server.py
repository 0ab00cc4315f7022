"""The YouTube Data API on loopback: search, threads and replies, with its quotas and its ways to be wrong."""

from collections.abc import Callable
from datetime import datetime
from html import escape, unescape
from typing import Any

from monitor import clock
from tests.servers.loopback import Asked, Loopback, Reply, json_reply


def refused(status: int, reason: str, detail: str = "") -> Reply:
    error = {"code": status, "message": f"No: {reason}", "errors": [{"reason": reason, "domain": "youtube"}]}
    return json_reply({"error": error | ({"details": [{"reason": detail}]} if detail else {})}, status)


QUOTA = refused(403, "quotaExceeded")
TOO_FAST = refused(403, "rateLimitExceeded")
BAD_KEY = refused(400, "badRequest", "API_KEY_INVALID")
UNUSED_API = refused(403, "accessNotConfigured")
NO_COMMENTS = refused(403, "commentsDisabled")
NO_VIDEO = refused(404, "videoNotFound")
NO_CHANNEL = refused(404, "channelNotFound")
LOST_PLACE = refused(400, "invalidPageToken")


class YoutubeServer(Loopback):
    """Holds videos, and threads under them. A page's token is a place in the list as it is now, so pages shift."""

    def __init__(self, key: str, *, embedded: int = 2) -> None:
        super().__init__()
        self.key = key
        self.embedded = embedded  # so many replies come along with a thread
        self.videos: list[dict[str, Any]] = []
        self.threads: list[dict[str, Any]] = []
        self.refused: dict[str, Reply] = {}  # by video, channel, or path
        self.empty_first = False  # an empty page with a token comes before all others
        self.stuck = False  # every page names itself as the next one
        self.silent = False  # zero results that are wrong
        self.forgets = False  # no place in a list is known any more
        self.html_only = False  # textOriginal is left out

    def add_video(self, name: str, at: datetime, title: str = "Acme & friends, tested", **fields: Any) -> str:
        snippet = {"publishedAt": clock.iso(at), "channelId": "UCtests", "channelTitle": "Tests", "newField": 1}
        snippet |= {"title": escape(title), "description": "What it&#39;s worth ..."} | fields
        self.videos.append({"kind": "youtube#searchResult", "id": {"videoId": name}, "snippet": snippet})
        return name

    def add(self, video: str, at: datetime, text: str = "Acme is slow & late", **fields: Any) -> str:
        """A thread without replies; returns its id."""
        ident = f"Ug{len(self.threads):06d}"
        snippet = {"videoId": video, "channelId": "UCtests", "totalReplyCount": 0, "isPublic": True}
        first = {"id": ident, "snippet": self._comment(at, text, videoId=video) | fields}
        self.threads.append({"id": ident, "snippet": snippet | {"topLevelComment": first}, "all": []})
        return ident

    def reply_to(self, thread: str, at: datetime, text: str = "Acme too", **fields: Any) -> str:
        place = next(each for each in self.threads if each["id"] == thread)
        ident = f"{thread}.{len(place['all'])}"
        place["all"].append({"id": ident, "snippet": self._comment(at, text, parentId=thread) | fields})
        place["snippet"]["totalReplyCount"] += 1
        return ident

    def thread(self, ident: str) -> dict[str, Any]:
        """The snippet of a thread's first comment, to be changed."""
        place = next(each for each in self.threads if each["id"] == ident)
        snippet: dict[str, Any] = place["snippet"]["topLevelComment"]["snippet"]
        return snippet

    def _comment(self, at: datetime, text: str, **fields: Any) -> dict[str, Any]:
        return {
            "authorDisplayName": "@ann",
            "authorChannelId": {"value": "UCann"},
            "textDisplay": escape(text),
            "textOriginal": text,
            "likeCount": 3,
            "publishedAt": clock.iso(at),
            "updatedAt": clock.iso(at),
            "brandNewField": {"nobody": "knows"},
        } | fields

    def reply(self, asked: Asked) -> Reply:
        if asked.headers.get("x-goog-api-key") != self.key:
            return BAD_KEY
        path = asked.path.removeprefix("/youtube/v3/")
        answers: dict[str, Callable[[dict[str, str]], Reply]] = {
            "search": self._search, "commentThreads": self._threads, "videos": self._videos,
            "comments": self._named if "id" in asked.params else self._replies,
        }  # fmt: skip
        if path not in answers:
            return Reply(404)
        return self.refused.get(path) or answers[path](asked.params)

    def _search(self, params: dict[str, str]) -> Reply:
        words = [word.strip('"').lower() for word in params["q"].split("|")]
        after = params.get("publishedAfter", "")
        found = [
            video
            for video in self.videos
            if any(word in video["snippet"]["title"].lower() for word in words)
            and video["snippet"]["publishedAt"] >= after
        ]
        found.sort(key=lambda video: str(video["snippet"]["publishedAt"]), reverse=True)
        return self._page(found, params)

    def _threads(self, params: dict[str, str]) -> Reply:
        video, channel = params.get("videoId"), params.get("allThreadsRelatedToChannelId")
        if answer := self.refused.get(video or channel or ""):
            return answer
        found = [
            thread
            for thread in self.threads
            if video in (None, thread["snippet"]["videoId"]) and channel in (None, thread["snippet"]["channelId"])
        ]
        found.sort(key=_time, reverse=True)
        plain = params.get("textFormat") == "plainText"
        return self._page([self._shown(thread, plain) for thread in found], params)

    def _replies(self, params: dict[str, str]) -> Reply:
        thread = next((each for each in self.threads if each["id"] == params["parentId"]), None)
        if thread is None:
            return refused(404, "parentCommentNotFound")
        return self._page(thread["all"], params | {"maxResults": "2"})

    def _named(self, params: dict[str, str]) -> Reply:
        """Comments by their ids; those that there are not are left out. A closed one spoils the whole question."""
        names = params["id"].split(",")
        if len(names) > 50 or "maxResults" in params:
            return refused(400, "invalidFilters")
        if answer := next((self.refused[name] for name in names if name in self.refused), None):
            return answer
        all_of = [each["snippet"]["topLevelComment"] for each in self.threads]
        all_of += [reply for each in self.threads for reply in each["all"]]
        return json_reply({"items": [each for each in all_of if each["id"] in names and not self.silent]})

    def _videos(self, params: dict[str, str]) -> Reply:
        names = params["id"].split(",")
        found = [video for video in self.videos if video["id"]["videoId"] in names and not self.silent]
        rows = [video | {"id": video["id"]["videoId"], "snippet": _bare(video["snippet"])} for video in found]
        return json_reply({"kind": "youtube#videoListResponse", "items": rows})

    def take_away(self, name: str) -> None:
        """A video or a comment is gone, with all that stands under it."""
        self.videos = [video for video in self.videos if video["id"]["videoId"] != name]
        self.threads = [each for each in self.threads if name not in (each["id"], each["snippet"]["videoId"])]
        for each in self.threads:
            each["all"] = [reply for reply in each["all"] if reply["id"] != name]

    def _shown(self, thread: dict[str, Any], plain: bool) -> dict[str, Any]:
        shown = {name: value for name, value in thread.items() if name != "all"}
        if thread["all"] and self.embedded:
            shown["replies"] = {"comments": thread["all"][: self.embedded]}
        if self.html_only:
            first = thread["snippet"]["topLevelComment"]
            snippet = {name: value for name, value in first["snippet"].items() if name != "textOriginal"}
            snippet["textDisplay"] = first["snippet"]["textOriginal"] if plain else snippet["textDisplay"]
            shown["snippet"] = thread["snippet"] | {"topLevelComment": first | {"snippet": snippet}}
        return shown

    def _page(self, found: list[dict[str, Any]], params: dict[str, str]) -> Reply:
        told, size = params.get("pageToken", ""), int(params.get("maxResults", "5"))
        if self.silent:
            return json_reply({"items": [], "pageInfo": {"totalResults": 0}})
        if self.empty_first and not told:
            return json_reply({"items": [], "nextPageToken": "at-0"})
        if told and (self.forgets or not told.startswith("at-")):
            return LOST_PLACE
        start = int(told.removeprefix("at-") or 0)
        document: dict[str, Any] = {"kind": "youtube#list", "items": found[start : start + size], "brandNew": 1}
        if self.stuck:
            document["nextPageToken"] = told or f"at-{size}"
        elif start + size < len(found):
            document["nextPageToken"] = f"at-{start + size}"
        return json_reply(document)


def _bare(snippet: dict[str, Any]) -> dict[str, Any]:
    """As videos.list tells it: not in HTML, and the description whole."""
    title, description = (unescape(str(snippet.get(name) or "")) for name in ("title", "description"))
    return snippet | {"title": title, "description": description.replace(" ...", " on all of its days.")}


def _time(thread: dict[str, Any]) -> str:
    return str(thread["snippet"]["topLevelComment"]["snippet"].get("publishedAt") or "")
