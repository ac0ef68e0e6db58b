"""Ports of this machine: which are free, and found where nobody else looks for some."""

from __future__ import annotations

import socket
from collections.abc import Collection
from random import Random
from typing import Final

from node.localnet.errors import HOST, NoFreePorts

PORT_MAX: Final = 65_535
FREE_MIN: Final = 10_000
FREE_MAX: Final = 32_000
"""Free ports are sought below those that systems give to connections that leave."""
TRIES_MAX: Final = 10_000


def is_free(port: int) -> bool:
    """Whether a node could listen on a port now."""
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True


def free_ports(count: int, beside: Collection[int] = ()) -> list[int]:
    """So many different ports that are free now, none of them `beside`. Raises NoFreePorts."""
    dice, found = Random(), list[int]()
    for _ in range(TRIES_MAX):
        if len(found) == count:
            return found
        port = dice.randint(FREE_MIN, FREE_MAX)
        if port not in found and port not in beside and is_free(port):
            found.append(port)
    raise NoFreePorts(count, FREE_MIN, FREE_MAX)
