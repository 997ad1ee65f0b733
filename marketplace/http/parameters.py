"""What handlers take: the dependencies that `create_app` provides, and the parameters that many calls share."""

from typing import Annotated

from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from marketplace.http.paging import MAX_LIMIT
from marketplace.market import Market

TheMarket = NamedDependency[Market]
Body = NamedDependency[bytes]
"""The raw body of a write; see `bodies`."""

Reader = NamedDependency[str]
"""The did of the vendor that signed the read; see `signed_reads`."""

Word = Annotated[str, PathParameter(pattern=r"^[!-~]{1,128}$")]
"""A digest, a did, a day or another name in a path."""

Cursor = Annotated[str | None, QueryParameter(max_length=1024)]
Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)]
