"""What Identity stores, tells and refuses: the names of Substrate's identity pallet where it has the same."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from runtime.frame import Error, Event
from runtime.scale import U32, Doc, Enum, Fixed, Max, Struct
from runtime.types import AccountId, Balance, Hash

REGISTRARS_MAX: Final = 64
"""The most registrars that a chain ever has: a number is never given again."""
ENTITIES_MAX: Final = 64
"""The most records that are asked for at once."""
NAME_BYTES_MAX: Final = 128
WEB_BYTES_MAX: Final = 256
NUMBER_BYTES_MAX: Final = 64
RegistrarIndex: TypeAlias = U32


class Config(Struct):
    """Constants of the chain."""

    basic_deposit: Annotated[Balance, Doc("What a record costs while it stands.")]
    byte_deposit: Annotated[Balance, Doc("And each byte of it, encoded.")]


class LegalEntity(Struct):
    """Who answers for an account, before which court, and by which public word."""

    name: Annotated[bytes, Max(NAME_BYTES_MAX), Doc("The entity's name, in UTF-8.")]
    jurisdiction: Annotated[bytes, Fixed(2), Doc("Where it is registered: the two letters of ISO 3166-1.")]
    number: Annotated[bytes, Max(NUMBER_BYTES_MAX), Doc("Its number in that register, in UTF-8.")]
    undertaking: Annotated[Hash, Doc("BLAKE2b-256 of the text in which it promises in public to serve.")]
    web: Annotated[bytes, Max(WEB_BYTES_MAX), Doc("Where that text can be read, in UTF-8; may be empty.")]


class Judgement(Enum):
    """What a registrar says of a record."""


class Unknown(Judgement, index=0):
    """Nothing."""


class FeePaid(Judgement, index=1):
    """Nothing yet: the fee is on hold."""

    fee: Balance


class Reasonable(Judgement, index=2):
    """It looks right; nobody looked closely."""


class KnownGood(Judgement, index=3):
    """Papers were seen, and the record is true: this makes a provider Accountable."""


class OutOfDate(Judgement, index=4):
    """It was true once."""


class LowQuality(Judgement, index=5):
    """It is incomplete or careless, and may be mended."""


class Erroneous(Judgement, index=6):
    """It is false. This judgement outlives the record that it was of."""


class GivenJudgement(Struct):
    """A judgement and whose it is."""

    registrar: RegistrarIndex
    judgement: Judgement


class Registration(Struct):
    """An account's record, and what was said of it."""

    judgements: Annotated[tuple[GivenJudgement, ...], Max(REGISTRARS_MAX)]
    deposit: Balance
    info: LegalEntity
    vouched: Annotated[bool, Doc("Whether the account is Accountable by this record.")] = False


class EntityInfo(Struct):
    """Who answers for an account, as others are told."""

    info: LegalEntity
    vouched: Annotated[bool, Doc("Whether the account is Accountable by this record.")]


class RegistrarInfo(Struct):
    """Who may judge."""

    account: AccountId
    fee: Annotated[Balance, Doc("What a judgement costs.")] = 0


Accounts: TypeAlias = Annotated[tuple[AccountId, ...], Max(ENTITIES_MAX)]
Entities: TypeAlias = Annotated[tuple[EntityInfo | None, ...], Max(ENTITIES_MAX)]
Registrars: TypeAlias = Annotated[tuple[RegistrarInfo | None, ...], Max(REGISTRARS_MAX)]


class Genesis(Struct):
    """Who may judge from the first block on."""

    registrars: tuple[AccountId, ...] = ()


class HoldReason(Enum):
    """Why Identity holds coins."""


class Deposit(HoldReason, index=0):
    """A record."""


class JudgementFee(HoldReason, index=1):
    """A judgement that was asked for and not given yet."""


class IdentityEvent(Event):
    """What Identity tells the world."""


class IdentitySet(IdentityEvent, index=0):
    """An account wrote its record; judgements of the one before are gone."""

    who: AccountId


class IdentityCleared(IdentityEvent, index=1):
    """An account took its record back."""

    who: AccountId
    deposit: Balance


class IdentityKilled(IdentityEvent, index=2):
    """A record was struck out, and its deposit is the reserve's."""

    who: AccountId
    deposit: Balance


class JudgementRequested(IdentityEvent, index=3):
    """An account asks a registrar."""

    who: AccountId
    registrar: RegistrarIndex


class JudgementUnrequested(IdentityEvent, index=4):
    """It does not ask any more."""

    who: AccountId
    registrar: RegistrarIndex


class JudgementGiven(IdentityEvent, index=5):
    """A registrar judged a record."""

    target: AccountId
    registrar: RegistrarIndex


class RegistrarAdded(IdentityEvent, index=6):
    """There is one more registrar."""

    registrar: RegistrarIndex
    account: AccountId


class RegistrarRemoved(IdentityEvent, index=7):
    """A registrar may judge no more, and what it said counts no more once a record is reviewed."""

    registrar: RegistrarIndex


class Vouched(IdentityEvent, index=8):
    """A provider is Accountable by its record."""

    who: AccountId


class Disavowed(IdentityEvent, index=9):
    """A provider is Accountable by its record no more."""

    who: AccountId


class IdentityError(Error):
    """Why Identity refuses."""


class NoIdentity(IdentityError, index=0):
    """The account has no record."""


class EmptyIndex(IdentityError, index=1):
    """There is no registrar of this number."""


class FeeChanged(IdentityError, index=2):
    """The registrar asks for more than the fee that was named."""


class StickyJudgement(IdentityError, index=3):
    """The registrar has judged the account Erroneous, or was asked already."""


class NotRequested(IdentityError, index=4):
    """The registrar was not asked, or has answered."""


class InvalidJudgement(IdentityError, index=5):
    """A registrar says something: neither Unknown nor FeePaid."""


class InvalidIndex(IdentityError, index=6):
    """The signer is not the registrar of this number."""


class TooManyRegistrars(IdentityError, index=7):
    """The chain has had as many registrars as it can."""


class JudgementForDifferentIdentity(IdentityError, index=8):
    """The record is not the one that the registrar has seen: look at it again."""


class Incomplete(IdentityError, index=9):
    """A record has a name, a jurisdiction of two capital letters and a number, all in UTF-8."""


class OwnJudgement(IdentityError, index=10):
    """Nobody judges his own record."""
