"""The next version of this very software, in a folder: one more pallet, and a migration that takes blocks."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Final

from genesis.spec import ChainSpec, write_spec
from node.runtimes.sources import PACKAGES, PROJECT
from runtime.spec import SeatSpec
from support.hello import EXAMPLE
from support.processes import ROOT

STEPS: Final = 3
"""How many steps, each of which fills a block's share, the migration takes."""
HELLO_INDEX: Final = 200

MIGRATION: Final = f'''

    # The next version.

    storage_version = 1
    marks = StorageMap[U32, U32](doc="What the migration has written, by step.")

    @migration(to=1, step=MIGRATION_MAX)
    def mark(self, cursor: bytes) -> bytes | None:
        """Write one more mark."""
        step = len(cursor)
        self.marks[step] = step * step
        return None if step + 1 == {STEPS} else bytes(step + 1)
'''
IMPORTS: Final = """
from runtime.frame import StorageMap, migration
from runtime.scale import U32
from runtime.types.limits import MIGRATION_MAX
"""


def write_next_version(folder: Path, spec: ChainSpec) -> tuple[Path, Path, list[str]]:
    """The next version of `spec`'s chain: its chain spec, its code, and the options of `ballast upgrade
    prepare` that bring both together.
    """
    code = folder / "code"
    code.mkdir(parents=True)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, code / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / PROJECT, code / PROJECT)
    sudo = code / "pallets" / "sudo" / "pallet.py"
    text = sudo.read_text()
    assert text.count("from __future__ import annotations\n") == 1
    text = text.replace(
        "from __future__ import annotations\n", f"from __future__ import annotations\n{IMPORTS}"
    )
    sudo.write_text(text.rstrip() + MIGRATION)
    runtime = spec.runtime
    seats = (*runtime.pallets, SeatSpec(index=HELLO_INDEX, pallet="Hello"))
    following = replace(spec, runtime=replace(runtime, spec_version=2, pallets=seats))
    file = folder / "next.json"
    file.write_text(json.dumps(write_spec(following)))
    return file, code, ["--chain", str(file), "--code", str(code), "--code", str(EXAMPLE)]
