"""The testing kit: a chain in memory for a pallet's tests, and assertions in the words of the frame.

    chain = TestChain(System, Timestamp, Balances, Loyalty, config={...}, genesis={...})
    loyalty = chain[Loyalty]
    chain.submit(loyalty.award.call(BOB, 5), ALICE)          # a real extrinsic: nonce, fee, layers, events
    with refuses(chain, NotTheOwner):
        chain.dispatch(loyalty.award.call(BOB, 5), Signed(EVE))
    chain.next_block()                                       # sealed, and executed again from its parent

Signatures are not checked: any 32 bytes may sign.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final, Protocol, TypeVar

from runtime.executive.builder import Applied, BlockBuilder
from runtime.frame.error import DispatchError
from runtime.frame.host import Call, Host, PostInfo
from runtime.frame.inherents import TIMESTAMP
from runtime.frame.interfaces import Nonces
from runtime.frame.late import RuntimeCall, RuntimeEvent
from runtime.frame.pallet import Pallet
from runtime.frame.plain import from_plain
from runtime.lifecycle import genesis_type
from runtime.loader import load
from runtime.runtime import Runtime
from runtime.spec import EXTENSIONS, Found, RuntimeSpec, SeatSpec
from runtime.state import MemoryStates
from runtime.state.backend import State
from runtime.state.overlay import RECORD_PARTS
from runtime.trie import EMPTY_ROOT
from runtime.types.account import AccountId
from runtime.types.block import Block, Header
from runtime.types.digest import Digest, DigestItem
from runtime.types.era import IMMORTAL

P = TypeVar("P", bound=Pallet[Any, Any])
BLOCK_MS: Final = 6_000
"""How far the clock of a test chain moves with each block."""
START_MS: Final = 1_700_000_000_000


class Trusting:
    """Holds every proof: stands where verified signatures are looked up, so that none is needed."""

    def __contains__(self, item: object) -> bool:
        return True

    def __bool__(self) -> bool:
        return True


class HasHost(Protocol):
    """A host, a chain or a pallet."""

    @property
    def host(self) -> Host: ...


class TestChain:
    """A chain of the given pallets, indices in the order given, one block open at any time."""

    __test__ = False

    def __init__(
        self,
        *pallets: type[Pallet[Any, Any]],
        config: Mapping[str, Mapping[str, Any]] | None = None,
        uses: Mapping[str, Mapping[str, str]] | None = None,
        genesis: Mapping[str, Any] | None = None,
        logs: Callable[[TestChain], tuple[DigestItem, ...]] | None = None,
        spec: RuntimeSpec | None = None,
        runtime: Runtime | None = None,
    ) -> None:
        """`runtime`, one that is loaded already, saves the loading; several chains may take turns with it."""
        config, uses = config or {}, uses or {}
        names = [pallet.__name__ for pallet in pallets]
        self.spec = spec or RuntimeSpec(
            spec_version=1,
            pallets=tuple(
                SeatSpec(index=index, pallet=name, config=config.get(name, {}), uses=uses.get(name, {}))
                for index, name in enumerate(names)
            ),
            extensions=EXTENSIONS if "TransactionPayment" in names else EXTENSIONS[:-1],
        )
        self._found = {each.__name__: Found(pallet=each) for each in pallets}
        self.runtime: Runtime = runtime or load(self.spec, self._found)
        self._states = MemoryStates()
        self._logs = logs
        self.state: State = self._build_genesis(genesis or {})
        """The state of the last sealed block."""
        self.header = Header(bytes(32), 0, self.state.root, EMPTY_ROOT, Digest())
        """The header of the last sealed block."""
        self.genesis_hash = self.header.hash
        self._replayable = True
        self._builder = self._open()

    # Looking.

    @property
    def host(self) -> Host:
        """What the pallets share."""
        return self.runtime.host

    def __getitem__(self, pallet: type[P]) -> P:
        """The instance of a pallet class on this chain."""
        found = [each for each in self.runtime.pallets.values() if type(each) is pallet]
        if len(found) != 1:
            raise LookupError(f"the chain has {len(found)} pallets of {pallet.__name__}")
        instance: P = found[0]
        return instance

    @property
    def number(self) -> int:
        """The block that is open."""
        return self.header.number + 1

    @property
    def builder(self) -> BlockBuilder:
        """The block that is open."""
        return self._builder

    @property
    def events(self) -> list[Any]:
        """The events of the open block so far, in order."""
        parts, decode = self._builder.overlay.events, self.runtime.host.codec(RuntimeEvent).decode
        records = zip(parts[1::RECORD_PARTS], parts[2::RECORD_PARTS], strict=True)
        return [decode(index + event) for index, event in records]

    # Acting.

    def submit(
        self, call: Call, who: AccountId, *, tip: int = 0, extras: Mapping[str, Any] | None = None
    ) -> Applied:
        """Put a transaction of `who` into the open block; raises what keeps it out.

        `extras` are the values of further transaction extensions, by identifier.
        """
        parts = self.runtime.parts
        (nonces,) = [each for each in self.runtime.pallets.values() if isinstance(each, Nonces)]
        values: dict[str, Any] = {
            "CheckMortality": IMMORTAL,
            "CheckNonce": nonces.nonce(who),
            "ChargeTransactionPayment": tip,
            **(extras or {}),
        }
        extra_bytes = parts.codec.extras(tuple(values.get(each.identifier, ()) for each in parts.extensions))
        call_bytes = self.host.codec(RuntimeCall).encode(call)
        return self._builder.apply(parts.codec.signed(who, 0, bytes(64), extra_bytes, call_bytes))

    def submit_unsigned(self, call: Call) -> Applied:
        """Put an unsigned transaction, or an inherent, into the open block."""
        return self._builder.apply(self.runtime.parts.codec.bare(call))

    def dispatch(self, call: Call, origin: Any) -> PostInfo:
        """Dispatch a call on any authority, without a transaction; raises its DispatchError."""
        self._replayable = False
        return self.host.dispatch(call, origin)

    def next_block(self, count: int = 1) -> None:
        """Seal the open block and open the next, `count` times; each sealed block is executed again and
        compared.
        """
        for _ in range(count):
            self._seal()
            self._builder = self._open()

    def run_to(self, number: int) -> None:
        """Seal blocks until block `number` is open."""
        self.next_block(number - self.number)

    def upgrade(self, *pallets: type[Pallet[Any, Any]]) -> None:
        """Seal the open block, and go on with other code: each class takes the place of the one of its name,
        or the next free index.
        """
        self._seal()
        self._found |= {each.__name__: Found(pallet=each) for each in pallets}
        seats = {seat.pallet: seat for seat in self.spec.pallets}
        for each in pallets:
            seats.setdefault(each.__name__, SeatSpec(index=len(seats), pallet=each.__name__))
        self.spec = replace(self.spec, spec_version=self.spec.spec_version + 1, pallets=tuple(seats.values()))
        self.runtime = load(self.spec, self._found)
        self._states.decoded.clear()
        self._builder = self._open()

    def try_state(self) -> None:
        """Run every pallet's `try_state`."""
        for hook in self.runtime.parts.hooks["try_state"]:
            hook.run()

    def assert_event(self, event: Any) -> None:
        """The open block deposited this event."""
        assert event in self.events, f"{event} is not among:\n" + "\n".join(map(str, self.events))

    def assert_last_event(self, event: Any) -> None:
        """The last event of the open block is this one."""
        assert self.events and self.events[-1] == event, f"the last event is {self.events[-1:]}, not {event}"

    def _seal(self) -> None:
        built = self._builder.finish()
        if self._replayable:
            self._states.decoded.clear()  # a stranger knows the parent's state by its bytes alone
            self.runtime.execute(self.state, self.header, built.block, verified=Trusting())
        self.state, self.header = built.state, built.block.header
        self._states.finalize(built.state)
        self._replayable = True

    def _open(self) -> BlockBuilder:
        self.runtime.over(self.state, self.header.number + 1)
        logs = self._logs(self) if self._logs is not None else ()
        builder = self.runtime.build(self.state, self.header, logs=logs, verified=Trusting())
        now = START_MS + (self.header.number + 1) * BLOCK_MS
        for raw in builder.inherents({TIMESTAMP: now.to_bytes(8, "little")}):
            builder.apply(raw)
        return builder

    def _build_genesis(self, genesis: Mapping[str, Any]) -> State:
        runtime = self.runtime
        overlay = runtime.over(self._states.head)
        mark = overlay.open()
        for hook in runtime.parts.hooks["build_genesis"]:
            kind = genesis_type(runtime.pallets[hook.pallet])
            hook.run(from_plain(kind, genesis.get(hook.pallet, {})))
        runtime.note_genesis()
        del overlay.events[:]
        overlay.keep(mark)
        return self._states.finalize(overlay.commit())


@contextmanager
def refuses(where: HasHost | Host, error: type[DispatchError], message: str | None = None) -> Generator[None]:
    """What is done inside is refused with exactly this error (and message), and leaves storage and events
    untouched.
    """
    host = where if isinstance(where, Host) else where.host
    overlay = host.overlay
    mark = overlay.open()
    try:
        yield
    except DispatchError as refusal:
        overlay.undo(mark)
        if type(refusal) is not error:
            raise AssertionError(f"refused with {type(refusal).__name__}, not {error.__name__}") from refusal
        if message is not None and str(refusal) != message:
            raise AssertionError(f"the message is {str(refusal)!r}, not {message!r}") from refusal
    except BaseException:
        overlay.undo(mark)
        raise
    else:
        overlay.undo(mark)
        raise AssertionError(f"nothing was refused, and {error.__name__} was expected")


__all__ = ["Applied", "Block", "TestChain", "Trusting", "refuses"]
