"""The simulated market: what it takes from the plan, and that the resolver decides."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from marketplace.replay.bidding import PRICE, day_market
from marketplace.replay.figures import figures
from marketplace.replay.nearby import Neighbourhood
from marketplace.replay.plan import PRIOR_BAND, WIDEST_SPREAD, Plan
from marketplace.replay.points import Sites
from marketplace.replay.simulate import Play, play, sample
from marketplace.resolver import Market, Policy, Status
from marketplace.resolver.tables import size
from tests.marketplace.replay.country import country

ALL = 1000
EVERYWHERE_M = 20_016_000
ORDERS, SELLERS = country()


def market_of(plan: Plan, day: int = 0) -> Market:
    return day_market(ORDERS, SELLERS, Neighbourhood(SELLERS), plan, day, lambda *_: None)


def same(a: Play, b: Play) -> bool:
    return figures(a, len(SELLERS), Plan()) == figures(b, len(SELLERS), Plan()) and np.array_equal(
        a.resolver.seller, b.resolver.seller
    )


def test_without_limits_every_order_goes_to_its_nearest_seller() -> None:
    plan = Plan(
        policy=Policy.NEAREST, bids=ALL, among=ALL, radius_m=EVERYWHERE_M, capacity=len(ORDERS)
    )
    found = play(ORDERS, SELLERS, plan)
    assert np.array_equal(found.resolver.metres, found.nearest.metres)
    assert (found.status == Status.ASSIGNED).all()
    assert (found.rank == 0).all()
    assert found.bids == len(ORDERS) * len(SELLERS)


@pytest.mark.parametrize("policy", Policy)
def test_no_dealing_beats_the_nearest_seller_and_no_seller_goes_beyond_the_radius(
    policy: Policy,
) -> None:
    found = play(ORDERS, SELLERS, Plan(policy=policy, bids=3, among=9, radius_m=40_000))
    served = found.resolver.metres >= 0
    assert served.any()
    assert (found.resolver.metres <= 40_000).all()
    assert (found.resolver.metres[served] >= found.nearest.metres[served]).all()
    assert (found.random.metres >= found.nearest.metres).all()
    assert np.array_equal(found.status == Status.NO_BIDS, found.nearest.metres > 40_000)


@pytest.mark.parametrize(("bids", "among"), [(1, 1), (3, 9), (9, 9), (50, 50)])
def test_bids_come_from_the_nearest_sellers(bids: int, among: int) -> None:
    radius_m = 50_000
    plan = Plan(bids=bids, among=among, radius_m=radius_m)
    market = market_of(plan)
    everyone = market_of(replace(plan, bids=ALL, among=ALL))
    for order in range(len(ORDERS)):
        drawn = slice(market.first_bid[order], market.first_bid[order + 1])
        near = slice(everyone.first_bid[order], everyone.first_bid[order + 1])
        assert drawn.stop - drawn.start == min(bids, near.stop - near.start)
        metres = everyone.bids.distance_m[near]
        at_most = np.sort(metres)[:among].max(initial=0)
        assert (market.bids.distance_m[drawn] <= at_most).all()
        assert set(market.bids.place[drawn]) <= set(everyone.bids.place[near])


def test_every_seller_of_the_nearest_bids_on_some_order() -> None:
    market = market_of(Plan(bids=2, among=8))
    assert len(np.unique(market.bids.place)) == len(SELLERS)


def test_capacity_of_a_seller_is_kept_each_day() -> None:
    found = play(ORDERS, SELLERS, Plan(capacity=2, days=3))
    assert found.capacity == 2 * len(SELLERS) * 3
    assert np.bincount(found.resolver.seller[found.resolver.seller >= 0]).max() <= 2 * 3
    assert (found.status == Status.CAPACITY).any()


def test_no_capacity_leaves_every_order_with_a_bid_unfilled_for_capacity() -> None:
    found = play(ORDERS, SELLERS, Plan(capacity=0))
    assert set(found.status) <= {Status.CAPACITY, Status.NO_BIDS}
    assert (found.resolver.seller == -1).all()


def test_a_capacity_factor_is_spread_evenly_to_the_last_unit() -> None:
    capacity = market_of(Plan(capacity=Fraction(11, 10))).places.capacity
    assert capacity.sum() == len(ORDERS) * 11 // 10
    assert capacity.max() - capacity.min() <= 1


def test_the_units_left_over_go_to_other_sellers_each_day() -> None:
    plan = Plan(capacity=Fraction(11, 10))
    days = [market_of(plan, day).places.capacity for day in range(2)]
    assert days[0].sum() == days[1].sum()
    assert not np.array_equal(days[0], days[1])


def test_a_capacity_beyond_32_bits_is_that_of_all_orders() -> None:
    for capacity in (1 << 40, Fraction(1 << 40)):
        assert (market_of(Plan(capacity=capacity)).places.capacity == len(ORDERS)).all()


def test_days_share_the_orders_evenly() -> None:
    steps: list[tuple[str, int]] = []
    play(ORDERS, SELLERS, Plan(days=7), lambda stage, done: steps.append((stage, done)))
    dealt = [done for stage, done in steps if stage == "orders"]
    assert sum(dealt) == len(ORDERS)
    assert max(dealt) - min(dealt) <= 1
    assert steps.count(("days", 1)) == 7


def test_a_place_without_sellers_has_no_bids() -> None:
    found = play(ORDERS, SELLERS, Plan(radius_m=0))
    assert found.bids == int((found.status != Status.NO_BIDS).sum())
    one = SELLERS.take(np.array([0]))
    far = replace(one, lat_e6=-one.lat_e6, lng_e6=one.lng_e6 - 180_000_000)
    assert (play(ORDERS, far, Plan()).status == Status.NO_BIDS).all()


def test_prices_differ_only_under_a_ceiling() -> None:
    for policy in (Policy.BEST_NEARBY, Policy.NEAREST):
        market = market_of(Plan(policy=policy))
        assert market.requests.fixed.all()
        assert (market.bids.price == PRICE).all()
    for policy in (Policy.BEST_VALUE, Policy.LOWEST_PRICE):
        market = market_of(Plan(policy=policy))
        assert not market.requests.fixed.any()
        assert market.bids.price.min() < 0.75 * PRICE < 0.95 * PRICE < market.bids.price.max()
        assert market.bids.price.min() >= 0.7 * PRICE
        assert market.bids.price.max() <= PRICE


def test_bands_are_the_priors_or_drawn_round_it() -> None:
    assert (market_of(Plan()).places.band == PRIOR_BAND).all()
    drawn = market_of(Plan(band_spread=WIDEST_SPREAD)).places.band.astype(int)
    assert set(drawn) == set(range(PRIOR_BAND - WIDEST_SPREAD, PRIOR_BAND + WIDEST_SPREAD + 1))


def test_better_bands_win_where_the_policy_says_so() -> None:
    plan = Plan(band_spread=WIDEST_SPREAD, capacity=len(ORDERS))
    bands = market_of(plan).places.band.astype(int)
    won = play(ORDERS, SELLERS, plan).resolver.seller
    assert bands[won[won >= 0]].mean() > bands.mean() + 1


def test_the_same_seed_gives_the_same_and_another_does_not() -> None:
    plan = Plan(days=2, band_spread=1)
    first = play(ORDERS, SELLERS, plan)
    assert same(first, play(ORDERS, SELLERS, plan))
    other = play(ORDERS, SELLERS, replace(plan, seed=1))
    assert not np.array_equal(first.resolver.seller, other.resolver.seller)
    assert not np.array_equal(first.random.seller, other.random.seller)
    assert np.array_equal(first.nearest.metres, other.nearest.metres)


def test_orders_played_in_many_blocks_get_the_bids_of_one() -> None:
    """Draws belong to an order and a seller: what else is in the block makes no difference."""
    plan = Plan(bids=3, among=9, capacity=1)
    whole = market_of(plan)
    rows = np.arange(0, len(ORDERS), 3)
    part = day_market(ORDERS.take(rows), SELLERS, Neighbourhood(SELLERS), plan, 0, lambda *_: None)
    chosen = np.isin(whole.bids.request, rows)
    assert size(part.bids) == chosen.sum()
    assert np.array_equal(part.bids.place, whole.bids.place[chosen])


def test_a_sample_is_a_part_of_the_orders_whatever_its_size() -> None:
    def names(found: Sites) -> set[bytes]:
        return {digest.tobytes() for digest in found.digest}

    small, large = sample(ORDERS, 20, seed=4), sample(ORDERS, 50, seed=4)
    assert (len(small), len(large), len(sample(ORDERS, ALL, seed=4))) == (20, 50, len(ORDERS))
    assert names(small) < names(large) < names(ORDERS)
    assert names(small) != names(sample(ORDERS, 20, seed=5))
    assert small.digest.tolist() == [
        row for row in ORDERS.digest.tolist() if row in small.digest.tolist()
    ]


def test_more_bids_than_sellers_to_draw_from_are_refused() -> None:
    with pytest.raises(ValueError, match="11 bids cannot come from the 10 nearest"):
        Plan(bids=11, among=10)
