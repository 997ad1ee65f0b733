"""The use cases about stamps: they are given blindly, deposited by name, and make tiers."""

from collections import Counter

from sqlalchemy.ext.asyncio import AsyncConnection

import crypto
from crypto.errors import CryptoError, TokenError
from crypto.issuance import issue
from crypto.tokens import TOKEN_TYPE, Token, verify
from marketplace import clocks
from marketplace.db import take_turns
from marketplace.errors import Refused
from marketplace.market import Market
from marketplace.members import service as members
from marketplace.requests import service as requests
from marketplace.stamps import repository
from marketplace.stamps.rules import (
    Counts,
    counted_from,
    matured_before,
    merged,
    tier_of,
    worth,
)
from marketplace.stamps.schemas import StampGiven, StampsDeposited
from marketplace.tokens import service as tokens
from vrm.documents import read
from vrm.documents.membership import DAY_SECONDS
from vrm.documents.permits import stamp_challenge
from vrm.documents.standing import DEPOSIT_EPOCHS, STAMPS, Stamp, StampClaim, StampDeposit


async def give(market: Market, raw: bytes, authorization: str | None) -> StampGiven:
    """Give a pseudonym the stamp that its token is worth: one, whatever becomes of it later.

    The same claim again gets the same answer.

    Raises:
        Refused: another market's document, no token that certifies the pseudonym, a token that has come to
            nothing in no way that counts, another key than the one of this epoch, or another claim before.
    """
    claim = read(raw, StampClaim)
    body = claim.body
    market.check_addressed(body)
    permit = await tokens.verify_token(market, authorization, body.pseudonym)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [body.pseudonym])
        known = await repository.find_grant(connection, body.pseudonym)
        if known is not None:
            if known.claim != claim.digest:
                raise Refused("stamp-given", "This pseudonym has its stamp.", "pseudonym")
            return StampGiven(response=crypto.base64url_encode(known.response))
        now = await market.db.now(connection)
        if permit.redeems_until + _deposit_seconds(market) <= now:
            asks = await tokens.asking(market, connection)
            raise Refused("token-expired", "The token is too old for a stamp.", headers=asks)
        ended = await requests.ended(connection, body.pseudonym)
        if body.stamp != worth(ended, permit.redeems_until, now):
            detail = "What became of the token's request is not worth this stamp."
            if ended == "none":
                detail = "The token can be spent still."
            raise Refused("no-stamp", detail, "stamp")
        response = await _issued(market, connection, body)
        await repository.add_grant(
            connection,
            {
                "pseudonym": body.pseudonym,
                "claim": claim.digest,
                "key_id": body.issuer_key,
                "response": response,
            },
        )
    return StampGiven(response=crypto.base64url_encode(response))


async def deposit(market: Market, raw: bytes) -> StampsDeposited:
    """Count a member's stamps of earlier epochs, once in each epoch.

    The same deposit again gets the same answer.

    Raises:
        Refused: another market's document, another key than the member's, another epoch than the one that
            runs, a stamp that does not hold, is of this epoch or too old, or was deposited before, or a second
            deposit.
    """
    signed = read(raw, StampDeposit)
    body = signed.body
    market.check_addressed(body)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [body.member])
        await members.named(connection, body.member, body.key)
        known = await repository.find_deposit(connection, body.member, body.epoch)
        if known is not None:
            if known.digest != signed.digest:
                raise Refused("already-deposited", "You have deposited in this epoch.", "epoch")
            counts = Counts(fulfilled=known.fulfilled, returned=known.returned)
        else:
            running = market.rules.tokens.epoch_at(await market.db.now(connection))
            if body.epoch != running:
                raise Refused("stamp-invalid", f"The epoch that runs is {running}.", "epoch")
            kind_of, key_of = await _checked(market, connection, body)
            await take_turns(connection, ["stamps"])
            if not await repository.spend(connection, key_of):
                raise Refused("stamp-spent", "A stamp was deposited before.", "stamps")
            kinds = Counter(kind_of.values())
            counts = Counts(fulfilled=kinds["stamp-f"], returned=kinds["stamp-r"])
            await repository.add_deposit(connection, body.member, body.epoch, signed.digest, counts)
    return StampsDeposited(
        member=body.member, epoch=body.epoch, fulfilled=counts.fulfilled, returned=counts.returned
    )


async def is_due(market: Market) -> bool:
    """Tell whether a batch instant or an epoch has begun that `settle` has not seen."""
    async with market.db.snapshot() as connection:
        instant, epoch = await _now(market, connection)
        seen = [await clocks.newest(connection, clock) for clock in (clocks.STAMPS, clocks.TIERS)]
    wanted = instant, epoch * DAY_SECONDS
    return any(at is None or at < due for at, due in zip(seen, wanted, strict=True))


async def settle(market: Market) -> None:
    """Put in order what was given, and move the public counts, at a batch instant; the tiers in a new epoch."""
    async with market.db.unit_of_work() as connection:
        instant, epoch = await _now(market, connection)
        if await clocks.come_to(connection, clocks.STAMPS, instant):
            await repository.put_in_order(connection)
            given, deposited = await repository.counts_by_key(connection)
            await tokens.set_counts(market, connection, given, deposited)
        if await clocks.come_to(connection, clocks.TIERS, epoch * DAY_SECONDS):
            await _move_tiers(market, connection, epoch)
    await market.db.forget_order()


async def purge(market: Market) -> None:
    """Forget what no tier counts any more, and the stamps whose keys take no deposits."""
    rules = market.rules.tokens
    async with market.db.unit_of_work() as connection:
        now = await market.db.now(connection)
        dead = await tokens.dead_keys(connection, STAMPS, now - rules.grace_days * DAY_SECONDS)
        since = counted_from(rules, rules.epoch_at(now))
        await repository.forget_old(connection, since, dead)


async def _move_tiers(market: Market, connection: AsyncConnection, epoch: int) -> None:
    """Give every member the tier of an epoch."""
    rules = market.rules.tokens
    since = counted_from(rules, epoch)
    counts = await repository.standings(connection, since, epoch, matured_before(rules, epoch))
    reached = {member: tier_of(of_member, rules) for member, of_member in counts.items()}
    drew = await repository.drew(connection, epoch - rules.epoch_days)
    crowds = Counter(reached[member] for member in drew)
    counts_as = merged(crowds, rules)
    await members.set_tiers(connection, {did: counts_as[tier] for did, tier in reached.items()})


async def _issued(market: Market, connection: AsyncConnection, body: StampClaim) -> bytes:
    """Evaluate a claim under the key of its kind that runs."""
    for row in await tokens.running(market, connection):
        if (row.tier, row.key_id) == (body.stamp, body.issuer_key):
            key = tokens.secret_of(market, row)
            truncated = key.public.truncated_id
            try:
                blinded = crypto.base64url_decode(body.blinded)
                request = TOKEN_TYPE.to_bytes(2, "big") + bytes([truncated]) + blinded
                return issue(request, {truncated: key})
            except CryptoError as error:
                raise Refused("token-request-invalid", str(error), "blinded") from None
    raise Refused("token-request-invalid", "Ask under this epoch's key of that kind.", "issuer_key")


async def _checked(
    market: Market, connection: AsyncConnection, body: StampDeposit
) -> tuple[dict[str, Stamp], dict[str, str]]:
    """The kind and the key of each stamp of a deposit, by nonce."""
    rows = {
        row.key_id: row
        for row in await tokens.alive(market, connection)
        if row.tier in STAMPS and row.epoch < body.epoch
    }
    kind_of: dict[str, Stamp] = {}
    key_of: dict[str, str] = {}
    for text in body.stamps:
        try:
            stamp = Token.parse(crypto.base64url_decode(text))
            key_id = crypto.base64url_encode(stamp.key_id)
            if key_id not in rows:
                raise TokenError("No key of stamps of an earlier epoch has this id.")
            row = rows[key_id]
            challenge = stamp_challenge(market.did, row.tier)
            verify(stamp, challenge=challenge, key=tokens.secret_of(market, row))
        except CryptoError as error:
            raise Refused("stamp-invalid", str(error), "stamps") from None
        nonce = crypto.base64url_encode(stamp.nonce)
        if nonce in key_of:
            raise Refused("stamp-spent", "A stamp is in the deposit twice.", "stamps")
        kind_of[nonce], key_of[nonce] = row.tier, key_id
    return kind_of, key_of


async def _now(market: Market, connection: AsyncConnection) -> tuple[int, int]:
    """The newest batch instant, and the epoch that runs."""
    now = await market.db.now(connection)
    return market.calendar.batch_at_or_before(now), market.rules.tokens.epoch_at(now)


def _deposit_seconds(market: Market) -> int:
    return DEPOSIT_EPOCHS * market.rules.tokens.epoch_days * DAY_SECONDS
