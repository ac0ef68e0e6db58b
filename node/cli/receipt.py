"""`ballast receipt`: receipts checked by whoever holds one."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from node.cli.faults import Fault, Refused, expected
from node.cli.output import Json, print_json, say
from node.cli.provider import JobsDir, shelf_at
from node.provider.jobs.run import InvalidSegment, verify_receipt
from node.provider.jobs.spec import (
    CHECKPOINTS,
    InvalidReceipt,
    InvalidSpec,
    Receipt,
    parse_receipt,
    receipt_hash,
)
from node.provider.shelf import ShelfError
from runtime.types.fixed import PPB

app = App(
    name="receipt",
    help_epilogue="""Examples:
  ballast receipt verify redeemed/ticket-0.receipt.json
  ballast receipt verify redeemed/ticket-0.receipt.json --segment 25""",
)


@app.command
def verify(
    file: Annotated[Path, Parameter(help="The receipt.")],
    /,
    *,
    segment: Annotated[
        int | None, Parameter(help=f"Which of the {CHECKPOINTS} segments is run again; by lot unless given.")
    ] = None,
    jobs_dir: JobsDir = None,
    json: Json = False,
) -> None:
    """Run one segment of a job again, and compare it with the receipt. Status 1 when it does not match."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise Fault(f"{file}: {error.strerror}") from None
    with expected(InvalidReceipt, InvalidSpec, InvalidSegment, ShelfError):
        receipt = parse_receipt(data)
        number = 1 + secrets.randbelow(CHECKPOINTS) if segment is None else segment
        verdict = verify_receipt(receipt, shelf_at(jobs_dir).segment(receipt, number))
    digest = receipt_hash(receipt).hex()
    if json:
        print_json(
            {
                "receiptHash": "0x" + digest,
                "job": "0x" + receipt.job,
                "result": "0x" + receipt.result,
                "accuracyPpb": receipt.accuracy_ppb,
                "segment": verdict.segment,
                "matches": verdict.matches,
                "finding": verdict.finding.value,
            }
        )
    else:
        say(f"receipt 0x{digest}")
        say(f"accuracy {accuracy(receipt)}, {receipt.correct} of {receipt.total}")
        say(str(verdict))
    if not verdict.matches:
        raise Refused(f"the receipt is false: {verdict}")


def accuracy(receipt: Receipt) -> str:
    """The share of right answers with three decimals, rounded down."""
    thousandths = receipt.accuracy_ppb * 1_000 // PPB
    return f"{thousandths // 1_000}.{thousandths % 1_000:03d}"
