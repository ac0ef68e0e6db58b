"""The books of the providers: each provider, and all that follows from it, kept as it moves.

`_put` is the one place that writes a provider, so that nothing can part from what it follows from: E, the
sums of the operator groups, the greatest loss and the greatest wait, and the agenda, which holds each
provider once, at the block in which time alone has something to do with it.

    n1    = E - S - max_g (E_g - min(b_g, m_g))
    N-1   : 105 S <= 100 E - max_g (100 E_g - 105 min(b_g, m_g))
    W_max = max_i ceil(m_i / c_i) over those who serve; a debt without capacity waits for 2^32 - 1 hours
"""

from __future__ import annotations

from typing import Final

from pallets.providers import types as t
from pallets.providers.peaks import NOTHING, PAGE, greatest, placed
from runtime.frame import (
    Identity,
    Pallet,
    StorageDoubleMap,
    StorageMap,
    StorageValue,
    Twox64Concat,
)
from runtime.frame.coin import (
    LINE_PERCENT,
    TERM_HOURS,
    UNBONDING_HOURS,
    GroupId,
    Ledger,
    Minting,
    Mode,
    ProviderState,
    Serving,
    Standards,
)
from runtime.frame.interfaces import Currency
from runtime.scale import U8
from runtime.types import AccountId, Balance, BlockNumber
from runtime.types.fixed import div_ceil, mul_div_floor

DAY_HOURS: Final = 24
DEFICIT_HOURS: Final = 14 * 24
"""How long a capacity may be short before the shortfall is settled, unless the mode is Red."""
RETRY_HOURS: Final = 1
"""What was due and could not be done is tried again after so long."""
WAKES_MAX: Final = 8
"""How many providers time alone moves in one block at most; the rest wait their turn."""
WAKES_A_DAY: Final = 2
"""Where blocks are so rare that it would take too long, more: so often a day for each provider."""
WAIT_MAX: Final = (1 << 32) - 1
"""Stands for a wait without end: a debt, and no capacity."""
COUNTED: Final = (ProviderState.Active, ProviderState.Deficient, ProviderState.Draining)
"""The states whose capacity counts; those in them serve."""
GONE: Final = (ProviderState.Unbonding, ProviderState.Banned)
"""The states in which nothing is left but to settle."""


class Books(Pallet[t.ProvidersEvent, t.ProvidersError]):
    """Every provider, and what follows from it."""

    hold_reason = t.HoldReason
    config: t.Config
    coin: Currency
    ledger: Ledger
    standards: Standards
    minting: Minting
    serving: Serving

    providers = StorageMap[AccountId, t.Provider](doc="Every provider; also those that are banned, for ever.")
    roster = StorageValue[t.Roster](default=(), doc="Every provider, in the order of registration.")
    groups = StorageMap[GroupId, t.Group](
        hasher=Twox64Concat, doc="What the members of each operator group have together."
    )
    effective = StorageValue[Balance](
        default=0, doc="E: the effective capacity of Active, Deficient and Draining providers."
    )
    pages = StorageDoubleMap[t.Figure, U8, t.Page](
        default=(), hashers=(Twox64Concat, Twox64Concat), doc="Figures of groups and providers, by slot."
    )
    summits = StorageMap[t.Figure, t.Page](
        default=(), hasher=Twox64Concat, doc="The greatest figure of each page."
    )
    provider_slots = StorageValue[t.Slots](default=t.Slots(), doc="Which slots providers have.")
    group_slots = StorageValue[t.Slots](default=t.Slots(), doc="Which slots operator groups have.")
    agenda = StorageDoubleMap[t.Ordinal32, AccountId, bool](
        hashers=(Identity, Identity), doc="Providers by the block in which time has to do with them."
    )

    # runtime.frame.coin.Issuers: the sums.

    def roster_now(self) -> tuple[AccountId, ...]:
        return self.roster

    def state_of(self, who: AccountId) -> ProviderState | None:
        provider = self.providers.get(who)
        return None if provider is None else provider.state

    def effective_of(self, who: AccountId) -> int:
        provider = self.providers.get(who)
        return 0 if provider is None else provider.effective

    def effective_total(self) -> int:
        return self.effective

    def survives(self, supply: Balance, who: AccountId, *, owed: Balance = 0, bond: int = 0) -> bool:
        group_id = self._known(who).counts_to
        group = self.groups[group_id]
        backed = min(group.bond + bond, self.ledger.group_owes(group_id) + owed)
        heaviest = max(_line(group.effective, backed), self._peak(t.Figure.Line, group.slot))
        return LINE_PERCENT * supply <= 100 * self.effective - heaviest

    def margin_now(self) -> int:
        loss = self._peak(t.Figure.Loss) if self.roster else 0
        return self.effective - self.ledger.total_supply() - loss

    def supply_max(self) -> int:
        heaviest = self._peak(t.Figure.Line) if self.roster else 0
        return (100 * self.effective - heaviest) // LINE_PERCENT  # rounded down

    def wait_now(self) -> int:
        return max(0, self._peak(t.Figure.Wait))

    # runtime.frame.coin.DebtObserver

    def debt_moved(self, issuer: AccountId) -> None:
        provider = self.providers.get(issuer)
        if provider is not None and provider.slot is not None:
            self._weigh(provider.counts_to)
            self._set_peak(t.Figure.Wait, provider.slot, self._wait_of(issuer, provider))

    # The one place that writes a provider, and the one that strikes it off.

    def _put(self, who: AccountId, new: t.Provider) -> None:
        """Write a provider, and everything that follows from it."""
        old = self.providers.get(who)
        new = self._awaited(who, self._measured(new))
        if new == old:
            return
        self.providers[who] = new
        if old is None or old.wakes_at != new.wakes_at:
            if old is not None and old.wakes_at:
                del self.agenda[_agenda_key(old.wakes_at, who)]
            if new.wakes_at:
                self.agenda[_agenda_key(new.wakes_at, who)] = True
        self._move_sums(who, old, new)
        if old is not None and old.state != new.state:
            self.serving.standing_moved(who)

    def _enlist(self, who: AccountId) -> int:
        """Put an account into the roster; the slot that it has there."""
        roster = self.roster
        if len(roster) >= t.PROVIDERS_MAX:
            raise t.TooManyProviders
        self.roster = (*roster, who)
        slot, self.provider_slots = self.provider_slots.take()
        return slot

    def _strike(self, who: AccountId) -> None:
        """Take a provider out of the roster and out of every sum; its record stays, without a slot."""
        provider = self.providers[who]
        assert provider.slot is not None, "only who stands in the roster can be struck off"
        self.roster = tuple(each for each in self.roster if each != who)
        self.provider_slots = self.provider_slots.give_back(provider.slot)
        self._put(who, provider.replace(slot=None, bond=0))

    def _move_sums(self, who: AccountId, old: t.Provider | None, new: t.Provider) -> None:
        left = None if old is None or old.slot is None else old
        entered = None if new.slot is None else new
        if left is not None and entered is not None and left.counts_to == entered.counts_to:
            if left.effective != new.effective or left.bond != new.bond:
                self._move_group(new.counts_to, new.effective - left.effective, new.bond - left.bond, 0)
        else:
            if entered is not None:
                self.ledger.enroll(who, entered.counts_to)
            if left is not None:
                self._move_group(left.counts_to, -left.effective, -left.bond, -1)
            if entered is not None:
                self._move_group(entered.counts_to, entered.effective, entered.bond, 1)
        grown = new.effective - (0 if old is None else old.effective)
        if grown:
            self.effective += grown
        if entered is not None and entered.slot is not None:
            self._set_peak(t.Figure.Wait, entered.slot, self._wait_of(who, entered))
        elif left is not None and left.slot is not None:
            self._set_peak(t.Figure.Wait, left.slot, NOTHING)

    def _move_group(self, group_id: GroupId, effective: int, bond: int, members: int) -> None:
        old = self.groups.get(group_id)
        if old is None:
            slot, self.group_slots = self.group_slots.take()
            old = t.Group(slot)
        new = t.Group(old.slot, old.effective + effective, old.bond + bond, old.members + members)
        if new.members:
            self.groups[group_id] = new
            self._weigh(group_id)
            return
        del self.groups[group_id]
        self.group_slots = self.group_slots.give_back(old.slot)
        self._set_peak(t.Figure.Line, old.slot, NOTHING)
        self._set_peak(t.Figure.Loss, old.slot, NOTHING)

    # What follows from a provider alone.

    def _measured(self, provider: t.Provider) -> t.Provider:
        """The provider with E_i as of now, and what E_i was until now in its integral."""
        effective = self._effective(provider)
        if effective == provider.effective:
            return provider
        now = self.host.number
        return provider.replace(effective=effective, integral=self._integral(provider), moved_at=now)

    def _integral(self, provider: t.Provider) -> int:
        """E_i summed over the blocks since the last sample."""
        return provider.integral + provider.effective * (self.host.number - provider.moved_at)

    def _effective(self, provider: t.Provider) -> int:
        return provider.capacity * self._term(provider)

    def _term(self, provider: t.Provider) -> int:
        """tau_i in whole hours, rounded down; nothing while the provider is silent."""
        if provider.state not in COUNTED or provider.is_silent:
            return 0
        if provider.end is None:
            return TERM_HOURS
        return min(TERM_HOURS, self.standards.hours_in(max(0, provider.end - self.host.number)))

    def _wait_of(self, who: AccountId, provider: t.Provider) -> int:
        """ceil(m_i / c_i) in hours; nothing where nobody waits."""
        owed = self.ledger.debt_of(who).owed
        if not owed or provider.state not in COUNTED:
            return NOTHING
        return min(WAIT_MAX, div_ceil(owed, provider.capacity)) if provider.capacity else WAIT_MAX

    def _shortfall(self, who: AccountId, provider: t.Provider) -> Balance:
        """What is owed beyond the capacity line, as far as no ticket holds it."""
        debt = self.ledger.debt_of(who)
        return max(0, min(debt.owed - mul_div_floor(provider.effective, 100, LINE_PERCENT), debt.unassigned))

    # The agenda.

    def _awaited(self, who: AccountId, provider: t.Provider) -> t.Provider:
        """The provider with the block in which it is looked at next. Who is overdue already keeps its turn;
        what was looked at and could not be done waits an hour.
        """
        now, standing = self.host.number, provider.wakes_at
        if 0 < standing <= now:
            return provider
        again = standing or now + self.standards.blocks_in(RETRY_HOURS)
        dues = [due if due > now else again for due in self._dues(who, provider)]
        return provider.replace(wakes_at=min(dues, default=0))

    def _dues(self, who: AccountId, provider: t.Provider) -> list[BlockNumber]:
        """When time has to do with a provider, by its state; what is over by now could not be done yet."""
        now, blocks_in = self.host.number, self.standards.blocks_in
        match provider.state:
            case ProviderState.Active:
                return [provider.sampled_at + blocks_in(DAY_HOURS)]
            case ProviderState.Deficient:
                dues = [provider.sampled_at + blocks_in(DAY_HOURS)]
                if provider.short_since is not None:
                    dues.append(provider.short_since + max(1, self._patience()))
                if provider.failing_until > now:
                    dues.append(provider.failing_until)
                return dues
            case ProviderState.Draining:
                assert provider.end is not None, "who drains has an end"
                if provider.bond and self._shortfall(who, provider):
                    return [now + 1]
                hours = self._term(provider)
                return [provider.end - (blocks_in(hours) - 1) if hours else provider.end]
            case ProviderState.Unbonding | ProviderState.Banned:
                if provider.slot is None:
                    return []
                if provider.units or self.ledger.debt_of(who).unassigned:
                    return [now + 1]
                return [provider.since + blocks_in(UNBONDING_HOURS)]
            case _:
                return []

    def _take_due(self, now: BlockNumber) -> tuple[AccountId, ...]:
        """Take from the agenda who is due, as many as a block has time for, the oldest turn first."""
        often = div_ceil(WAKES_A_DAY * self.provider_slots.used, self.standards.blocks_in(DAY_HOURS))
        most = max(WAKES_MAX, often)
        due: list[tuple[bytes, AccountId]] = []
        for key in self.agenda.keys():  # noqa: SIM118 - a map of storage has no other way
            if int.from_bytes(key[0], "big") > now or len(due) == most:
                break
            due.append(key)
        for key in due:
            del self.agenda[key]
            self.providers[key[1]] = self.providers[key[1]].replace(wakes_at=0)
        return tuple(who for _, who in due)

    def _patience(self) -> int:
        """For how many blocks a capacity may be short before the shortfall is settled."""
        return 0 if self.ledger.mode_now() >= Mode.Red else self.standards.blocks_in(DEFICIT_HOURS)

    # The greatest.

    def _weigh(self, group_id: GroupId) -> None:
        """Set the figures of a group as its capacity, bond and debts are now."""
        group = self.groups[group_id]
        backed = min(group.bond, self.ledger.group_owes(group_id))
        self._set_peak(t.Figure.Line, group.slot, _line(group.effective, backed))
        self._set_peak(t.Figure.Loss, group.slot, group.effective - backed)

    def _set_peak(self, figure: t.Figure, slot: int, number: int) -> None:
        of, place = divmod(slot, PAGE)
        page = self.pages[figure, of]
        if (page[place] if place < len(page) else NOTHING) == number:
            return
        page = placed(page, place, number)
        self.pages[figure, of] = page
        summit = self.summits[figure]
        risen = placed(summit, of, greatest(page))
        if risen != summit:
            self.summits[figure] = risen

    def _peak(self, figure: t.Figure, without: int | None = None) -> int:
        """The greatest of a figure, but for one slot."""
        summit = self.summits[figure]
        if without is None:
            return greatest(summit)
        of, place = divmod(without, PAGE)
        return max(greatest(summit, of), greatest(self.pages[figure, of], place))

    def _known(self, who: AccountId) -> t.Provider:
        provider = self.providers.get(who)
        if provider is None:
            raise t.NotRegistered
        return provider


def _line(effective: int, backed: int) -> int:
    """What a group weighs in the N-1 line."""
    return 100 * effective - LINE_PERCENT * backed


def _agenda_key(block: BlockNumber, who: AccountId) -> tuple[bytes, AccountId]:
    return block.to_bytes(4, "big"), who
