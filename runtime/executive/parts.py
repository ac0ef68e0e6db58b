"""The parts of a runtime as the executive uses them: tables, settled once when the runtime is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from runtime.executive.extrinsic import ExtrinsicCodec
from runtime.executive.migrate import Migrations
from runtime.frame.extension import TransactionExtension
from runtime.frame.hooks import Invariant
from runtime.frame.host import Host
from runtime.frame.interfaces import System
from runtime.version import RuntimeVersion


class Hook(NamedTuple):
    """One pallet's implementation of one hook."""

    pallet: str
    run: Callable[..., Any]


class Check(NamedTuple):
    """An invariant and the method that looks."""

    invariant: Invariant
    run: Callable[[], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What executing a block needs; hooks in the order of the chain spec's indices."""

    host: Host
    version: RuntimeVersion
    system: System
    codec: ExtrinsicCodec
    extensions: tuple[TransactionExtension, ...]
    hooks: Mapping[str, tuple[Hook, ...]]
    """Every hook of `runtime.frame.hookspecs` by name."""
    unsigned: Mapping[str, Hook]
    """`validate_unsigned` by pallet name."""
    migrations: Migrations
    """Storage versions, and the migration under way."""
    successes: Mapping[object, bytes]
    """By its declaration, the event that tells that a call of fixed weight went as declared, encoded."""
    checks: tuple[Check, ...]
    """Every invariant."""
