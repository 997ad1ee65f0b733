"""Membership over HTTP."""

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency

from crypto.http_signatures import VerifiedRequest
from marketplace.http.parameters import Body, Invitation, TheMarket
from marketplace.members import service
from marketplace.members.schemas import Departed, MemberStored, OwnMembership
from vrm.documents import Departure, Membership


class MembersController(Controller):
    tags = ["members"]

    @post("/members", opt={"body": Membership, "also": 200})
    async def join(
        self,
        market: TheMarket,
        json_body: Body,
        invitation: Invitation = None,
    ) -> Response[MemberStored]:
        """Join the market, change what it is shown of the profile, or rotate the key."""
        answer, new = await service.join(market, json_body, invitation)
        return Response(answer, status_code=201 if new else 200)

    @get("/members/self", opt={"signed": "memberSignature"})
    async def own(
        self, market: TheMarket, signing_member: NamedDependency[VerifiedRequest]
    ) -> Response[OwnMembership]:
        """Show a member what the market holds of it, and its tier in this epoch."""
        found = await service.own(market, signing_member)
        return Response(found, headers={"Cache-Control": "no-store"})

    @post("/departures", status_code=200, opt={"body": Departure})
    async def leave(self, market: TheMarket, json_body: Body) -> Departed:
        """Leave the market; the answer says what was deleted and what stays."""
        return await service.leave(market, json_body)
