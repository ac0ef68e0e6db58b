"""A new chain from a table: every coin of it the debt of a provider with capacity behind it, or no chain.

All that accounts own is S. It is owed by the providers in proportion to their effective capacity

    m_i = S E_i / E,       E_i = floor(availability of 56 windows in 56 x ratings of its units) T

so a table is backed if 1.05 S <= E, and each bond is at least beta_i m_i. The pallets check the same again
when the genesis is built; here whatever is wrong is said of the line of the table that it is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from genesis.coin import COIN
from genesis.seats import ESCROW, EXISTENTIAL_DEPOSIT, FEES, PROVIDER_DEPOSIT, RESERVE, seats
from genesis.spec import ChainSpec, SpecError, parse_spec, write_spec
from genesis.table import Table, TableProvider, TableValidator
from genesis.validators import FirstValidator, validators_genesis
from pallets.authorities.proof import check
from pallets.authorities.types import AuthoritiesError, Keys, KeysProof
from pallets.providers import Providers
from pallets.providers.registry import WINDOWS_MAX
from pallets.providers.wilson import wilson_ppb
from pallets.staking import Staking
from runtime.crypto import ss58
from runtime.frame.coin import ANONYMOUS, LINE_PERCENT, TERM_HOURS, Tier
from runtime.frame.plain import SS58_PREFIX, to_plain
from runtime.spec import RuntimeSpec
from runtime.types.fixed import PPB, div_ceil, mul_div_ceil, mul_div_floor

NO_GENESIS: Final = bytes(32)
"""What stands for the genesis hash in the proofs of a genesis."""
HOUSE: Final = ((RESERVE, COIN), (ESCROW, EXISTENTIAL_DEPOSIT), (FEES, EXISTENTIAL_DEPOSIT))
"""The coin's own accounts and what they need in order to exist."""
BETA_PPB: Final[dict[Tier, int]] = {
    Tier.Anonymous: Providers.storage["beta_anonymous_ppb"].default,
    Tier.Attested: Providers.storage["beta_attested_ppb"].default,
    Tier.Accountable: Providers.storage["beta_accountable_ppb"].default,
}
"""The bond of a coin owed, by tier."""
MINIMUM_STAKE: Final[int] = Staking.storage["minimum_bond"].default


def new_spec(table: Table) -> ChainSpec:
    """The chain that a table describes. Raises SpecError, naming the place in the table."""
    if not (table.timing.blocks_per_hour and table.timing.blocks_per_epoch):
        raise SpecError("timing: an hour and an epoch have a block each, at least")
    _check_accounts(table)
    capacities = _capacities(table)
    supply = sum(each.coins for each in table.accounts) * COIN + sum(amount for _, amount in HOUSE)
    debts = _debts(supply, capacities)
    for place, (provider, owed) in enumerate(zip(table.providers, debts, strict=True)):
        _check_bond(f"providers[{place}]", provider, owed)
    validators = [_validator(f"validators[{place}]", each) for place, each in enumerate(table.validators)]
    genesis = {
        **_coin_parts(table, debts),
        **validators_genesis(validators),
        **({} if table.sudo is None else {"Sudo": {"key": address(table.sudo)}}),
    }
    spec = ChainSpec(
        name=table.name,
        id=table.id,
        runtime=RuntimeSpec(spec_version=1, pallets=seats(table.timing.timing, sudo=table.sudo is not None)),
        genesis=genesis,
    )
    return parse_spec(write_spec(spec))


def address(account: bytes) -> str:
    """How people write an account."""
    return ss58.encode(account, SS58_PREFIX)


# What the coins stand on.


def _capacities(table: Table) -> list[int]:
    """E_i of each provider, in 10^-9 SCU-h."""
    if not table.work:
        raise SpecError("work: one SCU-h of no work is worth nothing")
    classes = {each.id: each for each in table.classes}
    if len(classes) < len(table.classes):
        raise SpecError("classes: two of them have the same id")
    proven = wilson_ppb(WINDOWS_MAX, WINDOWS_MAX)
    found: list[int] = []
    for place, provider in enumerate(table.providers):
        rating = 0
        for unit in provider.units:
            if unit not in classes:
                raise SpecError(f"providers[{place}].units: there is no class {unit} among the classes")
            rating += mul_div_floor(classes[unit].work_per_hour, PPB, table.work)
        if not rating:
            raise SpecError(
                f"providers[{place}] ({address(provider.account)}) has no capacity: give it a unit of a "
                "class that does some of the work"
            )
        found.append(mul_div_floor(rating, proven, PPB) * TERM_HOURS)
    return found


def _debts(supply: int, capacities: Sequence[int]) -> list[int]:
    """m_i of each provider, S together. Raises SpecError when the capacity is not enough."""
    effective = sum(capacities)
    if LINE_PERCENT * supply > 100 * effective:
        needed = mul_div_ceil(supply, LINE_PERCENT, 100)
        raise SpecError(
            f"the coins are not backed: {_at_least(supply)} coins need {_at_least(needed)} SCU-h of capacity "
            f"behind them, and the providers have {_at_most(effective)}; give accounts fewer coins, "
            "providers more units, or a coin less work"
        )
    debts = [mul_div_floor(supply, each, effective) for each in capacities]
    for place in range(supply - sum(debts)):
        debts[place] += 1
    return debts


def _check_bond(where: str, provider: TableProvider, owed: int) -> None:
    needed = mul_div_ceil(owed, BETA_PPB[provider.tier], PPB)
    if provider.bond * COIN < needed:
        raise SpecError(
            f"{where} ({address(provider.account)}) owes {_at_least(owed)} coins, and as "
            f"{provider.tier.name} needs a bond of {_at_least(needed)} behind them; it has {provider.bond:,}"
        )
    if provider.group == ANONYMOUS:
        raise SpecError(f"{where}.group: 0 is the group of all anonymous providers: declare another")
    if not provider.region:
        raise SpecError(f"{where}.region: 0 is nowhere: say where the hardware stands")


# Who has what.


def _check_accounts(table: Table) -> None:
    """Everybody is named once, and owns what is bonded and deposited in its name."""
    if not table.providers:
        raise SpecError("providers: coins are debts of providers, and there is none")
    if not table.validators:
        raise SpecError("validators: a chain needs one")
    for what, accounts in (
        ("accounts", [each.account for each in table.accounts]),
        ("providers", [each.account for each in table.providers]),
        ("validators", [each.account for each in table.validators]),
        ("oracle.reporters", [each.account for each in table.oracle.reporters]),
    ):
        _refuse_second(what, [address(account) for account in accounts])
    _refuse_second("validators", [f"BLS key 0x{each.bls.hex()}" for each in table.validators])
    _refuse_second("validators", [f"network key 0x{each.network.hex()}" for each in table.validators])
    bound: dict[bytes, int] = {}
    for provider in table.providers:
        bound[provider.account] = PROVIDER_DEPOSIT + provider.bond * COIN + EXISTENTIAL_DEPOSIT
    for place, validator in enumerate(table.validators):
        where = f"validators[{place}] ({address(validator.account)})"
        if validator.account not in bound:
            raise SpecError(f"{where} is no provider: only providers validate")
        if validator.bond * COIN < MINIMUM_STAKE:
            raise SpecError(
                f"{where} bonds {validator.bond:,} coins, and a validator needs {_at_least(MINIMUM_STAKE)}"
            )
        bound[validator.account] += validator.bond * COIN
    for reporter in table.oracle.reporters:
        bound[reporter.account] = bound.get(reporter.account, EXISTENTIAL_DEPOSIT) + reporter.bond * COIN
    owned = {each.account: each.coins * COIN for each in table.accounts}
    for account, needed in bound.items():
        if owned.get(account, 0) < needed:
            raise SpecError(
                f"accounts: {address(account)} has {_at_most(owned.get(account, 0))} coins, and needs "
                f"{_at_least(needed)} for what it bonds and deposits, and to exist"
            )


def _refuse_second(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for place, name in enumerate(names):
        if name in seen:
            raise SpecError(f"{what}[{place}]: {name} is named a second time")
        seen.add(name)


def _validator(where: str, each: TableValidator) -> FirstValidator:
    keys, proof = Keys(each.bls, each.network), KeysProof(each.possession, each.consent)
    try:
        check(NO_GENESIS, each.account, keys, proof)
    except AuthoritiesError as error:
        raise SpecError(f"{where} ({address(each.account)}): {error}") from None
    return FirstValidator(account=each.account, keys=keys, proof=proof, bond=each.bond * COIN)


def _coin_parts(table: Table, debts: Sequence[int]) -> dict[str, Any]:
    return {
        "Balances": {
            "balances": [
                *([address(each.account), each.coins * COIN] for each in table.accounts),
                *([who, amount] for who, amount in HOUSE),
            ]
        },
        "Ledger": {
            "debts": [
                {"issuer": address(each.account), "amount": owed}
                for each, owed in zip(table.providers, debts, strict=True)
            ]
        },
        "Oracle": _oracle_part(table),
        "Standards": {"work": table.work, "classes": [to_plain(each) for each in table.classes]},
        "Attestation": {"windows_a_day": table.windows_a_day},
        "Providers": {
            "providers": [
                {
                    "account": address(each.account),
                    "group": each.group,
                    "domain": {"region": each.region, "operator": each.operator},
                    "tier": each.tier.name,
                    "bond": each.bond * COIN,
                    "units": list(each.units),
                }
                for each in table.providers
            ]
        },
    }


def _oracle_part(table: Table) -> dict[str, Any]:
    """What compute costs where the chain begins, and who reports on it."""
    oracle = table.oracle
    return {
        "price": oracle.price,
        "mainstream": oracle.mainstream or table.work,
        "reporters": [
            {**to_plain(each), "account": address(each.account), "bond": each.bond * COIN}
            for each in oracle.reporters
        ],
    }


def _at_most(amount: int) -> str:
    """What there is, in coins rounded down."""
    return f"{amount // COIN:,}"


def _at_least(amount: int) -> str:
    """What is needed, in coins rounded up."""
    return f"{div_ceil(amount, COIN):,}"
