"""Documents about accepted assignments, likewise."""

from hypothesis import strategies as st

from tests.vrm.documents.samples import KEY, a_sort, digests, salts, text
from vrm.documents import Cancellation, Handover, Shipment, VendorCancellation

FULFILMENT_SORTS = [
    a_sort(
        Shipment,
        {
            "vendor": st.just(KEY.did),
            "request": digests,
            "assignment": digests,
            "state": st.sampled_from(["shipped", "ready"]),
        },
    ),
    a_sort(
        VendorCancellation,
        {"vendor": st.just(KEY.did), "request": digests, "assignment": digests},
        {"reason": text(40)},
    ),
    a_sort(
        Cancellation,
        {"pseudonym": st.just(KEY.did), "request": digests, "assignment": digests, "salt": salts},
    ),
    a_sort(
        Handover,
        {
            "pseudonym": st.just(KEY.did),
            "request": digests,
            "assignment": digests,
            "challenge": salts,
        },
    ),
]
