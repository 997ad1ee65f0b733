"""Signed examples for the API's description; they verify, and name the market that shows them."""

import hashlib
from datetime import timedelta
from typing import Any

import msgspec

import crypto
from crypto import messages, rotation
from marketplace.market import Market
from vrm.documents import (
    Acceptance,
    AcceptedTerms,
    Answer,
    Area,
    AskingPrice,
    Bid,
    BidPrice,
    BidWithdrawal,
    Cancellation,
    Capacity,
    CatalogueItem,
    Confirmation,
    Contact,
    Decline,
    Departure,
    Disclosure,
    Dispute,
    Document,
    Facets,
    Handover,
    Membership,
    Message,
    Nearness,
    Need,
    PersonalRequest,
    Place,
    Preference,
    Profile,
    Question,
    Rating,
    RatingAnswer,
    Report,
    RequestWithdrawal,
    SavedFilter,
    SavedFilters,
    Shipment,
    Signed,
    Told,
    VendorCancellation,
    VendorDispute,
    VendorMessage,
    VendorProfile,
    VendorRating,
    VendorRatingAnswer,
    Webhook,
    conversation,
    sign,
)
from vrm.documents.disclosure import PURPOSE
from vrm.documents.place import cell_at, point

_HERE = point(48.2082, 16.3738)


def examples(market: Market) -> dict[str, Any]:
    """An example of each document that the API takes, by type."""
    vendor, pseudonym = _key("vendor"), _key("pseudonym")
    profile = sign(_profile(market, vendor.did), vendor)
    request = sign(_request(market, pseudonym.did), pseudonym)
    bid = sign(_bid(market, vendor.did, request), vendor)
    today = market.calendar.local_date(market.db.machine_time())
    capacity = Capacity(
        market=market.did,
        vendor=vendor.did,
        place="main",
        date=(today + timedelta(days=7)).isoformat(),
        units=12,
        seq=1,
    )
    withdrawal = RequestWithdrawal(
        market=market.did, pseudonym=pseudonym.did, request=request.digest
    )
    preference = Preference(
        market=market.did,
        pseudonym=pseudonym.did,
        request=request.digest,
        seq=1,
        salt="AAAAAAAAAAAAAAAAAAAAAA",
        listed=(bid.digest,),
    )
    question = sign(
        Question(
            market=market.did,
            vendor=vendor.did,
            request=request.digest,
            text="Does it have to fit through a door of 75 cm?",
        ),
        vendor,
    )
    answer = Answer(
        market=market.did,
        pseudonym=pseudonym.did,
        request=request.digest,
        question=question.digest,
        text="Yes.",
    )
    bid_withdrawal = BidWithdrawal(market=market.did, vendor=vendor.did, bid=bid.digest)
    item = CatalogueItem(
        market=market.did,
        principal=vendor.did,
        id="duo-2",
        seq=1,
        title="Twin stroller Duo 2",
        category="other",
        amount=24_900,
        currency=market.rules.currency.code,
        delivery=("ship", "pickup"),
        terms=(market.rules.terms[0].id,),
        brand="Pramwell",
        model="Duo 2",
    )
    assignment = crypto.digest({"example": "an assignment"})
    message_key = crypto.ReplyKey.from_seed(hashlib.sha256(b"example message").digest()).public
    acceptance = Acceptance(
        market=market.did,
        vendor=vendor.did,
        assignment=assignment,
        message_key=message_key.text,
    )
    decline = Decline(
        market=market.did, vendor=vendor.did, assignment=assignment, reason="Sold at the counter."
    )
    told = messages.seal(
        msgspec.to_builtins(
            Told(
                assignment=assignment,
                bid=bid.digest,
                terms=_terms(market),
                delivery="pickup",
                contact=Contact(name="Maria Beispiel"),
            )
        ),
        sender=pseudonym,
        recipient=message_key,
        request=request.digest,
        purpose=PURPOSE,
    )
    disclosure = Disclosure(
        market=market.did,
        pseudonym=pseudonym.did,
        request=request.digest,
        assignment=assignment,
        seq=1,
        sealed=crypto.base64url_encode(told),
    )
    confirmation = Confirmation(
        market=market.did,
        pseudonym=pseudonym.did,
        request=request.digest,
        assignment=assignment,
        seq=1,
        salt="AAAAAAAAAAAAAAAAAAAAAA",
        received=True,
    )
    shipment = Shipment(
        market=market.did,
        vendor=vendor.did,
        request=request.digest,
        assignment=assignment,
        state="ready",
    )
    handover = Handover(
        market=market.did,
        pseudonym=pseudonym.did,
        request=request.digest,
        assignment=assignment,
        challenge="AAAAAAAAAAAAAAAAAAAAAA",
    )
    cancellation = Cancellation(
        market=market.did,
        pseudonym=pseudonym.did,
        request=request.digest,
        assignment=assignment,
        salt="AAAAAAAAAAAAAAAAAAAAAA",
    )
    vendor_cancellation = VendorCancellation(
        market=market.did,
        vendor=vendor.did,
        request=request.digest,
        assignment=assignment,
        reason="It broke in the shop.",
    )
    message, reply = _messages(market, vendor, pseudonym, message_key, request, assignment)
    rating = Rating(
        market=market.did,
        pseudonym=pseudonym.did,
        request=request.digest,
        assignment=assignment,
        salt="AAAAAAAAAAAAAAAAAAAAAA",
        stars=5,
        text="A day early, and well packed.",
    )
    back = VendorRating(
        market=market.did,
        vendor=vendor.did,
        request=request.digest,
        assignment=assignment,
        salt="AAAAAAAAAAAAAAAAAAAAAA",
        stars=4,
    )
    side: dict[str, Any] = {
        "market": market.did,
        "request": request.digest,
        "assignment": assignment,
        "salt": "AAAAAAAAAAAAAAAAAAAAAA",
        "text": "A ramp was promised, and there is none.",
    }
    report = Report(
        market=market.did,
        reporter=pseudonym.did,
        document=question.digest,
        reason="personal-data",
        text="It names a neighbour.",
    )
    member = _key("member")
    registration = Membership(
        market=market.did,
        member=member.did,
        key=member.did,
        seq=1,
        keys=(dict(rotation.incept(member, _key("next member").did)),),
        profile=dict(crypto.parse(sign(_shown(member.did), member).wire)),
    )
    departure = Departure(market=market.did, member=member.did, key=member.did, seq=2)
    signed: list[Signed[Document]] = [
        profile,
        sign(registration, member),
        sign(departure, member),
        sign(item, vendor),
        request,
        bid,
        sign(capacity, vendor),
        sign(withdrawal, pseudonym),
        sign(preference, pseudonym),
        question,
        sign(answer, pseudonym),
        sign(bid_withdrawal, vendor),
        sign(acceptance, vendor),
        sign(decline, vendor),
        sign(disclosure, pseudonym),
        sign(_webhook(market, vendor.did), vendor),
        sign(confirmation, pseudonym),
        sign(shipment, vendor),
        sign(message, pseudonym),
        sign(reply, vendor),
        sign(cancellation, pseudonym),
        sign(handover, pseudonym),
        sign(vendor_cancellation, vendor),
        sign(Dispute(pseudonym=pseudonym.did, **side), pseudonym),
        sign(VendorDispute(vendor=vendor.did, **side), vendor),
        sign(_filters(market, vendor.did), vendor),
        sign(report, pseudonym),
        sign(rating, pseudonym),
        sign(back, vendor),
        sign(_answer_to(rating, vendor.did), vendor),
        sign(_answer_back(back, pseudonym.did), pseudonym),
    ]
    return {type(document.body).__name__: msgspec.json.decode(document.wire) for document in signed}


def _key(name: str) -> crypto.SigningKey:
    return crypto.SigningKey.from_seed(hashlib.sha256(f"example {name}".encode()).digest())


def _messages(
    market: Market,
    vendor: crypto.SigningKey,
    pseudonym: crypto.SigningKey,
    message_key: crypto.ReplyPublicKey,
    request: Signed[PersonalRequest],
    assignment: str,
) -> tuple[Message, VendorMessage]:
    facts: dict[str, Any] = {
        "market": market.did,
        "request": request.digest,
        "assignment": assignment,
        "number": 1,
    }
    asked = conversation.write(
        "Is there a ramp?",
        1,
        assignment,
        request=request.digest,
        sender=pseudonym,
        recipient=message_key,
    )
    told = conversation.write(
        "There is.",
        1,
        assignment,
        request=request.digest,
        sender=vendor,
        recipient=crypto.ReplyPublicKey.from_text(request.body.reply_key),
    )
    return (
        Message(pseudonym=pseudonym.did, commitment=asked.commitment, sealed=asked.sealed, **facts),
        VendorMessage(vendor=vendor.did, commitment=told.commitment, sealed=told.sealed, **facts),
    )


def _webhook(market: Market, did: str) -> Webhook:
    return Webhook(market=market.did, vendor=did, seq=1, url="https://shop.example/vrm-events")


def _answer_to(rating: Rating, did: str) -> RatingAnswer:
    return RatingAnswer(
        market=rating.market,
        vendor=did,
        request=rating.request,
        assignment=rating.assignment,
        rating=crypto.digest(msgspec.to_builtins(rating)),
        text="Thank you.",
    )


def _answer_back(rating: VendorRating, did: str) -> VendorRatingAnswer:
    return VendorRatingAnswer(
        market=rating.market,
        pseudonym=did,
        request=rating.request,
        assignment=rating.assignment,
        rating=crypto.digest(msgspec.to_builtins(rating)),
        text="The doorbell works now.",
    )


def _filters(market: Market, did: str) -> SavedFilters:
    near = Nearness(lat_e6=_HERE.lat_e6, lng_e6=_HERE.lng_e6, within_m=15_000)
    one = SavedFilter(id="nearby", category="other", near=near, delivery="pickup")
    return SavedFilters(market=market.did, vendor=did, seq=1, filters=(one,))


def _terms(market: Market) -> AcceptedTerms:
    first = market.rules.terms[0]
    return AcceptedTerms(id=first.id, digest=first.digest)


def _shown(did: str) -> Profile:
    facets = Facets(id=did, languages=("en", "de-AT"))
    return Profile(issuer=did, valid_from="2026-11-01T00:00:00Z", credential_subject=facets)


def _profile(market: Market, did: str) -> VendorProfile:
    return VendorProfile(
        market=market.did,
        vendor=did,
        seq=1,
        name="Kinderladen Beispiel",
        places=(
            Place(
                id="main",
                name="Innere Stadt",
                lat_e6=_HERE.lat_e6,
                lng_e6=_HERE.lng_e6,
                reach_m=25_000,
                capacity=8,
                hours="Mo-Fr 09:00-18:00",
            ),
        ),
        categories=("other",),
        delivery=("ship", "pickup"),
        terms=(market.rules.terms[0].id,),
    )


def _request(market: Market, pseudonym: str) -> PersonalRequest:
    reply = crypto.ReplyKey.from_seed(hashlib.sha256(b"example reply").digest())
    return PersonalRequest(
        market=market.did,
        pseudonym=pseudonym,
        reply_key=reply.public.text,
        need=Need(title="Twin stroller", category="other", condition="new"),
        price=AskingPrice(kind="ceiling", amount=25_000, currency=market.rules.currency.code),
        area=Area(cell=cell_at(_HERE, market.rules.cells.finest), radius_m=15_000),
        delivery=("pickup", "ship"),
        terms=_terms(market),
        policy=market.rules.policies[0],
    )


def _bid(market: Market, vendor: str, request: Signed[PersonalRequest]) -> Bid:
    return Bid(
        market=market.did,
        request=request.digest,
        vendor=vendor,
        place="main",
        price=BidPrice(amount=23_900, currency=market.rules.currency.code),
        delivery="pickup",
        lead_time_hours=24,
        terms=_terms(market),
        seq=1,
        salt="AAAAAAAAAAAAAAAAAAAAAA",
    )
