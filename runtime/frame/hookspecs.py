"""The hooks that a pallet may implement, each with one line that says when it is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runtime.frame.hooks import hookspec
from runtime.frame.host import Call
from runtime.frame.validity import ValidTransaction
from runtime.types.account import BlockNumber
from runtime.types.weight import Weight


@hookspec
def build_genesis(genesis: Any) -> None:
    """Write the pallet's part of block zero from its `Genesis` record."""


@hookspec
def on_runtime_upgrade() -> Weight | None:
    """After the runtime changed, before anything else: what it used."""


@hookspec
def on_initialize(now: BlockNumber) -> Weight | None:
    """At the start of a block, before any extrinsic: what it used, or None for its declared weight."""


@hookspec
def on_idle(now: BlockNumber, remaining: Weight) -> Weight:
    """After the extrinsics, with what weight the block has left: what it used of it."""
    raise NotImplementedError


@hookspec
def on_finalize(now: BlockNumber) -> None:
    """At the end of a block; its weight was counted at the start."""


@hookspec
def create_inherent(data: Mapping[bytes, bytes]) -> Call | None:
    """While authoring: the inherent that this pallet wants in the block, from what the author observed."""


@hookspec
def check_inherent(call: Call, data: Mapping[bytes, bytes]) -> str | None:
    """While importing: what is wrong with this pallet's inherent, by what the importer observed; None if
    nothing.
    """


@hookspec
def validate_unsigned(call: Call) -> ValidTransaction:
    """Whether a transaction that nobody signed is welcome; raises `InvalidTransaction` if not."""
    raise NotImplementedError


@hookspec
def filter_call(call: Call) -> bool:
    """Whether a call may run at all on this chain now; Root is never asked."""
    raise NotImplementedError


@hookspec
def try_state() -> None:
    """Check all that the pallet stores, at any cost; raises AssertionError. For tests, upgrades and tools."""
