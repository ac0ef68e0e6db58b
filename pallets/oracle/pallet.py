"""Oracle: what compute costs and what the mainstream does, as bonded reporters say, or that nobody knows.

A round lasts ten minutes. In round t reporters commit to what they see; in round t + 1 they show it; when
t + 1 is over, the figures of each class are agreed:

    at least so many reporters  ->  weights min(bond, cap), no entity and no failure domain above a fifth of
    them, no source above a third  ->  drop |x - median| > 4 MAD  ->  weighted median

From the classes of the round follow U, the volume-weighted median of price per work, and M, the rating of the
median hour sold. Each of them, and each price and rating of a class, moves with care and expires by reading
(`value.py`). What others use are the medians of the last 30 daily medians, and only while Fresh.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from pallets.oracle import types as t
from pallets.oracle import weights
from pallets.oracle.reporters import Reporters
from pallets.oracle.statistics import (
    Cap,
    agreed,
    capped,
    is_off,
    median,
    median_upper,
    spread,
    weighted_median,
)
from pallets.oracle.value import FIGURE_MAX, by_measure, moved, rescaled, status
from runtime.crypto.hashing import blake2b_256
from runtime.frame import (
    Parameter,
    Signed,
    StorageDoubleMap,
    StorageMap,
    StorageOption,
    StorageValue,
    Twox64Concat,
    call,
    hookimpl,
)
from runtime.frame.coin import ClassId
from runtime.scale import U16, U32, Codec, codec_of
from runtime.types import AccountId, BlockNumber, Hash, Weight, db
from runtime.types.fixed import div_ceil, saturate

ROUND_MINUTES: Final = 10
DAY_HOURS: Final = 24
HALT_HOURS: Final = 24
MINUTES: Final = 60
"""In an hour."""
OFF_SPREADS: Final = 3
"""A reporter is off when it is further from the median than so many spreads."""
ENTITY_PARTS: Final = 5
"""An entity, and a failure domain, have a fifth of all weight at most."""
SOURCE_PARTS: Final = 3
PREFIX: Final = b"ballast/oracle/reports"
"""What a commitment begins with, before it is hashed."""
NO_ROUND: Final = db(reads=4 + t.REPORTERS_MAX, writes=3)
CLOSE_ROUND: Final = db(reads=3 * t.REPORTERS_MAX + t.REPORTS_MAX, writes=3 * t.REPORTERS_MAX + t.REPORTS_MAX)
_COMMITTED: Final[Codec[t.Committed]] = codec_of(t.Committed)


class Figures(NamedTuple):
    """What is agreed on one class."""

    price: int
    volume: int
    rating: int
    hours: int


def weight_of_reveal(reports: t.Reports, salt: bytes) -> Weight:
    """The commitment, and a class a report."""
    return db(reads=4 + len(reports), writes=2)


class Oracle(Reporters):
    """What compute costs."""

    origin = StorageValue[t.Sample](default=t.Sample(0, 0), doc="U_0 and M_0; M_0 by the measure of today.")
    commitments = StorageDoubleMap[U32, AccountId, Hash](
        hashers=(Twox64Concat, Twox64Concat), doc="What reporters have committed to and not shown, by round."
    )
    reveals = StorageDoubleMap[U32, AccountId, t.Reports](
        hashers=(Twox64Concat, Twox64Concat), doc="What reporters have shown, by the round of commitment."
    )
    quotes = StorageMap[ClassId, t.Quote](
        default=t.Quote(), hasher=Twox64Concat, doc="What is known of each class."
    )
    price = StorageValue[t.Value](default=t.Value(), doc="U of the last round.")
    mainstream = StorageValue[t.Value](default=t.Value(), doc="M of the last round.")
    today = StorageValue[t.Samples](default=(), doc="U and M of the rounds of this day.")
    day = StorageValue[U32](default=0, doc="Which day that is.")
    days = StorageValue[t.Days](default=(), doc="The medians of the last days that had values.")
    month = StorageOption[t.Sample](doc="The medians of them: U_t and M_t.")

    age_minutes = Parameter[U16](
        default=120,
        bounds=(10, 24 * MINUTES),
        track="oracle",
        safer="down",
        doc="How long a value is Fresh.",
    )

    @hookimpl
    def build_genesis(self, genesis: t.Genesis) -> None:
        if not genesis.mainstream or not genesis.price:
            raise t.OriginMissing
        origin = t.Sample(genesis.price, genesis.mainstream)
        self.origin, self.days, self.month = origin, (origin,), origin
        self.price, self.mainstream = t.Value(origin.price), t.Value(origin.mainstream)
        for each in genesis.reporters:
            seat = t.Reporter(each.entity, each.region, each.operator, each.source)
            self._admit(each.account, seat)
            if each.bond:
                self._bond(each.account, each.bond)

    # Calls.

    @call(index=5, weight=weights.COMMIT)
    def commit(self, origin: Signed, commitment: Hash) -> None:
        """Commit to what one sees in this round; a later commitment in it takes the place of an earlier."""
        who = origin.who
        self._seated(who)
        if not self._is_active(who):
            raise t.NotActive
        self.commitments[self.round_now(), who] = commitment

    @call(index=6, weight=weight_of_reveal)
    def reveal(self, origin: Signed, reports: t.Reports, salt: t.Salt) -> None:
        """Show what one committed to in the round before this one."""
        who, round_ = origin.who, self.round_now() - 1
        commitment = self.commitments.get((round_, who)) if round_ >= 0 else None
        if commitment is None:
            raise t.NothingCommitted
        if commitment_of(round_, who, reports, salt) != commitment:
            raise t.NotWhatWasCommitted
        classes = [each.class_id for each in reports]
        if not reports or any(low >= high for low, high in pairwise(classes)):
            raise t.ReportsUnordered
        for each in reports:
            if self.standards.rating_of(each.class_id) is None:
                raise t.UnknownClass
            if not each.price or not each.rating:
                raise t.FigureMissing
        del self.commitments[round_, who]
        self.reveals[round_, who] = reports

    # Time.

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        """Between two rounds: apply slashes, close the round whose values were shown; between two days: keep
        the median of the day.
        """
        length = self._round_blocks()
        if now % length:
            return db()
        self._apply_slashes(now)
        day = now // self.standards.blocks_in(DAY_HOURS)
        if self.today and day != self.day:
            self._end_day()
        closing = now // length - 2
        return CLOSE_ROUND if closing >= 0 and self._close(closing, now, day) else NO_ROUND

    def round_now(self) -> int:
        """The round of the block being executed."""
        return self.host.number // self._round_blocks()

    def _round_blocks(self) -> int:
        return self.standards.blocks_for(ROUND_MINUTES, MINUTES)

    def _end_day(self) -> None:
        self.days = (*self.days, middle(self.today))[-t.MONTH_DAYS :]
        self.month = middle(self.days)
        self.today = ()

    # A round.

    def _close(self, round_: int, now: BlockNumber, day: int) -> bool:
        """Agree on what the reporters of a round have shown, and judge them by it; whether there were any.

        Who is no active reporter any more is not heard.
        """
        revealed = [(who, reports) for (_, who), reports in self.reveals.under(round_)]
        hidden = [who for (_, who), _ in self.commitments.under(round_)]
        if not revealed and not hidden:
            return False
        self._clear(round_)
        shown = {who: reports for who, reports in revealed if self._is_active(who)}
        off = {**dict.fromkeys(shown, False), **dict.fromkeys(filter(self._is_active, hidden), True)}
        shared: dict[AccountId, bool] = {}
        figures: dict[ClassId, Figures] = {}
        for class_id, reports in by_class(shown).items():
            if len(reports) < self.reporters_min:
                continue
            for who, is_shared in wrong_in(reports).items():
                off[who] = True
                shared[who] = shared.get(who, False) or is_shared
            found = self._agree(reports)
            if found is not None:
                figures[class_id] = found
        for who, was_off in off.items():
            self._judge(who, was_off, shared.get(who, False), now)
        self._quote(figures, now, day)
        self.emit(t.RoundClosed(round_, len(shown), self.price.value, self.mainstream.value))
        return True

    def _clear(self, round_: int) -> None:
        """Forget what was said in a round."""
        self.reveals.clear_under(round_, limit=t.REPORTERS_MAX)
        self.commitments.clear_under(round_, limit=t.REPORTERS_MAX)

    def _agree(self, reports: list[tuple[AccountId, t.Report]]) -> Figures | None:
        """What the reports on one class say together; None where no weights are fair."""
        seats = [self.reporters[who] for who, _ in reports]
        cap, least = self.bond_cap, self.reporters_min
        caps: tuple[Cap, ...] = (
            ([seat.entity for seat in seats], min(ENTITY_PARTS, least)),
            ([seat.domain for seat in seats], min(ENTITY_PARTS, least)),
            ([seat.source for seat in seats], min(SOURCE_PARTS, least)),
        )
        weights = capped([min(seat.bond, cap) for seat in seats], caps)
        price = agreed([report.price for _, report in reports], weights)
        volume = agreed([report.volume for _, report in reports], weights)
        rating = agreed([report.rating for _, report in reports], weights)
        hours = agreed([report.hours for _, report in reports], weights)
        if price is None or volume is None or rating is None or hours is None:
            return None
        return Figures(price, volume, rating, hours)

    def _quote(self, figures: Mapping[ClassId, Figures], now: BlockNumber, day: int) -> None:
        """Let the classes of the round move, and U and M with them."""
        for class_id, found in figures.items():
            old = self.quotes[class_id]
            price, rating = moved(old.price, found.price, now), moved(old.rating, found.rating, now)
            self.quotes[class_id] = t.Quote(price, rating, found.volume, found.hours)
        agreed_on = tuple(figures.values())
        costs = [self._per_work(each) for each in agreed_on]
        cost = weighted_median(costs, [each.volume for each in agreed_on])
        mainstream = weighted_median([each.rating for each in agreed_on], [each.hours for each in agreed_on])
        if cost is None or mainstream is None:
            return
        self.price = moved(self.price, cost, now)
        self.mainstream = moved(self.mainstream, mainstream, now)
        if self.price.at == now and self.mainstream.at == now:
            self.day = day
            sample = t.Sample(self.price.value, self.mainstream.value)
            self.today = (*self.today, sample)[-t.ROUNDS_A_DAY_MAX :]

    def _per_work(self, figures: Figures) -> int:
        """The price of the work of one SCU-h under standard 1, rounded up."""
        price = div_ceil(figures.price * self.origin.mainstream, figures.rating)
        return saturate(price, FIGURE_MAX)

    # runtime.frame.coin.Oracle

    def price_now(self) -> int | None:
        month = self.month
        return None if month is None or self.status_of(self.price) != t.Status.Fresh else month.price

    def mainstream_now(self) -> int | None:
        month = self.month
        return (
            None if month is None or self.status_of(self.mainstream) != t.Status.Fresh else month.mainstream
        )

    def origin_now(self) -> tuple[int, int]:
        origin = self.origin
        return origin.price, origin.mainstream

    def rescale(self, old: int, new: int) -> None:
        def by(sample: t.Sample) -> t.Sample:
            return sample.replace(mainstream=by_measure(sample.mainstream, old, new))

        self.origin = by(self.origin)
        self.today, self.days = tuple(map(by, self.today)), tuple(map(by, self.days))
        self.month = middle(self.days)
        self.mainstream = rescaled(self.mainstream, old, new)
        for class_id, quote in tuple(self.quotes.items()):
            self.quotes[class_id] = quote.replace(rating=rescaled(quote.rating, old, new))
        for round_ in (self.round_now() - 1, self.round_now()):
            if round_ >= 0:
                self._clear(round_)

    def status_of(self, value: t.Value) -> t.Status:
        """How good a value is in the block being executed."""
        fresh = self.standards.blocks_for(self.age_minutes, MINUTES)
        return status(value, self.host.number, fresh, self.standards.blocks_in(HALT_HOURS))

    @hookimpl
    def try_state(self) -> None:
        Reporters.try_state(self)
        assert self.month == middle(self.days), f"{self.month} are not the medians of {self.days}"
        current = self.round_now()
        for round_, who in (*self.commitments, *self.reveals):
            assert current - 1 <= round_ <= current, f"round {round_} of 0x{who.hex()} was not closed"


def middle(samples: tuple[t.Sample, ...]) -> t.Sample:
    """The medians; of two middle ones the greater price and the lesser rating: they move a standard less."""
    return t.Sample(
        median_upper([each.price for each in samples]), median([each.mainstream for each in samples])
    )


def commitment_of(round_: int, who: AccountId, reports: t.Reports, salt: bytes) -> Hash:
    """The hash by which a reporter commits to what it will show."""
    return blake2b_256(PREFIX + _COMMITTED.encode(t.Committed(round_, who, reports, salt)))


def by_class(shown: Mapping[AccountId, t.Reports]) -> dict[ClassId, list[tuple[AccountId, t.Report]]]:
    """Who said what of each class, in the order in which it is stored."""
    found: dict[ClassId, list[tuple[AccountId, t.Report]]] = {}
    for who, reports in shown.items():
        for report in reports:
            found.setdefault(report.class_id, []).append((who, report))
    return found


def wrong_in(reports: Sequence[tuple[AccountId, t.Report]]) -> dict[AccountId, bool]:
    """Who is off with a price or a rating of a class, and whether another has the very same wrong value."""
    wrong: dict[AccountId, bool] = {}
    for values in (
        [(who, report.price) for who, report in reports],
        [(who, report.rating) for who, report in reports],
    ):
        centre = median([value for _, value in values])
        spread_ = spread([value for _, value in values], centre)
        off = [(who, value) for who, value in values if is_off(value, centre, spread_, OFF_SPREADS)]
        for who, value in off:
            is_shared = sum(other == value for _, other in off) > 1
            wrong[who] = wrong.get(who, False) or is_shared
    return wrong
