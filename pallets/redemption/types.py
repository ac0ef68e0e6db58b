"""What Redemption stores, tells and refuses."""

from __future__ import annotations

import enum
from typing import Annotated, Final, TypeAlias

from runtime.frame import Error, Event
from runtime.frame.coin import ClassId, Region
from runtime.scale import U16, U32, U64, Doc, Enum, Fixed, Max, Struct
from runtime.types import AccountId, Balance, BlockNumber, Hash

QUEUES_MAX: Final = 64
"""The most queues, each for one pair of wishes; the last is kept for those that wish nothing."""
TicketId: TypeAlias = U64
"""A ticket, by number; numbers rise and are never given twice."""
Ordinal32: TypeAlias = Annotated[bytes, Fixed(4)]
"""A block number in big-endian order, so that keys sort as numbers do."""
Ordinal64: TypeAlias = Annotated[bytes, Fixed(8)]
"""A ticket's number in the same order."""


class Service(enum.IntEnum):
    """What a ticket is exchanged for."""

    Train = 0
    FineTune = 1
    Infer = 2


class TicketState(enum.IntEnum):
    """Where a ticket stands; a ticket that has come to its end is gone."""

    Queued = 0
    """Waits for a server."""
    Matched = 1
    """A server was drawn, and has not accepted yet."""
    Accepted = 2
    """Waits for the consumer's `begin` and the server's `ready`."""
    Running = 3
    """The server works."""
    Delivered = 4
    """The result is there; silence accepts it."""
    Disputed = 5
    """Before a panel. Not reached on this chain yet."""


SERVED: Final = (TicketState.Matched, TicketState.Accepted, TicketState.Running)
"""The states in which a server has work to do."""


class Late(Struct):
    """Whose fault it is that a ticket is late."""

    server: AccountId
    since: Annotated[BlockNumber, Doc("When it failed the ticket.")]


class Ticket(Struct):
    """A claim on compute; its coins are in escrow."""

    owner: AccountId
    amount: Balance
    service: Service
    class_floor: Annotated[ClassId, Doc("Hardware of at least this class; 0 for any.")]
    region: Annotated[Region, Doc("Where it is to stand; 0 for anywhere.")]
    job: Annotated[Hash, Doc("The hash of what is to be done.")]
    place: Annotated[TicketId, Doc("Its place in the queue: the number of the ticket that it is a piece of.")]
    state: TicketState
    queued_at: Annotated[BlockNumber, Doc("When the coins were redeemed.")]
    returned_at: Annotated[BlockNumber, Doc("When it last came back from a server; 0 for never.")] = 0
    server: AccountId | None = None
    standard: Annotated[U32, Doc("The standard in force when it was matched; 0 before.")] = 0
    deadline: Annotated[
        BlockNumber, Doc("The block at whose start the state ends by itself; 0 for never.")
    ] = 0
    has_begun: Annotated[bool, Doc("The consumer says that the inputs can be had.")] = False
    is_ready: Annotated[bool, Doc("The server says that it waits.")] = False
    has_shared: Annotated[bool, Doc("Its share of a loss is borne.")] = False
    result: Annotated[Hash | None, Doc("The digest of the result.")] = None
    late: Annotated[Late | None, Doc("Who failed it last and pays for each day until it is delivered.")] = (
        None
    )

    @property
    def queue(self) -> Queue:
        """Which queue it stands in."""
        return Queue(self.class_floor, self.region)

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for a server."""
        return self.state == TicketState.Queued

    @property
    def is_served(self) -> bool:
        """Whether a server has work to do for it."""
        return self.state in SERVED


class Queue(Struct):
    """The wishes that the tickets of one queue have in common."""

    class_floor: ClassId
    region: Region


class Lane(Struct):
    """How much a queue has to do with."""

    open: Annotated[U32, Doc("Open tickets with its wishes.")] = 0
    waiting: Annotated[U32, Doc("Those that wait in it.")] = 0


class Waiting(Struct):
    """What waits in all queues."""

    tickets: U32 = 0
    coins: Balance = 0
    borne: Annotated[Balance, Doc("Coins of those tickets whose share of a loss is borne.")] = 0


class Server(Struct):
    """What a provider has matched and not delivered yet."""

    tickets: U16 = 0
    work: Annotated[Balance, Doc("The coins of these tickets.")] = 0
    since: Annotated[
        BlockNumber, Doc("Since when it has had one that it accepted without a break; 0 for none.")
    ] = 0
    room: Annotated[Balance, Doc("What it could do in a day when it was last given a ticket.")] = 0


class Urn(Struct):
    """From which lots are drawn together."""

    region: Annotated[Region, Doc("0 for all regions.")]
    drains: Annotated[bool, Doc("Of those who drain, or of the others.")]


class Lot(Struct):
    """Where an issuer's weight stands."""

    region: Region
    drains: Annotated[bool, Doc("Whether it is drawn before those who do not.")]
    everywhere: Annotated[U16, Doc("Its place in the urn of all regions.")]
    at_home: Annotated[U16, Doc("Its place in the urn of its region.")]

    @property
    def urns(self) -> tuple[Urn, Urn]:
        """The urn of all regions, and that of its own."""
        return Urn(0, self.drains), Urn(self.region, self.drains)

    @property
    def places(self) -> tuple[tuple[Urn, int], tuple[Urn, int]]:
        """Both urns, with its place in each."""
        everywhere, at_home = self.urns
        return (everywhere, self.everywhere), (at_home, self.at_home)


class Base(Struct):
    """The moving part of the fee, as of a block."""

    ppb: U64 = 0
    at: BlockNumber = 0


class Receipt(Struct):
    """A ticket that was served to the end."""

    owner: AccountId
    server: AccountId
    amount: Balance
    service: Service
    job: Hash
    result: Hash
    standard: U32
    settled_at: BlockNumber


PAGE: Final = 32
"""The weights of a page, and the pages of an urn."""
LOTS_MAX: Final = PAGE * PAGE
"""The most lots of an urn: as many as there may be providers."""
Queues: TypeAlias = Annotated[tuple[Queue, ...], Max(QUEUES_MAX)]
Weights: TypeAlias = Annotated[tuple[Balance, ...], Max(PAGE)]


class HoldReason(Enum):
    """Why Redemption holds coins."""


class Escrow(HoldReason, index=0):
    """The coins of open tickets, at the pallet's own account."""


class RedemptionEvent(Event):
    """What Redemption tells the world."""


class Redeemed(RedemptionEvent, index=0):
    """Coins went into escrow, for tickets numbered from `first` on."""

    owner: AccountId
    amount: Balance
    fee: Balance
    first: TicketId
    tickets: U32


class Matched(RedemptionEvent, index=1):
    """A server was drawn for a ticket, or for a piece split off it."""

    ticket: TicketId
    server: AccountId
    amount: Balance
    piece_of: TicketId


class Accepted(RedemptionEvent, index=2):
    """The server accepted."""

    ticket: TicketId
    server: AccountId


class Began(RedemptionEvent, index=3):
    """The consumer says that the inputs can be had."""

    ticket: TicketId


class Ready(RedemptionEvent, index=4):
    """The server says that it waits."""

    ticket: TicketId


class Started(RedemptionEvent, index=5):
    """Both are there: the work runs until the deadline."""

    ticket: TicketId
    deadline: BlockNumber


class Delivered(RedemptionEvent, index=6):
    """The server delivered; silence until the deadline accepts."""

    ticket: TicketId
    result: Hash
    deadline: BlockNumber


class Settled(RedemptionEvent, index=7):
    """The work is accepted: the coins are burned, and the server's debt with them."""

    ticket: TicketId
    server: AccountId
    amount: Balance
    result: Hash


class Failed(RedemptionEvent, index=8):
    """The server failed the ticket, which is back at its place in the queue."""

    ticket: TicketId
    server: AccountId


class NotShown(RedemptionEvent, index=9):
    """The server waited and the consumer never began: half is burned, half goes back."""

    ticket: TicketId
    burned: Balance


class Cancelled(RedemptionEvent, index=10):
    """The owner took a waiting ticket back."""

    ticket: TicketId


class Transferred(RedemptionEvent, index=11):
    """A ticket has another owner."""

    ticket: TicketId
    owner: AccountId


class LossShared(RedemptionEvent, index=12):
    """A ticket first cancelled its share of the orphan debt, without service."""

    ticket: TicketId
    amount: Balance


class Requeued(RedemptionEvent, index=13):
    """The server serves no more, by no fault in this: the ticket is back at its place in the queue."""

    ticket: TicketId
    server: AccountId


class RedemptionError(Error):
    """Why Redemption refuses."""


class NothingToRedeem(RedemptionError, index=0):
    """The amount is zero."""


class TooSmall(RedemptionError, index=1):
    """The amount is less than a ticket may be, and it is not the whole balance."""


class TooLarge(RedemptionError, index=2):
    """The amount would make more tickets than one call may."""


class UnknownClass(RedemptionError, index=3):
    """Nobody rated this class of hardware."""


class NobodyServes(RedemptionError, index=4):
    """No provider that owes coins stands in this region."""


class TooManyQueues(RedemptionError, index=5):
    """There are as many different wishes open as the chain keeps apart; one without wishes is welcome."""


class UnknownTicket(RedemptionError, index=6):
    """There is no such ticket; it may have come to its end."""


class NotOwner(RedemptionError, index=7):
    """Only the ticket's owner may do this."""


class NotServer(RedemptionError, index=8):
    """Only the ticket's server may do this."""


class WrongState(RedemptionError, index=9):
    """The ticket is in a state in which this cannot be done."""


class TooEarly(RedemptionError, index=10):
    """A waiting ticket may be cancelled one hour after it was queued."""


class NoEscrow(RedemptionError, index=11):
    """The escrow account needs the existential deposit in the genesis."""
