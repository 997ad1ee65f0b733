"""What `vrm sync` asks its owner once for each way of delivery: what vendors that accept are told."""

import typer

from vrm import console
from vrm.commands.disclosing import contact_of
from vrm.errors import UsageError
from vrm.wallet import Wallet, disclosing
from vrm.wallet.own import OwnRequest

_DELIVERS = {
    "ship": "A vendor that ships needs a name and an address.",
    "on-site": "A vendor that comes to you needs a name and an address.",
    "pickup": "A vendor where you pick things up needs a name.",
}


def settle_contacts(wallet: Wallet) -> bool:
    """Ask what is not settled, and keep the answers; tells whether there is something to tell now."""
    settled = False
    for entry in disclosing.unsettled(wallet.read()):
        settled |= _settle(wallet, entry)
    return settled


def _settle(wallet: Wallet, entry: OwnRequest) -> bool:
    if entry.assigned is None:
        return False
    way = entry.assigned.delivery
    console.note(f"The vendor of {console.plain(entry.body.need.title)} has accepted.")
    console.note(
        f"{_DELIVERS[way]} What you answer is kept in the wallet, and sealed for each vendor that accepts to "
        "deliver so. An empty name: you tell each by hand, with `vrm disclose`."
    )
    while True:
        name = _asked("Name")
        if not name:
            disclosing.leave_to_hand(wallet, entry)
            return False
        address: list[str] = []
        while way != "pickup" and (line := _asked("Address, a line (empty: no more)")):
            address.append(line)
        try:
            contact = contact_of(name=name, address=tuple(address) or None)
            disclosing.settle(wallet, entry, contact)
        except UsageError as error:
            console.note(console.describe(error))
        else:
            return True


def _asked(what: str) -> str:
    answer: str = typer.prompt(what, default="", show_default=False, err=True)
    return answer.strip()
