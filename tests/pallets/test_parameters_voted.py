"""Parameters and Referenda together: what is voted moves, in its time, and the history names by which."""

from __future__ import annotations

from governance.origins import FeesLooser, FeesSafer, Origins
from governance.parameters import Parameters
from governance.parameters import types as t
from governance.referenda import Referenda
from governance.referenda.types import Done, EnactmentRefused, Refused
from governance.tracks import BY_ID, COIN, DAY, looser, safer
from governance.whatif.types import CallRefused
from pallets.balances import Balances
from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.frame import Origin
from runtime.testing import TestChain
from support.dials import Shop
from support.referenda import (
    ALICE,
    BOB,
    CAROL,
    POT,
    REFERENDA_CONFIG,
    RICH,
    Agenda,
    Board,
    Holders,
    ReferendaChain,
    Shelf,
)

FEE = "Shop.Fee"


class VotedChain(ReferendaChain):
    """A block an hour; a shop whose dials are turned by vote."""

    def __init__(self) -> None:
        TestChain.__init__(
            self,
            System,
            Timestamp,
            Balances,
            Agenda,
            Shelf,
            Holders,
            Board,
            Origins,
            Referenda,
            Shop,
            Parameters,
            config={
                "Balances": {"existential_deposit": COIN // 100, "dust_account": POT},
                "Agenda": {"tasks_max": 64},
                "Referenda": REFERENDA_CONFIG,
                "Shop": {"shelves": 1},
                "Parameters": {"blocks_per_hour": 1},
            },
            genesis={"Balances": {"balances": [[who, RICH] for who in (ALICE, BOB, CAROL, POT)]}},
        )
        self.referenda, self.board, self.shelf = self[Referenda], self[Board], self[Shelf]
        self.coins, self.agenda = self[Balances], self[Agenda]

    def voted(self, origin: Origin, value: int) -> int:
        """A referendum on the shop's fee that is approved in the block that is open then."""
        return self.approved(origin, self[Parameters].set_parameter.call(FEE, value))


def test_a_safer_change_is_enacted_six_hours_after_its_approval() -> None:
    chain = VotedChain()
    index = chain.voted(FeesSafer(), 53)
    end = chain.number + BY_ID[safer("fees")].enactment_hours
    assert end == chain.number + 6
    chain.run_to(end - 1)
    assert chain[Shop].fee == 50
    chain.run_to(end + 1)
    assert chain[Shop].fee == 53
    assert chain.fate(index) == Done(end)
    assert chain[Parameters].history(FEE) == (t.Change(end, 50, 53, t.Referendum(index)),)
    chain.try_state()


def test_a_looser_change_is_enacted_fourteen_days_after_its_approval() -> None:
    chain = VotedChain()
    index = chain.voted(FeesLooser(), 47)
    end = chain.number + BY_ID[looser("fees")].enactment_hours
    assert end == chain.number + 14 * DAY
    chain.run_to(end)
    assert chain[Shop].fee == 47 and chain[Parameters].enacting is None
    assert chain[Parameters].history(FEE) == (t.Change(end, 50, 47, t.Referendum(index)),)


def test_a_looser_change_on_the_safer_track_is_refused_when_its_time_comes_and_says_why() -> None:
    chain = VotedChain()
    index = chain.voted(FeesSafer(), 47)
    chain.run_to(chain.number + 6)
    why = CallRefused(chain.host.failure(t.WrongTrack()))
    chain.assert_event(EnactmentRefused(index, why))
    assert chain.fate(index) == Refused(chain.number, why)
    assert chain[Shop].fee == 50 and chain[Parameters].history(FEE) == ()
    assert chain[Parameters].enacting is None
