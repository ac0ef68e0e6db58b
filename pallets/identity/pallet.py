"""Identity: who a provider is before the law, and who has looked.

    set_identity --> request_judgement (fee on hold) --> provide_judgement --KnownGood--> Accountable

An account writes who answers for it: a legal entity, where it is registered, and the hash of a public text
in which it promises to serve. A registrar looks at the papers and says what it thinks of exactly that record.
One KnownGood of a registrar that is still one makes the account's provider Accountable; when it is withdrawn,
when the record changes or goes, the provider is what it has earned by itself. Registrars are chosen on the
track for lists, or by root.
"""

from __future__ import annotations

from typing import Final

from pallets.identity import types as t
from pallets.identity import weights
from runtime.crypto.hashing import blake2b_256
from runtime.frame import Pallet, Root, Signed, StorageMap, StorageValue, call, hookimpl, runtime_api
from runtime.frame.coin import COIN_API, COIN_API_VERSION, Issuers, Ledger, ProviderState, Tier
from runtime.frame.interfaces import Currency
from runtime.frame.voted import Lists
from runtime.scale import Codec, codec_of
from runtime.types import AccountId, Balance, Hash, db

DEPOSIT: Final = t.Deposit()
FEE: Final = t.JudgementFee()
SETTLE: Final = db(reads=12, writes=12)
"""A tier that moves, with all that follows from it."""
_ENTITY: Final[Codec[t.LegalEntity]] = codec_of(t.LegalEntity)


class Identity(Pallet[t.IdentityEvent, t.IdentityError]):
    """Records of legal entities, and what registrars say of them."""

    hold_reason = t.HoldReason
    config: t.Config
    coin: Currency
    issuers: Issuers
    ledger: Ledger

    registrars = StorageValue[t.Registrars](
        default=(), doc="Every registrar that ever was, by number; nothing in the place of one removed."
    )
    identity_of = StorageMap[AccountId, t.Registration](doc="Records by account.")

    @hookimpl
    def build_genesis(self, genesis: t.Genesis) -> None:
        for account in genesis.registrars:
            self._add_registrar(account)

    # Calls: registrars come and go.

    @call(index=0, weight=weights.ADD_REGISTRAR)
    def add_registrar(self, origin: Root | Lists, account: AccountId) -> None:
        """Let an account judge records."""
        self._add_registrar(account)

    @call(index=11, weight=weights.REMOVE_REGISTRAR)
    def remove_registrar(self, origin: Root | Lists, registrar: t.RegistrarIndex) -> None:
        """Let a registrar judge no more. What it said counts until somebody reviews the record."""
        self._registrar(registrar)
        self._put_registrar(registrar, None)
        self.emit(t.RegistrarRemoved(registrar))

    @call(index=6, weight=weights.SET_FEE)
    def set_fee(self, origin: Signed, registrar: t.RegistrarIndex, fee: Balance) -> None:
        """Say what a judgement costs."""
        info = self._registrar(registrar, origin.who)
        self._put_registrar(registrar, info.replace(fee=fee))

    @call(index=9, weight=db(reads=4, writes=4) + SETTLE)
    def provide_judgement(
        self,
        origin: Signed,
        registrar: t.RegistrarIndex,
        target: AccountId,
        judgement: t.Judgement,
        identity: Hash,
    ) -> None:
        """Judge the record of an account: exactly the one of which `identity` is the hash. A later judgement
        takes the place of an earlier one.
        """
        self._registrar(registrar, origin.who)
        if isinstance(judgement, (t.Unknown, t.FeePaid)):
            raise t.InvalidJudgement
        if target == origin.who:
            raise t.OwnJudgement
        record = self._record(target)
        if identity != hash_of(record.info):
            raise t.JudgementForDifferentIdentity
        asked = _judged(record, registrar)
        if isinstance(asked, t.FeePaid) and asked.fee:
            self.coin.transfer_on_hold(FEE, target, origin.who, asked.fee)
        self.identity_of[target] = _with(record, registrar, judgement)
        self.emit(t.JudgementGiven(target, registrar))
        self._settle(target)

    # Calls: whose record it is.

    @call(index=1, weight=db(reads=4, writes=4) + SETTLE)
    def set_identity(self, origin: Signed, info: t.LegalEntity) -> None:
        """Write who answers for one's account, with a deposit. Judgements of another record are gone, but for
        those that were asked for and `Erroneous`.
        """
        _check(info)
        who, old = origin.who, self.identity_of.get(origin.who)
        config = self.config
        deposit = config.basic_deposit + config.byte_deposit * len(_ENTITY.encode(info))
        held = 0 if old is None else old.deposit
        if deposit > held:
            self.coin.hold(DEPOSIT, who, deposit - held)
        elif deposit < held:
            self.coin.release(DEPOSIT, who, held - deposit)
        judgements = () if old is None else old.judgements
        if old is not None and old.info != info:
            judgements = tuple(each for each in judgements if _is_sticky(each.judgement))
        vouched = old is not None and old.vouched
        self.identity_of[who] = t.Registration(judgements, deposit, info, vouched)
        self.emit(t.IdentitySet(who))
        self._settle(who)

    @call(index=3, weight=db(reads=4, writes=4) + SETTLE)
    def clear_identity(self, origin: Signed) -> None:
        """Take one's record back, and its deposit."""
        record = self._remove(origin.who)
        self.coin.release(DEPOSIT, origin.who, record.deposit)
        self.emit(t.IdentityCleared(origin.who, record.deposit))

    @call(index=4, weight=weights.REQUEST_JUDGEMENT)
    def request_judgement(self, origin: Signed, registrar: t.RegistrarIndex, max_fee: Balance) -> None:
        """Ask a registrar to judge one's record; its fee, at most `max_fee`, is on hold until it does. What
        it said before counts no more.
        """
        who, record = origin.who, self._record(origin.who)
        info = self._registrar(registrar)
        if info.fee > max_fee:
            raise t.FeeChanged
        if _is_sticky(_judged(record, registrar)):
            raise t.StickyJudgement
        if info.fee:
            self.coin.hold(FEE, who, info.fee)
        self.identity_of[who] = _with(record, registrar, t.FeePaid(info.fee))
        self.emit(t.JudgementRequested(who, registrar))
        self._settle(who)

    @call(index=5, weight=weights.CANCEL_REQUEST)
    def cancel_request(self, origin: Signed, registrar: t.RegistrarIndex) -> None:
        """Ask no more, and have the fee back."""
        who, record = origin.who, self._record(origin.who)
        asked = _judged(record, registrar)
        if not isinstance(asked, t.FeePaid):
            raise t.NotRequested
        if asked.fee:
            self.coin.release(FEE, who, asked.fee)
        self.identity_of[who] = _with(record, registrar, None)
        self.emit(t.JudgementUnrequested(who, registrar))

    # Calls: others.

    @call(index=10, weight=db(reads=4, writes=4) + SETTLE)
    def kill_identity(self, origin: Root, target: AccountId) -> None:
        """Strike out a record; its deposit is the reserve's."""
        record = self._remove(target)
        self.coin.transfer_on_hold(DEPOSIT, target, self.ledger.reserve_account(), record.deposit)
        self.emit(t.IdentityKilled(target, record.deposit))

    @call(index=12, weight=db(reads=2, writes=1) + SETTLE)
    def review(self, origin: Signed, target: AccountId) -> None:
        """Look again at a record that was judged before its account was a provider, or whose registrar is
        one no more. Anybody may.
        """
        self._record(target)
        self._settle(target)

    # What a record is worth.

    def _settle(self, who: AccountId) -> None:
        """Make the provider's tier what the record says, and take back what only the record gave."""
        record = self.identity_of[who]
        if self.issuers.state_of(who) in (None, ProviderState.Banned):
            return
        if self._is_known_good(record):
            self.issuers.vouch(who, Tier.Accountable)
            if not record.vouched:
                self.identity_of[who] = record.replace(vouched=True)
                self.emit(t.Vouched(who))
        elif record.vouched:
            self.issuers.vouch(who, Tier.Anonymous)
            self.identity_of[who] = record.replace(vouched=False)
            self.emit(t.Disavowed(who))

    def _is_known_good(self, record: t.Registration) -> bool:
        registrars = self.registrars
        return any(
            isinstance(each.judgement, t.KnownGood) and registrars[each.registrar] is not None
            for each in record.judgements
        )

    def _remove(self, who: AccountId) -> t.Registration:
        """Take a record away with all that was said of it; what becomes of its deposit is the caller's."""
        record = self._record(who)
        fees = sum(each.judgement.fee for each in record.judgements if isinstance(each.judgement, t.FeePaid))
        if fees:
            self.coin.release(FEE, who, fees)
        self.identity_of[who] = record.replace(judgements=())
        self._settle(who)
        del self.identity_of[who]
        return record

    # Looking.

    @runtime_api(COIN_API, version=COIN_API_VERSION)
    def query_entities(self, whose: t.Accounts) -> t.Entities:
        """Who answers for each of these accounts; nothing where there is no record."""
        found = map(self.identity_of.get, whose)
        return tuple(None if each is None else t.EntityInfo(each.info, each.vouched) for each in found)

    def _record(self, who: AccountId) -> t.Registration:
        record = self.identity_of.get(who)
        if record is None:
            raise t.NoIdentity
        return record

    def _registrar(self, index: int, who: AccountId | None = None) -> t.RegistrarInfo:
        """The registrar of a number, who is `who`, if that is given."""
        registrars = self.registrars
        info = registrars[index] if index < len(registrars) else None
        if info is None:
            raise t.EmptyIndex
        if who is not None and info.account != who:
            raise t.InvalidIndex
        return info

    def _add_registrar(self, account: AccountId) -> None:
        index = len(self.registrars)
        if index >= t.REGISTRARS_MAX:
            raise t.TooManyRegistrars
        self.registrars = (*self.registrars, t.RegistrarInfo(account))
        self.emit(t.RegistrarAdded(index, account))

    def _put_registrar(self, index: int, info: t.RegistrarInfo | None) -> None:
        registrars = self.registrars
        self.registrars = (*registrars[:index], info, *registrars[index + 1 :])

    @hookimpl
    def try_state(self) -> None:
        for who, record in self.identity_of.items():
            name = f"0x{who.hex()}"
            asked = sum(
                each.judgement.fee for each in record.judgements if isinstance(each.judgement, t.FeePaid)
            )
            assert self.coin.on_hold(DEPOSIT, who) == record.deposit, f"the deposit of {name} is not on hold"
            assert self.coin.on_hold(FEE, who) == asked, f"the fees of {name} are not on hold"
            numbers = [each.registrar for each in record.judgements]
            assert numbers == sorted(set(numbers)), f"a registrar judges {name} twice"


def hash_of(info: t.LegalEntity) -> Hash:
    """By what a registrar names the record that it has seen: BLAKE2b-256 of its encoding."""
    return blake2b_256(_ENTITY.encode(info))


def _check(info: t.LegalEntity) -> None:
    """Refuse a record that names nobody."""
    if not (info.name.strip() and info.number.strip() and info.jurisdiction.isalpha()):
        raise t.Incomplete
    if not info.jurisdiction.isupper():
        raise t.Incomplete
    for text in (info.name, info.number, info.web):
        try:
            text.decode("utf-8")
        except UnicodeDecodeError:
            raise t.Incomplete from None


def _judged(record: t.Registration, registrar: int) -> t.Judgement:
    for each in record.judgements:
        if each.registrar == registrar:
            return each.judgement
    return t.Unknown()


def _with(record: t.Registration, registrar: int, judgement: t.Judgement | None) -> t.Registration:
    """The record with another judgement of one registrar, or with none; in the order of registrars."""
    others = [each for each in record.judgements if each.registrar != registrar]
    if judgement is not None:
        others.append(t.GivenJudgement(registrar, judgement))
    return record.replace(judgements=tuple(sorted(others, key=lambda each: each.registrar)))


def _is_sticky(judgement: t.Judgement) -> bool:
    """Whether a judgement outlives the record that it was of."""
    return isinstance(judgement, (t.FeePaid, t.Erroneous))
