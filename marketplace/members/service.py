"""The use cases about members."""

import secrets
from collections.abc import Mapping
from typing import Final, cast

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from crypto.http_signatures import VerifiedRequest
from marketplace.db import AnyRow, take_turns
from marketplace.errors import Refused
from marketplace.log import service as log
from marketplace.market import Market
from marketplace.members import repository
from marketplace.members.rules import (
    chain_of,
    check_continues,
    check_epoch,
    check_newer,
    check_profile,
    read_sponsorship,
)
from marketplace.members.schemas import Departed, MemberStored, MemberView, OwnMembership
from marketplace.stamps import standing
from marketplace.tokens import service as tokens
from marketplace.vendors import service as vendors
from vrm.documents import Departure, Membership, Signed, Sponsorship, read, recall
from vrm.documents.membership import Tier

FIRST_TIER: Final = "new"

DELETED: Final = (
    "your registration, with the profile that it carried and your keys",
    "the answers to your draws of posting tokens",
    "for how many others you spoke",
    "how many stamps you deposited, and how many tokens you drew in earlier epochs",
)
STAYS: Final = (
    "that your name has drawn tokens in this epoch, for some epochs, so that nobody draws twice",
    "the digests of your keys' documents in the log, from which nobody can read them",
    "requests posted with your tokens: the market does not know which they are",
)


async def join(market: Market, raw: bytes, invitation: str | None) -> tuple[MemberStored, bool]:
    """Store a registration; admit the member by the market's policy where it is new.

    Returns what is stored, and whether this call stored it.

    Raises:
        Refused: another market's document, a chain of keys that does not hold or does not continue the known
            one, another key's profile, no valid invitation or sponsorship where one is needed, or a sequence
            number that is not the newest.
    """
    registration = read(raw, Membership)
    body = registration.body
    market.check_addressed(body)
    chain = chain_of(body)
    check_profile(body)
    sponsorship = read_sponsorship(body)
    parties = [body.member, *([sponsorship.body.sponsor] if sponsorship else [])]
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, parties)
        stored = await repository.find(connection, body.member)
        if stored is not None:
            if stored.digest == registration.digest:
                return _stored(body, stored.tier), False
            check_newer(body.seq, stored.seq)
            check_continues(recall(stored.wire, Membership).keys, chain)
        else:
            await _admit(market, connection, sponsorship, invitation)
        other = await repository.find_by_key(connection, body.key)
        if other is not None and other.did != body.member:
            raise Refused("keys-refused", "The key is another member's.", "key")
        tier = FIRST_TIER if stored is None else str(stored.tier)
        row = {
            "did": body.member,
            "key": body.key,
            "seq": body.seq,
            "tier": tier,
            "digest": registration.digest,
            "wire": registration.wire,
        }
        await repository.store(connection, row)
        await log.put(connection, chain.digests)
    return _stored(body, tier), True


async def own(market: Market, signed: VerifiedRequest) -> OwnMembership:
    """What the market holds of the member that asks; a wallet that lost its state goes on from here.

    Raises:
        Refused: no member's key, or the nonce was seen before.
    """
    async with market.db.unit_of_work() as connection:
        member = await signing(market, connection, signed)
    return OwnMembership(tier=member.tier, document=msgspec.Raw(member.wire))


async def leave(market: Market, raw: bytes) -> Departed:
    """Delete a member. The same departure again gives the same answer.

    Raises:
        Refused: no such member, another key than the member's, or not newer than its registration.
    """
    body = read(raw, Departure).body
    market.check_addressed(body)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [body.member])
        stored = await repository.find(connection, body.member)
        if stored is not None:
            if stored.key != body.key:
                raise Refused("keys-refused", "This key does not sign for the member.", "key")
            check_newer(body.seq, stored.seq)
            await repository.forget(connection, body.member)
            await tokens.forget_answers(connection, body.member)
            now = await market.db.now(connection)
            await standing.forget(connection, body.member, market.rules.tokens, now)
    return Departed(member=body.member, deleted=DELETED, stays=STAYS)


async def invite(market: Market, uses: int) -> str:
    """Make an invitation code for a number of members; it is shown once and kept only as a digest."""
    code = secrets.token_urlsafe(18)
    async with market.db.unit_of_work() as connection:
        await repository.store_invitation(connection, code, uses)
    return code


async def list_all(market: Market) -> list[MemberView]:
    """List the members for the operator, in order of their names."""
    found: list[MemberView] = []
    after = ""
    async with market.db.snapshot() as connection:
        while rows := await repository.page(connection, after, 1000):
            found += [_view(row) for row in rows]
            after = rows[-1].did
    return found


async def signing(market: Market, connection: AsyncConnection, signed: VerifiedRequest) -> AnyRow:
    """The member that signed a call, once per nonce, in the transaction that serves the call.

    Raises:
        Refused: no member's key, or the nonce was seen before.
    """
    if await market.db.now(connection) >= signed.expires:
        raise Refused("signature-invalid", "The signature is too old.")
    member = await repository.find_by_key(connection, signed.did)
    if member is None:
        raise Refused("unknown-member", "No member signs with this key; join first.")
    await vendors.remember_nonce(connection, signed)
    return member


async def named(connection: AsyncConnection, did: str, key: str) -> AnyRow:
    """The member that a document names, if its key signs for it.

    Raises:
        Refused: no such member, or another key.
    """
    member = await repository.find(connection, did)
    if member is None or member.key != key:
        raise Refused("unknown-member", "No member signs with this key; join first.")
    return member


async def set_tiers(connection: AsyncConnection, tiers: Mapping[str, Tier]) -> None:
    """Make these the tiers of members; who is not named has the first one."""
    await repository.set_tiers(connection, FIRST_TIER, tiers)


async def _admit(
    market: Market,
    connection: AsyncConnection,
    sponsorship: Signed[Sponsorship] | None,
    invitation: str | None,
) -> None:
    """Let somebody in by the market's policy; what is used up for it is counted."""
    rules = market.rules.members
    if rules.admission == "open":
        return
    if sponsorship is not None:
        body = sponsorship.body
        check_epoch(body, market.rules.tokens, await market.db.now(connection))
        sponsor = await repository.find(connection, body.sponsor)
        if sponsor is None or sponsor.key != body.key:
            detail = "No member with this key speaks for you."
            raise Refused("sponsorship-invalid", detail, "sponsorship")
        if not await repository.use_sponsor(
            connection, body.sponsor, body.epoch, rules.sponsorships
        ):
            detail = f"A member speaks for {rules.sponsorships} others in each epoch."
            raise Refused("sponsorship-used-up", detail, "sponsorship")
    elif invitation is None:
        raise Refused(
            "invitation-required", "Send the operator's code as Vrm-Invitation, or a sponsorship."
        )
    elif not await repository.use_invitation(connection, invitation):
        raise Refused("invitation-invalid", "The code is unknown or used up.")


def _stored(body: Membership, tier: str) -> MemberStored:
    return MemberStored(member=body.member, key=body.key, seq=body.seq, tier=cast(Tier, tier))


def _view(row: AnyRow) -> MemberView:
    profile = recall(row.wire, Membership).profile
    return MemberView(
        member=row.did, tier=row.tier, profile=msgspec.Raw(msgspec.json.encode(profile))
    )
