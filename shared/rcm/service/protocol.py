"""uvicorn's HTTP protocol, where a request's head has to come whole, in time and in size.

The envelope's limits begin once a head is there. Until then uvicorn collects whatever comes for as
long as it comes, from anyone.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_DEADLINE_S = 15.0
# Twice what the envelope takes, so that whoever is a little over is told so by a problem document.
HEAD_BYTES_MAX = 65_536


class PatientProtocol(HttpToolsProtocol):
    """Cuts the connection of a caller whose head does not end."""

    _head_due: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_due is not None:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_there()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        self._head_is_there()
        super().on_headers_complete()

    def _expect_head(self) -> None:
        self._head_is_there()
        self._head_bytes = 0
        self._head_due = self.loop.call_later(HEAD_DEADLINE_S, self.transport.close)

    def _head_is_there(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None
