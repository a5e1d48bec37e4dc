"""Where each platform is asked, and how patiently: the one table of the environment's names.

The addresses are configuration so that the same code speaks to the real services and to
stand-ins. An address may lead to a host that the publication's file names, over HTTPS, or to this
machine itself by its loopback number (`http://127.0.0.1:8000`): no name and no other host, so
that nothing in the environment can send a request elsewhere in the clear.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

from ingest.errors import CoreMeasuresError
from ingest.http.answers import Origin, RequestPolicy, is_loopback, origin_of

ADDRESSES = {
    "ees": (
        "CORE_MEASURES_EES_URL",
        "https://content.explore-education-statistics.service.gov.uk/api",
    ),
    "ees_statistics": (
        "CORE_MEASURES_EES_STATISTICS_URL",
        "https://api.education.gov.uk/statistics/v1",
    ),
    "govuk": ("CORE_MEASURES_GOVUK_URL", "https://www.gov.uk"),
    "fingertips": ("CORE_MEASURES_FINGERTIPS_URL", "https://fingertips.phe.org.uk/api"),
    "ons_indicator": (
        "CORE_MEASURES_ONS_INDICATORS_URL",
        "https://www.ons.gov.uk/explore-local-statistics/api/v1",
    ),
    "ons_dataset": ("CORE_MEASURES_ONS_URL", "https://www.ons.gov.uk"),
    "nomis": ("CORE_MEASURES_NOMIS_URL", "https://www.nomisweb.co.uk/api/v01"),
    "stat_xplore": (
        "CORE_MEASURES_STAT_XPLORE_URL",
        "https://stat-xplore.dwp.gov.uk/webapi/rest/v1",
    ),
}
"""Platform to the variable that moves it, and where it is by default."""

ARCHIVE_ADDRESS = "CORE_MEASURES_ARCHIVE_URL"
STAT_XPLORE_KEY = "CORE_MEASURES_STAT_XPLORE_KEY"
CONTACT = "CORE_MEASURES_CONTACT"
NUMBERS = {
    "connect": "CORE_MEASURES_CONNECT_SECONDS",
    "read": "CORE_MEASURES_READ_SECONDS",
    "download": "CORE_MEASURES_DOWNLOAD_SECONDS",
    "backoff": "CORE_MEASURES_BACKOFF_SECONDS",
    "longest_wait": "CORE_MEASURES_LONGEST_WAIT_SECONDS",
    "per_second": "CORE_MEASURES_REQUESTS_PER_SECOND",
    "tries": "CORE_MEASURES_TRIES",
}


@dataclass(frozen=True)
class Settings:
    """Where to ask, and how. `addresses` is by platform."""

    addresses: Mapping[str, str] = field(
        default_factory=lambda: {name: default for name, (_, default) in ADDRESSES.items()}
    )
    policy: RequestPolicy = field(default_factory=RequestPolicy)
    stat_xplore_key: str | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """What the environment says, and the defaults where it says nothing.

        Raises
        ------
        CoreMeasuresError
            A variable is no address or no number.
        """
        addresses = {}
        wanted = dict(ADDRESSES)
        if ARCHIVE_ADDRESS in environment:
            # Otherwise each publication's own file says where its archive is.
            wanted["archive"] = (ARCHIVE_ADDRESS, "")
        for platform, (variable, default) in wanted.items():
            address = environment.get(variable, default).rstrip("/")
            try:
                scheme, host, _ = origin_of(address)
            except ValueError as error:
                raise CoreMeasuresError(f"{variable}: {error}.") from error
            if scheme != "https" and not is_loopback(host):
                raise CoreMeasuresError(
                    f"{variable}: {address} is neither https nor this machine by number"
                    " (http://127.0.0.1:PORT)."
                )
            addresses[platform] = address
        numbers: dict[str, float] = {}
        for name, variable in NUMBERS.items():
            if variable not in environment:
                continue
            try:
                numbers[name] = float(environment[variable])
            except ValueError as error:
                raise CoreMeasuresError(
                    f"{variable}: {environment[variable]!r} is no number."
                ) from error
            if not 0 < numbers[name] < 1e6:
                raise CoreMeasuresError(f"{variable}: {environment[variable]} is out of range.")
        tries = {"tries": int(numbers.pop("tries"))} if "tries" in numbers else {}
        if tries.get("tries") == 0:
            raise CoreMeasuresError(f"{NUMBERS['tries']}: at least one try is needed.")
        return cls(
            addresses,
            RequestPolicy(user_agent=_user_agent(environment.get(CONTACT, "")), **numbers, **tries),  # type: ignore[arg-type]
            environment.get(STAT_XPLORE_KEY) or None,
        )

    def origins(self, platform: str, hosts: tuple[str, ...]) -> frozenset[Origin]:
        """Where requests for a publication may go: its hosts over HTTPS, or a stand-in."""
        allowed = {("https", host, 443) for host in hosts}
        address = self.addresses.get(platform)
        if address is not None:
            origin = origin_of(address)
            if is_loopback(origin[1]):
                allowed.add(origin)
        return frozenset(allowed)


def _user_agent(contact: str) -> str:
    try:
        number = version("core-measures")
    except PackageNotFoundError:
        number = "0"
    safe = "".join(c for c in contact if c.isascii() and c.isprintable() and c not in "()")
    note = f"; run by {safe}" if safe else ""
    return f"core-measures/{number} (open warehouse of children's measures in England{note})"
