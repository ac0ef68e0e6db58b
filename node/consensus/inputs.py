"""Inputs: everything that ever happens to the agreement, and the epochs in which it happens."""

from __future__ import annotations

import enum
from typing import TypeAlias

import msgspec

from node.consensus.messages import Candidate, Peer, PlainMessage
from runtime.simplex import Certificate, Committee, Statement, Vote


class Epoch(msgspec.Struct, frozen=True):
    """An epoch as one validator enters it."""

    committee: Committee
    me: int | None
    """One's own place in the committee; None for who only watches."""
    parent_hash: bytes
    """The final block on which the epoch's first block stands: view 0."""
    parent_number: int
    last_number: int
    """The height of the epoch's last block, its boundary."""

    @property
    def number(self) -> int:
        """Which epoch it is."""
        return self.committee.epoch


class Head(msgspec.Struct, frozen=True):
    """The last final block that the chain's store holds."""

    hash: bytes
    number: int


class TimerName(enum.IntEnum):
    """What a timer is for. Arming one replaces the one of the same name."""

    Lead = 0
    """The leader has proposed by now, or its view is nullified."""
    Advance = 1
    """The view has ended by now, or it is nullified."""
    Retry = 2
    """What was said in this view is said again."""
    Fetch = 3
    """What was asked of one peer is asked of another."""
    Standstill = 4
    """Nothing became final for long: everything since then is said again."""
    Ask = 5
    """A peer ahead may be asked again where it stands."""


class Timer(msgspec.Struct, frozen=True):
    """A timer, and the view for which it was armed: what rings late is recognised by it."""

    name: TimerName
    epoch: int
    view: int


class Received(msgspec.Struct, frozen=True):
    """A message without a block came from a peer."""

    peer: Peer
    message: PlainMessage


class Proposed(msgspec.Struct, frozen=True):
    """A proposal came, its block read."""

    peer: Peer
    candidate: Candidate
    vote: Vote


class Fetched(msgspec.Struct, frozen=True):
    """Wanted blocks came, read, each followed by its parent."""

    peer: Peer
    candidates: tuple[Candidate, ...]


class Joined(msgspec.Struct, frozen=True):
    """A peer can be reached from now on."""

    peer: Peer


class Built(msgspec.Struct, frozen=True):
    """Answers `Build`: a block, or None when none can be built."""

    epoch: int
    view: int
    candidate: Candidate | None


class Checked(msgspec.Struct, frozen=True):
    """Answers `Check`: whether the block executes as it says, for good."""

    block: bytes
    is_valid: bool


class Signed(msgspec.Struct, frozen=True):
    """Answers `Sign`."""

    vote: Vote


class VotesVerified(msgspec.Struct, frozen=True):
    """Answers `VerifyVotes`: whose signatures hold, their sum (None when none holds), and whose do not."""

    statement: Statement
    good: tuple[int, ...]
    aggregate: bytes | None
    bad: tuple[int, ...]


class PairVerified(msgspec.Struct, frozen=True):
    """Answers `VerifyPair`."""

    first: Vote
    second: Vote
    is_first_good: bool
    is_second_good: bool


class CertificateVerified(msgspec.Struct, frozen=True):
    """Answers `VerifyCertificate`."""

    certificate: Certificate
    is_good: bool


class Expired(msgspec.Struct, frozen=True):
    """A timer rang."""

    timer: Timer


class Opened(msgspec.Struct, frozen=True):
    """Answers `Open`: the next epoch."""

    epoch: Epoch


CoreInput: TypeAlias = (
    Received
    | Proposed
    | Fetched
    | Joined
    | Built
    | Checked
    | Signed
    | VotesVerified
    | PairVerified
    | CertificateVerified
    | Expired
)
Input: TypeAlias = CoreInput | Opened
