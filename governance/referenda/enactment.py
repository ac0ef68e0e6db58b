"""Enactment: what a proposal would do, written down while it is voted on, and what it does once approved.

    submitted --look--> refused there, or voted on --decision begins: look--> band
    approved --its time comes--> run between two looks --> kept, or nothing of it remains

A proposal runs on the authority of its track, between two looks at the end of the block
(`governance.whatif`). It is kept if the block can end with it, no mode is worse and no provider Deficient by
it, and if it does what it was seen to do. Whatever speaks against it, an event says. On a chain without a
coin that judges itself there is nothing to look at, and a proposal simply runs.
"""

from __future__ import annotations

import enum
from typing import Final

from governance import whatif
from governance.referenda import status as s
from governance.referenda import types as t
from governance.referenda.machine import Machine
from governance.whatif.types import BlockBroken, CallRefused
from runtime.frame import Call, DispatchError, Origin, StorageDoubleMap, Twox64Concat
from runtime.frame.governance import BoundedCall, Legacy, Lookup, Outlooks, ParameterBook, PollIndex
from runtime.types import Weight, db
from runtime.types.limits import BLOCK_MAX

BYTES_MAX: Final = 65_536
"""The longest encoding of a proposal."""
BYTE_PICOSECONDS: Final = 300_000
"""What it takes to read one byte of it."""
CALL_MAX: Final = Weight(BLOCK_MAX.ref_time // 4, BLOCK_MAX.proof_size // 4)
"""What a proposal may weigh: a quarter of a block, rounded down."""
READ: Final = db(reads=4, compute=BYTES_MAX * BYTE_PICOSECONDS) + Weight(0, BYTES_MAX)
"""A proposal that is read."""
LOOK_MAX: Final = READ + whatif.LOOK + CALL_MAX + db(reads=2, writes=2)
"""A proposal that is read, run, looked at and written down."""


class Stage(enum.IntEnum):
    """When it was looked."""

    Submission = 0
    """When it was proposed."""
    Decision = 1
    """When its decision began; what it does then is what it may do."""
    Enactment = 2
    """When it ran."""


class Enactment(Machine):
    """Proposals that run, for a look or for good."""

    outlooks: tuple[Outlooks, ...]
    books: tuple[ParameterBook, ...]

    looks = StorageDoubleMap[PollIndex, Stage, whatif.Look](
        hashers=(Twox64Concat, Twox64Concat),
        doc="What each proposal was seen to do, by referendum and stage.",
    )

    def _look_at_submission(self, index: int, proposal: BoundedCall, origin: Origin) -> Weight:
        """Look at what is proposed, if its preimage is there; the weight of that. Raises what speaks against
        it.
        """
        self._check_name(proposal)
        if not self.preimages.have(proposal):
            return READ
        look = self._look(index, Stage.Submission, self._read(proposal), origin)
        if look is None:
            return READ
        if look.refusal is not None and not isinstance(look.refusal, BlockBroken):
            raise t.FORESEEN[type(look.refusal)](look.refusal)
        return READ + look.weight

    def _look_at_decision(self, index: int, status: s.ReferendumStatus) -> Weight:
        """Look again, now that it is decided; the weight of that. Raises what is wrong with the preimage."""
        look = self._look(index, Stage.Decision, self._read(status.proposal), status.origin)
        return READ if look is None else READ + look.weight

    def _look(self, index: int, stage: Stage, call: Call, origin: Origin) -> whatif.Look | None:
        """Look, and write down what was seen; None where there is nothing to look at."""
        for outlooks in self.outlooks:
            self._begin_change(index)
            look = whatif.look(self.host, outlooks, call, origin)
            self._begin_change(None)
            self.looks[index, stage] = look
            return look
        return None

    def _enact(self, index: int) -> Weight:
        """Carry out what was approved; the weight of that. Raises `NotDue`."""
        record, now = self.records.get(index), self.host.number
        if record is None or not isinstance(record.fate, t.Due) or now < record.fate.at:
            raise t.NotDue
        self._begin_change(index)
        used, refusal = self._run(index, record)
        self._begin_change(None)
        self.preimages.drop(record.proposal)
        if refusal is None:
            self.records[index] = record.replace(fate=t.Done(now))
            self.emit(t.Enacted(index))
        else:
            self.records[index] = record.replace(fate=t.Refused(now, refusal))
            self.emit(t.EnactmentRefused(index, refusal))
        return READ + used

    def _run(self, index: int, record: t.Record) -> tuple[Weight, whatif.Refusal | None]:
        """Run a proposal for good, if nothing speaks against it; what it used, and what does."""
        try:
            call = self._read(record.proposal)
            for outlooks in self.outlooks:
                look = whatif.enact(self.host, outlooks, call, record.origin, self._band(index))
                self.looks[index, Stage.Enactment] = look
                return look.weight, look.refusal
            return self.host.dispatch(call, record.origin).weight_of(call), None
        except DispatchError as error:
            return CALL_MAX, CallRefused(self.host.failure(error))

    def _band(self, index: int) -> whatif.Effect | None:
        """What a proposal was last seen to do; None if nobody could see it."""
        for stage in (Stage.Decision, Stage.Submission):
            look = self.looks.get((index, stage))
            if look is not None:
                return whatif.effect_of(look)
        return None

    def _begin_change(self, index: int | None) -> None:
        """Whose change it is that runs now."""
        for book in self.books:
            book.begin_change(index)

    def _check_name(self, proposal: BoundedCall) -> None:
        """Refuse a proposal of which nobody knows how long it is, or one that is too long."""
        if isinstance(proposal, Legacy):
            raise t.UnknownLength
        if not isinstance(proposal, Lookup):
            return
        if proposal.len > BYTES_MAX:
            raise t.TooLong
        if not self.preimages.have(proposal) and self.preimages.have(Legacy(proposal.hash)):
            raise t.PreimageStoredWithDifferentLength

    def _read(self, proposal: BoundedCall) -> Call:
        """The proposed call. Raises what is wrong with its preimage, or `TooHeavy`."""
        call = self.preimages.peek(proposal)
        if not call.weight.fits(CALL_MAX):
            raise t.TooHeavy
        return call
