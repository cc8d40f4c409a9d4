"""The preview's server: for this machine's own pages, read only, no file but the listed ones."""

import http.client
import json
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser.previewing import command, edit, new_project, running


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = new_project(tmp_path_factory.mktemp("server") / "averages")
    (folder / "secret.txt").write_text("secret", "utf-8")
    return folder


@pytest.fixture(scope="module")
def port(project: Path) -> Iterator[int]:
    with running(project) as address:
        yield urlsplit(address).port or 0


def ask(
    port: int, path: str, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body; the path goes out as it is."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def deck(port: int) -> dict[str, Any]:
    _, _, body = ask(port, "/deck.js")
    text = body.decode().removeprefix("window.DECKWRIGHT=").removesuffix(";\n")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


PATHS = ["/", "/deck.js", "/events", "/frame.html", "/topics/averages.json", "/print/sheet-en.pdf"]


@pytest.mark.parametrize("path", PATHS)
def test_a_foreign_name_for_this_machine_is_refused(port: int, path: str) -> None:
    """DNS rebinding: the attacker's name points to 127.0.0.1, and the browser says that name."""
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{port + 1}", ""):
        assert ask(port, path, Host=host)[0] == 403


@pytest.mark.parametrize("path", PATHS)
def test_other_sites_are_refused(port: int, path: str) -> None:
    for origin in ("https://evil.example", "null", f"http://localhost:{port + 1}"):
        assert ask(port, path, Origin=origin)[0] == 403
    for site in ("cross-site", "same-site"):
        assert ask(port, path, Sec_Fetch_Site=site)[0] == 403


def test_our_own_page_is_answered(port: int) -> None:
    for name in ("127.0.0.1", "localhost"):
        own = {"Host": f"{name}:{port}", "Origin": f"http://{name}:{port}"}
        status, headers, _ = ask(port, "/topics/averages.json", **own, Sec_Fetch_Site="same-origin")
        assert status == 200
        assert not [header for header in headers if header.startswith("access-control")]


def test_nothing_can_be_changed(port: int) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert ask(port, "/", method)[0] == 501


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/secret.txt",
        "/media/../secret.txt",
        "/media/../../secret.txt",
        "/media/%2e%2e/%2e%2e/secret.txt",
        "/media/..%2f..%2fsecret.txt",
        "/media/balance.svg",  # only under the name that cards use
        "/mathjax/../../package.json",
        "/content/deck.yaml",
        "//etc/passwd",
        "/topics/../deck.yaml",
        "/print/../deck.lock",
        "/print/averages.apkg",
        "/media/",
        "/%00",
        "//[",
    ],
)
def test_no_other_file_is_served(port: int, path: str) -> None:
    status, _, body = ask(port, path)
    assert (status, body) == (404, b"not here\n")


def test_pictures_cannot_run_scripts_either(port: int) -> None:
    media = re.findall(
        r"averages-balance-[0-9a-f]+\.svg", ask(port, "/topics/averages.json")[2].decode()
    )
    status, headers, body = ask(port, f"/media/{media[0]}")
    assert status == 200
    assert b"<svg" in body
    assert headers["content-security-policy"].endswith("sandbox")
    assert headers["x-content-type-options"] == "nosniff"


def test_a_picture_that_is_being_written_is_not_there_yet(tmp_path: Path) -> None:
    project = new_project(tmp_path / "averages")
    figure = project / "content/figures/balance.svg"
    labels = "<text lang='en'>mean</text><text lang='zh'>平均</text></svg>"
    figure.write_text(figure.read_text("utf-8").replace("</svg>", labels), "utf-8")
    with running(project) as address:
        port = urlsplit(address).port or 0
        answer = ask(port, "/topics/averages.json")[2].decode()
        (name, *_) = re.findall(r"averages-balance-[0-9a-f]+\.svg", answer)
        assert ask(port, f"/media/{name}")[0] == 200
        figure.write_text("<svg><text", "utf-8")
        assert ask(port, f"/media/{name}")[0] == 404


def test_every_answer_is_guarded(port: int) -> None:
    for path in ("/", "/frame.html", "/deck.js", "/mathjax/tex-chtml-full.js", "/none"):
        _, headers, body = ask(port, path)
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["content-security-policy"] == "frame-ancestors 'self'"
        assert headers["cache-control"] == "no-store"
        if path in ("/", "/frame.html"):
            policy = re.search(r'Content-Security-Policy" content="([^"]+)"', body.decode())
            assert policy is not None
            rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
            assert rules["default-src"] == "'none'"
            assert rules["script-src"] == "'self' file:"


def test_head_has_no_body(port: int) -> None:
    status, headers, body = ask(port, "/", "HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 1000
    status, headers, body = ask(port, "/events", "HEAD")
    assert (status, body) == (200, b"")
    assert headers["content-type"].startswith("text/event-stream")


def test_it_listens_on_the_loopback_only(port: int) -> None:
    with socket.socket() as other:
        other.settimeout(5)
        # All of 127/8 is this machine: whoever listens everywhere would answer here.
        with pytest.raises(ConnectionRefusedError):
            other.connect(("127.0.0.2", port))


def test_a_page_hears_of_the_state_and_of_each_save(tmp_path: Path) -> None:
    project = new_project(tmp_path / "averages")
    with running(project) as address:
        port = urlsplit(address).port or 0
        known = deck(port)["revision"]
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", f"/events?revision={known}")
        answer = connection.getresponse()
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        before = {each["id"]: each["hash"] for each in deck(port)["deck"]["topics"]}
        edit(project, "topics/averages.yaml", "Add all values", "Sum up all values")
        while True:
            line = answer.readline().decode()
            if not line.startswith("data: "):
                continue
            event = json.loads(line.removeprefix("data: "))
            if event["deck"] and event["deck"]["topics"][0]["hash"] != before["averages"]:
                break
        assert event["revision"] > known
        assert "Sum up all values" in ask(port, "/topics/averages.json")[2].decode()
        connection.close()


def test_a_port_in_use_is_said(project: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = command(project, "--port", str(port))
        _, said = process.communicate(timeout=30)
    assert process.returncode == 3
    assert said == (
        f"error: port {port} is in use; name another one, or --port 0 for any that is free\n"
    )


def test_ending_it_leaves_no_process(project: Path) -> None:
    for ending in (signal.SIGINT, signal.SIGTERM):
        process = command(project, "--port", "0")
        assert process.stderr is not None
        address = re.search(r"http\S+", process.stderr.readline())
        assert address is not None
        port = urlsplit(address[0]).port or 0
        assert ask(port, "/print/sheet-en.pdf")[2].startswith(b"%PDF-")  # a worker is there
        process.send_signal(ending)
        _, rest = process.communicate(timeout=20)  # the workers share stderr: they are gone too
        assert (process.returncode, rest) == (0, "")
