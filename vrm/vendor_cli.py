"""The command line `vendor`: a vendor's side of a personal-request market."""

from typing import NoReturn

from vrm import console
from vrm.vendor_commands import (
    account,
    answering,
    automatic,
    bidding,
    brand,
    conversing,
    delivering,
    disclosures,
    disputing,
    filtering,
    handing,
    looking,
    rating,
    receipts,
    reporting,
    signing,
    telling,
    verifying,
)

HELP = """Sell on a personal-request market: see what customers ask for, bid, deliver.

A first day:

    vendor init --market https://market.example

    vendor register --name "Corner Toys" --at 60614 \\
        --category toys --delivery pickup --terms PDC-INTENT

    vendor board --category toys --near 60614 --within-km 20

    vendor run --stock stock.csv --rules rules.toml --dry-run

The key's passphrase comes from a prompt, --passphrase-file or
VRM_PASSPHRASE_FILE; the folder from --home or VENDOR_HOME.

Exit codes: 0 done, 1 refused by the market, 2 wrong use,
3 no market there, 130 interrupted.
"""

app = console.application(HELP)
for command in (
    account.init,
    account.register,
    account.capacity,
    looking.board,
    bidding.bid,
    bidding.ask,
    bidding.bids,
    bidding.withdraw,
    looking.inbox,
    answering.assignments,
    answering.accept,
    answering.decline,
    telling.events,
    disclosures.disclosures,
    disclosures.confirmations,
    delivering.deliveries,
    delivering.ship,
    conversing.message,
    conversing.messages,
    rating.rate,
    rating.ratings,
    rating.reputation,
    rating.answer_rating,
    delivering.cancel,
    handing.handover,
    disputing.dispute,
    disputing.disputes,
    receipts.receipts,
    verifying.verify,
    automatic.run,
    brand.report,
    signing.sign,
):
    app.command()(command)
app.add_typer(brand.app, name="item")
app.add_typer(telling.webhook, name="webhook")
app.add_typer(filtering.app, name="filter")
app.command("report-document")(reporting.report_document)
app.command("sign-read")(signing.sign_read)


def main() -> NoReturn:
    """Run the command line; see `vrm.console` for the exit codes."""
    console.main(app, "vendor")


if __name__ == "__main__":
    main()
