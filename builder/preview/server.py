"""A server for one author's own browser: on the loopback interface, read only.

Any page that this browser shows could send requests here. So requests must name this very address
as host (else a foreign name could be made to point here), must not come from another site, and can
only read; files are found by looking up their names, never by joining paths.
"""

import errno
import json
import os
import signal
import socketserver
import sys
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from builder import figures
from builder.cache import Cache
from builder.diagnostics import EnvironmentProblem
from builder.preview.assets import TYPES, assets
from builder.preview.session import Session, State
from builder.preview.view import empty_script
from builder.preview.watch import snapshot, watch
from builder.project import Project

#: Used unless another is asked for; if it is taken, any free one is.
DEFAULT_PORT = 8642
HOST = "127.0.0.1"
#: The port that browsers leave out of addresses.
_HTTP = 80

#: Seconds after which a stream without news says that it is still there.
_ALIVE = 15.0

#: For every answer but PDFs, which browsers draw with scripts of their own. The page's policies
#: stand in its HTML, where an export has them too.
_PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
_PAGE_POLICY = "frame-ancestors 'self'"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A page asks for a dozen files at once.
    request_queue_size = 128
    # Elsewhere this lets a port be used again at once; on Windows it lets others take it.
    allow_reuse_address = os.name != "nt"

    def __init__(self, session: Session, port: int) -> None:
        self.session = session
        super().__init__((HOST, port), _Handler)

    def server_bind(self) -> None:
        # HTTPServer's own would ask the network for this machine's name.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of bugs; a browser that closes a tab is no error."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def serve(
    project: Project,
    cache: Cache,
    now: int,
    *,
    port: int | None = None,
    ready: Callable[[str], None],
    browse: bool = True,
) -> None:
    """Show the project until Ctrl-C.

    Args:
        project: The project.
        cache: Results of slow pure functions.
        now: Unix time in seconds that new and changed notes would get.
        port: The port; 0 for any free one, None for the usual one if it is free.
        ready: Told the address.
        browse: Whether to open a browser.

    Raises:
        EnvironmentProblem: The port is in use.
    """
    session = Session(project, cache, now)
    server = _bind(session, port)
    stop = threading.Event()
    before = snapshot(project)
    session.reload()

    def look() -> None:
        session.warm()
        watch(project, before, stop, session.reload)

    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    threading.Thread(target=look, daemon=True).start()
    address = f"http://{HOST}:{server.server_port}/"
    # Also for those who end us otherwise, or started us with Ctrl-C turned off.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    try:
        ready(address)
        if browse:
            webbrowser.open(address)
        # Not for ever at once: on Windows, Ctrl-C waits for the end of a wait.
        while not stop.wait(0.5):
            pass
    except KeyboardInterrupt:
        pass
    finally:
        stop.set()
        session.close()
        server.shutdown()
        server.server_close()


def _bind(session: Session, port: int | None) -> _Server:
    try:
        return _Server(session, DEFAULT_PORT if port is None else port)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        if port is None:
            return _Server(session, 0)
        reason = "in use" if error.errno == errno.EADDRINUSE else "not for this user"
        raise EnvironmentProblem(
            f"port {port} is {reason}; name another one, or --port 0 for any that is free"
        ) from None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "deckwright"
    sys_version = ""
    server: _Server

    def do_GET(self) -> None:
        if self._foreign():
            self._send(HTTPStatus.FORBIDDEN, b"not for other sites\n", "text/plain")
            return
        address, _, query = self.path.partition("?")
        path = unquote(address).removeprefix("/")
        kind, _, name = path.partition("/")
        if path == "events":
            self._events(parse_qs(query).get("revision", [""])[0])
        elif path == "deck.js":
            self._send(HTTPStatus.OK, self._deck().encode(), TYPES[".js"])
        elif kind == "topics":
            self._topic(name.removesuffix(".json"))
        elif kind == "media":
            self._media(name)
        elif kind == "print":
            self._print(name)
        else:
            self._file(assets().get(path or "index.html"))

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def _foreign(self) -> bool:
        """Whether a request names another host, or comes from another site's page."""
        port = self.server.server_port
        hosts = {f"{HOST}:{port}", f"localhost:{port}"}
        if port == _HTTP:
            hosts |= {HOST, "localhost"}
        origin = self.headers.get("Origin")
        return (
            self.headers.get("Host") not in hosts
            or (origin is not None and origin not in {f"http://{host}" for host in hosts})
            or self.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
        )

    def _deck(self) -> str:
        state = self.server.session.state
        more: dict[str, object] = {
            "live": True,
            "root": self.server.session.project.root.as_posix(),
            "revision": state.revision,
            "problems": state.problems,
        }
        return state.view.script(**more) if state.view else empty_script(**more)

    def _topic(self, name: str) -> None:
        view = self.server.session.state.view
        text = view.topics.get(name) if view else None
        if text is None:
            self._missing()
        else:
            self._send(HTTPStatus.OK, text.encode(), TYPES[".json"])

    def _media(self, name: str) -> None:
        view = self.server.session.state.view
        self._file(view.media.get(name) if view else None, _PICTURE_POLICY)

    def _print(self, name: str) -> None:
        view = self.server.session.state.view
        if view is None or name not in view.print:
            self._missing()
            return
        drawn = self.server.session.pages(name)
        if drawn.data:
            self._send(HTTPStatus.OK, drawn.data, TYPES[".pdf"], "")
        else:
            text = f"{name} cannot be drawn.\n\n{drawn.problem}\n".encode()
            self._send(HTTPStatus.CONFLICT, text, "text/plain; charset=utf-8")

    def _file(self, file: Path | None, policy: str = _PAGE_POLICY) -> None:
        data = None
        if file is not None:
            with suppress(OSError, ValueError):  # it may be being written just now
                data = figures.read(file)
        if file is None or data is None:
            self._missing()
        else:
            suffix = Path(figures.path(file.name)).suffix.lower()
            kind = TYPES.get(suffix, "application/octet-stream")
            self._send(HTTPStatus.OK, data, kind, policy)

    def _missing(self) -> None:
        self._send(HTTPStatus.NOT_FOUND, b"not here\n", "text/plain")

    def _send(self, status: HTTPStatus, body: bytes, kind: str, policy: str = _PAGE_POLICY) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self._headers(policy)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _headers(self, policy: str) -> None:
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        if policy:
            self.send_header("Content-Security-Policy", policy)

    def _events(self, revision: str) -> None:
        """Tell the page of every new state, as server-sent events, until it closes."""
        session = self.server.session
        state: State | None = session.state
        known = state if state and str(state.revision) == revision else None
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Connection", "close")
        self._headers(_PAGE_POLICY)
        self.end_headers()
        self.close_connection = True
        if self.command == "HEAD":
            return
        with suppress(OSError):
            # Sent at once, so that the page knows that it is connected.
            self.wfile.write(b"retry: 1000\n\n")
            while not session.closed:
                state = session.wait(known, _ALIVE)
                if state is None:
                    self.wfile.write(b": still here\n\n")
                    continue
                same = known is not None and known.view is state.view
                deck = "null" if same or state.view is None else state.view.deck
                problems = json.dumps(state.problems, ensure_ascii=False)
                event = f'{{"revision":{state.revision},"deck":{deck},"problems":{problems}}}'
                self.wfile.write(f"data: {event}\n\n".encode())
                known = state

    def log_message(self, format: str, *args: object) -> None:
        """Every request of every card would be said."""
