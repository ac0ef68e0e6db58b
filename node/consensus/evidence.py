"""Evidence on its way to the chain: what convicts a validator, as an unsigned transaction of the pool."""

from __future__ import annotations

import logging
from typing import Any, Final

from node.mempool.errors import PoolRefusal
from node.mempool.validate import Mempool
from node.sync.epochs import Epochs
from pallets.offences import Offences
from runtime.runtime import Runtime
from runtime.simplex import Certificate, Evidence, Vote
from runtime.simplex.evidence import ConflictingCertificates, ConflictingVotes

log = logging.getLogger(__name__)

NO_COURT: Final = "evidence is kept in the log alone: the chain has no pallet that takes it"


class Accuser:
    """Brings evidence for one node; the share of the reporter goes to its validator's account."""

    def __init__(self, runtime: Runtime, mempool: Mempool, epochs: Epochs, network_key: bytes) -> None:
        self._runtime = runtime
        self._mempool = mempool
        self._epochs = epochs
        self._network_key = network_key

    async def votes(self, first: Vote, second: Vote) -> None:
        """Two votes of one validator that contradict each other."""
        committee = self._epochs.committee(first.statement.epoch)
        log.warning(
            "validator %d (0x%s) contradicted itself in epoch %d, view %d: %s and %s",
            first.signer,
            committee.validators[first.signer].account.hex(),
            first.statement.epoch,
            first.statement.view,
            first.statement.kind.name,
            second.statement.kind.name,
        )
        await self._accuse(ConflictingVotes(committee, first, second), committee.epoch)

    async def certificates(self, first: Certificate, second: Certificate) -> None:
        """Two certificates that no two honest quorums make."""
        statement = first.statement
        log.critical(
            "two certificates of epoch %d, view %d contradict each other: a third of the validators is false",
            statement.epoch,
            statement.view,
        )
        committee = self._epochs.committee(statement.epoch)
        await self._accuse(ConflictingCertificates(committee, first, second), statement.epoch)

    async def _accuse(self, evidence: Evidence, epoch: int) -> None:
        offences = next((each for each in self._runtime.pallets.values() if isinstance(each, Offences)), None)
        if offences is None:
            log.error(NO_COURT)
            return
        call: Any = offences.report.call(evidence, self._reporter(epoch))
        try:
            await self._mempool.submit(self._runtime.parts.codec.bare(call))
        except PoolRefusal as refusal:
            log.info("the evidence is not needed any more: %s", refusal)

    def _reporter(self, epoch: int) -> bytes | None:
        """This node's account, where it is a validator."""
        for each in self._epochs.committee(epoch).validators:
            if each.network == self._network_key:
                return each.account
        return None
