"""`python -m payer_twin` starts the twin."""

import socket
import sys

import uvicorn

from payer_twin.app import create_app
from payer_twin.settings import TwinSettings


def main() -> None:
    """Listen, say where, serve until stopped."""
    settings = TwinSettings()
    listener = socket.create_server((settings.host, settings.port))
    host, port = listener.getsockname()[:2]
    sys.stdout.write(f"payer-twin listens on http://{host}:{port}\n")
    sys.stdout.flush()
    config = uvicorn.Config(create_app(settings), log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
