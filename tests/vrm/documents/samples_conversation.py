"""Any document about a conversation, or a dispute; see `samples`."""

from typing import Any

from hypothesis import strategies as st

import crypto
from tests.vrm.documents.samples import KEY, OTHER, a_sort, digests, salts, text
from vrm.documents import Dispute, Message, Ruling, VendorDispute, VendorMessage
from vrm.documents.disclosure import BOX_BYTES

_message: dict[str, st.SearchStrategy[Any]] = {
    "request": digests,
    "assignment": digests,
    "number": st.integers(1, 100_000),
    "commitment": digests,
    "sealed": st.binary(min_size=BOX_BYTES, max_size=BOX_BYTES).map(crypto.base64url_encode),
}
_side: dict[str, st.SearchStrategy[Any]] = {
    "request": digests,
    "assignment": digests,
    "salt": salts,
    "text": text(40),
    "messages": st.lists(
        st.fixed_dictionaries({"document": digests, "inside": st.just({"type": "SealedMessage"})}),
        max_size=2,
    ),
}

CONVERSATION_SORTS = [
    a_sort(Dispute, {"pseudonym": st.just(KEY.did)} | _side),
    a_sort(VendorDispute, {"vendor": st.just(KEY.did)} | _side),
    a_sort(
        Ruling,
        {
            "request": digests,
            "assignment": digests,
            "vendor": st.just(OTHER.did),
            "finds_for": st.sampled_from(["customer", "vendor", "neither"]),
            "disputes": st.lists(digests, min_size=1, max_size=2),
            "reason": text(40),
        },
    ),
    a_sort(Message, {"pseudonym": st.just(KEY.did)} | _message),
    a_sort(VendorMessage, {"vendor": st.just(KEY.did)} | _message),
]
