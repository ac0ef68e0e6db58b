"""Arguments: words of a command line that are `NAME=VALUE`."""

from __future__ import annotations

from collections.abc import Sequence

from node.cli.faults import Fault
from runtime.scale.errors import show


def named(arguments: Sequence[str], what: str = "NAME=VALUE") -> dict[str, str]:
    """The values by their names. Raises Fault, telling `what` is to be written."""
    found: dict[str, str] = {}
    for each in arguments:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise Fault(f"{show(each)} is no argument: write {what}")
        if name in found:
            raise Fault(f"the argument {show(name)} is given twice")
        found[name] = value
    return found
