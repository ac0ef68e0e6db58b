"""Stopping: a command that runs until it is told to end."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import trio

READ_BYTES: Final = 4_096
FORCED: Final = 128
"""What is added to the number of the signal that made the process stop at once."""


def _until_end_of_input() -> None:
    """Below `sys.stdin`, whose lock, held by a thread that never returns, would abort the process's end."""
    while os.read(0, READ_BYTES):
        pass


@asynccontextmanager
async def until_told(*, with_parent: bool = False) -> AsyncGenerator[trio.CancelScope]:
    """Run the body until it ends, or SIGINT or SIGTERM says stop; a second one ends the process at once.

    `with_parent`: the end of standard input says stop too, so that nothing outlives the process that began
    it.
    """
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:

            async def listen() -> None:
                async for number in signals:
                    if nursery.cancel_scope.cancel_called:
                        os._exit(FORCED + number)
                    nursery.cancel_scope.cancel()

            async def read() -> None:
                await trio.to_thread.run_sync(_until_end_of_input, abandon_on_cancel=True)
                nursery.cancel_scope.cancel()

            nursery.start_soon(listen)
            if with_parent:
                nursery.start_soon(read)
            yield nursery.cancel_scope
            nursery.cancel_scope.cancel()
