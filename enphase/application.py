"""Who is calling, and where: an Enphase application's credentials and the API's address."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

LOOPBACK_HOSTS = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Application:
    """An application registered with Enphase: the key of every call, the client of every token.

    The key and the tokens must belong to the same application, else every call answers 401.
    Raises ValueError for characters that cannot travel in a header; the message names the field
    and never shows its value.
    """

    api_key: str = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)

    def __post_init__(self) -> None:
        named = {
            "API key": self.api_key,
            "client id": self.client_id,
            "client secret": self.client_secret,
        }
        for name, value in named.items():
            if not (value.isascii() and (value == "" or value.isprintable())) or " " in value:
                raise ValueError(
                    f"The {name} holds a space or a character that is not plain ASCII. "
                    "Copy it again from the Enphase developer portal."
                )
        if ":" in self.client_id:
            # HTTP Basic ends the name at the first colon.
            raise ValueError("The client id holds a colon. Copy it again.")


def checked_base_url(base_url: str) -> str:
    """Return the API's address without a trailing slash; ValueError if it is not one.

    Plain http is accepted for this machine only: every call carries a token. A trailing slash
    would make `//oauth/token`, which Enphase answers with 404.
    """
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("The API address must start with https:// and name a host.")
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError("The API address must not hold a query, a fragment or a user name.")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        raise ValueError("The API address must use https:// unless it is on this machine.")
    return base_url.rstrip("/")
