"""Documents about accepted assignments, likewise."""

from hypothesis import strategies as st

from tests.vrm.documents.samples import KEY, a_sort, digests
from vrm.documents import Shipment

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
]
