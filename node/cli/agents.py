"""The agent beside a development node: a process that runs the chain's own providers, and ends with its
parent.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog
import trio

from genesis.presets.dev import provider_uris
from genesis.spec import ChainSpec
from node.wallet.signer import Keypair

LINE_BYTES_MAX: Final = 1 << 16
READ_BYTES: Final = 1 << 12
_ADDED: Final = ("event", "level", "logger", "timestamp")

log: Any = structlog.stdlib.get_logger("provider")


def has_dev_providers(spec: ChainSpec) -> bool:
    """Whether a development chain's providers are in a chain's genesis."""
    parts = spec.genesis.get("Providers", {}).get("providers", ())
    there = {str(part.get("account")) for part in parts}
    return all("0x" + Keypair.from_suri(uri).public.hex() in there for uri in provider_uris())


def agent_command(url: str, chain: str, folder: Path, *more: str) -> list[str]:
    """How a process is started that runs the development providers against the node at `url`."""
    options = ("--dev-all", "--with-parent", "--rpc", url, "--chain", chain, "--state-dir", str(folder))
    return [sys.executable, "-P", "-m", "node", "provider", "run", *options, "--log-json", *more]


async def run_agent(url: str, chain: str, folder: Path) -> None:
    """Run the agent until cancelled, and log its warnings; all that it does when this process logs at debug.
    When it ends by itself, the log says what that means.
    """
    level = "info" if logging.getLogger().isEnabledFor(logging.DEBUG) else "warning"
    async with child(agent_command(url, chain, folder, "--log", level), stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        await _forward(process.stderr)
        status = await process.wait()
    log.error("the agent ended: the chain's providers prove nothing from here on", status=status)


@asynccontextmanager
async def child(command: Sequence[str], **options: Any) -> AsyncGenerator[trio.Process]:
    """A process whose standard input ends with the block, or with this process, and which is stopped then."""
    async with trio.open_nursery() as nursery:
        process: trio.Process = await nursery.start(
            partial(
                trio.run_process,
                command,
                stdin=subprocess.PIPE,
                stdout=options.pop("stdout", subprocess.DEVNULL),
                check=False,
                **options,
            )
        )
        try:
            yield process
        finally:
            nursery.cancel_scope.cancel()


async def _forward(stream: trio.abc.ReceiveStream) -> None:
    """Log each line of JSON that a process logs."""
    waiting = b""
    while chunk := await stream.receive_some(READ_BYTES):
        *lines, waiting = (waiting + chunk).split(b"\n")
        waiting = waiting[-LINE_BYTES_MAX:]
        for line in lines:
            _log(line)


def _log(line: bytes) -> None:
    try:
        said = json.loads(line)
        level = logging.getLevelNamesMapping()[said["level"].upper()]
        facts = {name: value for name, value in said.items() if name not in _ADDED}
        log.log(level, str(said["event"]), **facts)
    except (ValueError, KeyError, TypeError, AttributeError):
        log.warning(line.decode(errors="replace"))
