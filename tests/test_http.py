"""The guarded client: no private address is ever asked, nothing is unbounded, nothing secret is told."""

import gzip
import ipaddress
import logging
import socket
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from monitor.http import (
    AddressRefused,
    Answer,
    AnswerRefused,
    GuardedClient,
    HttpError,
    Limits,
    Unreachable,
    _Guard,
    is_public,
)
from tests.servers.loopback import DROPPED, SLOW, Asked, Loopback, Reply
from tests.servers.x_http import METHOD, take_over

VECTORS = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://127.0.0.1.:80/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://0/",
    "http://0.0.0.0/",
    "http://10.0.0.1/",
    "http://10.255.255.255/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.0.0.192/",
    "http://192.0.2.1/",
    "http://192.88.99.1/",
    "http://192.168.1.1/",
    "http://198.18.0.1/",
    "http://198.51.100.1/",
    "http://203.0.113.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[::]/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:8.8.8.8]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::a00:1]/",
    "http://[100::1]/",
    "http://[2001::1]/",
    "http://[2001:db8::1]/",
    "http://[2002:7f00:1::]/",
    "http://[3fff::1]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25lo]/",
    "http://[ff02::1]/",
    "http://localhost/",
    "http://LOCALHOST:8080/",
    "http://①②⑦.⓪.⓪.①/",
    "http://private.example/",
    "http://mixed.example/",
    "http://metadata.example/",
    "http://nat64.example/",
    "http://127.0.0.1./",
    "http://127。0。0。1/",
    "http://0x7f000001./",
    "http://00000177.1/",
    "http://%31%32%37.0.0.1/",
    "http://127.0.0.1%00.public.example/",
    "http://127.0.0.1:80:80/",
    "http://100.100.100.200/latest/meta-data/",
    "http://168.63.129.16/machine/",
    "http://localhost./",
    "http://ｌｏｃａｌｈｏｓｔ/",
    "http://ⓛocalhost/",
    "http://PRIVATE.example./",
    "http://ｐrivate.example/",
    "http://wide.example/",
    "http://broadcast.example/",
    "http://sixtofour.example/",
    "http://zone.example/",
    "http://nonsense.example/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:ffff:a9fe:a9fe]/",
    "http://[::ffff:0:127.0.0.1]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[2001:0:7f00:1:0:ffff:80ff:fffe]/",
    "http://[2001:10::1]/",
    "http://[fec0::1]/",
    "http://[5f00::1]/",
    "http://[4000::1]/",
    "http://[::1%25eth0]/",
    "http://[::1/",
    "http+unix://%2Frun%2Fdocker.sock/",
    "ws://public.example/",
    "http:\\\\private.example\\",
    "http:/\t/private.example/",
    "\nhttp://private.example/",
    "http://user:pass@public.example/",
    "http://public.example@private.example/",
    "http://public.example\\@private.example/",
    "https://private.example:8443/",
    "ftp://public.example/",
    "file:///etc/passwd",
    "gopher://public.example:70/_x",
    "unix:///run/docker.sock",
    "data:text/plain,x",
    "javascript:alert(1)",
    "//public.example/",
    "http:///etc/passwd",
    "http://",
    "",
    "http://public.example:99999/",
    "http://exa mple.example/",
]
NAMES = {
    "private.example": ["10.0.0.7"],
    "mixed.example": ["1.1.1.1", "127.0.0.1"],
    "metadata.example": ["169.254.169.254"],
    "nat64.example": ["64:ff9b::a9fe:a9fe"],
    "private.example.": ["10.0.0.7"],
    "wide.example": ["0.0.0.0"],
    "broadcast.example": ["255.255.255.255"],
    "sixtofour.example": ["2002:7f00:1::"],
    "zone.example": ["fe80::1%1", "1.1.1.1"],
    "nonsense.example": ["1.1.1.1", "not an address"],
    "public.example": ["1.1.1.1"],
    "localhost.": ["127.0.0.1"],
    "localhost": ["127.0.0.1"],
}


def names(host: str, port: int) -> list[str]:
    """A resolver without a network: the table, or what the machine makes of numbers."""
    if host in NAMES:
        return NAMES[host]
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    return [str(place[4][0]) for place in found]


@pytest.fixture
def site() -> Iterator[Loopback]:
    with Loopback(lambda asked: Reply(200, asked.path.encode())) as server:
        yield server


def allowed(*servers: Loopback, **limits: Any) -> GuardedClient:
    return GuardedClient(allow_hosts=[server.host for server in servers], limits=Limits(**limits))


@pytest.mark.parametrize("address", VECTORS)
def test_no_socket_is_opened_to_a_private_place(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []

    def refuse(*told: object, **_: object) -> None:
        opened.append(told)
        raise OSError("no sockets in this test")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(HttpError):
        GuardedClient(resolve=names).get(address)
    assert opened == []


def test_the_test_above_would_see_a_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []

    def refuse(*told: object, **_: object) -> None:
        opened.append(told[0])
        raise OSError("no sockets in this test")

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(Unreachable):
        GuardedClient(resolve=names).get("http://public.example/")
    assert opened == [("1.1.1.1", 80)]


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "172.15.0.1", "172.32.0.1", "2606:4700::1111", "2a00::1"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


def test_a_second_dns_answer_leads_nowhere_else(site: Loopback) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    port = site.host.split(":")[1]
    client = GuardedClient(allow_hosts=["news.example"], resolve=lambda host, port: next(answers))
    assert client.get(f"http://news.example:{port}/a").body == b"/a"
    assert site.asked[0].headers["host"] == f"news.example:{port}"
    assert next(answers) == ["10.0.0.1"]  # the name was looked up once


def test_only_the_exact_host_and_port_are_exempt(site: Loopback) -> None:
    assert allowed(site).get(f"{site.url}/a").body == b"/a"
    with pytest.raises(AddressRefused, match="allow_private_hosts"):
        GuardedClient(allow_hosts=["127.0.0.1:1", "27.0.0.1", ".0.0.1"]).get(site.url)
    assert len(site.asked) == 1


def test_a_redirect_to_a_private_place_is_refused(site: Loopback) -> None:
    with Loopback() as inner:
        site.always = Reply(302, headers={"location": f"{inner.url}/secret"})
        with pytest.raises(AddressRefused):
            allowed(site).get(site.url)
        assert inner.asked == []


def test_redirects_are_followed_a_few_times_and_not_for_ever(site: Loopback) -> None:
    site.faults.extend([Reply(301, headers={"location": "/b"}), Reply(308, headers={"location": "c"})])
    assert allowed(site).get(f"{site.url}/a").body == b"/c"
    site.always = Reply(302, headers={"location": "/again"})
    with pytest.raises(AddressRefused, match="more than 3 times"):
        allowed(site).get(site.url)


@pytest.mark.parametrize("place", ["file:///etc/passwd", "ftp://x/", "http://u:p@x/", "http://[::1]/", "//10.0.0.1/"])
def test_a_redirect_is_checked_like_the_first_address(site: Loopback, place: str) -> None:
    site.always = Reply(302, headers={"location": place})
    with pytest.raises(AddressRefused):
        allowed(site).get(site.url)
    assert len(site.asked) == 1


def test_each_step_of_a_chain_is_checked(site: Loopback) -> None:
    with Loopback() as inner:
        steps = ["/b", "/c", f"{inner.url}/secret"]
        site.faults.extend(Reply(302, headers={"location": place}) for place in steps)
        with pytest.raises(AddressRefused):
            allowed(site).get(f"{site.url}/a")
        assert [asked.path for asked in site.asked] == ["/a", "/b", "/c"]
        assert inner.asked == []


def test_a_redirect_from_https_to_http_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(client: GuardedClient, method: str, url: Any, *_: object) -> Answer:
        asked.append(str(url))
        return Answer(status=302, headers={"location": "http://public.example/b"}, body=b"")

    monkeypatch.setattr(GuardedClient, "_once", answer)
    with pytest.raises(AddressRefused, match="from https to http"):
        GuardedClient(resolve=names).get("https://public.example/a")
    assert asked == ["https://public.example/a"]


def test_a_socket_in_the_file_system_is_never_asked() -> None:
    with pytest.raises(AddressRefused, match="file system"):
        _Guard(frozenset(), names, time.monotonic() + 1).connect_unix_socket("/run/docker.sock")


def test_secrets_do_not_follow_a_redirect_to_another_host(site: Loopback) -> None:
    with Loopback(lambda asked: Reply(200)) as other:
        site.always = Reply(302, headers={"location": f"{other.url}/"})
        headers = {"Authorization": "Bearer canary", "X-Key": "canary", "Cookie": "canary"}
        allowed(site, other).get(site.url, headers=headers)
        assert "canary" in str(site.asked[0].headers)
        assert "canary" not in str(other.asked[0].headers)


def test_what_is_posted_is_not_posted_elsewhere(site: Loopback) -> None:
    site.always = Reply(307, headers={"location": "/other"})
    assert allowed(site).post(site.url, b"{}").status == 307
    assert len(site.asked) == 1
    assert site.asked[0].body == b"{}"


def test_bytes_are_left_at_an_address_and_a_redirect_is_an_answer(site: Loopback) -> None:
    take_over(site)
    site.fail(Reply(307, headers={"location": "/elsewhere"}), after=1)
    assert allowed(site).put(f"{site.url}/file?key=1", b"1\n2", headers={"content-type": "text/plain"}).status == 200
    assert allowed(site).put(site.url, b"3").status == 307
    assert [(asked.headers[METHOD], asked.path, asked.body) for asked in site.asked] == [
        ("PUT", "/file", b"1\n2"),
        ("PUT", "/", b"3"),
    ]
    assert site.asked[0].headers["content-type"] == "text/plain"


def test_the_environments_proxy_is_not_used(site: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://10.0.0.1:3128")
    monkeypatch.setenv("ALL_PROXY", "http://10.0.0.1:3128")
    assert allowed(site).get(f"{site.url}/a").status == 200


def test_a_bomb_is_stopped_while_it_unpacks(site: Loopback) -> None:
    site.always = Reply(200, gzip.compress(b"\0" * 100_000_000), {"content-encoding": "gzip"})
    tracemalloc.start()
    with pytest.raises(AnswerRefused, match="larger than 2,000,000 bytes"):
        allowed(site, size=2_000_000).get(site.url)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 15_000_000


@pytest.mark.parametrize("coding", ["gzip, gzip", "gzip"])
def test_odd_packing_is_refused(site: Loopback, coding: str) -> None:
    site.always = Reply(200, b"not packed at all", {"content-encoding": coding})
    with pytest.raises(AnswerRefused):
        allowed(site).get(site.url)


def test_a_slow_drip_ends_at_the_deadline(site: Loopback) -> None:
    site.always = SLOW
    begin = time.monotonic()
    with pytest.raises(Unreachable, match="within the time limit"):
        allowed(site, seconds=0.3).get(site.url)
    assert time.monotonic() - begin < 3


def test_a_line_that_breaks_says_whether_the_request_may_have_arrived(site: Loopback) -> None:
    site.always = DROPPED
    with pytest.raises(Unreachable) as broken:
        allowed(site).get(site.url)
    assert broken.value.sent
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Unreachable) as refused:
        GuardedClient(allow_hosts=["127.0.0.1"]).get(f"http://127.0.0.1:{port}/")
    assert not refused.value.sent


def test_nothing_secret_is_told_or_logged(site: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    address = f"{site.url}/canary-path?key=canary-query"
    allowed(site).get(address, headers={"Authorization": "canary-header"})
    told = []
    for client in (GuardedClient(), allowed(site, size=0), allowed(site, seconds=0)):
        with pytest.raises(HttpError) as caught:
            client.get(address, headers={"Authorization": "canary-header"})
        told.append(str(caught.value))
    assert "canary" not in "".join(told) + caplog.text


def test_headers_of_an_answer_are_read_by_lower_case_names(site: Loopback) -> None:
    site.always = Reply(200, headers={"ETag": '"1"'})
    assert allowed(site).get(site.url).headers["etag"] == '"1"'


def test_an_asked_is_what_was_sent(site: Loopback) -> None:
    allowed(site).get(f"{site.url}/a?b=c")
    assert isinstance(site.asked[0], Asked)
    assert site.asked[0].params == {"b": "c"}
    assert site.asked[0].headers["user-agent"].startswith("sentiment-monitor/")
