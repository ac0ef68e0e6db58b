"""What a referendum needs to pass: the curves of its track against its votes, in votes and in coins."""

from __future__ import annotations

from dataclasses import dataclass

from governance.curves import NEVER
from governance.tally import approval_ppb, support_ppb
from governance.tracks import TrackDetails
from runtime.frame.governance import Tally
from runtime.types.fixed import PPB, mul_div_ceil, mul_div_floor


@dataclass(frozen=True, slots=True)
class Need:
    """What is needed at one time of the decision, and what is missing for it."""

    approval_ppb: int
    """Ayes among ayes and nays."""
    support_ppb: int
    """Coins that say aye or abstain, among all coins."""
    ayes_missing: int | None
    """Votes for it that are missing beside these nays; None where no number of them is enough."""
    support_missing: int
    """Coins that are missing."""

    @property
    def is_met(self) -> bool:
        """Whether it passes."""
        return self.ayes_missing == 0 and self.support_missing == 0


def elapsed_ppb(track: TrackDetails, since: int | None, number: int) -> int:
    """The part of the decision period that has passed in block `number`; none before the decision."""
    if since is None:
        return 0
    return mul_div_floor(min(number - since, track.decision_period), PPB, track.decision_period)


def needed(track: TrackDetails, tally: Tally, turnout_max: int, x_ppb: int) -> Need:
    """What is needed when `x_ppb` of the decision period has passed; exactly that much is enough."""
    approval, support = track.min_approval.threshold(x_ppb), track.min_support.threshold(x_ppb)
    coins = mul_div_ceil(support, max(1, turnout_max), PPB)
    return Need(approval, support, _ayes_missing(tally, approval), max(0, coins - tally.support))


def passes_from(track: TrackDetails, tally: Tally, turnout_max: int, since: int) -> int | None:
    """About the first block in which votes that stay as they are pass; None if they do not before the end."""
    delay = max(
        track.min_support.delay(support_ppb(tally, turnout_max)),
        track.min_approval.delay(approval_ppb(tally)),
    )
    if delay == NEVER and not needed(track, tally, turnout_max, PPB).is_met:
        return None
    return since + mul_div_ceil(delay, track.decision_period, PPB)


def _ayes_missing(tally: Tally, approval: int) -> int | None:
    """Ayes over ayes and nays is `approval` at least, rounded down: so ayes (1 - approval)
    >= approval nays.
    """
    if approval == 0:
        return 0
    if approval >= PPB and tally.nays:
        return None
    least = 1 if not tally.nays else mul_div_ceil(approval, tally.nays, PPB - approval)
    return max(0, least - tally.ayes)
