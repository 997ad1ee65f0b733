"""The command line `vrm`: the customer's side of a personal-request market."""

from typing import NoReturn

from vrm import console
from vrm.commands import (
    bids,
    conversing,
    disclosing,
    disputing,
    items,
    members,
    posting,
    profile,
    rating,
    receipts,
    reporting,
    requests,
    setup,
    syncing,
)

HELP = """Ask a personal-request market for what you need; vendors answer with bids.

A first day:

    vrm init --market https://market.example
    vrm join
    vrm tokens
    vrm place home 60601
    vrm request "Twin stroller" --category baby --at-most 250.00 --pickup
    vrm bids
    vrm sync

Requests are anonymous: each is signed by a fresh key and shows a coarse
area, never your name or profile.

The passphrase comes from a prompt, --passphrase-file or
VRM_PASSPHRASE_FILE; the wallet's folder from --home or VRM_HOME.
Every command takes --json.

Exit codes: 0 done, 1 refused by the market or a check failed, 2 wrong use,
3 no market there, 130 interrupted.
"""

app = console.application(HELP)
app.command()(setup.init)
app.add_typer(profile.app, name="profile")
for command in (
    setup.phrase,
    setup.place,
    members.join,
    members.tokens,
    members.stamps,
    members.sponsor,
    members.rotate,
    members.leave,
    items.items,
    posting.request,
    requests.requests,
    bids.bids,
    bids.prefer,
    bids.questions,
    bids.answer,
    disclosing.disclose,
    disclosing.ledger,
    conversing.message,
    conversing.messages,
    disputing.dispute,
    disputing.disputes,
    disclosing.received,
    rating.rate,
    rating.answer_rating,
    rating.vendors,
    rating.like_me,
    disclosing.cancel,
    disclosing.handover,
    requests.withdraw,
    posting.send,
    receipts.receipts,
    reporting.report,
    syncing.sync,
    syncing.watch,
    syncing.calendar,
    setup.market,
    setup.move,
):
    app.command()(command)


def main() -> NoReturn:
    """Run the command line; see `vrm.console` for the exit codes."""
    console.main(app, "vrm")
