"""A block that breaks an invariant is refused by every other node, with the invariant's name.

The runtime has a pallet that should not be there: on a call, or at the end of the block, it writes into the
storage of the others. Its author looks at no invariant, so it seals the block; whoever executes it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest

from pallets.authorities import Authorities
from pallets.balances import Balances
from pallets.issuance import Issuance as HonestIssuance
from pallets.ledger import Ledger
from pallets.oracle import Oracle
from pallets.providers import Providers
from pallets.providers import types as p
from pallets.redemption import Redemption
from pallets.redemption import types as r
from pallets.rewards import Rewards
from pallets.slashing import Slashing
from pallets.solvency import Solvency
from pallets.staking import Staking
from pallets.standards import Standards
from pallets.system import System
from runtime.executive.execute import HeaderMismatch
from runtime.frame import NoError, NoEvent, Pallet, RuntimeCall, Signed, StorageValue, call, hookimpl
from runtime.frame.coin import Mode
from runtime.frame.host import Host
from runtime.frame.inherents import TIMESTAMP
from runtime.frame.invalid import InvariantBroken
from runtime.loader import load
from runtime.runtime import Runtime
from runtime.scale import U8
from runtime.spec import Found
from runtime.testing import BLOCK_MS, START_MS, Trusting
from runtime.types import BlockNumber, db
from runtime.types.block import Block
from runtime.types.era import IMMORTAL
from support.coin import ALICE, ISSUERS
from support.validators import PALLETS, ValidatorChain, proposed

ONE, TWO, *_ = ISSUERS
ERA_BLOCKS: Final = 6
"""A day, on a chain whose blocks last four hours."""
MISSING: Final = {
    "I4": "a condition of the call, not of the block: it is tested where coins are minted",
    "I8": "presales, which this chain does not have",
    "I14": "says what may not be read: no state could break it",
}
"""The invariants of the specification that no block can break, and why."""


class Peers:
    """The other pallets of a runtime, by class."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def __getitem__(self, kind: type[Any]) -> Any:
        (found,) = [each for each in self._runtime.pallets.values() if type(each) is kind]
        return found


PEERS: list[tuple[Host, Peers]] = []
"""Of each runtime, whom its wrong pallet harms."""


def peers_of(host: Host) -> Peers:
    (found,) = [peers for each, peers in PEERS if each is host]
    return found


@dataclass(frozen=True)
class Harm:
    """What a wrong pallet does to break one invariant."""

    act: Callable[[Peers], object]
    at_end: bool = False
    """Behind the hooks of the pallet that it harms, which would mend it."""


def owes_more(peers: Peers) -> None:
    """An Active provider issues all that it could not, and the look at its lines is over."""
    peers[Ledger].issue(ONE, ONE, 10 * peers[Providers].effective_of(ONE))


def has_no_bond(peers: Peers) -> None:
    peers[Providers].take_bond(ONE, ALICE, peers[Providers].bond_of(ONE))


def owes_beside_the_record(peers: Peers) -> None:
    ledger = peers[Ledger]
    ledger._owe(ONE, owed=-7)
    ledger._owe(TWO, owed=7)


def is_better_than_it_is(peers: Peers) -> None:
    solvency = peers[Solvency]
    peers[Ledger].judge(Mode.Yellow)
    solvency.coverage = solvency.coverage.replace(mode=Mode.Yellow)


def waits_less(peers: Peers) -> None:
    providers = peers[Providers]
    providers._set_peak(p.Figure.Wait, providers.providers[ONE].slot, 0)


def jumps(peers: Peers) -> None:
    standards = peers[Standards]
    standards.standards[1] = standards.standards[1].replace(work=standards.standards[1].work * 2)


def replaces(pallet: type[Any], item: str, **fields: Callable[[Any], Any]) -> Callable[[Peers], None]:
    """A harm that changes fields of one stored record."""

    def act(peers: Peers) -> None:
        old = getattr(peers[pallet], item)
        setattr(
            peers[pallet], item, old.replace(**{k: change(getattr(old, k)) for k, change in fields.items()})
        )

    return act


def moves(pallet: type[Any], item: str, by: int) -> Callable[[Peers], None]:
    """A harm that moves one stored figure."""

    def act(peers: Peers) -> None:
        setattr(peers[pallet], item, getattr(peers[pallet], item) + by)

    return act


HARMS: Final = {
    "I1": Harm(lambda peers: peers[Balances].mint_into(ALICE, 1)),
    "I2": Harm(owes_more, at_end=True),
    "I3": Harm(moves(Ledger, "minted", -1)),
    "I5": Harm(has_no_bond, at_end=True),
    "I6": Harm(is_better_than_it_is, at_end=True),
    "I7": Harm(replaces(Rewards, "books", owed=lambda owed: owed + 10**30)),
    "I9": Harm(moves(Redemption, "escrowed", 1)),
    "I10": Harm(
        lambda peers: peers[Redemption].servers.__setitem__(ONE, r.Server(tickets=2, work=11, room=10))
    ),
    "I11": Harm(jumps),
    "I12": Harm(waits_less, at_end=True),
    "I13": Harm(moves(Slashing, "slashed", 1)),
    "I15": Harm(lambda peers: peers[Rewards].reserve.__dict__["target_ppb"].set(1)),
    "I16": Harm(moves(Providers, "effective", 1)),
    "L1": Harm(owes_beside_the_record),
    "R1": Harm(moves(Oracle, "bonded", 1)),
    "V1": Harm(lambda peers: peers[Authorities].roots.discard(peers[Authorities].epoch_now()), at_end=True),
    "V2": Harm(moves(Staking, "staked", 1)),
}
NAMES: Final = tuple(HARMS)


class Wrong(Pallet[NoEvent, NoError]):
    """Does to the others what no pallet may."""

    planned = StorageValue[U8](default=0, doc="What it does at the end of the block, counted from 1.")

    @call(index=0, weight=db(reads=2, writes=2))
    def harm(self, origin: Signed, number: U8) -> None:
        """Break an invariant, by its place among them."""
        harm = HARMS[NAMES[number]]
        if harm.at_end:
            self.planned = number + 1
        else:
            harm.act(peers_of(self.host))

    @hookimpl
    def on_finalize(self, now: BlockNumber) -> None:
        if self.planned:
            HARMS[NAMES[self.planned - 1]].act(peers_of(self.host))
            del self.planned


class Town:
    """An author that looks at no invariant, and another node of the same chain."""

    def __init__(self) -> None:
        pallets = (*PALLETS, Wrong)
        self.chain = ValidatorChain(pallets=pallets)
        self.author = self.chain.runtime
        self.other = load(self.chain.spec, {each.__name__: Found(pallet=each) for each in pallets})
        PEERS.extend((each.host, Peers(each)) for each in (self.author, self.other))
        self.chain.run_to(ERA_BLOCKS)  # the open block ends an era
        self.checks = self.author.parts.checks

    def block(self, number: int | None) -> Block:
        """A block in which the wrong pallet acts, or does not; sealed without a look."""
        chain, runtime = self.chain, self.author
        runtime.over(chain.state, chain.number)
        builder = runtime.build(chain.state, chain.header, logs=proposed(chain), verified=Trusting())
        now = START_MS + chain.number * BLOCK_MS
        for raw in builder.inherents({TIMESTAMP: now.to_bytes(8, "little")}):
            builder.apply(raw)
        if number is not None:
            act = chain[Wrong].harm.call(number)
            codec = runtime.parts.codec
            values = {"CheckMortality": IMMORTAL, "CheckNonce": chain[System].nonce(ALICE)}
            extra = codec.extras(tuple(values.get(each.identifier, ()) for each in runtime.parts.extensions))
            raw_call = runtime.host.codec(RuntimeCall).encode(act)
            applied = builder.apply(codec.signed(ALICE, 0, bytes(64), extra, raw_call))
            assert applied.failure is None, applied.refusal
        object.__setattr__(runtime.parts, "checks", ())
        try:
            return builder.finish().block
        finally:
            object.__setattr__(runtime.parts, "checks", self.checks)

    def imports(self, block: Block) -> None:
        """The other node executes the block."""
        self.other.execute(self.chain.state, self.chain.header, block, verified=Trusting())


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    yield Town()
    PEERS.clear()


def test_every_invariant_of_the_chain_is_known_here(town: Town) -> None:
    """And of I1 to I16 those that are missing are missing for a reason."""
    names = {each.invariant.name for each in town.author.parts.checks}
    assert names == set(HARMS)
    assert {f"I{number}" for number in range(1, 17)} - names == set(MISSING)


def test_a_block_without_harm_is_imported(town: Town) -> None:
    town.imports(town.block(None))


@pytest.mark.parametrize("name", NAMES)
def test_a_block_that_breaks_an_invariant_is_refused_by_its_name(town: Town, name: str) -> None:
    block = town.block(NAMES.index(name))
    with pytest.raises(InvariantBroken) as broken:
        town.imports(block)
    assert broken.value.name == name
    assert str(broken.value).startswith(f"{name} is broken: ")


class Issuance(HonestIssuance):
    """Mints without a look at the lines."""

    def _check_lines(self, issuer: bytes, amount: int, placed: int) -> None: ...


def test_a_pallet_patched_at_the_author_alone_makes_blocks_that_nobody_else_makes() -> None:
    """It breaks no invariant, for the issuer is flagged; but the others mint by the lines."""
    pallets = tuple(Issuance if each is HonestIssuance else each for each in PALLETS)
    chain = ValidatorChain(pallets=pallets)
    honest = load(chain.spec, {each.__name__: Found(pallet=each) for each in PALLETS})
    amount = 10 * chain[Providers].effective_of(ONE)
    applied = chain.submit(chain[Issuance].mint.call(amount, amount // 2), ONE)
    assert applied.failure is None
    block = chain.builder.finish().block
    chain.runtime.execute(chain.state, chain.header, block, verified=Trusting())
    with pytest.raises(HeaderMismatch, match=r"^the header's digest.*COVR"):
        honest.execute(chain.state, chain.header, block, verified=Trusting())
