"""Eras: for how long a transaction may be included.

Encoded as one zero byte (immortal), or as a little-endian u16: its low four bits are log2(period) - 1, the
rest is the phase divided by the quantum max(1, period / 4096).
"""

from __future__ import annotations

from typing import Annotated, Final, NamedTuple, TypeAlias

from runtime.scale import (
    U8,
    Codec,
    DecodeError,
    Description,
    Field,
    VariantDescription,
    VariantType,
    codec_of,
)

PERIOD_MIN: Final = 4
PERIOD_MAX: Final = 1 << 16
"""An era lasts a power of two of blocks, between these."""
QUANTA: Final = 4_096


class BadEra(ValueError):
    """The bytes, or the numbers, are no era."""


class Era(NamedTuple):
    """From when and for how long a transaction is valid; period 0 is for ever."""

    period: int = 0
    phase: int = 0

    @classmethod
    def mortal(cls, period: int, current: int) -> Era:
        """The era of about `period` blocks that is running at block `current`, as clients choose it."""
        power = PERIOD_MIN
        while power < min(period, PERIOD_MAX):
            power <<= 1
        quantum = max(1, power // QUANTA)
        return cls(power, current % power // quantum * quantum)

    @property
    def is_immortal(self) -> bool:
        """Whether the transaction never expires."""
        return self.period == 0

    def birth(self, current: int) -> int:
        """The block in which the era that contains `current` began; its hash is signed."""
        if not self.period:
            return 0
        return (max(current, self.phase) - self.phase) // self.period * self.period + self.phase

    def death(self, current: int) -> int:
        """The first block in which the transaction is no longer valid."""
        return (1 << 64) - 1 if not self.period else self.birth(current) + self.period

    def encode(self) -> bytes:
        """The one or two bytes of this era."""
        if not self.period:
            return b"\0"
        quantum = max(1, self.period // QUANTA)
        low = min(15, max(1, self.period.bit_length() - 2))
        return (low | self.phase // quantum << 4).to_bytes(2, "little")


IMMORTAL: Final = Era()


def read_era(data: bytes, at: int) -> tuple[Era, int]:
    """(data, offset) -> (era, next offset); raises `BadEra`."""
    if at >= len(data):
        raise BadEra("an era needs 1 byte, 0 remain")
    first = data[at]
    if first == 0:
        return IMMORTAL, at + 1
    if at + 1 >= len(data):
        raise BadEra("a mortal era needs 2 bytes, 1 remains")
    encoded = first | data[at + 1] << 8
    period = 2 << (encoded & 15)
    phase = (encoded >> 4) * max(1, period // QUANTA)
    if period < PERIOD_MIN or phase >= period:
        raise BadEra(f"era {encoded:#06x} has phase {phase} of period {period}")
    return Era(period, phase), at + 2


def _read(data: bytes, at: int) -> tuple[Era, int]:
    if data[at : at + 1] == b"\0":
        return IMMORTAL, at + 1
    try:
        return read_era(data, at)
    except BadEra as bad:
        raise DecodeError(str(bad), at) from None


def _write(era: Era) -> bytes:
    return era.encode()


def _describe() -> Description:
    byte = codec_of(U8)
    mortal = (VariantDescription(f"Mortal{n}", (Field(None, byte),), n) for n in range(1, 256))
    variants = (VariantDescription("Immortal", (), 0), *mortal)
    return Description(VariantType(variants), ("sp_runtime", "generic", "era", "Era"))


ERA: Final[Codec[Era]] = Codec("Era", _read, _write, describe=_describe, min_size=1)
EraType: TypeAlias = Annotated[Era, ERA]
"""An era as a type of transaction data."""
