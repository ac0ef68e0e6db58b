"""The table of a new chain: who provides, who validates, who owns what; a TOML file that people write.

Amounts are whole coins, accounts are addresses or hex, other bytes are hex. A key that means nothing is
refused, as in a chain spec.
"""

from __future__ import annotations

import tomllib
from typing import Annotated, Final

from genesis.seats import Timing
from genesis.spec import SpecError
from pallets.oracle.types import REPORTERS_MAX
from pallets.providers.types import PROVIDERS_MAX, UNITS_PER_CALL_MAX
from pallets.standards.types import CLASSES_MAX
from runtime.frame.coin import ClassId, GroupId, Region, Tier
from runtime.frame.plain import PlainError, from_plain
from runtime.scale import U8, U16, U32, U64, U128, Doc, Fixed, Max, Struct
from runtime.simplex.committee import VALIDATORS_MAX, BlsKey, NetworkKey
from runtime.simplex.statement import Signature
from runtime.types import AccountId
from runtime.types.fixed import PPB

ACCOUNTS_MAX: Final = 100_000
"""The most accounts that a table endows."""


class TableTiming(Struct):
    """How fast the chain is meant to run."""

    block_ms: Annotated[U32, Doc("The least time between two blocks.")] = 2_000
    blocks_per_hour: Annotated[U32, Doc("How many blocks count as an hour of every promise.")] = 1_800
    blocks_per_epoch: Annotated[U32, Doc("How long a committee serves.")] = 1_800
    commit_blocks: Annotated[U16, Doc("How long a window takes commitments.")] = 30
    open_blocks: Annotated[U16, Doc("How long it takes openings after them.")] = 30
    slash_delay_hours: Annotated[U8, Doc("How long a slash can be cancelled.")] = 72

    @property
    def timing(self) -> Timing:
        """The same as the seats take it."""
        return Timing(
            block_ms=self.block_ms,
            blocks_per_hour=self.blocks_per_hour,
            blocks_per_epoch=self.blocks_per_epoch,
            commit_blocks=self.commit_blocks,
            open_blocks=self.open_blocks,
            slash_delay_hours=self.slash_delay_hours,
        )


class TableClass(Struct):
    """A class of hardware."""

    id: ClassId
    name: str
    work_per_hour: Annotated[U128, Doc("Byte multiply-adds that one unit was measured to do in an hour.")]
    memory_gib: Annotated[U32, Doc("Memory of a unit.")] = 0
    link_gbps: Annotated[U32, Doc("Bandwidth between units.")] = 0


class TableAccount(Struct):
    """Who owns coins; bonds and deposits come out of them."""

    account: AccountId
    coins: U64


class TableProvider(Struct):
    """A provider, with units that somebody attested before the chain began."""

    account: AccountId
    units: Annotated[tuple[ClassId, ...], Max(UNITS_PER_CALL_MAX), Doc("The class of each unit.")]
    bond: Annotated[U64, Doc("Coins behind what it owes.")]
    group: Annotated[GroupId, Doc("The operators with whom it would fail together; not 0.")]
    region: Annotated[Region, Doc("Where its hardware stands; not 0.")]
    operator: Annotated[U32, Doc("Who runs the building.")]
    tier: Tier = Tier.Anonymous


class TableValidator(Struct):
    """A provider that validates, with its keys and their proofs (`ballast chain entry` prints them)."""

    account: AccountId
    bls: BlsKey
    network: NetworkKey
    possession: Annotated[Signature, Doc("The BLS key's proof of possession.")]
    consent: Annotated[bytes, Fixed(64), Doc("The network key's signature of the account and both keys.")]
    bond: Annotated[U64, Doc("Coins that it answers with; its weight.")]


class TableReporter(Struct):
    """Who reports to the oracle what compute costs."""

    account: AccountId
    entity: Annotated[U32, Doc("Who answers for it, by number.")]
    region: Annotated[Region, Doc("Where it runs.")]
    operator: Annotated[U32, Doc("Who runs the building.")]
    source: Annotated[U32, Doc("Where its values come from, by number.")]
    bond: Annotated[U64, Doc("Coins that it answers with.")]


class TableOracle(Struct):
    """What compute costs where the chain begins."""

    price: Annotated[U128, Doc("U_0: one SCU-h of the first standard, in 10^-9 of the currency.")] = PPB
    mainstream: Annotated[
        U128, Doc("M_0: work that the mainstream does in an hour; that of the first standard when 0.")
    ] = 0
    reporters: Annotated[tuple[TableReporter, ...], Max(REPORTERS_MAX)] = ()


class Table(Struct):
    """A chain to be made."""

    name: str
    id: str
    work: Annotated[U128, Doc("W_1: byte multiply-adds in one SCU-h of the first standard.")]
    classes: Annotated[tuple[TableClass, ...], Max(CLASSES_MAX)]
    accounts: Annotated[tuple[TableAccount, ...], Max(ACCOUNTS_MAX)]
    providers: Annotated[tuple[TableProvider, ...], Max(PROVIDERS_MAX)]
    validators: Annotated[tuple[TableValidator, ...], Max(VALIDATORS_MAX)]
    timing: TableTiming = TableTiming()
    oracle: TableOracle = TableOracle()
    windows_a_day: Annotated[U8, Doc("How often capacity is measured.")] = 4
    sudo: Annotated[AccountId | None, Doc("Who is Root, on a network for tests; nobody when absent.")] = None


def read_table(text: str, path: str) -> Table:
    """The table that TOML text describes, found at `path`. Raises SpecError, saying where and why."""
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{path}: {error}") from None
    except RecursionError:
        raise SpecError(f"{path} is nested too deeply") from None
    except ValueError:
        raise SpecError(f"{path} holds a number of too many digits") from None
    try:
        table: Table = from_plain(Table, plain)
    except PlainError as error:
        raise SpecError(f"{path}: {error}") from None
    return table
