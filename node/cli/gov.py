"""`ballast gov`: what holders propose and decide, and what that would do to the coin.

Reading is in `gov_list`, `gov_show` and `gov_what_if`; acting in `gov_propose`, `gov_vote`, `gov_delegate`,
`gov_coins` and `gov_refund`.
"""

from __future__ import annotations

from cyclopts import App

from node.cli import (
    gov_coins,
    gov_delegate,
    gov_list,
    gov_propose,
    gov_refund,
    gov_show,
    gov_vote,
    gov_what_if,
)

app = App(
    name="gov",
    help_epilogue="""Only coins that were enrolled for a week count. An aye with conviction counts
more, and its coins stay locked after the end if it won.

Examples:
  ballast gov list
  ballast gov list --mine //Alice          what she has not voted on
  ballast gov show 3 --account //Alice
  ballast gov what-if 3
  ballast gov enroll 1000 --from //Alice
  ballast gov vote 3 4 aye --coins 500 --conviction 2 --from //Alice
  ballast gov vote 5 split --aye 100 --nay 50 --from //Alice
  ballast gov delegate fees_looser //Bob --from //Alice
  ballast gov propose --param Reserve.TargetPpb=60000000 --from //Alice
  ballast gov propose Referenda.kill index=2 --track root --from //Bob
  ballast gov unlock --from //Alice
  ballast gov refund 3 --from //Alice      its deposits, once it has ended
  ballast gov history""",
)

app.command(gov_list.list_, name="list")
app.command(gov_show.show)
app.command(gov_propose.propose)
app.command(gov_vote.vote)
app.command(gov_delegate.delegate)
app.command(gov_delegate.undelegate)
app.command(gov_coins.enroll)
app.command(gov_coins.withdraw)
app.command(gov_coins.unlock)
app.command(gov_refund.refund)
app.command(gov_list.history)
app.command(gov_what_if.what_if, name="what-if")
