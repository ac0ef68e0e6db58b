"""A job in a process of its own: `python -m node.provider.worker FOLDER JOB`.

It takes the specification, and the model that the job begins with, from the shelf, tells of each checkpoint
in a line, lays what it made on the shelf, and ends with the receipt's hash. What it cannot do is one line on
standard error and status 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

from node.provider.jobs.program import InvalidBase
from node.provider.jobs.run import run_job
from node.provider.jobs.spec import InvalidSpec, Spec, Train, parse_spec
from node.provider.shelf import Shelf, ShelfError


def main(arguments: list[str]) -> int:
    """Do the job."""
    folder, job = arguments
    try:
        shelf = Shelf(Path(folder))
        spec = parse_spec(shelf.get(bytes.fromhex(job)))
        finished = run_job(spec, base_of(spec, shelf), _tell)
        receipt = shelf.put_run(finished)
    except (ShelfError, InvalidSpec, InvalidBase) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"receipt {receipt.hex()}", flush=True)
    return 0


def base_of(spec: Spec, shelf: Shelf) -> bytes | None:
    """The model that a job begins with. Raises ShelfError when it is not on the shelf."""
    return None if isinstance(spec, Train) else shelf.get(bytes.fromhex(spec.base))


def _tell(checkpoint: int, digest: str) -> None:
    print(f"checkpoint {checkpoint} {digest}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
