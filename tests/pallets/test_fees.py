"""While a transaction runs its fee is nobody's balance: it counts as collected from the first moment, so the
coins add up wherever a call looks at them.
"""

from __future__ import annotations

from pallets.balances import Balances
from pallets.system import System
from pallets.timestamp import Timestamp
from pallets.transaction_payment import TransactionPayment
from runtime.frame import NoError, NoEvent, Pallet, PostInfo, Signed, StorageValue, call
from runtime.testing import TestChain
from runtime.types import Balance, db

ALICE, POT = bytes([1]) * 32, bytes([9]) * 32
RICH = 10**12


class Teller(Pallet[NoEvent, NoError]):
    """Adds up all coins in the midst of a call."""

    found = StorageValue[Balance](default=0)

    @call(index=0, weight=db(writes=50))
    def count(self, origin: Signed) -> PostInfo:
        """Count, and use less than was thought."""
        self.found = CHAIN[0][Balances].free_balance(ALICE) + CHAIN[0][TransactionPayment].collected
        return PostInfo(db(writes=1))


CHAIN: list[TestChain] = []


def test_coins_add_up_in_the_midst_of_a_call_and_a_refund_is_no_longer_collected() -> None:
    chain = TestChain(
        System,
        Timestamp,
        Balances,
        TransactionPayment,
        Teller,
        config={
            "Balances": {"existential_deposit": 1, "dust_account": POT},
            "TransactionPayment": {"fee_account": POT},
        },
        genesis={"Balances": {"balances": [[ALICE, RICH], [POT, 1]]}},
    )
    CHAIN[:] = [chain]
    chain.submit(chain[Teller].count.call(), ALICE)
    assert chain[Teller].found == RICH
    left, collected = chain[Balances].free_balance(ALICE), chain[TransactionPayment].collected
    assert collected > 0 and left + collected == RICH
    chain.next_block()
    assert chain[Balances].free_balance(POT) == 1 + collected
