"""Views: how one moves on, waits, and says things again."""

from __future__ import annotations

from typing import Any

from node.consensus.actions import Broadcast, Send, Sign
from node.consensus.core import Core
from node.consensus.inputs import TimerName
from node.consensus.messages import Proved
from node.consensus.outbox import Outbox
from node.consensus.proofs import Proofs
from node.consensus.timing import Timing
from node.simulation.mutants.registry import mutant
from node.simulation.patches import Patch
from runtime.simplex import Certificate, Kind, Statement


# Moving on.
@mutant("A certified block does not let into the next view.")
def notarization_lets_nobody_in(patch: Patch) -> None:
    _bars(patch, Kind.Notarize)


@mutant("A nullification does not let into the next view.")
def nullification_lets_nobody_in(patch: Patch) -> None:
    _bars(patch, Kind.Nullify)


@mutant("A finalization does not let into the view after it.")
def finalization_lets_nobody_in(patch: Patch) -> None:
    _bars(patch, Kind.Finalize)


def _bars(patch: Patch, kind: Kind) -> None:
    def enter(method: Any, self: Any, view: int, entry: Certificate | None) -> None:
        if entry is None or entry.statement.kind != kind or self.view == 0:
            method(self, view, entry)

    patch.around(Core, "_enter", enter)


@mutant("An older finalization replaces a newer one.")
def floor_goes_back(patch: Patch) -> None:
    def has(method: Any, self: Any, statement: Statement) -> bool:
        if statement.kind == Kind.Finalize:
            return self.finalization is not None and self.finalization.statement == statement
        return bool(method(self, statement))

    patch.around(Proofs, "has", has)


@mutant("Nobody votes to finalize.")
def never_finalize(patch: Patch) -> None:
    patch.silence(Core, "_finalize")


@mutant("A block is voted final when it is notarized, certified or not, nullified or not.")
def finalize_uncertified(patch: Patch) -> None:
    def accept(method: Any, self: Any, certificate: Certificate, *, is_made: bool) -> None:
        method(self, certificate, is_made=is_made)
        statement = certificate.statement
        key = (statement.view, Kind.Finalize)
        if statement.kind == Kind.Notarize and statement.view > self.finalized_view:
            if key not in self._ballots._cast and self.epoch.me is not None and not self.is_over:
                self._ballots.cast(statement.replace(kind=Kind.Finalize))
                self._out.put(Sign(statement.replace(kind=Kind.Finalize)))

    patch.around(Core, "_accept", accept)


# Timers and repetition.
@mutant("The timers of a view are not armed.")
def timers_not_armed(patch: Patch) -> None:
    _arms_not(patch, TimerName.Lead, TimerName.Advance)


@mutant("What was said once is not said again.")
def no_resend(patch: Patch) -> None:
    _arms_not(patch, TimerName.Retry, TimerName.Standstill)


@mutant("Within a view nothing is said again.")
def no_retry(patch: Patch) -> None:
    _arms_not(patch, TimerName.Retry)


@mutant("After a standstill nothing is said again.")
def no_standstill(patch: Patch) -> None:
    _arms_not(patch, TimerName.Standstill)


@mutant("What was said again once is not said a third time.")
def retry_not_rearmed(patch: Patch) -> None:
    def repeat(method: Any, self: Any) -> None:
        with Patch() as inner:
            inner.silence(Core, "_arm")
            method(self)

    patch.around(Core, "_repeat", repeat)
    patch.around(Core, "_repeat_all", repeat)


@mutant("A lost request is not sent again.")
def no_fetch_timer(patch: Patch) -> None:
    _arms_not(patch, TimerName.Fetch)


def _arms_not(patch: Patch, *names: TimerName) -> None:
    def arm(method: Any, self: Any, name: TimerName, delay_ms: int) -> None:
        if name not in names:
            method(self, name, delay_ms)

    patch.around(Core, "_arm", arm)


@mutant("The waits never grow.")
def delta_never_grows(patch: Patch) -> None:
    def delta(method: Any, self: Timing, views: int) -> int:
        return self.delta_ms

    patch.around(Timing, "delta", delta)


@mutant("The waits never shrink again.")
def delta_never_resets(patch: Patch) -> None:
    def lead(method: Any, self: Any, name: TimerName, delay_ms: int) -> None:
        if name == TimerName.Lead:
            delay_ms = self.timing.lead_ms(self.view)
        elif name == TimerName.Advance:
            delay_ms = self.timing.advance_ms(self.view)
        method(self, name, delay_ms)

    patch.around(Core, "_arm", lead)


@mutant("Certificates are made and not told, in a view or after it.")
def certificates_not_told(patch: Patch) -> None:
    def put(method: Any, self: Any, action: Any) -> None:
        if not (isinstance(action, Broadcast | Send) and isinstance(action.message, Proved)):
            method(self, action)

    patch.around(Outbox, "put", put)
