"""Whatever signatories do in whatever order: a call runs when enough of them have approved it, once, and each
deposit comes back to who paid it. Beside the pallet stands a model that counts approvals by itself.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pallets.balances import Balances
from pallets.multisig import Multisig
from pallets.multisig import types as t
from pallets.multisig.pallet import DEPOSIT, multi_account
from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.crypto.hashing import blake2b_256
from runtime.frame import Call, Signed
from runtime.frame.error import DispatchError
from runtime.frame.late import RuntimeCall
from runtime.scale import U16, codec_of
from runtime.testing import TestChain
from runtime.types import AccountId, Address, Weight

PEOPLE = tuple(bytes([n]) * 32 for n in range(1, 5))
EVE, DUST = bytes([8]) * 32, bytes([9]) * 32
FUNDS = 10**9
BASE, FACTOR = 1_000, 100
PLENTY = Weight(10**12, 10**6)
COMMITTEES = (PEOPLE[:3], PEOPLE)
THRESHOLDS = (2, 3)
AMOUNT = 1_000
NEVER = t.Timepoint(0, 7)
"""No operation was ever opened then."""
places = st.integers(0, 11)
rarely = st.integers(0, 7).map(lambda n: n == 0)
committees = st.sampled_from(COMMITTEES)
thresholds = st.sampled_from(THRESHOLDS)
Key = tuple[tuple[bytes, ...], int]


class Committees(RuleBasedStateMachine):
    """A chain, and committees of three and four whose members approve, make and cancel payments."""

    chain: TestChain
    open: dict[Key, tuple[t.Timepoint, bytes, set[bytes]]]
    """By committee and threshold: when it was opened, by whom, and who approved."""
    paid: int

    @initialize()
    def begin(self) -> None:
        rich = [*PEOPLE, EVE, DUST]
        rich += [multi_account(each, threshold) for each in COMMITTEES for threshold in THRESHOLDS]
        self.chain = TestChain(
            System,
            Timestamp,
            Balances,
            Multisig,
            config={
                "Balances": {"existential_deposit": 500, "dust_account": DUST},
                "Multisig": {"deposit_base": BASE, "deposit_factor": FACTOR},
            },
            genesis={"Balances": {"balances": [[who, FUNDS] for who in rich]}},
        )
        self.open, self.paid = {}, 0

    def payment(self) -> Call:
        return self.chain[Balances].transfer_keep_alive.call(Address(EVE), AMOUNT)

    def hash_of(self) -> bytes:
        return blake2b_256(self.chain.host.codec(RuntimeCall).encode(self.payment()))

    def succeeds(self, who: bytes, call: Call) -> bool:
        try:
            self.chain.dispatch(call, Signed(who))
        except DispatchError:
            return False
        return True

    @rule(at=places, committee=committees, threshold=thresholds, brings_call=st.booleans(), is_stale=rarely)
    def approve(
        self, at: int, committee: tuple[bytes, ...], threshold: int, brings_call: bool, is_stale: bool
    ) -> None:
        who, key = committee[at % len(committee)], (committee, threshold)
        known = self.open.get(key)
        when = known[0] if known else None
        done = self.tries(who, committee, threshold, NEVER if is_stale else when, brings_call)
        if is_stale:
            assert not done
            return
        if known is None:
            assert done
            self.open[key] = t.Timepoint(self.chain.number, 0), who, {who}
            return
        approved = known[2]
        needs_more = len(approved) < threshold and who not in approved
        runs = brings_call and len(approved) + needs_more >= threshold
        assert done == (needs_more or runs)
        if runs:
            del self.open[key]
            self.paid += AMOUNT
        elif needs_more:
            approved.add(who)

    @rule(committee=committees, threshold=thresholds, brings_call=st.booleans())
    def approve_as_a_stranger(self, committee: tuple[bytes, ...], threshold: int, brings_call: bool) -> None:
        """Who is no signatory names a larger committee by naming all of it: that one has nothing open."""
        when = self.open[committee, threshold][0] if (committee, threshold) in self.open else NEVER
        assert not self.tries(EVE, committee, threshold, when, brings_call)

    def tries(
        self,
        who: bytes,
        committee: tuple[bytes, ...],
        threshold: int,
        when: t.Timepoint | None,
        brings_call: bool,
    ) -> bool:
        multisig, others = self.chain[Multisig], tuple(each for each in committee if each != who)
        if brings_call:
            return self.succeeds(who, multisig.as_multi.call(threshold, others, when, self.payment(), PLENTY))
        return self.succeeds(
            who, multisig.approve_as_multi.call(threshold, others, when, self.hash_of(), PLENTY)
        )

    @rule(at=places, committee=committees, threshold=thresholds)
    def cancel(self, at: int, committee: tuple[bytes, ...], threshold: int) -> None:
        who, key = committee[at % len(committee)], (committee, threshold)
        known = self.open.get(key)
        others = tuple(each for each in committee if each != who)
        call = self.chain[Multisig].cancel_as_multi.call(
            threshold, others, known[0] if known else NEVER, self.hash_of()
        )
        done = self.succeeds(who, call)
        assert done == (known is not None and known[1] == who)
        if done:
            del self.open[key]

    @rule()
    def seal(self) -> None:
        self.chain.next_block()

    @invariant()
    def stored_is_what_was_approved(self) -> None:
        stored = {key: operation.approvals for key, operation in self.chain[Multisig].multisigs.items()}
        assert stored == {
            (multi_account(committee, threshold), self.hash_of()): tuple(sorted(approved))
            for (committee, threshold), (_, _, approved) in self.open.items()
        }

    @invariant()
    def coins_are_where_they_should_be(self) -> None:
        balances = self.chain[Balances]
        assert balances.free_balance(EVE) == FUNDS + self.paid
        for who in PEOPLE:
            due = sum(BASE + FACTOR * key[1] for key, (_, opener, _) in self.open.items() if opener == who)
            assert balances.on_hold(DEPOSIT, who) == due
            assert balances.free_balance(who) == FUNDS - due
        self.chain.try_state()


TestCommittees = Committees.TestCase
TestCommittees.settings = settings(max_examples=15, stateful_step_count=60, deadline=None)


@given(
    st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=t.SIGNATORIES_MAX, unique=True),
    st.integers(0, (1 << 16) - 1),
)
def test_an_account_is_the_hash_of_what_scale_encodes(signatories: list[bytes], threshold: int) -> None:
    """`multi_account` writes by hand what the codecs write of the tuple."""
    listed = tuple(sorted(signatories))
    encoded = codec_of(tuple[AccountId, ...]).encode(listed) + codec_of(U16).encode(threshold)
    assert multi_account(listed, threshold) == blake2b_256(b"modlpy/utilisuba" + encoded)
