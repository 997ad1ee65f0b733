"""Ratings over HTTP: what customers post is anonymous, what is open is for everybody."""

import msgspec
from litestar import Controller, Response, get, post

from marketplace.http.paging import Page
from marketplace.http.parameters import Body, TheMarket, ThePage, Word
from marketplace.ratings import answering, reading, service
from marketplace.ratings.schemas import RatingStored, RatingsView
from vrm.documents import Promise, Rating, RatingAnswer, VendorRating, VendorRatingAnswer


class RatingsController(Controller):
    tags = ["ratings"]

    @post("/ratings", status_code=202, opt={"body": Rating, "answer": Promise, "anonymous": True})
    async def rate(self, market: TheMarket, json_body: Body) -> Response[msgspec.Raw]:
        """Rate what a vendor made of an assignment; hidden until the vendor has rated too, or may no more."""
        promise = await service.rate(market, json_body)
        return Response(msgspec.Raw(promise.wire), status_code=202)

    @post("/vendor-ratings", opt={"body": VendorRating, "also": 200})
    async def rate_customer(self, market: TheMarket, json_body: Body) -> Response[RatingStored]:
        """Rate the customer of an assignment; hidden until the customer has rated too, or may no more."""
        stored, new = await service.rate_customer(market, json_body)
        return Response(stored, status_code=201 if new else 200)

    @post("/rating-answers", opt={"body": RatingAnswer, "also": 200})
    async def answer(self, market: TheMarket, json_body: Body) -> Response[RatingStored]:
        """Answer a customer's rating, once, for all to read."""
        stored, new = await answering.answer(market, json_body)
        return Response(stored, status_code=201 if new else 200)

    @post(
        "/vendor-rating-answers",
        status_code=202,
        opt={"body": VendorRatingAnswer, "answer": Promise, "anonymous": True},
    )
    async def answer_vendor(self, market: TheMarket, json_body: Body) -> Response[msgspec.Raw]:
        """Answer a vendor's rating, once, for all to read."""
        promise = await answering.answer_vendor(market, json_body)
        return Response(msgspec.Raw(promise.wire), status_code=202)

    @get("/vendors/{did:str}/ratings")
    async def list_of_vendor(
        self, market: TheMarket, asked: ThePage, did: Word
    ) -> Response[Page[RatingsView]]:
        """List the ratings of a vendor's assignments that are open, newest first."""
        page = await reading.list_of_vendor(market, did, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/requests/{digest:str}/ratings")
    async def list_of_request(self, market: TheMarket, digest: Word) -> Page[RatingsView]:
        """List the ratings of a request's assignment; none before they are open."""
        return await reading.list_of_request(market, digest)
