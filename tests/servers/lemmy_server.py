"""Lemmy's search in the dialect of 0.19, of 1.0, and of 1.0 as it was for a while (all kinds in one list)."""

from datetime import datetime, timedelta
from typing import Any

from monitor import clock
from tests.servers.loopback import Asked, Loopback, Reply, json_reply

V3, V4, COMBINED = "0.19", "1.0", "1.0 combined"


class LemmyServer(Loopback):
    """Holds views of posts and comments as 0.19 shows them; 1.0's are made of these."""

    def __init__(self, now: datetime, dialect: str = V3) -> None:
        super().__init__()
        self.now = now
        self.dialect = dialect
        self.cap = 50
        self.silent = False  # nothing is found by its address
        self.holes = 0  # so many answers are empty although more follows
        self.circle = False  # each page leads to itself
        self.views: list[tuple[str, dict[str, Any]]] = []

    def add(self, at: datetime, text: str = "Acme & <others> are late", kind: str = "posts", **fields: Any) -> str:
        """One post or comment; returns its ap_id."""
        number = len(self.views) + 1
        address = f"https://lemmy.example/{kind.removesuffix('s')}/{number}"
        common = {
            "id": number,
            "ap_id": address,
            "published": clock.iso(at),
            "deleted": False,
            "removed": False,
            "brand_new_field": 1,
        }
        own = {"content": text, "path": f"0.{number}"} if kind == "comments" else {"name": text, "body": "**Really**"}
        post = {"id": 5, "ap_id": "https://lemmy.example/post/5", "name": "A thread", "published": clock.iso(at)}
        view: dict[str, Any] = {
            "post": post,
            "creator": {"name": "ann", "actor_id": "https://lemmy.example/u/ann"},
            "community": {"actor_id": "https://lemmy.example/c/news"},
            "counts": {"score": 4, "upvotes": 5},
        }
        view["counts"] |= {"child_count": 2} if kind == "comments" else {"comments": 7}
        view[kind.removesuffix("s")] = common | own | fields
        self.views.append((kind, view))
        return str((common | fields)["ap_id"])

    def thing(self, address: str) -> dict[str, Any]:
        """The post or comment of an ap_id, to be changed."""
        things = [view[kind.removesuffix("s")] for kind, view in self.views]
        return next(thing for thing in things if thing["ap_id"] == address)

    def reply(self, asked: Asked) -> Reply:
        root = "/api/v3" if self.dialect == V3 else "/api/v4"
        if asked.path == f"{root}/site":
            return json_reply({"version": "0.19.14" if self.dialect == V3 else "1.0.2", "site_view": {}})
        if asked.path == f"{root}/resolve_object":
            return self._resolve(asked.params["q"])
        if asked.path != f"{root}/search":
            return Reply(404)
        return self._v3(asked.params) if self.dialect == V3 else self._v4(asked.params)

    def _resolve(self, address: str) -> Reply:
        """One post or comment; what is deleted, removed or unknown is not found, in the dialect's words."""
        for kind, view in self.views:
            thing = view[kind.removesuffix("s")]
            if thing["ap_id"] == address and not (thing["deleted"] or thing["removed"] or self.silent):
                if self.dialect == V3:
                    return json_reply({kind.removesuffix("s"): view})
                shown = {"type_": kind.removesuffix("s"), **_v4_view(view)}
                return json_reply({"resolve": shown} if self.dialect == COMBINED else {"results": [shown]})
        if self.dialect == V3:
            return json_reply({"error": "couldnt_find_object"}, 400)
        return json_reply({"error": "not_found", "message": "NotFound"}, 404)

    def _v3(self, params: dict[str, str]) -> Reply:
        if (params["sort"], params["listing_type"]) != ("New", "All") or params["type_"] not in ("Posts", "Comments"):
            return json_reply({"error": "unknown variant"}, 400)
        kind, size, page = params["type_"].lower(), min(int(params["limit"]), self.cap), int(params["page"])
        rows = self._found(kind, params["q"])[(page - 1) * size : page * size]
        document: dict[str, Any] = {"type_": params["type_"], "posts": [], "comments": [], "users": []}
        return json_reply(document | {kind: rows})

    def _v4(self, params: dict[str, str]) -> Reply:
        if (params["sort"], params["listing_type"]) != ("new", "all") or params["type_"] not in ("posts", "comments"):
            return json_reply({"error": "unknown variant"}, 400)
        kind, size, start = params["type_"], min(int(params["limit"]), self.cap), 0
        oldest = self.now - timedelta(seconds=int(params["time_range_seconds"]))
        rows = [row for row in self._found(kind, params["q"]) if _time(row, kind) > clock.iso(oldest)]
        cursor = params.get("page_cursor", "")
        if cursor and cursor[1:] != "0":
            places = [place for place, row in enumerate(rows) if _number(row, kind) == cursor[1:]]
            if not places:
                return json_reply({"error": "couldnt_parse_pagination_token"}, 400)
            start = places[0] + 1
        if self.holes:
            self.holes -= 1
            return json_reply({"posts": [], "comments": [], "next_page": "Q" + (cursor[1:] or "0")})
        shown = rows[start : start + size]
        document: dict[str, Any] = {"posts": [], "comments": [], "persons": [], kind: [_v4_view(row) for row in shown]}
        if self.dialect == COMBINED:
            document = {"search": [{"type_": kind.removesuffix("s"), **_v4_view(row)} for row in shown]}
        more = start + size < len(rows)
        following = "P" + _number(shown[-1], kind) if more else None
        return json_reply(document | {"next_page": (cursor or following) if self.circle else following})

    def _found(self, kind: str, word: str) -> list[dict[str, Any]]:
        rows = [view for each, view in self.views if each == kind]
        one = kind.removesuffix("s")
        rows = [row for row in rows if word.lower() in str(row[one].get("name") or row[one].get("content")).lower()]
        return sorted(rows, key=lambda row: (_time(row, kind), row[one]["id"]), reverse=True)


def _time(row: dict[str, Any], kind: str) -> str:
    return str(row[kind.removesuffix("s")]["published"])


def _number(row: dict[str, Any], kind: str) -> str:
    return f"{row[kind.removesuffix('s')]['id']:x}"


def _v4_view(row: dict[str, Any]) -> dict[str, Any]:
    """The same in 1.0's words."""
    view = {name: value for name, value in row.items() if name != "counts"}
    for name in ("post", "comment"):
        if name in view:
            thing = dict(view[name])
            thing["published_at"] = thing.pop("published")
            if "updated" in thing:
                thing["updated_at"] = thing.pop("updated")
            view[name] = thing | row["counts"]
    view["creator"] = {"name": row["creator"]["name"], "ap_id": row["creator"]["actor_id"]}
    view["community"] = {"ap_id": row["community"]["actor_id"]}
    return view
