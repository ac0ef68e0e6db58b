"""The consumer's side of a redemption: coins into a ticket, the ticket followed to its end, the result
checked.

What the chain shows decides what comes next, as with the agent: `begin` while it is not said, `confirm`
once the receipt that was delivered is on the shelf, names the job, and one of its segments, drawn by lot,
was run again and matched. A receipt that does not hold is not confirmed.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import trio

from node.client import ChainClient, Included
from node.provider.coin import Coin
from node.provider.jobs.run import InvalidSegment, Verdict, verify_receipt
from node.provider.jobs.spec import CHECKPOINTS, InvalidReceipt, Receipt, Spec, spec_bytes
from node.provider.quote import Quote, service_of
from node.provider.sender import Sender
from node.provider.shelf import Shelf, ShelfError
from pallets.redemption import types as t
from pallets.redemption.types import TicketState
from runtime.crypto import ss58
from runtime.frame.host import Call


class RedemptionFailed(Exception):
    """No result: why, and what becomes of the coins."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What the chain shows of a ticket, or of a piece split off it, at one block."""

    number: int
    open: t.Ticket | None
    settled: t.Receipt | None


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A redemption that came to its end."""

    tickets: tuple[int, ...]
    server: bytes
    amount: int
    """Coins burned."""
    fee: int
    """The redemption fee."""
    receipt: Receipt
    digest: bytes
    """The receipt's hash, as the chain has it."""
    verdict: Verdict
    """The segment that was run again before the result was accepted."""
    blocks: tuple[int, int]
    """The block that took the coins, and the block that burned them."""


@dataclass(slots=True)
class Redemption:
    """One redemption of one account's; `tell` gets a line for each thing that happens."""

    chain: ChainClient
    coin: Coin
    sender: Sender
    shelf: Shelf
    tell: Callable[[str], None]
    _shown: dict[int, str] = field(default_factory=dict[int, str])
    _begun: set[int] = field(default_factory=set[int])
    _confirmed: set[int] = field(default_factory=set[int])
    _verdict: Verdict | None = None

    async def run(self, spec: Spec, base: bytes | None, quote: Quote) -> Redeemed:
        """Redeem, and wait for the result. Raises `RedemptionFailed`, `RemoteError`, `ShelfError`."""
        job = self.shelf.put(spec_bytes(spec))
        if base is not None:
            self.shelf.put(base)
        call = self.coin.redemption.redeem.call(quote.amount, service_of(spec), 0, 0, job)
        included = await self._send(call)
        (paid,) = (event for event in included.events if isinstance(event, t.Redeemed))
        self.tell(f"ticket {paid.first}: queued in block {included.block_number}")
        places = range(paid.first, paid.first + paid.tickets)
        settled = await self._follow(places, job)
        digests = {each.result for each in settled.values()}
        if len(digests) != 1:
            raise RedemptionFailed("pieces of one job were delivered with different results")
        (digest,) = digests
        last = max(settled)
        assert self._verdict is not None, "nothing is confirmed before a segment was run again"
        return Redeemed(
            tickets=tuple(sorted(settled)),
            server=settled[last].server,
            amount=sum(each.amount for each in settled.values()),
            fee=paid.fee,
            receipt=self.shelf.receipt(digest),
            digest=digest,
            verdict=self._verdict,
            blocks=(included.block_number, max(each.settled_at for each in settled.values())),
        )

    async def _follow(self, places: range, job: bytes) -> dict[int, t.Receipt]:
        """Do what each block asks for, until every piece is settled."""
        pieces = [Piece(number, None, None) for number in places]
        heads = self.chain.client.subscribe(
            "chain_subscribeFinalizedHeads", unsubscribe="chain_unsubscribeFinalizedHeads"
        )
        async with heads as notices:
            async for _ in notices:
                known = frozenset(piece.number for piece in pieces)
                look = partial(self._look, places, known)
                pieces = await self.chain.view(look, await self.chain.finalized_hash())
                for piece in pieces:
                    await self._serve(piece, job)
                if all(piece.settled is not None for piece in pieces):
                    return {each.number: each.settled for each in pieces if each.settled is not None}
        raise AssertionError("a subscription ends with an error")

    def _look(self, places: range, known: frozenset[int]) -> list[Piece]:
        redemption = self.coin.redemption
        found = {number for number, ticket in redemption.tickets.items() if ticket.place in places}
        return [
            Piece(number, redemption.tickets.get(number), redemption.receipts.get(number))
            for number in sorted(found | known)
        ]

    async def _serve(self, piece: Piece, job: bytes) -> None:
        number, ticket = piece.number, piece.open
        self._tell_of(piece)
        if ticket is None:
            if piece.settled is None:
                raise RedemptionFailed(f"ticket {number} is gone, and there is no receipt of it")
            return
        begun = (TicketState.Queued, TicketState.Matched, TicketState.Accepted)
        if ticket.state in begun and not ticket.has_begun and number not in self._begun:
            self._begun.add(number)
            await self._send(self.coin.redemption.begin.call(number))
        elif ticket.state == TicketState.Delivered and number not in self._confirmed:
            if ticket.result is None or ticket.result not in self.shelf:
                return  # it may still be on its way to this folder
            self._verdict = await trio.to_thread.run_sync(self._check, number, ticket.result, job)
            self.tell(f"ticket {number}: {self._verdict}")
            self._confirmed.add(number)
            await self._send(self.coin.redemption.confirm.call(number))

    def _tell_of(self, piece: Piece) -> None:
        """Say where a ticket stands, once."""
        ticket, settled = piece.open, piece.settled
        if settled is not None:
            words = f"settled in block {settled.settled_at}"
        elif ticket is None:
            return
        elif ticket.server is None:
            words = "back at its place: its server failed" if piece.number in self._begun else "queued"
        else:
            words = f"{ticket.state.name.lower()}, served by {self._address(ticket.server)}"
        if self._shown.get(piece.number, "queued") != words:
            self.tell(f"ticket {piece.number}: {words}")
        self._shown[piece.number] = words

    def _check(self, number: int, digest: bytes, job: bytes) -> Verdict:
        """Run a segment of a delivered receipt again. Raises `RedemptionFailed` when it does not hold."""
        try:
            receipt = self.shelf.receipt(digest)
            if receipt.job != job.hex():
                raise RedemptionFailed(f"ticket {number} was delivered with the receipt of another job")
            segment = self.shelf.segment(receipt, 1 + secrets.randbelow(CHECKPOINTS))
            verdict = verify_receipt(receipt, segment)
        except (InvalidReceipt, InvalidSegment, ShelfError) as error:
            raise RedemptionFailed(f"the receipt of ticket {number} proves nothing: {error}") from None
        if not verdict.matches:
            raise RedemptionFailed(f"the receipt of ticket {number} is false: {verdict}")
        return verdict

    def _address(self, who: bytes) -> str:
        return ss58.encode(who, self.chain.system.config.ss58_prefix)

    async def _send(self, call: Call) -> Included:
        included = await self.sender.send(self.chain, call)
        if included.failure is not None:
            raise RedemptionFailed(f"{call} was refused: {included.failure}")
        return included
