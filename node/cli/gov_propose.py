"""`ballast gov propose`: a call put to the vote, with its preimage and, if wanted, its decision deposit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from governance.parameters.types import ParameterInfo
from governance.referenda.status import After, At, DispatchTime
from governance.referenda.types import Submitted
from governance.tracks import Track
from governance.whatif import Look
from governance.whatif.types import BlockBroken
from node.cli.arguments import named
from node.cli.faults import Fault, Refused
from node.cli.gov_api import GovApi, asking_gov
from node.cli.gov_words import together_rows, tree_lines
from node.cli.output import columns, print_json, say
from node.cli.sending import Sending, price, submit, tell
from node.gov.calls import tree
from node.gov.drafts import bound, origin_of, submission, together, track_for_moves, track_named
from node.gov.looks import plain_look, refusal_words
from node.wallet.signer import Keypair
from runtime.frame import Call
from runtime.frame.plain import PlainError
from runtime.scale.errors import show

BLOCK_MAX: Final = (1 << 32) - 1


async def propose(
    call: Annotated[str | None, Parameter(help="The call, as Pallet.call, or as a JSON object.")] = None,
    /,
    *arguments: Annotated[str, Parameter(help="Its arguments, each as NAME=VALUE.")],
    param: Annotated[
        tuple[str, ...],
        Parameter(
            negative="", help="Instead of a call: PATH=VALUE, a parameter to move. Several move together."
        ),
    ] = (),
    track: Annotated[
        str | None,
        Parameter(help="The track that decides; for parameters, the quickest one that may, unless given."),
    ] = None,
    deposit: Annotated[
        bool, Parameter(negative="", show_default=False, help="Put up the decision deposit too.")
    ] = False,
    enact_at: Annotated[
        int | None,
        Parameter(validator=Number(gte=0, lte=BLOCK_MAX), help="The block that runs it, if not too early."),
    ] = None,
    enact_after: Annotated[
        int | None,
        Parameter(
            validator=Number(gte=0, lte=BLOCK_MAX),
            help="So many blocks after its approval, if not too early.",
        ),
    ] = None,
    sending: Sending,
) -> None:
    """Put a call to the vote: note its preimage if it is long, and submit it, all at once or not at all."""
    if (call is None) == (not param):
        raise Fault("propose a call, as Pallet.call NAME=VALUE, or parameters, as --param PATH=VALUE")
    if enact_at is not None and enact_after is not None:
        raise Fault("give --enact-at or --enact-after, not both")
    when = At(enact_at) if enact_at is not None else After(enact_after or 0)
    pair = sending.pair()
    async with asking_gov(sending.rpc, sending.chain) as api:
        if call is None:
            made, found = await _moves(api, param, track)
        elif track is None:
            raise Fault("say which track decides: --track root, or one that may do this")
        else:
            made, found = _call(api, call, arguments), track_named(track)
        look: Look = await api.ask(api.gov.what_if.look, made, origin_of(found.id))
        draft = await _draft(api, made, found, when, deposit=deposit)
        if sending.dry_run:
            await _rehearse(api, made, found, look, draft, pair, sending)
            return
        _check(api, look)
        included = await submit(api.remote, draft, pair, sending)
        index = next((each.index for each in included.events if isinstance(each, Submitted)), None)
        lines = [
            f"Referendum {index} on {found.name}: `ballast gov show {index}`",
            *([] if deposit else [_deposit_words(api, found, index)]),
        ]
        tell(api.remote, draft, included, *lines, as_json=sending.json, referendum=index, track=found.name)


def _deposit_words(api: GovApi, track: Track, index: int | None) -> str:
    amount = api.words.coin.words(track.decision_deposit)
    return (
        f"It is decided once somebody puts up {amount}: "
        f"`ballast tx Referenda.place_decision_deposit index={index}`"
    )


def _call(api: GovApi, name: str, arguments: Sequence[str]) -> Call:
    """The call in the words of `ballast tx`, or one JSON object. Raises Fault."""
    if name.startswith("{"):
        if arguments:
            raise Fault("a call that is a JSON object has its arguments in it")
        try:
            return api.words.call_from(name)
        except PlainError as error:
            raise Fault(str(error)) from None
    return api.words.call(name, named(arguments))


async def _moves(api: GovApi, given: Sequence[str], track: str | None) -> tuple[Call, Track]:
    """The call that moves parameters, and the track that decides of it. Raises Fault."""
    moves: dict[str, tuple[ParameterInfo, int]] = {}
    for path, text in named(given, what="PATH=VALUE").items():
        info = await api.parameter(path)
        moves[path] = info, value_of(info, text)
    calls = [api.gov.parameters.set_parameter.call(path, value) for path, (_, value) in moves.items()]
    found = track_for_moves(list(moves.values())) if track is None else track_named(track)
    return together(api.gov, calls), found


def value_of(info: ParameterInfo, text: str) -> int:
    """The value that a parameter shall have, within where it may stand next. Raises Fault."""
    digits = text.replace("_", "").replace(",", "")
    if not (digits.isascii() and digits.isdecimal()):
        raise Fault(f"{info.path}: {show(text)} is no number")
    value = int(digits)
    if value == info.value:
        raise Fault(f"{info.path} is {value:,} already")
    if not info.low <= value <= info.high:
        raise Fault(f"{info.path} stands between {info.low:,} and {info.high:,}, and {value:,} is outside")
    if not info.least <= value <= info.most:
        raise Fault(
            f"{info.path} may move to {info.least:,} at least and {info.most:,} at most now: no two values "
            f"within 14 days are further apart than {info.step or 0:,}"
        )
    return value


async def _draft(api: GovApi, made: Call, track: Track, when: DispatchTime, *, deposit: bool) -> Call:
    """Everything that proposes the call, at once."""
    proposal, preimage = bound(api.gov, made)
    is_noted = preimage is not None and await api.view(partial(api.gov.preimages.have, proposal))
    index = await api.view(lambda: api.gov.referenda.referendum_count) if deposit else None
    return submission(api.gov, made, track.id, when, is_noted=is_noted, index=index)


async def _rehearse(
    api: GovApi, made: Call, track: Track, look: Look, draft: Call, pair: Keypair, how: Sending
) -> None:
    """Say what would be proposed, what that would do to the coin now, and what proposing it costs."""
    priced = await price(api.remote, draft, pair, how)
    if how.json:
        plain = {"track": track.name, "look": plain_look(api.words, look)}
        print_json(plain | priced.plain)
    else:
        say(f"Proposes, on {track.name}")
        for line in tree_lines(api.words, tree(made)):
            say(line)
        say("What it would do now, without it -> with it")
        for line in columns(together_rows(api.words, [("", look)])[1:], indent="  "):
            say(line)
        say(priced.line)
    _check(api, look)
    priced.check()


def _check(api: GovApi, look: Look) -> None:
    """Refuse what the chain would refuse at its submission, with the reason. Raises `Refused`."""
    if look.refusal is not None and not isinstance(look.refusal, BlockBroken):
        raise Refused(refusal_words(api.words, look.refusal))
