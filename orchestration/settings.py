"""Settings from the environment, in one place: what each is called, and what it is by default.

`core-measures settings` prints them. Where publishers are asked, and how patiently, is read by
`ingest.publishers.settings`, which may know nothing of this and says itself what is wrong there.

A model of pydantic's own: to import pydantic-settings, which brings asyncio and a parser of
commands, takes as long as a query may take in all, and what it would do here is to read one
dictionary.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    SecretStr,
    ValidationError,
    field_validator,
)

from ingest.beside import processors
from ingest.errors import CoreMeasuresError, without_credentials

if TYPE_CHECKING:
    from warehouse.serve.home import Home


def _variable(default: Any, name: str, means: str) -> Any:
    return Field(default, alias=name, description=means)


class Settings(BaseModel):
    """Every setting, under the name of its variable. A secret is never printed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    home: Path = _variable(Path("data"), "CORE_MEASURES_HOME", "the home: where everything is kept")
    source: str = _variable(
        "live",
        "CORE_MEASURES_SOURCE",
        "where Dagster's refreshes bring releases home from: live, sample, or an archive's path"
        " or address",
    )
    archive: str | None = _variable(
        None,
        "CORE_MEASURES_ARCHIVE",
        "where the home's archive stands: a folder, or an address as s3://bucket/archive; by"
        " default in the home",
    )
    loads: str | None = _variable(
        None, "CORE_MEASURES_LOADS", "where its loads stand, likewise; by default in the home"
    )
    site: bool = _variable(True, "CORE_MEASURES_SITE", "whether a refresh makes the pages too")
    workers: int | None = _variable(
        None,
        "CORE_MEASURES_WORKERS",
        "how many processes work side by side, as at checks; by default one a processor",
    )
    build_memory: str = _variable(
        "2GB", "CORE_MEASURES_BUILD_MEMORY", "memory that DuckDB may take while it builds"
    )
    build_spill: str = _variable(
        "10GB",
        "CORE_MEASURES_BUILD_SPILL",
        "disk that a build may take for what does not fit in its memory",
    )
    schedules: bool = _variable(
        False,
        "CORE_MEASURES_SCHEDULES",
        "on: schedules and sensor run without being switched on by hand",
    )
    executor: Literal["in_process", "multiprocess", "celery", "celery_k8s", "k8s"] = _variable(
        "in_process",
        "CORE_MEASURES_EXECUTOR",
        "what runs Dagster's steps; any but in_process makes a step of each publication",
    )
    broker: str | None = _variable(
        None, "CORE_MEASURES_BROKER", "the address of Celery's broker, where celery runs the steps"
    )
    nightly: str = _variable(
        "0 2 * * *", "CORE_MEASURES_NIGHTLY", "when nightly fires, as cron has it, London time"
    )
    log: Literal["text", "json"] = _variable(
        "text", "CORE_MEASURES_LOG", "json: the command's lines as objects on standard error"
    )
    metrics: Path | None = _variable(
        None, "CORE_MEASURES_METRICS", "the folder for core_measures.prom; by default in the home"
    )
    code_host: str | None = _variable(
        None, "CORE_MEASURES_CODE_HOST", "where web server and daemon find the code server"
    )
    code_port: str | None = _variable(None, "CORE_MEASURES_CODE_PORT", "its port")
    lake: SecretStr | None = _variable(
        None, "CORE_MEASURES_LAKE", "the catalogue of a DuckLake that the marts go to as well"
    )
    lake_data: str | None = _variable(
        None, "CORE_MEASURES_LAKE_DATA", "needed with it: the folder or s3:// of its files"
    )
    lake_workers: PositiveInt | None = _variable(
        None,
        "CORE_MEASURES_LAKE_WORKERS",
        "how many workers build on the lake; none: this machine builds, in a file",
    )
    lake_worker: str | None = _variable(
        None,
        "CORE_MEASURES_LAKE_WORKER",
        "the command that starts a worker, by default this program on this machine",
    )
    dagster_home: Path | None = _variable(
        None, "DAGSTER_HOME", "folder of dagster.yaml; set, refreshes are in Dagster's history"
    )
    postgres_host: str | None = _variable(
        None, "DAGSTER_POSTGRES_HOST", "PostgreSQL of Dagster's runs"
    )
    postgres_port: str | None = _variable(None, "DAGSTER_POSTGRES_PORT", "its port")
    postgres_user: str | None = _variable(None, "DAGSTER_POSTGRES_USER", "its user")
    postgres_password: SecretStr | None = _variable(
        None, "DAGSTER_POSTGRES_PASSWORD", "that user's password"
    )
    postgres_database: str | None = _variable(None, "DAGSTER_POSTGRES_DB", "its database")

    contact: str | None = _variable(
        None, "CORE_MEASURES_CONTACT", "who runs this, told to publishers with every request"
    )
    stat_xplore_key: SecretStr | None = _variable(
        None, "CORE_MEASURES_STAT_XPLORE_KEY", "key for DWP's Stat-Xplore"
    )
    requests_per_second: str = _variable(
        "10", "CORE_MEASURES_REQUESTS_PER_SECOND", "how many requests a second at most, a host"
    )
    tries: str = _variable("4", "CORE_MEASURES_TRIES", "how often a request is tried")
    backoff_seconds: str = _variable(
        "1", "CORE_MEASURES_BACKOFF_SECONDS", "how long before the second try"
    )
    longest_wait_seconds: str = _variable(
        "120", "CORE_MEASURES_LONGEST_WAIT_SECONDS", "the longest that a publisher may ask to wait"
    )
    connect_seconds: str = _variable(
        "10", "CORE_MEASURES_CONNECT_SECONDS", "how long a connection may take"
    )
    read_seconds: str = _variable(
        "30", "CORE_MEASURES_READ_SECONDS", "how long a publisher may be silent"
    )
    download_seconds: str = _variable(
        "900", "CORE_MEASURES_DOWNLOAD_SECONDS", "how long a whole file may take"
    )
    ees_url: str | None = _variable(
        None, "CORE_MEASURES_EES_URL", "Explore Education Statistics, content"
    )
    ees_statistics_url: str | None = _variable(
        None, "CORE_MEASURES_EES_STATISTICS_URL", "Explore Education Statistics, statistics"
    )
    govuk_url: str | None = _variable(None, "CORE_MEASURES_GOVUK_URL", "GOV.UK")
    fingertips_url: str | None = _variable(None, "CORE_MEASURES_FINGERTIPS_URL", "OHID Fingertips")
    ons_url: str | None = _variable(
        None, "CORE_MEASURES_ONS_URL", "Office for National Statistics, data sets"
    )
    ons_indicators_url: str | None = _variable(
        None, "CORE_MEASURES_ONS_INDICATORS_URL", "Explore Local Statistics"
    )
    nomis_url: str | None = _variable(None, "CORE_MEASURES_NOMIS_URL", "Nomis")
    stat_xplore_url: str | None = _variable(
        None, "CORE_MEASURES_STAT_XPLORE_URL", "DWP's Stat-Xplore"
    )
    archive_url: str | None = _variable(
        None, "CORE_MEASURES_ARCHIVE_URL", "where archived files are fetched from"
    )

    webhook: SecretStr | None = _variable(
        None, "CORE_MEASURES_WEBHOOK", "where alerts go as Slack's JSON"
    )
    mail_server: str | None = _variable(
        None, "CORE_MEASURES_MAIL_SERVER", "host or host:port of a mail server for alerts"
    )
    mail_from: str | None = _variable(
        None, "CORE_MEASURES_MAIL_FROM", "needed with it: whom mail is from"
    )
    mail_to: str | None = _variable(
        None, "CORE_MEASURES_MAIL_TO", "needed with it: who gets it, several by commas"
    )
    mail_security: str = _variable("starttls", "CORE_MEASURES_MAIL_SECURITY", "or tls, or none")
    mail_user: str | None = _variable(None, "CORE_MEASURES_MAIL_USER", "user of the mail server")
    mail_password: SecretStr | None = _variable(
        None, "CORE_MEASURES_MAIL_PASSWORD", "that user's password"
    )

    @field_validator("log", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @classmethod
    def variables(cls) -> list[str]:
        """The name of every variable."""
        return [str(field.alias) for field in cls.model_fields.values()]

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> Self:
        """What the environment says, and the defaults where it says nothing or is empty.

        Raises
        ------
        CoreMeasuresError
            A variable is not what it may be. No secret is told.
        """
        found = os.environ if environment is None else environment
        try:
            return cls.model_validate(
                {name: found[name] for name in cls.variables() if found.get(name)}
            )
        except ValidationError as error:
            first = error.errors()[0]
            raise CoreMeasuresError(
                f"{first['loc'][0]}: {first['input']!r} cannot be used: {first['msg']}."
            ) from None

    @property
    def processes(self) -> int:
        """How many processes may be at work side by side; one means this process alone."""
        return self.workers or processors()

    @property
    def steps_apart(self) -> bool:
        """Whether Dagster runs each step in a process of its own."""
        return self.executor != "in_process"

    @property
    def home_folder(self) -> Path:
        """The home, wherever this is run from."""
        return self.home.absolute()

    def home_at(self, root: Path) -> Home:
        """The home in a folder, its archive and loads where the settings have them."""
        from warehouse.serve.home import Home

        return Home(root, self.archive or "", self.loads or "")

    def as_rows(self) -> Iterator[tuple[str, str, str]]:
        """Each variable, what it is set to, and what it means; of a secret only that it is set."""
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            shown = "(set)" if isinstance(value, SecretStr) else "" if value is None else str(value)
            if "://" in shown:
                shown = without_credentials(shown)
            yield str(field.alias), shown, field.description or ""
