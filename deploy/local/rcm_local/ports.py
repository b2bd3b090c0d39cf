"""Free ports, below the range that the system lends to outgoing connections."""

import random
import socket
from collections.abc import Iterable, Mapping

# What the stack's parts listen on where nobody else does; a taken one is replaced by a free one.
PREFERRED: Mapping[str, int] = {
    "postgres": 15_432,
    "kafka": 19_092,
    "identity": 8100,
    "coding-svc": 8101,
    "claims-svc": 8102,
    "payer-gateway": 8103,
    "patient-billing-svc": 8104,
    "payer-twin": 8105,
    "payer-twin-sftp": 8106,
    "payer-twin-core": 8107,
}

# Linux lends 32768 and above to clients, so a port found free there may be gone a moment later.
LOWEST, HIGHEST = 15_000, 32_000
_random = random.SystemRandom()


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def choose(preferred: int = 0, taken: Iterable[int] = ()) -> int:
    """The preferred port when it is free, else any free one outside `taken`."""
    avoided = set(taken)
    if preferred and preferred not in avoided and is_free(preferred):
        return preferred
    while True:
        port = _random.randrange(LOWEST, HIGHEST)
        if port not in avoided and is_free(port):
            return port
