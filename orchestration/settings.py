"""Settings from the environment, in one place: what each is called, and what it is by default.

Where publishers are asked, and how patiently, stands in `ingest.publishers.settings`, which may
know nothing of this; `core-measures settings` prints both.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ingest.errors import CoreMeasuresError


class Settings(BaseModel):
    """Every setting, under the name of its variable. A secret is never printed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    home: Path = Field(Path("data"), alias="CORE_MEASURES_HOME")
    source: str = Field("live", alias="CORE_MEASURES_SOURCE")
    site: bool = Field(True, alias="CORE_MEASURES_SITE")
    schedules: bool = Field(False, alias="CORE_MEASURES_SCHEDULES")
    nightly: str = Field("0 2 * * *", alias="CORE_MEASURES_NIGHTLY")
    log: Literal["text", "json"] = Field("text", alias="CORE_MEASURES_LOG")
    metrics: Path | None = Field(None, alias="CORE_MEASURES_METRICS")
    dagster_home: Path | None = Field(None, alias="DAGSTER_HOME")

    @field_validator("log", mode="before")
    @classmethod
    def _any_case(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> Self:
        """What the environment says, and the defaults where it says nothing or is empty.

        Raises
        ------
        CoreMeasuresError
            A variable is not what it may be.
        """
        found = os.environ if environment is None else environment
        names = {str(field.alias) for field in cls.model_fields.values()}
        try:
            return cls.model_validate({name: found[name] for name in names if found.get(name)})
        except ValidationError as error:
            first = error.errors()[0]
            raise CoreMeasuresError(
                f"{first['loc'][0]}: {first['input']!r} cannot be used: {first['msg']}."
            ) from None

    @property
    def home_folder(self) -> Path:
        """The home, wherever this is run from."""
        return self.home.absolute()
