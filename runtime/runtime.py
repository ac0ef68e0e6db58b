"""A runtime: the pallets of one chain, loaded, and all that a node asks of them."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from runtime.executive.builder import Applied, BlockBuilder, Built
from runtime.executive.execute import execute_block
from runtime.executive.extrinsic import Extrinsic, Proof
from runtime.executive.parts import Parts
from runtime.executive.validate import Validator
from runtime.frame.api import Apis
from runtime.frame.host import PHASE_INITIALIZATION, Host
from runtime.frame.pallet import Pallet
from runtime.manifest import Manifest
from runtime.metadata import Metadata
from runtime.spec import RuntimeSpec
from runtime.state.backend import State
from runtime.state.overlay import Overlay
from runtime.types.block import Block, Header
from runtime.types.digest import DigestItem
from runtime.version import RuntimeVersion

P = TypeVar("P", bound=Pallet[Any, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """One chain's runtime. It keeps no state: each question names the state that it is asked over."""

    spec: RuntimeSpec
    parts: Parts
    pallets: Mapping[str, Pallet[Any, Any]]
    """Every pallet by its name, in the order of the indices."""
    manifest: Manifest
    apis: Apis
    """What may be asked by name; `runtime.api.call` asks."""
    metadata: Metadata
    """All of this, told to clients."""

    @property
    def host(self) -> Host:
        """What the pallets share."""
        return self.parts.host

    @property
    def version(self) -> RuntimeVersion:
        """Which runtime this is."""
        return self.parts.version

    def pallet(self, kind: type[P]) -> P | None:
        """The pallet of a class, or None if the chain has none."""
        return next((each for each in self.pallets.values() if isinstance(each, kind)), None)

    def over(self, state: State, number: int = 0) -> Overlay:
        """Let the pallets answer over `state`, as if in block `number`; what they write is forgotten with the
        overlay.
        """
        overlay = Overlay(state)
        self.host.overlay, self.host.number, self.host.phase = overlay, number, PHASE_INITIALIZATION
        return overlay

    def note_genesis(self) -> None:
        """Write into block zero, being built, which code has laid out its storage."""
        self.parts.system.note_runtime_upgrade(self.version.spec_version)
        self.parts.migrations.note_genesis()

    def build(
        self,
        parent: State,
        parent_header: Header,
        *,
        logs: tuple[DigestItem, ...] = (),
        verified: Container[Proof] = (),
    ) -> BlockBuilder:
        """Begin the block that follows `parent_header`, whose state is `parent`."""
        return BlockBuilder(
            self.parts,
            parent,
            number=parent_header.number + 1,
            parent_hash=parent_header.hash,
            logs=logs,
            verified=verified,
        )

    def execute(
        self,
        parent: State,
        parent_header: Header,
        block: Block,
        *,
        observed: Mapping[bytes, bytes] | None = None,
        verified: Container[Proof] = (),
    ) -> Built:
        """Execute a block that somebody else made; raises `InvalidBlock`."""
        return execute_block(self.parts, parent, parent_header, block, observed=observed, verified=verified)

    def dry_run(self, parent: State, parent_header: Header, extrinsic: Extrinsic) -> Applied:
        """How an extrinsic would end in the block that follows `parent_header`, its opening hooks left out:
        what only an author can give to them is not at hand.

        Raises `TransactionValidityError`, `InvalidBlock`.
        """
        builder = BlockBuilder(
            self.parts,
            parent,
            number=parent_header.number + 1,
            parent_hash=parent_header.hash,
            without_hooks=True,
        )
        return builder.apply_extrinsic(extrinsic)

    def decode(self, raw: bytes) -> Extrinsic:
        """An extrinsic from its bytes; raises DecodeError."""
        return self.parts.codec.decode(raw)

    def validator(self, state: State, header: Header) -> Validator:
        """Who judges transactions over the head `header`, whose state is `state`."""
        return Validator(self.parts, state, number=header.number + 1, parent_hash=header.hash)
