"""Changes as if they were voted: what is looked at is enacted by a referendum, or it would be nobody's."""

from __future__ import annotations

from governance.whatif.pallet import SOME_REFERENDUM
from runtime.frame.governance import ParameterBook
from runtime.runtime import Runtime


def begin_voted(runtime: Runtime) -> None:
    """What moves parameters from here on, over the state at hand, is a referendum."""
    for pallet in runtime.pallets.values():
        if isinstance(pallet, ParameterBook):
            pallet.begin_change(SOME_REFERENDUM)


def end_voted(runtime: Runtime) -> None:
    """It is nobody again."""
    for pallet in runtime.pallets.values():
        if isinstance(pallet, ParameterBook):
            pallet.begin_change(None)
