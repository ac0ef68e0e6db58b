"""A chain of the whole coin in memory, with a block open at any time: the seats of a development chain, its
probes small, and an hour as short as is asked for.

Signatures of transactions are not checked; everything else is. Blocks can be executed again, from their
parent's state as a stranger reads it from its bytes, and must come out the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final, TypeVar

from nacl.signing import SigningKey

from genesis.build import build_genesis
from genesis.seats import Timing, coin_seats
from node.plugins import discover
from pallets.beacon import ENGINE, DevBeacon, dev_message
from runtime.crypto.hashing import blake2b_256
from runtime.executive.builder import Applied, BlockBuilder
from runtime.frame.host import Call
from runtime.frame.inherents import TIMESTAMP
from runtime.frame.interfaces import Nonces
from runtime.frame.late import RuntimeCall, RuntimeEvent
from runtime.frame.pallet import Pallet
from runtime.loader import load
from runtime.runtime import Runtime
from runtime.spec import RuntimeSpec
from runtime.state import MemoryStates, States
from runtime.state.overlay import RECORD_PARTS
from runtime.testing import Trusting
from runtime.types import AccountId
from runtime.types.digest import PreRuntime
from runtime.types.era import IMMORTAL

P = TypeVar("P", bound=Pallet[Any, Any])

AUTHOR: Final = SigningKey(blake2b_256(b"economy: author"))
"""Who signs the beacon of these chains."""
START_MS: Final = 1_700_000_000_000
BLOCK_MS: Final = 6_000
PROBE_SIZE: Final = 8
POSITIONS: Final = 2
COMMIT_BLOCKS: Final = 2
OPEN_BLOCKS: Final = 2
_TRUSTING: Final = Trusting()


@cache
def coin_runtime(hours: int, *, without: tuple[str, ...] = ()) -> Runtime:
    """The runtime of a development chain whose blocks last so many hours each, all pallets as installed."""
    timing = Timing(blocks_per_hour=1, commit_blocks=COMMIT_BLOCKS, open_blocks=OPEN_BLOCKS)
    ours: dict[str, dict[str, Any]] = {
        "Attestation": {"size": PROBE_SIZE, "positions": POSITIONS},
        "Standards": {"hours": hours},
    }
    chosen = tuple(
        replace(seat, config={**seat.config, **ours.get(seat.pallet, {})})
        for seat in coin_seats(timing, sudo=True)
        if seat.pallet not in without
    )
    return load(RuntimeSpec(spec_version=1, pallets=chosen), discover())


class Chain:
    """One chain. Several may take turns with one runtime only if each ends before the next begins."""

    def __init__(
        self, runtime: Runtime, genesis: Mapping[str, Any], root: AccountId, states: States | None = None
    ) -> None:
        """`states`: where it is kept, empty still; in memory unless said otherwise."""
        self.runtime = runtime
        self.root = root
        """Whose key is Root."""
        self._states = MemoryStates() if states is None else states
        born = build_genesis(runtime, genesis, self._states.head)
        self.state = self._states.finalize(born.state)
        self.header = born.block.header
        self.genesis_hash = born.hash
        self._by_class = {type(each): each for each in runtime.pallets.values()}
        (self._nonces,) = (each for each in runtime.pallets.values() if isinstance(each, Nonces))
        self.builder = self._open()

    def __getitem__(self, pallet: type[P]) -> P:
        """The instance of a pallet class."""
        instance = self._by_class[pallet]
        assert isinstance(instance, pallet)
        return instance

    @property
    def number(self) -> int:
        """The block that is open."""
        return self.header.number + 1

    def submit(self, call: Call, who: AccountId) -> Applied:
        """Put a transaction into the open block. Raises what keeps it out: `TransactionValidityError`."""
        codec = self.runtime.parts.codec
        values: dict[str, Any] = {
            "CheckMortality": IMMORTAL,
            "CheckNonce": self._nonces.nonce(who),
            "ChargeTransactionPayment": 0,
        }
        extras = codec.extras(
            tuple(values.get(each.identifier, ()) for each in self.runtime.parts.extensions)
        )
        raw = codec.signed(who, 0, bytes(64), extras, self.runtime.host.codec(RuntimeCall).encode(call))
        return self.builder.apply(raw)

    def events(self, start: int = 0) -> list[Any]:
        """The events of the open block from the `start`-th on."""
        parts, decode = self.builder.overlay.events, self.runtime.host.codec(RuntimeEvent).decode
        first = RECORD_PARTS * start
        records = zip(parts[first + 1 :: RECORD_PARTS], parts[first + 2 :: RECORD_PARTS], strict=True)
        return [decode(pallet + event) for pallet, event in records]

    def events_count(self) -> int:
        """How many events the open block has so far."""
        return len(self.builder.overlay.events) // RECORD_PARTS

    def seal(self, *, again: bool = False) -> None:
        """End the open block, which checks every invariant, and open the next; `again`: execute it a second
        time first, over the bytes of its parent's state. Raises `InvalidBlock`.
        """
        built = self.builder.finish()
        if again:
            self._states.decoded.clear()
            self.runtime.execute(self.state, self.header, built.block, verified=_TRUSTING)
        self.state, self.header = self._states.finalize(built.state), built.block.header
        self.builder = self._open()

    def try_state(self) -> None:
        """Compare what the pallets keep with what follows from the rest, if the open block ended here: no fee
        is on its way then. Raises AssertionError.
        """
        self.runtime.host.at_end(self._try_state)

    def _try_state(self) -> None:
        for hook in self.runtime.parts.hooks["try_state"]:
            hook.run()

    def pass_blocks(self, count: int) -> None:
        """Seal so many blocks."""
        for _ in range(count):
            self.seal()

    def _open(self) -> BlockBuilder:
        runtime, number = self.runtime, self.header.number + 1
        runtime.over(self.state, number)
        signed = dev_message(self.genesis_hash, number, self[DevBeacon].value)
        logs = (PreRuntime(ENGINE, AUTHOR.sign(signed).signature),)
        builder = runtime.build(self.state, self.header, logs=logs, verified=_TRUSTING)
        now = START_MS + number * BLOCK_MS
        for raw in builder.inherents({TIMESTAMP: now.to_bytes(8, "little")}):
            builder.apply(raw)
        return builder


def account(name: str) -> AccountId:
    """The account of somebody in an economy; no key is behind it."""
    return blake2b_256(b"economy: " + name.encode())


def accounts(name: str, count: int) -> tuple[AccountId, ...]:
    """So many accounts of a kind."""
    return tuple(account(f"{name} {number}") for number in range(count))


def hex_of(who: AccountId) -> str:
    """An account as a genesis writes it."""
    return "0x" + who.hex()
