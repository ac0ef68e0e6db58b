"""Governance's pallets, as a runtime has them: what commands read and call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from governance.parameters import Parameters
from governance.preimages import Preimage
from governance.referenda import Referenda
from governance.voting import ConvictionVoting
from governance.whatif import WhatIf
from pallets.utility import Utility
from runtime.frame.pallet import Pallet
from runtime.runtime import Runtime

P = TypeVar("P", bound=Pallet[Any, Any])


class NoGovernance(Exception):
    """The chain is not governed by its holders."""


@dataclass(frozen=True, slots=True)
class Governance:
    """Governance's pallets of one runtime; they answer over whatever state the runtime is put over."""

    referenda: Referenda
    voting: ConvictionVoting
    preimages: Preimage
    parameters: Parameters
    what_if: WhatIf
    utility: Utility

    @classmethod
    def of(cls, runtime: Runtime) -> Governance:
        """Raises `NoGovernance`, naming the pallet that is missing."""
        return cls(
            _find(runtime, Referenda),
            _find(runtime, ConvictionVoting),
            _find(runtime, Preimage),
            _find(runtime, Parameters),
            _find(runtime, WhatIf),
            _find(runtime, Utility),
        )


def _find(runtime: Runtime, kind: type[P]) -> P:
    found = runtime.pallet(kind)
    if found is not None:
        return found
    raise NoGovernance(f"the chain has no pallet {kind.__name__}, and so no referenda")
