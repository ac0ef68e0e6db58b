"""Building block zero: every pallet writes its part, every invariant is checked, and the manifest is put
under `:code`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from runtime.frame.error import DispatchError
from runtime.frame.plain import PlainError, from_plain
from runtime.lifecycle import genesis_type
from runtime.manifest import CODE_KEY, Manifest
from runtime.runtime import Runtime
from runtime.scale import EncodeError, codec_of
from runtime.state.backend import State
from runtime.trie import EMPTY_ROOT
from runtime.types.block import Block, Header
from runtime.types.digest import Digest

NO_PARENT = bytes(32)


class GenesisError(Exception):
    """The chain spec's genesis cannot be built."""


class Genesis(NamedTuple):
    """Block zero and its state."""

    block: Block
    state: State

    @property
    def hash(self) -> bytes:
        """What names the chain."""
        return self.block.header.hash


def build_genesis(runtime: Runtime, genesis: Mapping[str, Any], empty: State) -> Genesis:
    """Block zero over the `empty` state. Raises GenesisError, naming the pallet and the place."""
    overlay = runtime.over(empty)
    for name in genesis:
        if name not in runtime.pallets:
            raise GenesisError(f"genesis names {name!r}, and the chain has no such pallet")
    hooks = {hook.pallet: hook.run for hook in runtime.parts.hooks["build_genesis"]}
    mark = overlay.open()
    for name, pallet in runtime.pallets.items():
        kind = genesis_type(pallet)
        if kind is None:
            if name in genesis:
                raise GenesisError(f"genesis gives {name} a part, and the pallet takes none")
            continue
        try:
            hooks[name](from_plain(kind, genesis.get(name, {})))
        except (PlainError, DispatchError, EncodeError) as error:
            raise GenesisError(f"genesis of {name}: {error}") from error
    runtime.note_genesis()
    del overlay.events[:]
    overlay.keep(mark)
    overlay.put_raw(CODE_KEY, codec_of(Manifest).encode(runtime.manifest))
    for check in runtime.parts.checks:
        figures = check.run()
        if figures is not None:
            raise GenesisError(f"genesis breaks {check.invariant.name}: {check.invariant.promise}; {figures}")
    state = overlay.commit()
    header = Header(NO_PARENT, 0, state.root, EMPTY_ROOT, Digest())
    return Genesis(Block(header, ()), state)
