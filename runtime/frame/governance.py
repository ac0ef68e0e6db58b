"""What governance's pallets expect of one another, and of the coin: behaviours, never names."""

from __future__ import annotations

from typing import Annotated, Protocol, runtime_checkable

from runtime.frame.coin import Mode
from runtime.frame.host import Call, PostInfo
from runtime.frame.origin import Origin, Signed
from runtime.scale import I128, U16, U32, U64, U128, Doc, Enum, Fixed, Max, Struct
from runtime.types.account import AccountId, Balance, BlockNumber, Hash, MultiAddress

INLINE_MAX = 128
"""The longest encoded call that stands where it is named, in bytes: Substrate's figure."""

TaskName = Annotated[bytes, Fixed(32)]
"""The name of a scheduled task."""
TrackId = U16
"""The number of a track, which is also the class of the votes on it."""
PollIndex = U32
"""The number of a referendum."""


class BoundedCall(Enum, path="frame_support::traits::preimages::Bounded"):
    """A call as it is named before it runs: itself, if it is short, or the hash of its encoding."""


class Legacy(BoundedCall, index=0):
    """By the BLAKE2b-256 of its encoding, of unknown length."""

    hash: Hash


class Inline(BoundedCall, index=1, unnamed=True):
    """The encoding itself."""

    data: Annotated[bytes, Max(INLINE_MAX)]


class Lookup(BoundedCall, index=2):
    """By the BLAKE2b-256 of its encoding, and its length in bytes."""

    hash: Hash
    len: U32


@runtime_checkable
class Preimages(Protocol):
    """Keeps the encodings of calls that are named by their hash."""

    def bound(self, call: Call) -> BoundedCall:
        """The shortest name of a call; a long one is kept here, once more asked for: who asked lets go of it.
        Raises a `DispatchError` if it is longer than what is kept.
        """
        ...

    def have(self, bounded: BoundedCall) -> bool:
        """Whether the call can be read now."""
        ...

    def peek(self, bounded: BoundedCall) -> Call:
        """The call. Raises a `DispatchError` that says whether its preimage is missing or no call of this
        runtime.
        """
        ...

    def request(self, bounded: BoundedCall) -> None:
        """Somebody needs the preimage: who noted it may not take it away."""
        ...

    def drop(self, bounded: BoundedCall) -> None:
        """One need less."""
        ...


@runtime_checkable
class Schedule(Protocol):
    """Runs calls at later blocks."""

    def plan(self, name: bytes, when: BlockNumber, priority: int, origin: Origin, call: BoundedCall) -> None:
        """Run `call` at block `when`, or in the first after it that has room; its preimage is asked for until
        then. What it does is the caller's to judge. Raises a `DispatchError` if the name is taken, the block
        is no longer to come, its agenda is full, or the call is too long or named without its length.
        """
        ...

    def unplan(self, name: bytes) -> None:
        """Raises a `DispatchError` if there is no such task."""
        ...

    def replan(self, name: bytes, when: BlockNumber) -> None:
        """Move a task; one that stands in that block stays as it is. Raises a `DispatchError` as `plan` and
        `unplan` do.
        """
        ...

    def planned_for(self, name: bytes) -> BlockNumber | None:
        """The block from which on a task will run; None if there is none of that name, as while it runs."""
        ...


class Tally(Struct, path="pallet_conviction_voting::types::Tally"):
    """The votes on one referendum."""

    ayes: Balance
    """Votes for it, by coins times conviction."""
    nays: Balance
    """Votes against it, likewise."""
    support: Balance
    """Coins, without conviction, that vote aye or abstain."""


@runtime_checkable
class Polls(Protocol):
    """Referenda, as votes see them."""

    def tally(self, poll: int) -> tuple[Tally, int] | None:
        """The tally of a referendum that can be voted on, and its class; None if it cannot."""
        ...

    def set_tally(self, poll: int, tally: Tally) -> None:
        """Only of a referendum that can be voted on."""
        ...

    def outcome(self, poll: int) -> tuple[BlockNumber, bool] | None:
        """When a referendum ended, and whether it was approved; None while it goes on, or if it was cancelled
        or killed, or never was.
        """
        ...

    def classes(self) -> tuple[int, ...]:
        """The classes of votes that there are."""
        ...


@runtime_checkable
class Electorate(Protocol):
    """Votes, as referenda see them."""

    def empty(self) -> Tally:
        """The tally before any vote."""
        ...

    def turnout_max(self) -> Balance:
        """What `support` would be if all that may vote said aye."""
        ...


@runtime_checkable
class ParameterBook(Protocol):
    """The registry of what governance may move."""

    def begin_change(self, referendum: int | None) -> None:
        """What is set from now on is set by that referendum; None: by nobody."""
        ...


@runtime_checkable
class ParameterHistory(Protocol):
    """The record of what moved parameters, and when."""

    def tells_of(self, path: str, old: int, new: int) -> bool:
        """Whether the moves of a parameter that are recorded for the block being executed lead from `old` to
        `new`, each made by who may.
        """
        ...


@runtime_checkable
class RootKey(Protocol):
    """One key that is Root, as Substrate's `pallet_sudo` keeps it. A chain that has such a pallet is for
    development, and names itself so.
    """

    def sudo(self, origin: Signed, call: Call) -> PostInfo | None:
        """Make a call as Root."""
        ...

    def set_key(self, origin: Signed, new: MultiAddress) -> PostInfo | None:
        """Pass the key to another account."""
        ...


class Outlook(Struct, path="ballast_governance::Outlook"):
    """Where the coin stands, or would stand, at the end of a block."""

    supply: Annotated[Balance, Doc("S: all coins, in 10^-9.")]
    effective: Annotated[U128, Doc("E: what the providers can do within their terms, in 10^-9 SCU-h.")]
    coverage_ppb: Annotated[U64, Doc("E / S, rounded down; the largest number where it does not fit.")]
    margin: Annotated[I128, Doc("n1: what is left over if the worst operator group fails.")]
    wait_hours: Annotated[U32, Doc("W_max: the longest that a redemption can wait.")]
    headroom: Annotated[
        I128,
        Doc(
            "How many coins could be minted by the lines that bind all issuers, were the mode Green; below "
            "zero, how many are too many."
        ),
    ]
    mode: Annotated[Mode, Doc("In which the next block begins.")]
    deficient: Annotated[U32, Doc("How many providers become Deficient with this block.")]


@runtime_checkable
class Outlooks(Protocol):
    """The coin's judgement of itself, for whoever is about to change something. Nothing is written by it, and
    it is the same whether the closing hooks of the block have run or not, but for what they move.
    """

    def outlook(self) -> Outlook:
        """How the block would be judged if it ended now."""
        ...

    def falling(self) -> tuple[AccountId, ...]:
        """The providers that become Deficient with this block."""
        ...
