"""The use cases about vendors."""

import secrets

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from crypto.http_signatures import VerifiedRequest
from marketplace.db import AnyRow, take_turns
from marketplace.errors import Refused
from marketplace.http.paging import Page, cut, read_cursor, write_cursor
from marketplace.log import service as log
from marketplace.market import Market
from marketplace.reputation import service as reputation
from marketplace.reputation.rules import AGE_UNIT
from marketplace.vendors import repository
from marketplace.vendors.rules import (
    check_bidding_places,
    check_capacity_date,
    check_no_retreat,
    check_profile,
    check_sequence,
)
from marketplace.vendors.schemas import CapacityStored, EvidenceView, VendorStored, VendorView
from vrm.documents import Capacity, Suspension, VendorProfile, read, recall, sign


async def register(market: Market, raw: bytes, invitation: str | None) -> tuple[VendorStored, bool]:
    """Store a vendor's profile; admit the vendor by the market's policy where it is new.

    Returns what is stored, and whether this call stored it.

    Raises:
        Refused: another market's document, an unlisted category or agreement, no valid invitation where one is
            needed, or a sequence number that is not the newest.
    """
    profile = read(raw, VendorProfile)
    market.check_addressed(profile.body)
    check_profile(profile.body, market.rules)
    answer = VendorStored(vendor=profile.body.vendor, profile=profile.digest, seq=profile.body.seq)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [profile.body.vendor])
        stored = await repository.find(connection, profile.body.vendor)
        if stored is not None:
            if stored.profile_digest == profile.digest:
                return answer, False
            check_sequence(profile.body.seq, stored.seq)
            bidding = await repository.bidding_places(connection, profile.body.vendor)
            check_bidding_places(profile.body, bidding)
        elif market.rules.admission == "invited":
            if invitation is None:
                raise Refused("invitation-required", "Send the operator's code as Vrm-Invitation.")
            if not await repository.use_invitation(connection, invitation):
                raise Refused("invitation-invalid", "The code is unknown or used up.")
        await repository.store_profile(connection, profile)
        await log.record(connection, profile, profile.body.vendor)
    return answer, True


async def invite(market: Market, uses: int) -> str:
    """Make an invitation code for a number of vendors; it is shown once and kept only as a digest."""
    code = secrets.token_urlsafe(18)
    async with market.db.unit_of_work() as connection:
        await repository.store_invitation(connection, code, uses)
    return code


async def suspend(market: Market, did: str, reason: str, *, suspended: bool = True) -> None:
    """Suspend a vendor, so that it reads and bids no more and its standing bids cannot win; or reinstate it.

    The decision is signed, with its reason, and the log keeps it. One that changes nothing is not taken.

    Raises:
        InvalidDocument: the reason is empty or too long.
        Refused: no such vendor.
    """
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [did])
        vendor = await repository.find(connection, did)
        if vendor is None:
            raise Refused("unknown-vendor", "No vendor has this did.", "did")
        if vendor.suspended == suspended:
            return
        last = 0 if vendor.suspension is None else recall(vendor.suspension, Suspension).seq
        body = Suspension(
            market=market.did, vendor=did, seq=last + 1, suspended=suspended, reason=reason
        )
        decision = sign(body, market.identity.key)
        await repository.set_suspended(connection, decision)
        await log.record(connection, decision, did)


async def set_capacity(market: Market, raw: bytes) -> tuple[CapacityStored, bool]:
    """Store a place's units for a date; returns what is stored and whether this call stored it.

    Raises:
        Refused: an unknown vendor or place, a date that is over or far away, a stale sequence number, or
            fewer units while closed bids wait for the run of that date.
    """
    capacity = read(raw, Capacity)
    body = capacity.body
    market.check_addressed(body)
    answer = CapacityStored(
        vendor=body.vendor, place=body.place, date=body.date, units=body.units, seq=body.seq
    )
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [body.vendor])
        now = await market.db.now(connection)
        check_capacity_date(capacity.body, market.calendar.local_date(now))
        if await repository.find(connection, body.vendor) is None:
            raise Refused("unknown-vendor", "Register the vendor before its capacity.", "vendor")
        usual = await repository.usual_capacity(connection, body.vendor, body.place)
        if usual is None:
            raise Refused("unknown-place", f"The profile has no place {body.place}.", "place")
        stored = await repository.find_capacity(connection, body.vendor, body.place, body.date)
        if stored is not None:
            if stored.digest == capacity.digest:
                return answer, False
            check_sequence(body.seq, stored.seq)
        waiting = await repository.closed_cutoffs(connection, body.vendor, body.place, now)
        dates = {market.calendar.local_date(cutoff).isoformat() for cutoff in waiting}
        check_no_retreat(body, usual if stored is None else stored.units, body.date in dates)
        await repository.store_capacity(connection, capacity)
        await log.record(connection, capacity, body.vendor)
    return answer, True


async def show(market: Market, did: str) -> VendorView:
    """Show a vendor.

    Raises:
        Refused: no such vendor.
    """
    async with market.db.snapshot() as connection:
        vendor = await repository.find(connection, did)
        if vendor is None:
            raise Refused("unknown-vendor", "No vendor has this did.", "did")
        today = market.calendar.local_date(await market.db.now(connection))
        standing = await reputation.standings(connection, today, [did])
    return _view(vendor, standing)


async def list_all(market: Market, cursor: str | None, limit: int) -> Page[VendorView]:
    """List the vendors in order of their dids."""
    after = read_cursor(cursor, tuple[str]) or ("",)
    async with market.db.snapshot() as connection:
        rows, more = cut(await repository.page(connection, after[0], limit + 1), limit)
        today = market.calendar.local_date(await market.db.now(connection))
        standing = await reputation.standings(connection, today, [row.did for row in rows])
    items = [_view(row, standing) for row in rows]
    return Page(items=items, next=write_cursor(items[-1].vendor) if more else None)


async def accept_read(market: Market, signed: VerifiedRequest) -> str:
    """Let an admitted vendor read, once per nonce; answers its did.

    Raises:
        Refused: not an admitted vendor, suspended, or the nonce was seen before.
    """
    async with market.db.unit_of_work() as connection:
        # Asked again inside: while the call waited for its turn, its nonce may have been forgotten for its age.
        if await market.db.now(connection) >= signed.expires:
            raise Refused("signature-invalid", "The signature is too old.")
        vendor = await repository.find(connection, signed.did)
        if vendor is None:
            raise Refused("not-admitted", "Only admitted vendors read this; register first.")
        if vendor.suspended:
            why = recall(vendor.suspension, Suspension).reason
            raise Refused("suspended", f"This vendor is suspended: {why}")
        await remember_nonce(connection, signed)
    return signed.did


async def remember_nonce(connection: AsyncConnection, signed: VerifiedRequest) -> None:
    """Keep the nonce of a signed call, in the transaction that serves it.

    Raises:
        Refused: it was seen before.
    """
    if not await repository.store_nonce(connection, signed.did, signed.nonce, signed.expires):
        raise Refused("nonce-replayed", "This signature was used before.")


async def purge_nonces(market: Market) -> None:
    """Forget nonces that no replay can use any more."""
    async with market.db.unit_of_work() as connection:
        await repository.purge_nonces(connection, await market.db.now(connection))


def _view(vendor: AnyRow, standing: "dict[str, reputation.Standing]") -> VendorView:
    return VendorView(
        vendor=vendor.did,
        name=vendor.name,
        suspended=vendor.suspended,
        suspension=None if vendor.suspension is None else msgspec.Raw(vendor.suspension),
        band=standing[vendor.did].band,
        reputation=standing[vendor.did].sentence,
        evidence=_evidence(standing[vendor.did]),
        profile=msgspec.Raw(vendor.wire),
    )


def _evidence(standing: "reputation.Standing") -> EvidenceView:
    own = standing.score.own
    low, high = standing.interval
    return EvidenceView(
        good=own.good_pieces,
        bad=own.bad_pieces,
        good_weight=own.good // AGE_UNIT,
        bad_weight=own.bad // AGE_UNIT,
        score=int(standing.score.value * 10_000),
        low=int(low * 10_000),
        high=int(high * 10_000),
    )
