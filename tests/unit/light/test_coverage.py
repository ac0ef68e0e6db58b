"""What stands behind the coin, proven with no node trusted: the header's figures are those in storage."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest
import trio

from node.cli.coverage import NoCoverage, figures_of
from node.cli.figures import coverage_of
from node.cli.light import storage_key
from node.cli.words import Words
from node.light.proof import read_proof
from node.light.verify import verify
from pallets.solvency.types import Coverage, CoverageReport
from runtime.api import call
from runtime.scale import codec_of
from support.cli import ballast
from support.lightnode import serving
from support.localchain import LENGTH, LocalChain


@pytest.fixture(scope="module")
def chain() -> LocalChain:
    return LocalChain(LENGTH + 2)


def exported(chain: LocalChain, spec: str, file: Path) -> Any:
    """The proof of the figures as `ballast light export` writes it, and what it says of it."""

    async def main() -> Any:
        async with serving(chain) as address:
            asked = ("Solvency.Coverage", "--chain", spec, "--rpc", address.url, "--out", str(file), "--json")
            return await trio.to_thread.run_sync(functools.partial(ballast, "light", "export", *asked))

    return trio.run(main).json


def test_the_figures_of_the_header_are_in_storage_and_a_proof_of_one_file_shows_both(
    chain: LocalChain, tmp_path: Path
) -> None:
    spec, file = chain.write_spec(tmp_path), tmp_path / "coverage.json"
    report = exported(chain, spec, file)
    assert ballast("light", "verify", str(file), "--chain", spec, "--json").json == report
    (entry,) = report["entries"]
    header = chain.headers[-1]
    figures = coverage_of(header)
    assert figures is not None and figures.supply > 0 and figures.effective > figures.supply
    words = Words(chain.runtime, chain.spec.properties)
    assert (entry["item"], entry["decoded"]) == ("Solvency.Coverage", words.record(figures))
    assert report["hash"] == "0x" + header.hash.hex()

    answer = verify(read_proof(file.read_bytes()), chain.genesis_hash)  # by bytes, with no words of a runtime
    proven = answer.values[storage_key(words, "Solvency.Coverage", ())]
    assert proven is not None and codec_of(Coverage).decode(proven) == coverage_of(answer.header) == figures


def test_each_block_says_in_its_header_what_its_state_holds_and_its_runtime_api_answers(
    chain: LocalChain,
) -> None:
    for header, state in zip(chain.headers[1:], chain.states[1:], strict=True):
        answer = call(chain.runtime, state, header, "BallastCoinApi_query_coverage", b"")
        report = codec_of(CoverageReport).decode(answer)
        assert report.figures == coverage_of(header)
        assert figures_of(header, report) is report.figures


def test_a_state_that_says_other_figures_than_its_header_is_no_answer(chain: LocalChain) -> None:
    header = chain.headers[-1]
    figures = coverage_of(header)
    assert figures is not None
    report = CoverageReport(figures.replace(supply=figures.supply - 1), 0)
    with pytest.raises(NoCoverage) as refused:
        figures_of(header, report)
    assert str(refused.value) == (
        f"the header of block {header.number} says {figures}, and its state {report.figures}"
    )
