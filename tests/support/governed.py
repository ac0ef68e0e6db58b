"""A chain in memory with the whole coin and the whole of governance, and short words to propose, vote and
wait; a block is an hour.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from genesis.coin import Backing, covering_work
from governance.conviction import Conviction
from governance.origins import Origins
from governance.parameters import Parameters
from governance.parameters.types import Change
from governance.preimages import Preimage
from governance.referenda import Referenda
from governance.referenda import status as s
from governance.referenda import types as t
from governance.scheduler import Scheduler
from governance.tracks import BY_ID, looser, safer
from governance.treasury import Treasury
from governance.voting import ConvictionVoting
from governance.voting.votes import Standard, Vote
from governance.whatif import WhatIf
from pallets.attestation import Attestation
from pallets.issuance import Issuance
from pallets.multisig import Multisig
from pallets.proxy import Proxy
from pallets.sudo import Sudo
from pallets.system import System
from pallets.utility import Utility
from runtime.crypto.hashing import blake2b_256
from runtime.frame import Call, Origin, RuntimeCall
from runtime.frame.governance import INLINE_MAX, BoundedCall, Inline, Lookup
from runtime.runtime import Runtime
from runtime.scale import U64, codec_of
from runtime.testing import TestChain
from support.coin import (
    ALICE,
    AUTHOR,
    BOB,
    CAROL,
    COIN,
    COIN_PALLETS,
    CONFIG,
    ED,
    ESCROW,
    FEES,
    ISSUERS,
    RESERVE,
    RICH,
    CoinChain,
    coin_parts,
    signed_beacon,
)

VOTERS: Final = (ALICE, BOB, CAROL)
STAKE: Final = 150_000 * COIN
"""What each of them has enrolled: together more than half of all coins, so what they want passes at once."""
GOVERNANCE: Final[tuple[type[Any], ...]] = (
    Utility,
    Multisig,
    Proxy,
    Preimage,
    Scheduler,
    Origins,
    Referenda,
    ConvictionVoting,
    WhatIf,
    Parameters,
    Treasury,
)
WEEK: Final = 7 * 24
"""Blocks."""
SAFER: Final = BY_ID[safer("issuance")]
LOOSER: Final = BY_ID[looser("issuance")]
SAFER_HOURS: Final = SAFER.prepare_hours + SAFER.confirm_hours + SAFER.enactment_hours
"""From a submission to its enactment, if all say aye at once."""
LOOSER_HOURS: Final = LOOSER.prepare_hours + LOOSER.confirm_hours + LOOSER.enactment_hours
KAPPA: Final = "Issuance.KappaPpb"
KAPPA_NOW, KAPPA_LOOSER, KAPPA_SAFER = 1_250_000_000, 1_210_000_000, 1_290_000_000
HOUR: Final = {"blocks_per_hour": 1}
LOADED: Final[dict[object, Runtime]] = {}
"""The usual runtimes, once they are loaded."""


class GovernedChain(CoinChain):
    """The coin, without windows, and those who may change it; with `key`, a development chain whose Sudo is
    Alice's.

    One at a time: chains of a kind take turns with one runtime.
    """

    __test__ = False

    def __init__(
        self,
        *more: type[Any],
        key: bool = False,
        coverage_ppb: int = 2 * 10**9,
        enrolled: Iterable[tuple[bytes, int]] = tuple((who, STAKE) for who in VOTERS),
    ) -> None:
        kind = (more, key)
        endowed = [*((who, RICH) for who in VOTERS), (RESERVE, COIN), (ESCROW, ED), (FEES, ED)]
        backing = Backing(providers=ISSUERS, author=bytes(AUTHOR.verify_key))
        parts = coin_parts(VOTERS, work=covering_work(endowed, backing, coverage_ppb))
        parts["ConvictionVoting"] = {"enrolled": list(enrolled)}
        TestChain.__init__(
            self,
            *(each for each in COIN_PALLETS if each is not Attestation),
            *GOVERNANCE,
            *((Sudo,) if key else ()),
            *more,
            config={**CONFIG, **CONFIG_GOVERNANCE},
            genesis={**parts, **({"Sudo": {"key": ALICE}} if key else {})},
            logs=signed_beacon,
            runtime=LOADED.get(kind),
        )
        LOADED[kind] = self.runtime

    @property
    def referenda(self) -> Referenda:
        return self[Referenda]

    @property
    def voting(self) -> ConvictionVoting:
        return self[ConvictionVoting]

    @property
    def parameters(self) -> Parameters:
        return self[Parameters]

    @property
    def scheduler(self) -> Scheduler:
        return self[Scheduler]

    @property
    def preimage(self) -> Preimage:
        return self[Preimage]

    @property
    def utility(self) -> Utility:
        return self[Utility]

    # Calls.

    def kappa(self, value: int) -> Call:
        """A call that moves kappa, in 10^-9."""
        return self.parameters.set_parameter.call(KAPPA, value)

    def write_kappa(self, value: int) -> Call:
        """A call of Root that writes the bytes of kappa."""
        key: bytes = self[Issuance].__dict__["kappa_ppb"].key
        return self[System].set_storage.call(((key, codec_of(U64).encode(value)),))

    def text_of(self, call: Call) -> bytes:
        """The encoding of a call: its preimage."""
        encoded: bytes = self.host.codec(RuntimeCall).encode(call)
        return encoded

    def lookup(self, call: Call) -> Lookup:
        """A call by its hash, of which nobody has to know the preimage."""
        text = self.text_of(call)
        return Lookup(blake2b_256(text), len(text))

    # Acting.

    def note(self, call: Call, who: bytes = ALICE) -> None:
        """Note the preimage of a call."""
        self.by(who, self.preimage.note_preimage.call(self.text_of(call)))

    def propose(
        self,
        origin: Origin,
        proposal: Call | BoundedCall,
        *,
        when: s.DispatchTime | None = None,
        who: bytes = ALICE,
    ) -> int:
        """Propose a call, whose preimage is noted if it is long, or what is named so, with both deposits; the
        number of the referendum.
        """
        if isinstance(proposal, Call):
            text = self.text_of(proposal)
            if len(text) > INLINE_MAX:
                self.note(proposal, who)
            proposal = Inline(text) if len(text) <= INLINE_MAX else self.lookup(proposal)
        self.by(who, self.referenda.submit.call(origin, proposal, when or s.After(0)))
        index = self.referenda.referendum_count - 1
        self.by(who, self.referenda.place_decision_deposit.call(index))
        return index

    def vote(
        self, index: int, *who: bytes, coins: int = STAKE, conviction: Conviction = Conviction.Locked1x
    ) -> None:
        """Say aye, as each of them."""
        for each in who:
            self.by(each, self.voting.vote.call(index, Standard(Vote(True, conviction), coins)))

    def wanted(self, origin: Origin, proposal: Call | BoundedCall, **how: Any) -> int:
        """A referendum that everybody says aye to in the block of its submission."""
        index = self.propose(origin, proposal, **how)
        self.vote(index, *VOTERS)
        return index

    def pass_to(self, number: int) -> None:
        """Seal blocks until block `number` is open, none of them executed again."""
        while self.number < number:
            self.run()

    # Looking.

    @property
    def kappa_now(self) -> int:
        """Where kappa stands."""
        value: int = self[Issuance].kappa_ppb
        return value

    def history(self) -> tuple[Change, ...]:
        """The moves of kappa, the last one first."""
        return self.parameters.history(KAPPA)

    def status(self, index: int) -> s.ReferendumStatus:
        """A referendum that goes on."""
        info = self.referenda.referendum_info_for[index]
        assert isinstance(info, s.Ongoing), info
        return info.status

    def fate(self, index: int) -> t.Fate:
        """What became of what was proposed."""
        fate: t.Fate = self.referenda.records[index].fate
        return fate


CONFIG_GOVERNANCE: Final[dict[str, dict[str, Any]]] = {
    "Standards": HOUR,
    "Multisig": {"deposit_base": COIN, "deposit_factor": COIN},
    "Proxy": {
        "proxy_deposit_base": COIN,
        "proxy_deposit_factor": COIN,
        "announcement_deposit_base": COIN,
        "announcement_deposit_factor": COIN,
        "filters": [],
    },
    "Preimage": {"base_deposit": COIN, "byte_deposit": COIN // 100},
    "Referenda": {**HOUR, "submission_deposit": 10 * COIN, "slash_account": RESERVE},
    "ConvictionVoting": {**HOUR, "vote_locking_hours": WEEK, "seasoning_hours": WEEK},
    "Parameters": HOUR,
    "Treasury": {**HOUR, "spend_max": 10_000 * COIN},
}
