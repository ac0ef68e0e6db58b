"""Every ban catches a deliberate example, names its replacement, and spares the honest neighbour."""

from __future__ import annotations

import pytest

import tidy
from support.determinism import Finding, lint

BANNED = [
    ("x = 0.5", "float literal 0.5; use integers and runtime.types.fixed"),
    ("x = 2j", "float literal 2j; use integers and runtime.types.fixed"),
    ("x = a / b", "true division; use `//` with its rounding named, or runtime.types.fixed"),
    ("x /= 2", "true division; use `//=` with its rounding named, or runtime.types.fixed"),
    ("def f(x: float): ...", "float; use integers and runtime.types.fixed"),
    ("x = float(1)", "float; use integers and runtime.types.fixed"),
    ("x = round(a)", "round(); use `//` with its rounding named, or runtime.types.fixed"),
    ("import math\nx = math.log(2)", "math.log; use integers and runtime.types.fixed"),
    ("from math import sqrt", "math.sqrt; use integers and runtime.types.fixed"),
    ("x = hash(a)", "hash(); use a hash of runtime.crypto.hashing: this one changes with the process"),
    ("x = id(a)", "id(); use a key made of values: addresses change with the process"),
    ("x = open(a)", "open(); use a value passed in: node/ talks to the world"),
    ("print(a)", "print(); use an event, or an error: node/ shows them"),
    ("async def f(): ...", "async def; use a value passed in: node/ talks to the world"),
    ("def f():\n    global x", "global x; use storage, or a value passed in"),
    ("import time", "import of time; use the block's number, or Timestamp's now"),
    (
        "from datetime import date",
        "import of datetime; use the block's number, or Timestamp's now",
    ),
    ("import random", "import of random; use the Beacon interface, or a hash of what is on chain"),
    (
        "def f():\n    import secrets",
        "import of secrets; use the Beacon interface, or a hash of what is on chain",
    ),
    ("import os.path", "import of os.path; use a value passed in: node/ talks to the world"),
    ("import socket", "import of socket; use a value passed in: node/ talks to the world"),
    ("from threading import Lock", "import of threading; use a value passed in: node/ talks to the world"),
    ("import trio", "import of trio; use a value passed in: node/ talks to the world"),
]

ORDER = "the order of a set; use sorted(...) by the whole value, a tuple, or a dict"
SHOWS_ORDER = [
    "for x in {1, 2}: ...",
    "for x in set(a): ...",
    "for x in frozenset(a): ...",
    "y = [x for x in {b for b in a}]",
    "s = set(a)\ny = list(s)",
    "def f(s: set[int]): return tuple(s)",
    "def f(s: frozenset[int] | None): return next(iter(s))",
    "s: set[int] = g()\nfor x in s: ...",
    "for x in a.keys() - b.keys(): ...",
    "s = {1}\nfor x in s | t: ...",
    "s = {1}\nfor x in s.union(t): ...",
    "y = ','.join({'a'})",
    "y.extend({1})",
    "y = dict.fromkeys({1})",
    "y = (*{1}, 2)",
    "def f():\n    yield from {1}",
    "class A:\n    seen: set[int]\n    def f(self):\n        for x in self.seen: ...",
    "class A:\n  def __init__(self):\n    self.seen = set()\n  def f(self):\n    return list(self.seen)",
]

HONEST = [
    "x = a // b",
    "import math\nx = math.isqrt(2)",
    "from math import gcd",
    "x = 1 in {1, 2}",
    "for x in sorted({2, 1}): ...",
    "x = len(set(a)), min({1}), sum({1})",
    "y = {x + 1 for x in {1, 2}}",
    "y = {*{1}, 2}",
    "s = set(a)\ns = tuple(b)\nfor x in s: ...",
    "def f(s: set[int]): ...\ndef g(s: tuple[int, ...]): return list(s)",
    "for x in a.keys(): ...",
    "x: dict[int, int] = {}\nfor y in x: ...",
    "stack.pop()",
]


@pytest.mark.parametrize(("source", "message"), BANNED)
def test_a_ban_catches_its_example_and_names_the_replacement(source: str, message: str) -> None:
    assert [finding.message for finding in lint(source)] == [message]


@pytest.mark.parametrize("source", SHOWS_ORDER)
def test_the_order_of_a_set_is_never_shown(source: str) -> None:
    assert ORDER in [finding.message for finding in lint(source)]


def test_a_set_is_neither_popped_nor_ordered_by_half_a_key() -> None:
    assert [finding.message for finding in lint("s = {1}\ns.pop()")] == [
        "pop() of a set; use sorted(...) by the whole value, a tuple, or a dict"
    ]
    assert [finding.message for finding in lint("y = sorted({1}, key=f)")] == [
        "sorted(key=) of a set: equals keep the set's order; use " + ORDER.partition("use ")[2]
    ]


@pytest.mark.parametrize("source", HONEST)
def test_honest_code_passes(source: str) -> None:
    assert lint(source) == []


def test_an_allowance_needs_a_reason_and_a_use() -> None:
    assert lint("x = hash(a)  # tidy: hash - only the dictionary of this process sees it") == []
    assert lint("x = hash(a)  # tidy: hash")[0] == Finding(
        1, "allowance", "an allowance gives its reason: `# tidy: hash - why`"
    )
    assert lint("x = 1  # tidy: hash - no reason at all") == [
        Finding(1, "allowance", "this allowance of `hash` allows nothing; remove it")
    ]


@pytest.mark.parametrize(
    ("text", "breach"),
    [
        ("# TO" + "DO later", "`TO" + "DO`: unfinished mark: finish it, or open an issue"),
        (
            "see ../sha" + "red/x",
            "`../sha" + "red`: a path outside the project: copy what is needed into tests/",
        ),
        ("cd /ro" + "ot/x", "`/ro" + "ot/x`: a path of one machine: use a relative one"),
        ("https://py" + "pi.org/simple", "`py" + "pi.org`: a registry's address: name the package instead"),
    ],
)
def test_words_that_no_file_may_hold(text: str, breach: str) -> None:
    assert list(tidy.check("docs/page.md", text.encode())) == [f"docs/page.md:1: {breach}"]
    assert list(tidy.check("tests/interop/clients/x.py", text.encode())) == []


def test_a_long_file_is_refused_beyond_the_limit() -> None:
    assert list(tidy.check("node/x.py", b"#\n" * 600)) == []
    assert list(tidy.check("node/x.py", b"#\n" * 601)) == [
        "node/x.py:601: longer than 600 lines: find the wall between its two rooms"
    ]


def test_type_checking_imports_are_refused_but_in_the_named_file() -> None:
    source = b"from typing import TYPE_CHECKING\n"
    assert list(tidy.check("node/x.py", source)) == [
        "node/x.py:1: TYPE_CHECKING: import downwards, or declare a Protocol"
    ]
    assert list(tidy.check("runtime/frame/pallet.py", source)) == []


def test_the_determinism_lint_looks_at_the_deterministic_half_alone() -> None:
    assert list(tidy.check("pallets/x/pallet.py", b"x = 0.5\n")) == [
        "pallets/x/pallet.py:1: float literal 0.5; use integers and runtime.types.fixed"
    ]
    clock = "import of time; use the block's number, or Timestamp's now"
    for file in ("node/consensus/core.py", "node/consensus/guard.py", "node/light/verify.py"):
        assert list(tidy.check(file, b"import time\n")) == [f"{file}:1: {clock}"]
    for file in ("node/consensus/shell.py", "node/sync/sync.py"):
        assert list(tidy.check(file, b"import time\nx = 0.5\n")) == []


def test_what_the_agreement_gets_beside_its_machine_is_there_and_needs_its_freedom() -> None:
    for file in tidy.WORLDLY:
        assert lint((tidy.ROOT / file).read_text("utf-8")), f"{file} breaks no ban: it belongs to the rest"


def test_a_pallet_is_offered_if_and_only_if_it_registers() -> None:
    packages = {"pallets/a/__init__.py": "register_pallets = register(A)\n", "pallets/b/__init__.py": ""}
    assert tidy.unlisted(packages, frozenset({"pallets.a"})) == []
    assert tidy.unlisted(packages, frozenset({"pallets.b"})) == [
        'pallets/a/__init__.py: no door: add a = "pallets.a" to [project.entry-points.pallets]',
        "pyproject.toml: the pallet pallets.b registers nothing",
    ]


def test_the_tree_is_tidy(capsys: pytest.CaptureFixture[str]) -> None:
    status = tidy.main()
    assert status == 0, capsys.readouterr().out
