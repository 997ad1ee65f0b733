"""Any valid document about ratings."""

from hypothesis import strategies as st

from tests.vrm.documents.samples import KEY, a_sort, attributes, digests, salts, text, tiers
from vrm.documents import Rating, RatingAnswer, Reveal, VendorRating, VendorRatingAnswer

_about = {"request": digests, "assignment": digests}
_rated = _about | {"salt": salts, "stars": st.integers(1, 5)}
_answered = _about | {"rating": digests, "text": text(40)}

RATING_SORTS = [
    a_sort(
        Rating,
        {"pseudonym": st.just(KEY.did), **_rated},
        {"facets": attributes, "text": text(40)},
    ),
    a_sort(VendorRating, {"vendor": st.just(KEY.did), **_rated}, {"text": text(40)}),
    a_sort(RatingAnswer, {"vendor": st.just(KEY.did), **_answered}),
    a_sort(VendorRatingAnswer, {"pseudonym": st.just(KEY.did), **_answered}),
    a_sort(
        Reveal,
        {"request": digests, "assignment": digests, "rating": digests, "tier": tiers},
        {"vendor_rating": digests},
    ),
]
