"""A chain of the pallets that every chain has, for tests that need a whole runtime."""

from __future__ import annotations

from typing import Any

from pallets.balances import Balances
from pallets.system import System
from pallets.timestamp import Timestamp
from pallets.transaction_payment import TransactionPayment
from runtime.frame import Pallet
from runtime.testing import TestChain

ALICE = b"\x0a" * 32
BOB = b"\x0b" * 32
TREASURY = b"\x0f" * 32
RICH = 10**15
EXISTENTIAL_DEPOSIT = 500


def chain_of(*pallets: type[Pallet[Any, Any]], rich: tuple[bytes, ...] = (ALICE, TREASURY)) -> TestChain:
    """System, Timestamp, Balances, TransactionPayment and `pallets`; `rich` accounts own `RICH` each."""
    return TestChain(
        System,
        Timestamp,
        Balances,
        TransactionPayment,
        *pallets,
        config={
            "Balances": {"existential_deposit": EXISTENTIAL_DEPOSIT, "dust_account": TREASURY},
            "TransactionPayment": {"fee_account": TREASURY},
        },
        genesis={"Balances": {"balances": [[who, RICH] for who in rich]}},
    )
