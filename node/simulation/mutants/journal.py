"""The journal: what is remembered, when, and what a restart makes of it."""

from __future__ import annotations

from typing import Any

from node.consensus.actions import Check, Compact
from node.consensus.ancestry import Ancestry
from node.consensus.ballots import Ballots
from node.consensus.core import Core
from node.consensus.epochs import Epochs
from node.consensus.messages import AnyRecord, Cast, Held, Proven
from node.consensus.outbox import Outbox
from node.simulation.host import Host
from node.simulation.mutants.registry import mutant
from node.simulation.patches import Patch


@mutant("What depends on a record is said before the record is synced.")
def send_before_sync(patch: Patch) -> None:
    def remember(method: Any, self: Any, records: list[AnyRecord], rest: list[Any]) -> None:
        self.perform_all(rest)
        method(self, records, [])

    patch.around(Host, "remember", remember)


@mutant("A restart forgets the votes.")
def votes_forgotten(patch: Patch) -> None:
    patch.silence(Ballots, "restore")


@mutant("Certificates are not journaled.")
def certificates_not_journaled(patch: Patch) -> None:
    _forget_records(patch, Proven)


@mutant("Blocks are not journaled, and are gone when all their holders stop at once.")
def bodies_not_journaled(patch: Patch) -> None:
    _forget_records(patch, Held)


def _forget_records(patch: Patch, kind: type[Any]) -> None:
    def record(method: Any, self: Any, record: AnyRecord) -> None:
        if not isinstance(record, kind):
            method(self, record)

    patch.around(Outbox, "record", record)


@mutant("The compacted journal has no votes.")
def votes_compacted_away(patch: Patch) -> None:
    def live(method: Any, self: Any) -> tuple[AnyRecord, ...]:
        return tuple(each for each in method(self) if not isinstance(each, Cast))

    patch.around(Core, "live_records", live)


@mutant("The compacted journal has no finalization.")
def floor_compacted_away(patch: Patch) -> None:
    def live(method: Any, self: Any) -> tuple[AnyRecord, ...]:
        return tuple(each for each in method(self) if not isinstance(each, Proven))

    patch.around(Core, "live_records", live)


@mutant("The journal is never compacted.")
def never_compacted(patch: Patch) -> None:
    def put(method: Any, self: Any, action: Any) -> None:
        if not isinstance(action, Compact):
            method(self, action)

    patch.around(Outbox, "put", put)


@mutant("Blocks taken up after a restart are not executed again.")
def states_not_restored(patch: Patch) -> None:
    def restore(method: Any, self: Any, *given: Any) -> None:
        before = len(self._out._actions)
        method(self, *given)
        actions = self._out._actions
        self._out._actions = [
            each for place, each in enumerate(actions) if place < before or not isinstance(each, Check)
        ]

    patch.around(Ancestry, "restore", restore)


@mutant("Records of other epochs are taken up as this one's.")
def epochs_mixed_at_restart(patch: Patch) -> None:
    def open_(method: Any, self: Any, epoch: Any, *given: Any) -> Any:
        number = epoch.number
        moved = tuple(_moved(each, number) for each in self._records)
        self._records = moved
        return method(self, epoch, *given)

    patch.around(Epochs, "_open", open_)


def _moved(record: AnyRecord, epoch: int) -> AnyRecord:
    if isinstance(record, Cast):
        return Cast(record.vote.replace(statement=record.vote.statement.replace(epoch=epoch)))
    return record
