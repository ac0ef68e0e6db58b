"""The loader makes a runtime, or refuses by name: each refusal with its whole message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.frame import (
    Error,
    Event,
    Host,
    NoError,
    NoEvent,
    Pallet,
)
from runtime.frame.extension import TransactionExtension
from runtime.frame.interfaces import Beacon, Clock, Currency
from runtime.loader import load
from runtime.manifest import Manifest
from runtime.runtime import Runtime
from runtime.scale import U8, U32, Struct
from runtime.spec import EXTENSIONS, Found, RuntimeSpec, SeatSpec
from support.loading import BASIC, load_with, refusal_of, with_pallet

# Seats.


def test_a_pallet_that_is_not_installed_is_named() -> None:
    assert refusal_of(lambda: load_with(SeatSpec(index=5, pallet="Balances"))) == (
        "pallet 'Balances' at index 5 is not installed; installed are: System, Timestamp"
    )


def test_one_index_is_one_pallets() -> None:
    assert refusal_of(lambda: load_with(SeatSpec(index=1, pallet="Timestamp", name="Other"))) == (
        "'Timestamp' and 'Other' both have index 1"
    )
    assert refusal_of(lambda: load_with(SeatSpec(index=256, pallet="Timestamp", name="Other"))) == (
        "pallet 'Other' has index 256, outside [0, 255]"
    )


def test_one_storage_prefix_is_one_pallets() -> None:
    assert refusal_of(lambda: load_with(SeatSpec(index=4, pallet="Timestamp"))) == (
        "indices 1 and 4 both store under 'Timestamp': give one of them another name"
    )


class BellEvent(Event):
    """What it tells."""


class Rung(BellEvent, index=0):
    """It rang."""


class BellError(Error):
    """Why it refuses."""


class Cracked(BellError, index=0):
    """It has no tone."""


class Bell(Pallet[BellEvent, NoError]):
    """Tells."""


class Gong(Pallet[BellEvent, BellError]):
    """Tells the same."""


class Chime(Pallet[NoEvent, BellError]):
    """Refuses the same."""


def test_events_and_errors_belong_to_one_pallet() -> None:
    def both(first: type[Pallet[Any, Any]], second: type[Pallet[Any, Any]]) -> Runtime:
        seats = (SeatSpec(index=8, pallet=first.__name__), SeatSpec(index=9, pallet=second.__name__))
        return load_with(*seats, pallets=(first, second))

    assert (
        refusal_of(lambda: both(Bell, Gong))
        == "Bell and Gong share BellEvent: a chain holds one pallet of a kind"
    )
    assert refusal_of(lambda: both(Gong, Chime)) == (
        "Gong and Chime share BellError: a chain holds one pallet of a kind"
    )


# Wiring.


class Needs(Pallet[NoEvent, NoError]):
    """Needs a coin."""

    coin: Currency


class Watcher(Pallet[NoEvent, NoError]):
    """Needs a clock, and takes all the dice there are."""

    clock: Clock
    dice: tuple[Beacon, ...]


class Sundial(Pallet[NoEvent, NoError]):
    """Another clock."""

    def moment(self) -> int:
        return 12


class Coin(Pallet[NoEvent, NoError]):
    """A pair of dice."""

    def randomness(self) -> bytes:
        return bytes(32)

    def is_biasable(self) -> bool:
        return True


def test_a_missing_interface_is_named() -> None:
    assert refusal_of(lambda: with_pallet(Needs)) == (
        "Needs needs coin: Currency, and no pallet of the chain provides it"
    )


def test_where_several_could_serve_the_chain_spec_says_which() -> None:
    sundial, watcher = SeatSpec(index=7, pallet="Sundial"), SeatSpec(index=8, pallet="Watcher")
    assert refusal_of(lambda: load_with(sundial, watcher, pallets=(Sundial, Watcher))) == (
        'Watcher needs clock: Clock, and Timestamp and Sundial provide it: say which under "uses"'
    )
    told = SeatSpec(index=8, pallet="Watcher", uses={"clock": "Sundial"})
    watcher_pallet: Any = load_with(sundial, told, pallets=(Sundial, Watcher)).pallets["Watcher"]
    assert watcher_pallet.clock.moment() == 12


def test_all_that_provide_an_interface_are_given_by_index() -> None:
    seats = (
        SeatSpec(index=8, pallet="Watcher"),
        SeatSpec(index=7, pallet="Coin", name="Second"),
        SeatSpec(index=6, pallet="Coin", name="First"),
    )
    pallets = load_with(*seats, pallets=(Watcher, Coin)).pallets
    watcher: Any = pallets["Watcher"]
    assert watcher.dice == (pallets["First"], pallets["Second"])
    assert list(pallets) == ["System", "Timestamp", "First", "Second", "Watcher"]


def test_wiring_that_leads_nowhere_is_named() -> None:
    assert refusal_of(lambda: with_pallet(Watcher, uses={"clock": "Moon"})) == (
        "Watcher uses 'Moon' as its clock, and the chain has no such pallet"
    )
    assert refusal_of(lambda: with_pallet(Watcher, uses={"clock": "System"})) == (
        "Watcher uses 'System' as its clock, and that does not provide Clock"
    )
    assert refusal_of(lambda: with_pallet(Watcher, uses={"sun": "Timestamp"})) == (
        "Watcher uses 'sun', and the pallet is given nothing of that name"
    )


class Chicken(Pallet[NoEvent, NoError]):
    """Provides a clock, and needs dice."""

    dice: Beacon

    def moment(self) -> int:
        return 1


class Egg(Pallet[NoEvent, NoError]):
    """Provides dice, and needs a clock."""

    clock: Clock

    def randomness(self) -> bytes:
        return b""

    def is_biasable(self) -> bool:
        return True


def test_pallets_may_need_one_another() -> None:
    seats = (
        SeatSpec(index=8, pallet="Chicken"),
        SeatSpec(index=9, pallet="Egg", uses={"clock": "Chicken"}),
    )
    pallets = load_with(*seats, pallets=(Chicken, Egg)).pallets
    chicken, egg = pallets["Chicken"], pallets["Egg"]
    assert isinstance(chicken, Chicken) and chicken.dice is egg
    assert isinstance(egg, Egg) and egg.clock is chicken


# Config.


class Config(Struct):
    """Constants."""

    limit: U8
    name: str = "x"


class Configured(Pallet[NoEvent, NoError]):
    """Takes constants."""

    config: Config


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "limit: is missing"),
        ({"limit": 256}, "limit: 256 is outside [0, 255]"),
        ({"limit": True}, "limit: True is no whole number"),
        ({"limit": 1, "name": 2}, "name: 2 is no text"),
        ({"limit": 1, "colour": 2}, "colour: no field of that name; fields are: limit, name"),
    ],
)
def test_constants_that_do_not_fit_are_named(config: dict[str, Any], message: str) -> None:
    assert refusal_of(lambda: with_pallet(Configured, config=config)) == f"Configured: config: {message}"


def test_constants_for_nobody_are_refused() -> None:
    assert refusal_of(lambda: with_pallet(Sundial, config={"hours": 12})) == (
        "Sundial takes no config, and the chain spec gives hours"
    )


# The executive's partners, and the extensions.


class Books(Pallet[NoEvent, NoError]):
    """Counts nonces too."""

    def nonce(self, who: bytes) -> int:
        return 0

    def use_nonce(self, who: bytes, nonce: int) -> int:
        return 0


def test_a_chain_without_system_is_refused() -> None:
    found = {"Sundial": Found(pallet=Sundial)}
    spec = RuntimeSpec(spec_version=1, pallets=(SeatSpec(index=0, pallet="Sundial"),), extensions=())
    assert refusal_of(lambda: load(spec, found)) == (
        "a transaction extension needs exactly one pallet that provides Blocks; there is: none"
    )
    assert refusal_of(lambda: with_pallet(Books)) == (
        "a transaction extension needs exactly one pallet that provides Nonces; there is: System, Books"
    )


class Stamp(TransactionExtension):
    """Carries a number."""

    identifier = "Stamp"
    extra_type = U32


class Stamping(Pallet[NoEvent, NoError]):
    """Provides an extension."""

    def extensions(self) -> tuple[TransactionExtension, ...]:
        return (Stamp(),)


def test_the_chain_spec_orders_the_extensions() -> None:
    assert refusal_of(lambda: load_with(extensions=("CheckNonce", "Stamp"))) == (
        "transaction extension 'Stamp' is provided by no pallet; known are: CheckSpecVersion, "
        "CheckTxVersion, CheckGenesis, CheckMortality, CheckNonce"
    )
    runtime = load_with(
        SeatSpec(index=5, pallet="Stamping"), pallets=(Stamping,), extensions=("Stamp", "CheckNonce")
    )
    assert [each.identifier for each in runtime.parts.extensions] == ["Stamp", "CheckNonce"]
    assert runtime.parts.codec.extras((7, 3)) == bytes([7, 0, 0, 0, 12])


# What is made.


def test_the_manifest_names_the_code_of_every_seat() -> None:
    found = {
        "System": Found(pallet=System, distribution="ballast-chain", version="0.1.0", digest=bytes([1]) * 32),
        "Timestamp": Found(pallet=Timestamp, distribution="other", version="2", digest=bytes([2]) * 32),
    }
    runtime = load(
        RuntimeSpec(spec_version=7, pallets=BASIC, extensions=()), found, runtime_digest=bytes([3]) * 32
    )
    manifest = runtime.manifest
    assert (manifest.spec_version, manifest.runtime) == (7, bytes([3]) * 32)
    assert [(each.index, each.name, each.distribution, each.version) for each in manifest.pallets] == [
        (0, "System", "ballast-chain", "0.1.0"),
        (1, "Timestamp", "other", "2"),
    ]
    assert runtime.version.spec_version == 7


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        (
            lambda: with_pallet(Configured, config={"limit": 2}),
            "Configured has other constants or uses other pallets here",
        ),
        (
            lambda: load_with(
                SeatSpec(index=9, pallet="Configured", config={"limit": 1}),
                pallets=(Configured,),
                extensions=EXTENSIONS[:-2],
            ),
            "the transaction extensions differ",
        ),
    ],
    ids=["a constant", "an extension less"],
)
def test_the_manifest_binds_what_the_chain_spec_says(other: Callable[[], Runtime], difference: str) -> None:
    """Two nodes whose specs differ in a constant have two chains, and know it from the genesis on."""
    one = with_pallet(Configured, config={"limit": 1}).manifest
    assert one.differences(one) == ()
    assert one.differences(other().manifest) == (difference,)


def test_the_manifest_binds_who_serves_whom() -> None:
    def told(clock: str) -> Manifest:
        seats = (
            SeatSpec(index=7, pallet="Sundial"),
            SeatSpec(index=8, pallet="Watcher", uses={"clock": clock}),
        )
        return load_with(*seats, pallets=(Sundial, Watcher)).manifest

    assert told("Sundial").differences(told("Timestamp")) == (
        "Watcher has other constants or uses other pallets here",
    )


def test_a_runtime_knows_its_hosts_types() -> None:
    runtime = load_with()
    assert isinstance(runtime.host, Host)
    assert runtime.host.version is runtime.version
