"""Rewards: fees are shared out, never more than came in, to each by what it did."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.build import GenesisError, build_genesis
from pallets.rewards import types as t
from pallets.rewards.split import split
from runtime.frame.coin import Mode, ProviderState
from runtime.frame.invalid import InvariantBroken
from runtime.state import MemoryStates
from runtime.testing import refuses
from support.coin import ALICE, BOB, COIN, ED, FEES, ISSUERS, RESERVE, CoinChain, coin_parts
from support.validators import BLOCKS_PER_EPOCH, VALIDATORS, ValidatorChain

ONE, TWO, THREE, *_ = ISSUERS
amounts = st.integers(0, 10**20)
POOLS, TREASURY = b"\x71" * 32, b"\x72" * 32


def full(still: str = "days") -> CoinChain:
    """A chain whose reserve has its target; of "days", each block is a round."""
    chain = CoinChain(still=still, rich=(ALICE, BOB))
    chain.balances.transfer(ALICE, RESERVE, chain.reserve.lacking_now() + COIN)
    chain.run()
    assert chain.reserve.lacking_now() == 0
    return chain


def pay(chain: CoinChain, amount: int) -> None:
    """Fees of so much come into the pot."""
    chain.balances.transfer(BOB, FEES, amount)


def free(chain: CoinChain, who: bytes) -> int:
    return chain.balances.free_balance(who)


# The split.


@given(amounts, st.sampled_from(Mode), amounts, st.booleans(), st.booleans(), st.booleans())
def test_a_split_is_the_table_rounded_down_and_the_reserve_has_the_rest(
    amount: int, mode: Mode, lacking: int, validators: bool, pools: bool, treasury: bool
) -> None:
    """Against the table in exact fractions."""
    found = split(amount, mode, lacking, has_validators=validators, has_pools=pools, has_treasury=treasury)
    assert sum(found) == amount
    assert min(found) >= 0
    kept = {Mode.Green: Fraction(0), Mode.Yellow: Fraction(amount, 2)}.get(mode, Fraction(amount))
    shared = max(Fraction(0), amount - max(kept, Fraction(lacking)))
    for part, percent, is_there in (
        (found.providers, 35, True),
        (found.validators, 30, validators),
        (found.pools, 20, pools),
        (found.treasury, 10, treasury),
    ):
        wanted = shared * percent / 100 if is_there else Fraction(0)
        assert wanted - 2 < part <= wanted


@pytest.mark.parametrize(
    ("amount", "mode", "lacking", "parts"),
    [
        (1_000, Mode.Green, 0, (350, 300, 200, 100, 50)),
        (1_000, Mode.Green, 900, (35, 30, 20, 10, 905)),
        (1_000, Mode.Green, 1_000, (0, 0, 0, 0, 1_000)),
        (1_000, Mode.Yellow, 0, (175, 150, 100, 50, 525)),
        (1_000, Mode.Yellow, 600, (140, 120, 80, 40, 620)),
        (1_000, Mode.Orange, 0, (0, 0, 0, 0, 1_000)),
        (1_000, Mode.Red, 0, (0, 0, 0, 0, 1_000)),
        (1_000, Mode.WindDown, 0, (0, 0, 0, 0, 1_000)),
        (3, Mode.Green, 0, (1, 0, 0, 0, 2)),
        (0, Mode.Green, 0, (0, 0, 0, 0, 0)),
    ],
)
def test_the_edges_of_the_split(amount: int, mode: Mode, lacking: int, parts: tuple[int, ...]) -> None:
    assert split(amount, mode, lacking, has_validators=True, has_pools=True, has_treasury=True) == parts


def test_fees_fill_the_reserve_before_anybody_else_gets_of_them() -> None:
    chain = CoinChain(still="hours")
    reserve = free(chain, RESERVE)
    lacking = chain.reserve.lacking_now()
    assert lacking == -(-chain.ledger.supply // 20) - reserve
    pay(chain, lacking - 10)
    chain.run()
    assert (free(chain, RESERVE), chain.rewards.books.owed) == (reserve + lacking - 10, 0)
    chain.assert_event(t.SharedOut(0, 0, 0, 0, lacking - 10))
    pay(chain, 1_010)
    chain.run()
    chain.assert_event(t.SharedOut(350, 0, 0, 0, 660))  # no validators, pools, treasury: their parts too
    assert (free(chain, FEES), chain.rewards.round.pool) == (ED + 350, 350)
    assert chain.rewards.books == t.Books(lacking + 1_000, lacking + 650, 350)


def test_every_fee_comes_into_the_pot() -> None:
    """Of mints and of redemptions; what a slash or an account's end leaves is the reserve's alone."""
    chain = CoinChain(still="days")
    chain.by(ONE, chain.issuance.mint.call(1_000 * COIN, 0))
    assert free(chain, FEES) == ED + 3 * COIN
    assert free(chain, RESERVE) == COIN


# Providers.


def test_providers_share_a_round_by_what_they_delivered() -> None:
    chain = full()
    rewards, start = chain.rewards, chain.rewards.round.number
    before = free(chain, ONE), free(chain, TWO)
    rewards.delivered(ONE, 2 * COIN)
    rewards.delivered(TWO, 3 * COIN)
    rewards.delivered(ONE, 2 * COIN)
    with refuses(chain, t.RoundOpen):
        chain.by(ALICE, rewards.claim.call(ONE))
    pay(chain, 1_000_000)
    chain.run()  # shared out, then a day is over
    chain.assert_event(t.RoundEnded(start, 350_000, 7 * COIN))
    assert rewards.ended[start] == t.Ended(350_000, 7 * COIN, 350_000, 7 * COIN)
    chain.by(ALICE, rewards.claim.call(ONE))
    chain.assert_last_event(t.ProviderPaid(ONE, start, 200_000, 0))
    rewards.delivered(TWO, COIN)  # the next delivery pays the last round
    assert (free(chain, ONE) - before[0], free(chain, TWO) - before[1]) == (200_000, 150_000)
    assert start not in rewards.ended
    assert rewards.parts[TWO] == t.Part(start + 1, COIN)
    with refuses(
        chain, t.NothingToClaim, "NothingToClaim: The provider has delivered nothing that is not paid."
    ):
        chain.by(ONE, rewards.claim.call(ONE))
    chain.run()
    chain.try_state()


def test_a_round_in_which_nobody_delivered_is_the_reserves() -> None:
    chain = full()
    reserve = free(chain, RESERVE)
    chain.rewards.delivered(ONE, 0)
    pay(chain, 1_000)
    chain.run()
    assert free(chain, RESERVE) == reserve + 1_000
    assert (free(chain, FEES), chain.rewards.books.owed) == (ED, 0)
    assert ONE not in chain.rewards.parts


def test_what_rounding_leaves_of_a_round_is_shared_out_again() -> None:
    chain = full()
    start = chain.rewards.round.number
    for who in (ONE, TWO, THREE):
        chain.rewards.delivered(who, COIN)
    pay(chain, 1_000_000)
    chain.run()
    pool = chain.rewards.ended[start].pool
    assert pool % 3 == 2
    for who in (ONE, TWO, THREE):
        chain.by(ALICE, chain.rewards.claim.call(who))
    assert chain.rewards.books.owed == 0
    assert free(chain, FEES) == ED + 2
    chain.run()
    assert free(chain, FEES) == ED
    chain.try_state()


def test_rewards_fill_a_short_bond_first() -> None:
    chain = full()
    needed = chain.providers.bond_needed(ONE, chain.ledger.debt_of(ONE).owed)
    chain.providers.take_bond(ONE, ALICE, chain.providers.bond_of(ONE) - needed + 70)
    before, start = free(chain, ONE), chain.rewards.round.number
    chain.rewards.delivered(ONE, COIN)
    pay(chain, 1_000)
    chain.run()
    assert chain.providers.state_of(ONE) == ProviderState.Deficient
    chain.by(ALICE, chain.rewards.claim.call(ONE))
    chain.assert_last_event(t.ProviderPaid(ONE, start, 350, 70))
    assert (free(chain, ONE), chain.providers.bond_of(ONE)) == (before + 280, needed)
    chain.run()
    assert chain.providers.state_of(ONE) == ProviderState.Active


def test_what_a_banned_provider_earned_is_the_reserves() -> None:
    chain = full()
    chain.rewards.delivered(ONE, COIN)
    pay(chain, 1_000)
    chain.run()
    chain.providers.ban(ONE)
    before, reserve = free(chain, ONE), free(chain, RESERVE)
    chain.by(ALICE, chain.rewards.claim.call(ONE))
    assert (free(chain, ONE), free(chain, RESERVE)) == (before, reserve + 350)


def test_who_cannot_be_paid_loses_his_part_to_all() -> None:
    """An account that is gone, and would not exist with so little: the fees are shared out again."""
    chain = full()
    gone = b"\x99" * 32
    start = chain.rewards.round.number
    chain.rewards.delivered(gone, COIN)
    pay(chain, 1_000)
    chain.run()
    chain.by(ALICE, chain.rewards.claim.call(gone))
    assert chain.balances.total_balance(gone) == 0
    assert chain.rewards.books.owed == 0
    assert start not in chain.rewards.ended
    assert free(chain, FEES) == ED + 350
    chain.run()
    chain.try_state()
    assert free(chain, FEES) == ED


# Validators, pools, treasury.


def test_validators_share_an_epoch_by_the_blocks_they_proposed() -> None:
    chain = ValidatorChain()
    chain.balances.transfer(ALICE, RESERVE, chain.reserve.lacking_now() + COIN)
    chain.run()
    chain.next_epoch()
    authored: dict[bytes, int] = {}
    before = {who: free(chain, who) for who in VALIDATORS}
    pay(chain, 10_000_000)
    for _ in range(BLOCKS_PER_EPOCH):
        who = chain.authorities.author_now().account
        authored[who] = authored.get(who, 0) + 1
        chain.run()
    assert sum(authored.values()) == BLOCKS_PER_EPOCH
    for who in VALIDATORS:
        assert free(chain, who) - before[who] == 3_000_000 * authored.get(who, 0) // BLOCKS_PER_EPOCH
    assert chain.rewards.validators == 0
    chain.try_state()


def test_pools_and_the_treasury_get_their_part_once_they_are_there() -> None:
    config = {"Rewards": {"pools": "0x" + POOLS.hex(), "treasury": "0x" + TREASURY.hex()}}
    chain = CoinChain(still="days", config=config)
    chain.balances.transfer(ALICE, RESERVE, chain.reserve.lacking_now() + COIN)
    chain.run()
    reserve = free(chain, RESERVE)
    pay(chain, 1_000)  # too little for an account to begin with
    chain.run()
    assert (free(chain, POOLS), free(chain, TREASURY)) == (0, 0)
    assert free(chain, RESERVE) >= reserve + 650
    pay(chain, 10_000)
    chain.run()
    assert (free(chain, POOLS), free(chain, TREASURY)) == (2_000, 1_000)
    chain.try_state()


# Bounds.


def test_a_genesis_without_a_pot_is_refused() -> None:
    chain = CoinChain()
    genesis = coin_parts()
    balances = genesis["Balances"]["balances"]
    taken = [each for each in balances if each[0] == "0x" + FEES.hex()]
    assert taken == [["0x" + FEES.hex(), ED]]
    balances.remove(taken[0])
    balances[0][1] += ED
    with pytest.raises(GenesisError) as refused:
        build_genesis(chain.runtime, genesis, MemoryStates().head)
    assert str(refused.value) == (
        "genesis of Rewards: NoPot: The account of the fees needs the existential deposit in the genesis."
    )


def test_a_reward_that_no_fee_paid_for_makes_the_block_invalid() -> None:
    chain = full("hours")
    pay(chain, 1_000)
    chain.run()
    books = chain.rewards.books
    chain.rewards.books = books.replace(owed=books.owed + 351)
    with pytest.raises(InvariantBroken) as broken:
        chain.builder.check_invariants()
    assert str(broken.value) == (
        "I7 is broken: rewards paid <= fees collected, cumulatively, and what is promised is in the pot; "
        f"collected are {books.collected}, paid {books.paid}, promised 701, and 350 are there"
    )
    chain.rewards.books = books
    chain.balances.transfer(FEES, BOB, 1)
    with pytest.raises(InvariantBroken, match=r"^I7 is broken: .* promised 350, and 349 are there$"):
        chain.builder.check_invariants()


steps = st.lists(
    st.tuples(
        st.sampled_from(["fees", "deliver", "deliver", "claim", "block", "block", "reserve"]),
        st.sampled_from(ISSUERS),
        st.integers(0, 10**13),
    ),
    max_size=40,
)


@settings(max_examples=25)
@given(steps)
def test_whatever_happens_nothing_is_paid_that_did_not_come_in(
    taken: list[tuple[str, bytes, int]],
) -> None:
    """And each provider gets the part of each round that its deliveries are, to a unit."""
    chain = full()
    rewards, supply = chain.rewards, chain.ledger.supply
    delivered: dict[int, dict[bytes, int]] = {}
    start = {who: chain.balances.total_balance(who) for who in ISSUERS}
    pools: dict[int, int] = {}

    def seal() -> None:
        number = rewards.round.number
        chain.run()
        for event in chain.events:
            if isinstance(event, t.RoundEnded):
                pools[event.round] = event.pool
        assert rewards.round.number == number + 1
        chain.try_state()

    for name, who, amount in taken:
        match name:
            case "fees":
                pay(chain, amount)
            case "deliver":
                rewards.delivered(who, amount)
                by = delivered.setdefault(rewards.round.number, {})
                by[who] = by.get(who, 0) + amount
            case "claim":
                rewards.attempt(lambda who=who: chain.by(ALICE, rewards.claim.call(who)))  # type: ignore[misc]
            case "reserve":
                chain.balances.transfer(BOB, RESERVE, amount)
            case _:
                seal()
        assert rewards.rewards_come_from_fees() is None
    seal()
    for who in ISSUERS:
        if who in rewards.parts:
            chain.by(ALICE, rewards.claim.call(who))
    seal()
    for who in ISSUERS:
        due = sum(
            Fraction(pools[number] * by.get(who, 0), sum(by.values()))
            for number, by in delivered.items()
            if sum(by.values())
        )
        assert 0 <= due - (chain.balances.total_balance(who) - start[who]) < len(delivered) + 1
    assert rewards.books.owed == rewards.round.pool
    assert rewards.books.paid <= rewards.books.collected
    assert chain.ledger.supply == supply
