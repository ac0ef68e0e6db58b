"""A chain with proxies of every type, and short words for what is done with them."""

from __future__ import annotations

from typing import Any

from pallets.balances import Balances
from pallets.multisig import Multisig
from pallets.proxy import Proxy
from pallets.proxy import types as t
from pallets.proxy.types import ProxyType
from pallets.sudo import Sudo
from pallets.system import System
from pallets.timestamp import Timestamp
from pallets.transaction_payment import TransactionPayment
from pallets.utility import Utility
from runtime.crypto.hashing import blake2b_256
from runtime.frame import Call, Signed
from runtime.frame.late import RuntimeCall
from runtime.testing import TestChain
from runtime.types import Address
from runtime.types import dispatch as told

REAL, KEY, OTHER, EVE, DUST = (bytes([n]) * 32 for n in (1, 2, 3, 5, 9))
FUNDS = 10**12
BASE, FACTOR, PENDING_BASE, PENDING_FACTOR = 1_000, 100, 2_000, 200
FILTERED = told.BadOrigin()
POOR = told.Token(told.FundsUnavailable())
FILTERS: list[dict[str, Any]] = [
    {"proxy_type": "NonTransfer", "calls": ["System", "Utility", "Multisig", "Proxy"]},
    {"proxy_type": "Governance", "calls": ["System.remark_with_event", "Utility.batch", "Utility.batch_all"]},
    {"proxy_type": "Reporter", "calls": ["Balances.transfer_all"]},
    {"proxy_type": "CancelProxy", "calls": ["Proxy.reject_announcement"]},
]
"""More than a real chain would let a limited key do: every wrapper there is, so that tests can nest them."""


def make(filters: list[dict[str, Any]] | None = None, **config: int) -> TestChain:
    return TestChain(
        System,
        Timestamp,
        Balances,
        TransactionPayment,
        Utility,
        Multisig,
        Proxy,
        Sudo,
        config={
            "Balances": {"existential_deposit": 500, "dust_account": DUST},
            "TransactionPayment": {"fee_account": DUST},
            "Multisig": {"deposit_base": 1_000, "deposit_factor": 100},
            "Proxy": {
                "proxy_deposit_base": BASE,
                "proxy_deposit_factor": FACTOR,
                "announcement_deposit_base": PENDING_BASE,
                "announcement_deposit_factor": PENDING_FACTOR,
                "filters": FILTERS if filters is None else filters,
            }
            | config,
        },
        genesis={
            "Balances": {"balances": [[who, FUNDS] for who in (REAL, KEY, OTHER, DUST)]},
            "Sudo": {"key": REAL},
        },
    )


def pay(chain: TestChain, amount: int = 5_000, dest: bytes = EVE) -> Call:
    return chain[Balances].transfer_keep_alive.call(Address(dest), amount)


def remark(chain: TestChain) -> Call:
    return chain[System].remark_with_event.call(b"here")


def hash_of(chain: TestChain, call: Call) -> bytes:
    return blake2b_256(chain.host.codec(RuntimeCall).encode(call))


def add(
    chain: TestChain,
    kind: ProxyType = ProxyType.Any,
    delay: int = 0,
    *,
    real: bytes = REAL,
    delegate: bytes = KEY,
) -> None:
    chain.dispatch(chain[Proxy].add_proxy.call(Address(delegate), kind, delay), Signed(real))


def act(
    chain: TestChain, call: Call, *, who: bytes = KEY, real: bytes = REAL, kind: ProxyType | None = None
) -> Any:
    """Make a call by proxy; how it ended."""
    chain.dispatch(chain[Proxy].proxy.call(Address(real), kind, call), Signed(who))
    return told_by_proxy(chain)[-1].result


def announce(chain: TestChain, call: Call, *, who: bytes = KEY, real: bytes = REAL) -> None:
    chain.dispatch(chain[Proxy].announce.call(Address(real), hash_of(chain, call)), Signed(who))


def announced(chain: TestChain, call: Call, kind: ProxyType | None = None) -> Call:
    return chain[Proxy].proxy_announced.call(Address(KEY), Address(REAL), kind, call)


def told_by_proxy(chain: TestChain) -> list[Any]:
    return [event for event in chain.events if isinstance(event, t.ProxyEvent)]


def free(chain: TestChain, *whose: bytes) -> list[int]:
    return [chain[Balances].free_balance(who) for who in whose]


def listed(kind: str, *calls: str) -> dict[str, Any]:
    return {"proxy_type": kind, "calls": list(calls)}
