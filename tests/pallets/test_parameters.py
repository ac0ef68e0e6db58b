"""Parameters on a chain: who moves what, how far, and that nobody moves anything otherwise."""

from __future__ import annotations

import pytest

from governance.origins import FeesLooser, FeesSafer, Lists, OracleLooser, OracleSafer, ReferendumKiller
from governance.parameters import Parameters
from governance.parameters import types as t
from governance.parameters.pallet import weight_of_move
from governance.parameters.registry import MOVES_MAX
from governance.tracks import TOPICS
from pallets.sudo import Sudo
from pallets.utility import Utility
from runtime.frame import BadOrigin, DispatchError, Origin, Root, Signed
from runtime.frame.governance import ParameterBook, ParameterHistory
from runtime.frame.invalid import InvariantBroken
from runtime.scale import codec_of
from runtime.testing import refuses
from runtime.types import db
from support.coin import COIN_PALLETS, CoinChain
from support.costs import weigh
from support.dials import ALICE, WINDOW, DialChain

FEE, PATIENCE, COLOUR, KEEPER = "Shop.Fee", "Shop.Patience", "Shop.Colour", "Shop.Keeper"
EVERYBODY: tuple[Origin, ...] = (
    Root(),
    FeesSafer(),
    FeesLooser(),
    OracleSafer(),
    OracleLooser(),
    Lists(),
    ReferendumKiller(),
)


@pytest.fixture
def chain() -> DialChain:
    return DialChain()


def broken(chain: DialChain) -> str:
    """Why the open block could not end here."""
    with pytest.raises(InvariantBroken) as refusal:
        chain.builder.check_end()
    assert refusal.value.name == "I15"
    return str(refusal.value).split("; ", 1)[1]


def allowed(chain: DialChain, path: str, value: int) -> list[str]:
    """Who may move a parameter there."""
    found: list[str] = []
    for origin in EVERYBODY:
        mark = chain.host.overlay.open()
        try:
            chain.move(origin, path, value)
        except t.WrongTrack:
            pass
        else:
            found.append(type(origin).__name__)
        chain.host.overlay.undo(mark)
    return found


# Who, and which way.


@pytest.mark.parametrize(
    ("path", "up", "down"),
    [
        (FEE, ["Root", "FeesSafer", "FeesLooser"], ["Root", "FeesLooser"]),
        (PATIENCE, ["Root", "FeesLooser"], ["Root", "FeesSafer", "FeesLooser"]),
        (COLOUR, ["Root", "FeesLooser"], ["Root", "FeesLooser"]),
        (KEEPER, ["Root"], ["Root"]),
    ],
)
def test_the_direction_says_whose_word_it_takes(
    chain: DialChain, path: str, up: list[str], down: list[str]
) -> None:
    placed = chain.parameters.catalogue.find(path)
    assert placed is not None
    assert allowed(chain, path, placed.now() + 1) == up
    assert allowed(chain, path, placed.now() - 1) == down


def test_a_wrong_track_and_a_signature_are_refused(chain: DialChain) -> None:
    with refuses(
        chain,
        t.WrongTrack,
        "WrongTrack: The track does not decide of this move: a topic has one for moves to the safe side, and "
        "one for all.",
    ):
        chain.move(FeesSafer(), FEE, 49)
    with refuses(chain, BadOrigin):
        chain.move(Signed(ALICE), FEE, 51)


def test_the_direction_is_judged_when_the_call_runs(chain: DialChain) -> None:
    """To 53 is safer from 50, where it was proposed; from 54 it is looser."""
    chain.move(FeesLooser(), FEE, 54)
    with refuses(chain, t.WrongTrack):
        chain.move(FeesSafer(), FEE, 53)
    chain.move(FeesLooser(), FEE, 53)


def test_a_referendum_moves_it_and_the_history_says_so() -> None:
    chain = DialChain()
    what = chain.parameters.set_parameter.call(FEE, 55)
    assert chain.submit(chain.enacting(what, FeesSafer(), 4), ALICE).failure is None
    first = t.Change(chain.number, 50, 55, t.Referendum(4))
    chain.assert_event(t.ParameterSet(FEE, 50, 55, t.Referendum(4)))
    chain.next_block()  # executed again by a stranger, I15 included
    assert (
        chain.submit(chain.enacting(chain.parameters.set_parameter.call(FEE, 51), Root(), 9), ALICE).failure
        is None
    )
    second = t.Change(chain.number, 55, 51, t.Referendum(9))
    chain.next_block()
    assert chain.shop.fee == 51
    assert chain.parameters.history(FEE) == (second, first)
    assert chain.parameters.history(PATIENCE) == chain.parameters.history("Shop.None") == ()
    assert chain.parameters.enacting is None
    chain.try_state()


def test_without_a_referendum_nobody_moves_it(chain: DialChain) -> None:
    for origin in (Root(), FeesLooser()):
        with refuses(
            chain,
            t.NoReferendum,
            "NoReferendum: Only a referendum that is being enacted moves a parameter of this chain.",
        ):
            chain.dispatch(chain.parameters.set_parameter.call(FEE, 51), origin)


def test_the_key_of_a_development_chain_is_named_in_the_history() -> None:
    chain = DialChain(Utility, key=True)
    what = chain.parameters.set_parameter.call(FEE, 51)
    assert chain.submit(chain[Sudo].sudo.call(what), ALICE).failure is None
    chain.next_block()
    as_track = chain[Utility].dispatch_as.call(FeesSafer(), chain.parameters.set_parameter.call(FEE, 52))
    assert chain.submit(chain[Sudo].sudo.call(as_track), ALICE).failure is None
    chain.next_block()
    chain.move(FeesSafer(), FEE, 53, index=3)
    assert [(each.new, each.by) for each in chain.parameters.history(FEE)] == [
        (53, t.Referendum(3)),
        (52, t.ByRoot()),
        (51, t.ByRoot()),
    ]
    chain.builder.check_end()


# How far.


OUTSIDE = (t.OutsideBounds, "The value is outside of the bounds that the parameter's pallet declares.")
STEP = (
    t.StepTooLong,
    "The value is further than a step from one that the parameter has had within 14 days.",
)
CONSTANT = (t.IsConstant, "The path names a constant of the chain: no vote on a parameter moves it.")
UNKNOWN = (
    t.UnknownParameter,
    "No pallet of the chain declares a parameter of this path: write `Pallet.Item`, as metadata has them.",
)


@pytest.mark.parametrize(
    ("path", "value", "refusal"),
    [
        (FEE, 9, OUTSIDE),
        (FEE, 91, OUTSIDE),
        (KEEPER, 2**128 - 1, OUTSIDE),
        (FEE, 50, (t.NothingMoves, "The parameter has this value already.")),
        (FEE, 56, STEP),
        (FEE, 44, STEP),
        ("Shop.Shelves", 5, CONSTANT),
        ("Shop.Doors", 5, CONSTANT),
        ("Parameters.StepWindow", 5, CONSTANT),
        *(
            (path, 1, UNKNOWN)
            for path in ("Shop.Sold", "Shop.fee", "Shop", "", "Fee", "Mill.Fee", "Shop.Fee.", "\0")
        ),
    ],
)
def test_where_it_cannot_go(
    chain: DialChain, path: str, value: int, refusal: tuple[type[DispatchError], str]
) -> None:
    error, message = refusal
    with refuses(chain, error, f"{error.__name__}: {message}"):
        chain.move(Root(), path, value)


def test_a_step_holds_for_fourteen_days(chain: DialChain) -> None:
    chain.move(Root(), FEE, 53)
    with refuses(chain, t.StepTooLong):
        chain.move(Root(), FEE, 56)
    chain.next_block(WINDOW - 1)
    with refuses(chain, t.StepTooLong):
        chain.move(Root(), FEE, 56)
    chain.next_block(1)  # 50 was left fourteen days ago
    with refuses(chain, t.StepTooLong):
        chain.move(Root(), FEE, 59)
    chain.move(Root(), FEE, 58)
    assert chain.shop.fee == 58


def test_what_moved_may_move_back_and_not_creep_on(chain: DialChain) -> None:
    chain.move(Root(), FEE, 55)
    chain.next_block(1)
    chain.move(Root(), FEE, 50)
    chain.next_block(1)
    with refuses(chain, t.StepTooLong):
        chain.move(Root(), FEE, 49)  # the day before it stood at 55
    chain.move(Root(), FEE, 55)


def test_a_batch_moves_no_further_than_one_call() -> None:
    chain = DialChain(Utility)
    calls = tuple(chain.parameters.set_parameter.call(FEE, value) for value in (55, 60))
    with refuses(chain, t.StepTooLong):
        chain.by_all(chain[Utility].batch_all.call(calls), Root())
    chain.by_all(chain[Utility].batch_all.call(calls[:1]), Root())
    assert chain.shop.fee == 55


def test_a_parameter_with_a_step_moves_so_often_at_most(chain: DialChain) -> None:
    for number in range(MOVES_MAX):
        chain.move(Root(), FEE, 51 - number % 2)
    with refuses(
        chain,
        t.TooManyMoves,
        "TooManyMoves: The parameter has moved as often as it may within 14 days.",
    ):
        chain.move(Root(), FEE, 51)
    chain.builder.check_end()
    chain.next_block(WINDOW)
    chain.move(Root(), FEE, 55)
    for number in range(MOVES_MAX + 8):  # without a step it may move as often as one votes
        chain.move(Root(), COLOUR, number % 2)
    chain.try_state()


def test_a_move_costs_what_it_says(chain: DialChain) -> None:
    for number in range(MOVES_MAX - 1):
        chain.move(Root(), FEE, 51 - number % 2)
    call = chain.parameters.set_parameter.call(FEE, 52)
    reads, writes, _ = weigh(chain, chain.enacting(call, Root()), Signed(ALICE))
    assert reads > MOVES_MAX
    assert db(reads, writes, compute=0).fits(call.weight)
    chain.parameters.begin_change(1)
    few, many = (
        chain.dispatch(each, Root()) for each in (chain.parameters.set_parameter.call(COLOUR, 4), call)
    )
    assert few.actual_weight == weight_of_move(1)
    assert many.actual_weight == call.weight == weight_of_move(MOVES_MAX)


# I15: nobody moves anything otherwise.


def test_a_block_in_which_bytes_are_written_is_invalid(chain: DialChain) -> None:
    chain.builder.check_end()
    chain.dispatch(chain.write(COLOUR, 4), Root())
    assert broken(chain) == "Shop.Colour went from 3 to 4, and nobody who may has moved it"
    with pytest.raises(InvariantBroken, match=r"^I15 is broken: every move of a parameter is in its history"):
        chain.next_block()


def test_a_development_chains_root_names_itself_too() -> None:
    chain = DialChain(key=True)
    chain.dispatch(chain.write(COLOUR, 4), Root())
    assert broken(chain) == "Shop.Colour went from 3 to 4, and nobody who may has moved it"


def test_not_even_its_own_pallet_or_a_referendum_moves_it_behind_the_registry(chain: DialChain) -> None:
    chain.by_all(chain.shop.paint.call(4), Root())
    assert broken(chain) == "Shop.Colour went from 3 to 4, and nobody who may has moved it"


def test_out_of_bounds_comes_first(chain: DialChain) -> None:
    chain.dispatch(chain.write(FEE, 91), Root())
    assert broken(chain) == "Shop.Fee = 91 is outside [10, 90]"


def test_a_move_on_top_of_a_hidden_one_does_not_hide_it(chain: DialChain) -> None:
    chain.dispatch(chain.write(COLOUR, 5), Root())
    chain.move(Root(), COLOUR, 6)
    assert broken(chain) == "Shop.Colour went from 3 to 6, and nobody who may has moved it"


def test_a_hidden_move_on_top_of_one_is_seen(chain: DialChain) -> None:
    chain.move(Root(), COLOUR, 5)
    chain.builder.check_end()
    chain.dispatch(chain.write(COLOUR, 6), Root())
    assert broken(chain) == "Shop.Colour went from 3 to 6, and nobody who may has moved it"


def test_a_hidden_move_between_two_is_seen(chain: DialChain) -> None:
    chain.move(Root(), COLOUR, 4)
    chain.dispatch(chain.write(COLOUR, 5), Root())
    chain.move(Root(), COLOUR, 6)
    assert broken(chain) == "Shop.Colour went from 3 to 6, and nobody who may has moved it"
    with pytest.raises(AssertionError, match=r"^Shop.Colour was set to 4, and then was 5$"):
        chain.try_state()


def test_moves_that_lead_there_and_some_that_lead_back_hold(chain: DialChain) -> None:
    for value in (4, 6, 2):
        chain.move(Root(), COLOUR, value)
    chain.builder.check_end()
    chain.move(Root(), COLOUR, 3)
    chain.builder.check_end()
    assert [each.new for each in chain.parameters.history(COLOUR)] == [3, 2, 6, 4]
    chain.next_block()
    assert chain.shop.colour == 3


def test_yesterdays_move_explains_nothing_today(chain: DialChain) -> None:
    chain.move(Root(), COLOUR, 4)
    chain.next_block()
    chain.move(Root(), COLOUR, 3)
    chain.next_block()
    chain.dispatch(chain.write(COLOUR, 4), Root())
    assert broken(chain) == "Shop.Colour went from 3 to 4, and nobody who may has moved it"


@pytest.mark.parametrize("key", [True, False])
def test_root_in_the_history_is_believed_on_a_development_chain_alone(key: bool) -> None:
    chain = DialChain(key=key)
    chain.dispatch(chain.write(COLOUR, 4), Root())
    chain.parameters.changes[COLOUR, 0] = t.Change(chain.number, 3, 4, t.ByRoot())
    chain.parameters.change_count[COLOUR] = 1
    if key:
        chain.builder.check_end()
    else:
        assert broken(chain) == "Shop.Colour went from 3 to 4, and nobody who may has moved it"


def test_a_genesis_may_begin_anywhere_within_the_bounds() -> None:
    chain = DialChain(fee=80)
    chain.next_block()
    info = chain.parameters.get(FEE)
    assert info is not None
    assert (info.value, info.default, info.least, info.most, info.changes) == (80, 50, 75, 85, 0)
    chain.move(Root(), FEE, 85)
    assert [(each.old, each.new) for each in chain.parameters.history(FEE)] == [(80, 85)]


# What anybody may ask.


def test_what_the_apis_answer(chain: DialChain) -> None:
    def ask(name: str, *path: str) -> bytes:
        given = b"".join(codec_of(t.Path).encode(each) for each in path)
        return chain.runtime.apis.call(f"ParametersApi_{name}", given)

    chain.move(FeesSafer(), FEE, 53)
    fee = t.ParameterInfo(
        path=FEE,
        kind="u64",
        doc="What it costs to enter.",
        value=53,
        default=50,
        low=10,
        high=90,
        step=5,
        least=48,
        most=55,
        topic="fees",
        safer="up",
        up_track=10,
        down_track=11,
        changes=1,
    )
    assert codec_of(t.ParameterInfo | None).decode(ask("get", FEE)) == fee
    assert codec_of(t.ParameterInfo | None).decode(ask("get", "Shop.Doors")) is None
    assert codec_of(t.History).decode(ask("history", FEE)) == (
        t.Change(chain.number, 50, 53, t.Referendum(7)),
    )
    infos = {info.path: info for info in codec_of(t.Infos).decode(ask("list"))}
    assert list(infos) == [FEE, PATIENCE, COLOUR, KEEPER]
    assert infos[FEE] == fee
    tracks = {path: (info.kind, info.step, info.up_track, info.down_track) for path, info in infos.items()}
    assert tracks == {
        FEE: ("u64", 5, 10, 11),
        PATIENCE: ("u8", None, 11, 10),
        COLOUR: ("u32", None, 11, 11),
        KEEPER: ("u32", None, 0, 0),
    }
    assert [(info.least, info.most) for info in infos.values()][1:] == [(0, 9)] * 3


def test_a_long_history_is_told_from_its_end(chain: DialChain) -> None:
    for number in range(t.HISTORY_MAX + 5):
        chain.move(Root(), COLOUR, 4 - number % 2, index=number)
    told = chain.parameters.history(COLOUR)
    assert len(told) == t.HISTORY_MAX
    assert [each.by for each in told[:2]] == [
        t.Referendum(t.HISTORY_MAX + 4),
        t.Referendum(t.HISTORY_MAX + 3),
    ]


# The coin's own.


def test_every_parameter_of_the_coin_is_governed_by_a_topic_and_nothing_else_is() -> None:
    pallets = (*COIN_PALLETS, Parameters)
    chain = CoinChain(pallets=pallets, config={"Parameters": {"blocks_per_hour": 10}}, still="hours")
    infos = {info.path: info for info in chain[Parameters].list()}
    assert {info.topic for info in infos.values()} <= set(TOPICS)
    assert len(infos) >= 12
    kappa = infos["Issuance.KappaPpb"]
    assert (kappa.low, kappa.value, kappa.high) == (1_200_000_000, 1_250_000_000, 2_000_000_000)
    assert (kappa.least, kappa.most, kappa.up_track, kappa.down_track) == (
        1_200_000_000,
        1_300_000_000,
        12,
        13,
    )
    floor = infos["Redemption.FeeFloorPpb"]
    assert (floor.low, floor.value, floor.high, floor.up_track) == (0, 3_000_000, 20_000_000, 11)
    chain.next_block()  # what the genesis of the coin set is no move


def test_it_is_what_others_expect() -> None:
    assert issubclass(Parameters, ParameterBook) and issubclass(Parameters, ParameterHistory)
