"""Settings, from the environment only; a name that is no setting is refused rather than ignored."""

import os
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from gis.errors import BadInput

_PREFIX = "WANGGE_"
_OTHERS = {"WANGGE_PYTHON", "WANGGE_REAL"}
"""Read by ``./run`` and by the tests."""


class Settings(BaseSettings):
    """Each is set as WANGGE_NAME in the environment."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX)

    home: Path = Field(default=Path("var"), description="Folder of the embedded store and of the release files.")
    store: str = Field(default="", description="Database URL; empty for SQLite under the home folder.")
    host: str = Field(default="127.0.0.1", description="Address to listen on; only loopback until a key exists.")
    port: int = Field(default=8321, ge=0, le=65535, description="Port to listen on.")
    timezone: str = Field(default="Asia/Shanghai", description="Zone of times that come without an offset.")
    upstream: str = Field(default="", description="Base URL of another Wangge to fetch releases from, for a replica.")
    upstream_key: str = Field(default="", description="Key for the upstream.")

    @property
    def store_url(self) -> str:
        """The database in use."""
        return self.store or f"sqlite:///{self.home.resolve() / 'wangge.db'}"


def load_settings() -> Settings:
    """The settings in force. Raises BadInput for a bad value, and for a variable that looks like one and is none."""
    known = {f"{_PREFIX}{name.upper()}" for name in Settings.model_fields} | _OTHERS
    strange = sorted(name for name in os.environ if name.startswith(_PREFIX) and name not in known)
    if strange:
        raise BadInput(f"environment variable {strange[0]} is no setting; there are: {', '.join(sorted(known))}")
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"{_PREFIX}{str(first['loc'][0]).upper()}"
        raise BadInput(f"{name}={first['input']}: {first['msg']}", field=name) from error
