"""Whatever bytes arrive, a decoder gives the one value that they are the encoding of, or refuses by its own
error, at once and without much memory.

The short form tries the kept corpus, valid encodings of everything, and some hundred mutants of these a
target, the same each time. `--fuzz-seconds 60` goes on for so long with each target, from another seed each
time. What breaks a promise is written into the corpus at once, to be mended and kept.
"""

from __future__ import annotations

import time
from random import Random, SystemRandom

import pytest

from support.fuzzing.engine import CORPUS, Broken, Session, Target, findings, kept
from support.fuzzing.targets import TARGETS

SEED = 20_260_102


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_every_input_is_understood_or_refused(target: Target, request: pytest.FixtureRequest) -> None:
    seconds = request.config.getoption("--fuzz-seconds")
    seed = SystemRandom().getrandbits(32) if seconds else SEED
    session = Session(target, Random(seed))
    try:
        session.run(rounds=target.rounds, seconds=seconds)
    except Broken as broken:
        if broken.line not in findings(target.name):
            with (CORPUS / f"{target.name}.txt").open("a", encoding="utf-8") as corpus:
                corpus.write(broken.line + "\n")
        raise
    assert len(session.outcomes) > 1, "nothing was refused, or nothing accepted"


def test_the_corpus_is_that_of_the_targets() -> None:
    files = {file.stem for file in CORPUS.glob("*.txt")}
    assert files == {target.name for target in TARGETS}
    assert all(kept(name) for name in files)


# The fuzzer itself.


def planted(data: bytes) -> str:
    """A decoder with three faults behind a header."""
    if data[:2] != b"ok":
        return "refused"
    match data[2:3]:
        case b"i":
            return f"item {data[200]}"
        case b"s":
            while True:
                time.process_time()
        case b"m":
            return f"{len(bytes(1 << 25))} bytes"
    return "accepted"


@pytest.mark.parametrize(
    ("seed", "finding"),
    [
        (b"oki", "planted: IndexError: index out of range"),
        (b"oks", "planted: TooSlow: more than 0.05 s of processor time"),
        (b"okm", "planted: MemoryError: 335"),
    ],
)
@pytest.mark.parametrize("is_seed", [True, False])
def test_the_fuzzer_finds_what_is_planted(seed: bytes, finding: str, is_seed: bool) -> None:
    """At once in a seed; a byte away from one, by mutation."""
    seeds = [seed] if is_seed else [b"ok"]
    words = () if is_seed else (seed[2:],)
    target = Target("planted", lambda: seeds, planted, words=words, seconds_max=0.05)
    with pytest.raises(Broken) as broken:
        Session(target, Random(7)).run(rounds=10_000)
    assert str(broken.value).startswith(finding)
    assert broken.value.line.startswith(seed.hex() if is_seed else b"ok".hex())


def test_a_run_follows_from_its_seed() -> None:
    """Two runs see the same inputs."""
    seen: list[list[bytes]] = []
    for _ in range(2):
        inputs: list[bytes] = []

        def check(data: bytes, inputs: list[bytes] = inputs) -> str:
            inputs.append(data)
            return f"{len(data) % 5}"

        Session(Target("same", lambda: [b"abc", b"\0" * 9], check), Random(3)).run(rounds=300)
        seen.append(inputs)
    assert seen[0] == seen[1]
    assert len(set(seen[0])) > 200
