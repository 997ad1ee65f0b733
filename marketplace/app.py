"""The application: every part of the market wired together, with no globals."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide

from marketplace.bids.controller import BidsController
from marketplace.board.controller import BoardController
from marketplace.brands.controller import BrandsController
from marketplace.bundle.controller import BundleController
from marketplace.cascade.controller import CascadeController
from marketplace.catalogue.controller import CatalogueController
from marketplace.crowds.controller import CrowdsController
from marketplace.db import Clock
from marketplace.demand.controller import DemandController
from marketplace.descriptor.controller import DescriptorController
from marketplace.disputes.controller import DisputesController
from marketplace.fulfilment.controller import FulfilmentController
from marketplace.health.controller import HealthController
from marketplace.http.bodies import MAX_DOCUMENT_BYTES, json_body
from marketplace.http.failures import Failures
from marketplace.http.headers import with_security_headers
from marketplace.http.limits import Limits, admit_anonymous
from marketplace.http.openapi import (
    SignedDocumentSchema,
    describe_documents,
    docs_handlers,
    openapi_config,
)
from marketplace.http.padding import with_padded_answers
from marketplace.http.paging import page_asked
from marketplace.http.problems import answer_problem
from marketplace.http.signed_reads import reading_vendor, signing_member
from marketplace.identity import Identity
from marketplace.jobs.worker import working
from marketplace.log.controller import LogController
from marketplace.mail.controller import MailController
from marketplace.market import Market
from marketplace.members.controller import MembersController
from marketplace.messages.controller import MessagesController
from marketplace.moderation.controller import ModerationController
from marketplace.notices.controller import NoticesController
from marketplace.preferences.controller import PreferencesController
from marketplace.questions.controller import QuestionsController
from marketplace.ratings.controller import RatingsController
from marketplace.requests.controller import RequestsController
from marketplace.runs.controller import RunsController
from marketplace.settings import Settings
from marketplace.stamps.controller import StampsController
from marketplace.tokens.controller import TokensController
from marketplace.vendors.controller import VendorsController


def create_app(
    settings: Settings, identity: Identity, *, clock: Clock | None = None, works: bool = False
) -> Litestar:
    """Make the market's ASGI application.

    Args:
        settings: the operator's settings.
        identity: the market's unlocked secrets.
        clock: replaces the database's clock; for simulations and tests.
        works: whether this process also runs the worker and the scheduler.

    The open market is the application's ``state.market``.

    Raises:
        ConfigurationError: a file of the market's home is missing or wrong.
    """

    def open_market() -> Market:
        return Market.open(settings, identity, clock=clock)

    market = open_market()
    limits = Limits(settings.anonymous_per_second)
    failures = Failures(market.rules.schedule.batch_seconds)
    app = Litestar(
        route_handlers=[
            DescriptorController,
            VendorsController,
            MembersController,
            TokensController,
            StampsController,
            RequestsController,
            CrowdsController,
            PreferencesController,
            QuestionsController,
            ModerationController,
            MailController,
            BoardController,
            BidsController,
            CatalogueController,
            BrandsController,
            RunsController,
            BundleController,
            DemandController,
            LogController,
            CascadeController,
            NoticesController,
            FulfilmentController,
            MessagesController,
            RatingsController,
            DisputesController,
            HealthController,
            *docs_handlers(),
        ],
        state=State({"market": market, "limits": limits, "failures": failures}),
        guards=[admit_anonymous],
        dependencies={
            "market": Provide(lambda: market, sync_to_thread=False),
            "json_body": Provide(json_body),
            "asked": Provide(page_asked),
            "reading_vendor": Provide(reading_vendor),
            "signing_member": Provide(signing_member),
        },
        exception_handlers={Exception: answer_problem},
        lifespan=[_lifespan(market, failures, open_market if works else None)],
        openapi_config=openapi_config(),
        plugins=[SignedDocumentSchema()],
        request_max_body_size=MAX_DOCUMENT_BYTES,
        # Litestar would log a failed call with its path; answer_problem logs it without.
        logging_config=None,
    )
    describe_documents(app, market)
    app.asgi_handler = with_security_headers(with_padded_answers(app.asgi_handler))
    return app


def _lifespan(
    market: Market, failures: Failures, open_market: Callable[[], Market] | None
) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        try:
            if open_market is None:
                yield
            else:
                async with working(market, open_market):
                    yield
        finally:
            failures.flush()
            await market.db.dispose()

    return lifespan
