"""The coin's pallets, as a runtime has them: what agents and commands read by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from pallets.attestation import Attestation
from pallets.balances import Balances
from pallets.issuance import Issuance
from pallets.ledger import Ledger
from pallets.providers import Providers
from pallets.redemption import Redemption
from pallets.solvency import Solvency
from pallets.standards import Standards
from runtime.frame.pallet import Pallet
from runtime.runtime import Runtime

P = TypeVar("P", bound=Pallet[Any, Any])


class NoCoin(Exception):
    """The chain does not have the coin."""


@dataclass(frozen=True, slots=True)
class Coin:
    """The coin's pallets of one runtime; they answer over whatever state the runtime is put over."""

    balances: Balances
    ledger: Ledger
    attestation: Attestation
    standards: Standards
    providers: Providers
    issuance: Issuance
    redemption: Redemption
    solvency: Solvency

    @classmethod
    def of(cls, runtime: Runtime) -> Coin:
        """Raises `NoCoin`, naming the pallet that is missing."""
        return cls(
            _find(runtime, Balances),
            _find(runtime, Ledger),
            _find(runtime, Attestation),
            _find(runtime, Standards),
            _find(runtime, Providers),
            _find(runtime, Issuance),
            _find(runtime, Redemption),
            _find(runtime, Solvency),
        )


def _find(runtime: Runtime, kind: type[P]) -> P:
    found = runtime.pallet(kind)
    if found is not None:
        return found
    raise NoCoin(f"the chain has no pallet {kind.__name__}, and so no coin of computing power")
