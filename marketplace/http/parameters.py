"""What handlers take: the dependencies that `create_app` provides, and the parameters that many calls share."""

from typing import Annotated

from litestar.di import NamedDependency
from litestar.params import HeaderParameter, PathParameter

from marketplace.http.paging import PageAsked
from marketplace.market import Market

TheMarket = NamedDependency[Market]
Body = NamedDependency[bytes]
"""The raw body of a write; see `bodies`."""

Reader = NamedDependency[str]
"""The did of the vendor that signed the read; see `signed_reads`."""

ThePage = NamedDependency[PageAsked]
"""Of a list; see `paging`."""

Invitation = Annotated[str | None, HeaderParameter(name="Vrm-Invitation", max_length=128)]
"""The operator's code, where newcomers need one."""

Word = Annotated[str, PathParameter(pattern=r"^[!-~]{1,128}$")]
"""A digest, a did, a day or another name in a path."""
