"""Fetching: what is missing, and who answers."""

from __future__ import annotations

from typing import Any

from node.consensus.ancestry import Ancestry
from node.consensus.core import Core
from node.consensus.fetch import Fetcher
from node.simulation.host import Host
from node.simulation.mutants.registry import mutant
from node.simulation.patches import Patch


@mutant("Missing nullifications are not fetched.")
def nullifications_not_fetched(patch: Patch) -> None:
    def are_skipped(method: Any, self: Any, parent_view: int, view: int) -> bool:
        with Patch() as inner:
            inner.silence(Fetcher, "view")
            return bool(method(self, parent_view, view))

    patch.around(Ancestry, "are_skipped", are_skipped)


@mutant("Certificates are never fetched.")
def certificates_not_fetched(patch: Patch) -> None:
    patch.silence(Fetcher, "view")


@mutant("Blocks are never fetched.")
def bodies_not_fetched(patch: Patch) -> None:
    patch.silence(Fetcher, "block")


@mutant("The same peer is asked again and again.")
def peers_not_rotated(patch: Patch) -> None:
    def first(method: Any, self: Any) -> bytes:
        peers: tuple[bytes, ...] = self._peers
        return peers[0]

    patch.around(Fetcher, "_next", first)


@mutant("Who needs certificates is not answered.")
def needs_unanswered(patch: Patch) -> None:
    patch.silence(Core, "_on_need")


@mutant("Who wants blocks is not answered.")
def wants_unanswered(patch: Patch) -> None:
    patch.silence(Core, "_on_want")


@mutant("Blocks that are final already are not served.")
def store_not_served(patch: Patch) -> None:
    patch.silence(Host, "serve")
