"""The reader of a scenario: redeems everything once, and what becomes of that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from node.whatif.chain import ForkChain
from node.whatif.position import JOB, redeemable
from pallets.redemption import types as r
from runtime.frame import Signed
from runtime.types import AccountId


@dataclass(slots=True)
class Redeemed:
    """What became of somebody's coins; amounts in 10^-9."""

    account: AccountId
    redeemed: int = 0
    fee: int = 0
    borne: int = 0
    """Cancelled without service, as a share of a loss."""
    served: int = 0
    waited_hours: int = 0
    """Until the last of it that was served."""
    refusal: str = ""

    @property
    def unserved(self) -> int:
        """What was still waiting in the end."""
        return self.redeemed - self.borne - self.served


class Reader:
    """Somebody who redeems, and watches his tickets."""

    def __init__(self, chain: ForkChain, who: AccountId) -> None:
        self._chain = chain
        self._since = 0
        """The hour of the redemption."""
        self._first = self._behind = 0
        """His tickets, from one number up to another; pieces of one have numbers of their own."""
        self._pieces: dict[int, None] = {}
        self.found = Redeemed(who)

    def redeem(self) -> None:
        """Redeem in the open block, behind whoever was before."""
        chain, found = self._chain, self.found
        amount = redeemable(chain.runtime, found.account)
        call = chain.redemption.redeem.call(amount, r.Service.Infer, 0, 0, JOB)
        refusal = chain.perform(call, Signed(found.account))
        if refusal is not None:
            found.refusal = str(refusal)
            return
        told = next(each for each in reversed(chain.events()) if isinstance(each, r.Redeemed))
        found.redeemed, found.fee = amount, told.fee
        self._since, self._first = chain.hour, told.first
        self._behind = told.first + told.tickets

    @property
    def is_waiting(self) -> bool:
        """Whether any of it is still to come."""
        return self.found.unserved > 0

    def watch(self) -> None:
        """See what the open block has done with his tickets; once a block, behind all else."""
        for event in self._chain.events() if self.is_waiting else ():
            self._see(event)

    def _see(self, event: Any) -> None:
        match event:
            case r.Matched(ticket=ticket, piece_of=whole) if self._first <= whole < self._behind:
                self._pieces[ticket] = None
            case r.LossShared(ticket=ticket, amount=amount) if self._is_his(ticket):
                self.found.borne += amount
            case r.Settled(ticket=ticket, amount=amount) if self._is_his(ticket):
                self.found.served += amount
                self.found.waited_hours = self._chain.hour - self._since
            case _:
                pass

    def _is_his(self, ticket: int) -> bool:
        return self._first <= ticket < self._behind or ticket in self._pieces
