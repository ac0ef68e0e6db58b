"""The live line: where the chain stands, rewritten in place on a terminal, repeated at times elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import trio
from rich.console import Console
from rich.live import Live
from rich.text import Text

from node.cli.figures import coverage_of, ratio
from node.cli.output import is_terminal, say
from node.node import Node

REWRITE_SECONDS: Final = 0.2
"""How often the line is looked at where it can be rewritten."""
REPEAT_SECONDS: Final = 30.0
"""How often it is repeated where it cannot."""

Figure: TypeAlias = Callable[[Node], str]


def _height(node: Node) -> str:
    return f"#{node.chain.best.header.number} final #{node.chain.finalized.header.number}"


def _pool(node: Node) -> str:
    return f"pool {len(node.mempool.pool)}"


def _coin(node: Node) -> str:
    figures = coverage_of(node.chain.best.header)
    if figures is None:
        return ""
    return f"coverage {ratio(figures.ratio_ppb)} {figures.mode.name.lower()} · queue {figures.queue}"


FIGURES: tuple[Figure, ...] = (_height, _coin, _pool)
"""What the line shows, in order; a figure that has nothing to say gives an empty text."""


def status(node: Node) -> str:
    """The line: `#12 final #11 · coverage 1.31 green · queue 0 · pool 0`."""
    return " · ".join(filter(None, (figure(node) for figure in FIGURES)))


async def show(node: Node) -> None:
    """Show the line until cancelled."""
    if is_terminal():
        await _rewrite(node)
    else:
        await _repeat(node)


async def _rewrite(node: Node) -> None:
    shown = ""
    with Live(console=Console(), auto_refresh=False, transient=True) as live:
        while True:
            line = status(node)
            if line != shown:
                live.update(Text(line, no_wrap=True, overflow="ellipsis"), refresh=True)
                shown = line
            await trio.sleep(REWRITE_SECONDS)


async def _repeat(node: Node) -> None:
    shown = status(node)
    while True:
        await trio.sleep(REPEAT_SECONDS)
        line = status(node)
        if line != shown:
            say(line)
            shown = line
