"""Actions: everything that the agreement asks of the world, to be done in the order of the list.

A `Record` is durable before any `Send` or `Broadcast` behind it leaves: nothing is said that a crash
could make one forget. Answers come back as inputs, in any order, except that checks are executed in the
order asked.
"""

from __future__ import annotations

import enum
from typing import TypeAlias

import msgspec

from node.consensus.inputs import Timer
from node.consensus.messages import AnyMessage, AnyRecord, Candidate, Need, Peer, Status, Want
from runtime.simplex import Certificate, Statement, Vote


class Misdeed(enum.Enum):
    """What a peer did that an honest one never does."""

    Malformed = "a message that is not in its only form"
    NotTheLeader = "a proposal in a view that it does not lead"
    BadVote = "a vote whose signature is not its signer's"
    BadCertificate = "a certificate that does not convince"


class Record(msgspec.Struct, frozen=True):
    """Append to the journal."""

    record: AnyRecord


class Compact(msgspec.Struct, frozen=True):
    """Replace the journal by `live_records()`, taken at that moment: nothing else is needed any more. Done
    after the commits before it are durable.
    """


class Sign(msgspec.Struct, frozen=True):
    """Make this statement: the guard permitting, sign it and answer `Signed`, best within the same step."""

    statement: Statement


class Send(msgspec.Struct, frozen=True):
    """Send to one peer; lost when it cannot be reached."""

    peer: Peer
    message: AnyMessage


class Broadcast(msgspec.Struct, frozen=True):
    """Send to every validator, and what is no vote to every peer."""

    message: AnyMessage


class Serve(msgspec.Struct, frozen=True):
    """Answer a peer from the chain's store: blocks below the floor, the boundary of an epoch gone by."""

    peer: Peer
    message: Want | Need | Status


class Arm(msgspec.Struct, frozen=True):
    """Ring after so many milliseconds, in place of the timer of the same name."""

    timer: Timer
    delay_ms: int


class Build(msgspec.Struct, frozen=True):
    """Build a block for this view on this parent and answer `Built`."""

    epoch: int
    view: int
    parent_hash: bytes
    parent_number: int


class Check(msgspec.Struct, frozen=True):
    """Execute a block, whose parent was checked or built before, and answer `Checked`."""

    candidate: Candidate


class Commit(msgspec.Struct, frozen=True):
    """These blocks are final, in this order; the certificate is of the last one."""

    certificate: Certificate
    blocks: tuple[Candidate, ...]


class VerifyVotes(msgspec.Struct, frozen=True):
    """Check the signatures of votes for one statement, and answer `VotesVerified`."""

    statement: Statement
    votes: tuple[Vote, ...]


class VerifyPair(msgspec.Struct, frozen=True):
    """Check two votes of one signer, each alone, and answer `PairVerified`."""

    first: Vote
    second: Vote


class VerifyCertificate(msgspec.Struct, frozen=True):
    """Check a certificate, and answer `CertificateVerified`."""

    certificate: Certificate


class Report(msgspec.Struct, frozen=True):
    """Two votes of one signer that an honest one never casts both: evidence."""

    first: Vote
    second: Vote


class ReportCertificates(msgspec.Struct, frozen=True):
    """Two certificates that cannot both be while fewer than a third are faulty: the agreement is broken."""

    first: Certificate
    second: Certificate


class Fault(msgspec.Struct, frozen=True):
    """A peer misbehaved."""

    peer: Peer
    misdeed: Misdeed


class Open(msgspec.Struct, frozen=True):
    """The epoch before this one is final to its last block: answer `Opened` with the next committee."""

    epoch: int
    parent_hash: bytes
    parent_number: int


CoreAction: TypeAlias = (
    Record
    | Compact
    | Sign
    | Send
    | Broadcast
    | Serve
    | Arm
    | Build
    | Check
    | Commit
    | VerifyVotes
    | VerifyPair
    | VerifyCertificate
    | Report
    | ReportCertificates
    | Fault
)
Action: TypeAlias = CoreAction | Open
