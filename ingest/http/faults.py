"""What goes wrong between us and a publisher, in words."""

from __future__ import annotations

import re
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


CAUSES = {
    400: "it refuses the question (400)",
    401: "it asks for a key (401)",
    403: "it is withdrawn, or may not be seen (403)",
    404: "there is nothing (404)",
    410: "it is gone for good (410)",
    429: "too many requests (429)",
}


def retry_after(header: str | None) -> float | None:
    """Seconds to wait, from either form that RFC 9110 allows; None where it says nothing clear."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header.strip())
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None


def plain(error: BaseException) -> str:
    """What an error says, in one line."""
    return " ".join(str(error).split()) or type(error).__name__


def connection(error: BaseException) -> str:
    """Why no connection was made, in words."""
    text = plain(error)
    if "NameResolutionError" in text or "getaddrinfo" in text or "resolve" in text.lower():
        return "its host name is not known to the name service"
    if "refused" in text.lower():
        return "it refuses the connection"
    if "ProxyError" in text:
        return "the proxy of this machine does not let it through"
    return "the connection breaks off before an answer"


def certificate(error: BaseException) -> str:
    """What is wrong with a certificate."""
    found = re.search(r"certificate verify failed: ([^(')]+)", str(error))
    return found.group(1).strip() if found else "no secure connection can be made"


def body_fault(error: BaseException) -> str:
    """Why a body did not come whole, in words."""
    if "timed out" in str(error).lower() or isinstance(error, TimeoutError):
        return "it stops in the middle and says nothing more"
    return "what it sends is cut short"
