"""The words of the agreement: blocks as it knows them, what travels, what the journal keeps.

Blocks travel as bytes, and who receives one reads its header: no word of the sender about its own block is
taken. Between a validator's own parts a block is a `Candidate`, the few facts that the agreement needs.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from runtime.scale import U64, Doc, Enum, Max, Struct
from runtime.simplex import Certificate, Vote
from runtime.simplex.committee import NetworkKey
from runtime.simplex.statement import ValidatorIndex
from runtime.types.account import BlockNumber, Hash

BODY_BYTES_MAX: Final = 8 * 1024 * 1024
"""The longest encoded block."""
REPLY_VIEWS_MAX: Final = 64
"""The most views that one `Need` asks for."""
REPLY_BLOCKS_MAX: Final = 50
"""The most blocks that one `Bodies` brings."""
REPLY_BYTES_MAX: Final = 6 * 1024 * 1024
"""The most bytes of blocks in one `Bodies` that brings more than one."""

Peer: TypeAlias = NetworkKey
"""Whom a message comes from or goes to: the key by which the network authenticated the connection."""
Body: TypeAlias = Annotated[bytes, Max(BODY_BYTES_MAX)]
"""An encoded block; the agreement never looks inside."""


class Candidate(Struct):
    """A block that may become final: what its header says, and its bytes."""

    hash: Hash
    parent_hash: Hash
    number: Annotated[BlockNumber, Doc("Its height.")]
    epoch: Annotated[U64, Doc("The epoch that its header names.")]
    view: Annotated[U64, Doc("The view in which it was first proposed, as its header says.")]
    proposer: Annotated[ValidatorIndex, Doc("The leader of that view, as its header says.")]
    body: Body


# ------------------------------------------------------------------------------------------ what travels


class Message(Enum):
    """What one peer says to another about the agreement."""


class Voted(Message, index=0):
    """A vote; it is heard from its signer alone, or where it convicts its signer."""

    vote: Vote


class Proposal(Message, index=1):
    """The leader's block, and its own vote for it."""

    body: Body
    vote: Vote


class Proved(Message, index=2):
    """A certificate, from anybody."""

    certificate: Certificate


class Need(Message, index=3):
    """Asks for the certificates of these views; a finalization of a later one answers for all before it."""

    epoch: U64
    views: Annotated[tuple[U64, ...], Max(REPLY_VIEWS_MAX)]


class Want(Message, index=4):
    """Asks for a block and its ancestors."""

    block: Hash
    above: Annotated[BlockNumber, Doc("Ancestors at this height and below are not wanted.")]


class Bodies(Message, index=5):
    """A block that was wanted and its ancestors, each followed by its parent."""

    bodies: Annotated[tuple[Body, ...], Max(REPLY_BLOCKS_MAX)]


class Status(Message, index=6):
    """Where the sender stands; who stands further answers with what proves it."""

    epoch: U64
    view: U64
    finalization: Annotated[Certificate | None, Doc("Its last one in this epoch.")]


AnyMessage: TypeAlias = Voted | Proposal | Proved | Need | Want | Bodies | Status
PlainMessage: TypeAlias = Voted | Proved | Need | Want | Status
"""Messages that carry no block: they reach the core as they are."""

# ------------------------------------------------------------------------------- what the journal keeps


class JournalRecord(Enum):
    """What a validator must not forget."""


class Cast(JournalRecord, index=0):
    """A vote of its own, written before it is sent."""

    vote: Vote


class Proven(JournalRecord, index=1):
    """A certificate that holds. The last finalization is the floor below which nothing is voted on."""

    certificate: Certificate


class Held(JournalRecord, index=2):
    """A block that others may want: voted for, or notarized."""

    candidate: Candidate


class Certified(JournalRecord, index=3):
    """The verdict that a notarized block may be built upon."""

    epoch: U64
    view: U64
    block: Hash


AnyRecord: TypeAlias = Cast | Proven | Held | Certified


def epoch_of_record(record: AnyRecord) -> int:
    """The epoch that a record belongs to."""
    match record:
        case Cast(vote):
            return vote.statement.epoch
        case Proven(certificate):
            return certificate.statement.epoch
        case Held(candidate):
            return candidate.epoch
        case Certified(epoch):
            return epoch
