"""What lies outside the installation: a collector of traces, and a partner that refuses files."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Outside:
    """One HTTP server. `traces` holds every export as it came, protobuf and all."""

    def __init__(self) -> None:
        self.traces: list[bytes] = []
        self.url = ""

    @property
    def refusing_partner_url(self) -> str:
        """The address of a partner that answers 400 to every file and has nothing for us."""
        return f"{self.url}/refusing"

    @property
    def silent_partner_url(self) -> str:
        """The address of a partner that takes every file and never answers one."""
        return f"{self.url}/silent"

    @classmethod
    @contextmanager
    def listening(cls) -> Iterator["Outside"]:
        """The server, answering until the block ends."""
        outside = cls()
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(outside))
        server.daemon_threads = True
        outside.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield outside
        finally:
            server.shutdown()
            server.server_close()
            thread.join(5)


def _handler(outside: Outside) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if self.path == "/v1/traces":
                outside.traces.append(body)
                self._answer(200, b"")
            elif self.path.startswith("/silent/"):
                self._answer(201, b"{}")
            else:
                self._answer(400, b"{}")

        def do_GET(self) -> None:
            self._answer(200, b'{"items": []}')

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Says nothing: the test run's own output is searched too."""

    return Handler
