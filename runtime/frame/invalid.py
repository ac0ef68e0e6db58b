"""Invalid blocks: why a block is refused whole. A hook may raise this, and nothing else."""

from __future__ import annotations


class InvalidBlock(Exception):
    """The block breaks a rule of the chain; no state that it would make exists."""


class Unfinished(InvalidBlock):
    """The block lacks what its author has still to put in. A look at how it would end does without."""


class InvariantBroken(InvalidBlock):
    """An invariant does not hold at the end of the block."""

    def __init__(self, name: str, promise: str, figures: str) -> None:
        super().__init__(name, promise, figures)
        self.name = name
        self.promise = promise
        self.figures = figures

    def __str__(self) -> str:
        return f"{self.name} is broken: {self.promise}; {self.figures}"


class HookFailed(InvalidBlock):
    """A hook raised: the pallet is wrong, and no block can be made until it is mended."""

    def __init__(self, pallet: str, hook: str, cause: str) -> None:
        super().__init__(pallet, hook, cause)
        self.pallet = pallet
        self.hook = hook
        self.cause = cause

    def __str__(self) -> str:
        return f"{self.pallet}.{self.hook} failed: {self.cause}"
