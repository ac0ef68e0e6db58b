"""What a provider does next: a pure function of what it sees and what it has at hand.

Nothing is remembered from one block to the next but what took work to make. The chain is the journal: an
agent that was stopped at any moment, started again and shown the chain does what is still to be done.

    window   multiply, commit the root, and if the unit is drawn, open the rows that are
    demand   open the row that somebody wants to see of a window that is over
    ticket   accept; say `ready`; do the work once the consumer has begun; deliver the receipt's hash
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from genesis.coin import COIN
from node.provider.challenge import Work
from node.provider.sight import Sight
from pallets.attestation.probe import Opening, Task
from pallets.attestation.types import Phase, Stage
from pallets.redemption.types import Ticket, TicketState


@dataclass(frozen=True, slots=True)
class Multiply:
    """Make the product that the window asks of a unit."""

    window: int
    unit: int
    task: Task


@dataclass(frozen=True, slots=True)
class Commit:
    """Post the root over its rows."""

    window: int
    unit: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Open:
    """Open the rows that the beacon drew."""

    window: int
    unit: int
    openings: tuple[Opening, ...]


@dataclass(frozen=True, slots=True)
class Meet:
    """Open a row that is demanded."""

    window: int
    unit: int
    openings: tuple[Opening, ...]


@dataclass(frozen=True, slots=True)
class Accept:
    """Accept a ticket."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Ready:
    """Say that one waits for the inputs."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Run:
    """Do a job."""

    job: bytes
    """The hash of its specification."""


@dataclass(frozen=True, slots=True)
class Deliver:
    """Deliver the hash of the receipt."""

    ticket: int
    result: bytes


@dataclass(frozen=True, slots=True)
class Decline:
    """Leave a ticket to its deadline, and say why."""

    ticket: int
    why: str


Step: TypeAlias = Multiply | Commit | Open | Meet | Accept | Ready | Run | Deliver | Decline


class Hands(Protocol):
    """What the provider has at hand."""

    def work(self, task: Task) -> Work | None:
        """The finished product, if it was made."""
        ...

    def job_work(self, job: bytes) -> int | None:
        """What a job costs, in byte multiply-adds; None when its inputs are not all there."""
        ...

    def receipt(self, job: bytes) -> bytes | None:
        """The hash of the job's receipt, if the job was done."""
        ...


def plan(sight: Sight, hands: Hands) -> list[Step]:
    """What is to be done after the block that is seen; the same again until a later block shows it done."""
    return [*_window_steps(sight, hands), *_demand_steps(sight, hands), *_ticket_steps(sight, hands)]


def _window_steps(sight: Sight, hands: Hands) -> Iterator[Step]:
    window = sight.window
    if window is None:
        return
    for each in sight.units:
        work = hands.work(each.task)
        if each.commitment is None:
            if sight.soonest >= window.commit_until:
                continue
            if work is None:
                yield Multiply(window.number, each.unit, each.task)
            else:
                yield Commit(window.number, each.unit, work.root)
        elif work is None:  # the agent was started anew: the seed gives the same product again
            yield Multiply(window.number, each.unit, each.task)
        elif window.phase == Phase.Opening and each.commitment.stage == Stage.Drawn:
            if window.challenge is not None and sight.soonest < window.closes_at:
                yield Open(window.number, each.unit, work.answer(window.challenge, sight.positions))


def _demand_steps(sight: Sight, hands: Hands) -> Iterator[Step]:
    for each in sight.demands:
        if sight.soonest >= each.deadline:
            continue
        work = hands.work(each.task)
        if work is None:
            yield Multiply(each.window, each.unit, each.task)
        else:
            yield Meet(each.window, each.unit, work.open((each.position,)))


def _ticket_steps(sight: Sight, hands: Hands) -> Iterator[Step]:
    for number, ticket in sight.tickets.items():
        cost = hands.job_work(ticket.job)
        done = hands.receipt(ticket.job)
        match ticket.state:
            case TicketState.Matched:
                yield from _accepting(sight, number, ticket, cost, done)
            case TicketState.Accepted:
                # Whoever says `ready` to a consumer that has begun must be able to deliver.
                if not ticket.is_ready and (cost is not None or not ticket.has_begun):
                    yield Ready(number)
                if ticket.has_begun and cost is not None and done is None:
                    yield Run(ticket.job)
            case TicketState.Running:
                if done is not None:
                    yield Deliver(number, done)
                elif cost is not None:
                    yield Run(ticket.job)
            case _:
                pass


def _accepting(
    sight: Sight, number: int, ticket: Ticket, cost: int | None, done: bytes | None
) -> Iterator[Step]:
    """A coin buys W_k of work and no more: a job that is larger than its ticket is nobody's debt."""
    bought = ticket.amount * sight.work // COIN
    if cost is not None and cost > bought:
        yield Decline(number, f"the job takes {cost} byte multiply-adds, and the ticket buys {bought}")
        return
    yield Accept(number)
    if ticket.has_begun and cost is not None and done is None:
        yield Run(ticket.job)
