"""Whatever validators and accusers do in whatever order: no coin is lost or made, none leaves while it must
answer, and what was slashed is accounted for.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pallets.staking.pallet import STAKED
from runtime.frame import Call, Root, Signed
from runtime.frame.error import DispatchError
from runtime.frame.validity import TransactionValidityError
from runtime.simplex import ConflictingVotes, Kind, Statement, Vote, message
from support.coin import ALICE, BOB, COIN, ISSUERS
from support.validators import ANSWERED, ValidatorChain, signer

PEOPLE = (*ISSUERS, ALICE)
people = st.sampled_from(PEOPLE)
amounts = st.sampled_from([1, COIN, 1_000 * COIN, 7_000 * COIN, 30_000 * COIN])


class Stakes(RuleBasedStateMachine):
    """A chain of validators, and everything that anybody may do to a stake."""

    chain: ValidatorChain
    supply: int

    @initialize()
    def begin(self) -> None:
        self.chain = ValidatorChain(config={"Offences": {"delay_hours": 8}})
        self.supply = self.chain.ledger.total_supply()

    def try_call(self, who: bytes, call: Call) -> bool:
        try:
            self.chain.dispatch(call, Signed(who))
        except DispatchError:
            return False
        return True

    @rule(who=people, amount=amounts)
    def bond(self, who: bytes, amount: int) -> None:
        staking = self.chain.staking
        call = staking.bond_extra if who in staking.stakes else staking.bond
        self.try_call(who, call.call(amount))

    @rule(who=people, amount=amounts)
    def unbond(self, who: bytes, amount: int) -> None:
        self.try_call(who, self.chain.staking.unbond.call(amount))

    @rule(who=people)
    def withdraw(self, who: bytes) -> None:
        staking = self.chain.staking
        before, standing = staking.stakes[who], staking.standings[who]
        if not self.try_call(who, staking.withdraw_unbonded.call()):
            return
        assert not standing.accused
        kept = staking.stakes[who]
        assert kept.active == before.active
        gone = [chunk for chunk in before.unlocking if chunk not in kept.unlocking]
        assert gone and all(chunk.until <= self.chain.number for chunk in gone)

    @rule(who=people, leaves=st.booleans())
    def stand(self, who: bytes, leaves: bool) -> None:
        staking = self.chain.staking
        done = self.try_call(who, staking.chill.call() if leaves else staking.validate.call())
        if done and not leaves:
            assert who in ISSUERS and not staking.standings[who].bans

    @rule(who=people, name=st.sampled_from("4567"))
    def register(self, who: bytes, name: str) -> None:
        keys = signer(name)
        self.try_call(
            who, self.chain.authorities.set_keys.call(keys.keys, keys.proof(who, self.chain.genesis_hash))
        )

    @rule(
        place=st.integers(0, 4), view=st.integers(1, 3), reporter=st.sampled_from([None, BOB, b"\x77" * 32])
    )
    def equivocate(self, place: int, view: int, reporter: bytes | None) -> None:
        chain = self.chain
        committee = chain.committee
        member = committee.validators[place % committee.size]
        key = chain.signers[member.bls].bls
        votes = [
            Vote(each, place % committee.size, key.sign(message(chain.genesis_hash, each)))
            for each in (Statement(Kind.Notarize, committee.epoch, view, 0, bytes([b]) * 32) for b in (1, 2))
        ]
        evidence = ConflictingVotes(committee, votes[0], votes[1])
        try:
            chain.submit_unsigned(chain.offences.report.call(evidence, reporter))
        except TransactionValidityError:
            return
        assert chain.staking.standings[member.account].bans

    @rule(number=st.integers(0, 3))
    def cancel(self, number: int) -> None:
        try:
            self.chain.dispatch(self.chain.offences.cancel.call(number), Root())
        except DispatchError:
            return

    @rule(blocks=st.sampled_from([1, 2, 7, ANSWERED]))
    def wait(self, blocks: int) -> None:
        self.chain.run()
        self.chain.next_block(blocks - 1)
        for validator in self.chain.committee.validators:
            assert validator.account in ISSUERS

    @invariant()
    def all_is_accounted_for(self) -> None:
        chain, staking = self.chain, self.chain.staking
        chain.try_state()
        chain.builder.check_end()
        settled = chain.offences.settled
        assert settled.total == staking.slashed_total()
        assert chain.ledger.total_supply() == self.supply - settled.burned
        for who in PEOPLE:
            assert chain.balances.on_hold(STAKED, who) == staking.stake_of(who)
            if staking.standings[who].bans:
                assert who not in staking.candidates


TestStakes = Stakes.TestCase
TestStakes.settings = settings(
    max_examples=8,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
