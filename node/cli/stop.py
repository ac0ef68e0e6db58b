"""Stopping: a command that runs until it is told to end."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import trio

FORCED: Final = 128
"""What is added to the number of the signal that made the process stop at once."""


@asynccontextmanager
async def until_told() -> AsyncGenerator[trio.CancelScope]:
    """Run the body until it ends, or SIGINT or SIGTERM says stop; a second one ends the process at once."""
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:

            async def listen() -> None:
                async for number in signals:
                    if nursery.cancel_scope.cancel_called:
                        os._exit(FORCED + number)
                    nursery.cancel_scope.cancel()

            nursery.start_soon(listen)
            yield nursery.cancel_scope
            nursery.cancel_scope.cancel()
