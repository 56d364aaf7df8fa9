"""What an installation may set: environment variables with the prefix `LEAD_`, checked before anything starts."""

import os
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from adapters.staff.nudge import ContactError
from adapters.staff.openid import is_secure
from adapters.staff.smtp import checked_address, server_of

PREFIX: Final = "LEAD_"
_DRIVER: Final = "postgresql+psycopg"
_HOUR: Final = 3600


class SettingsError(Exception):
    """A setting breaks its rule. The message is one line: the `LEAD_` variable and the rule, never the value."""


def _database(value: SecretStr) -> SecretStr:
    scheme, separator, rest = value.get_secret_value().partition("://")
    if not separator or scheme not in {"postgresql", "postgres", _DRIVER}:
        raise ValueError("must be a `postgresql://` URL")
    return SecretStr(f"{_DRIVER}://{rest}")


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("must be an `http://` or `https://` address without query, fragment or password")
    return value.rstrip("/")


def _issuer(value: str) -> str:
    address = _address(value)
    if not is_secure(address):
        raise ValueError("must be an `https://` address")
    return address


def _mail_server(value: SecretStr) -> SecretStr:
    server_of(value.get_secret_value())
    return value


def _mail_address(value: str) -> str:
    try:
        return checked_address(value)
    except ContactError:
        raise ValueError("must be one e-mail address") from None


def _quiet_hours(value: str) -> str:
    quiet_of(value)
    return value


def quiet_of(value: str) -> tuple[time, time] | None:
    """Read quiet hours: `HH:MM-HH:MM`, over midnight if need be, or `none`. Raises ValueError."""
    if value == "none":
        return None
    try:
        begins, ends = (time.fromisoformat(part) if len(part) == len("HH:MM") else None for part in value.split("-"))
    except ValueError:
        begins = ends = None
    if begins is None or ends is None or begins == ends:
        raise ValueError("must be `HH:MM-HH:MM`, two different times, or `none`")
    return begins, ends


DatabaseUrl = Annotated[SecretStr, AfterValidator(_database)]


class Settings(BaseSettings):
    """All settings, immutable. Secrets show as asterisks in `repr`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid")

    data_dir: Path = Path("data")
    """The folder of the site; made 0700 where it is missing."""

    database_url: DatabaseUrl | None = None
    """The serving role on any PostgreSQL 15 or later; None: the embedded server in `data_dir`."""

    migration_database_url: DatabaseUrl | None = None
    """The owning role on the same database; needed by `migrate` only."""

    keys_url: DatabaseUrl | None = None
    """The serving role on the key store, which is another database than the data."""

    migration_keys_url: DatabaseUrl | None = None
    """The owning role on the key store."""

    kek_file: Path | None = None
    """The file with the key-encryption key, 0600; without any of the three: `secrets/kek` in `data_dir`."""

    kek_env: str | None = None
    """The name of the environment variable that holds the key-encryption key, base64."""

    kek_command: str | None = None
    """A command that prints the key-encryption key, base64: the way to a KMS."""

    key_cache_seconds: Annotated[float, Field(ge=0, le=60)] = 5
    """For how long an unwrapped key stays in memory after its last look-up in the key store."""

    base_url: Annotated[str, AfterValidator(_address)] = "http://127.0.0.1:8000"
    """The outside address, without a slash at its end."""

    max_body_bytes: Annotated[int, Field(ge=1024, le=1 << 30)] = 10 * (1 << 20)
    """No request body is read beyond this."""

    neutral_step_ms: Annotated[int, Field(ge=1, le=60_000)] = 250
    """T of design.md 3, milliseconds: a synchronous refusal leaves at arrival plus a whole multiple of it."""

    client_requests_per_second: Annotated[float, Field(gt=0, le=100_000)] = 100
    """So often a partner's system may ask in the long run, all processes together; after that it is told to wait."""

    client_requests_at_once: Annotated[int, Field(ge=1, le=1_000_000)] = 500
    """So many requests a system that has been quiet may make at once."""

    metrics_token: SecretStr | None = None
    """The bearer token for /metrics from elsewhere; None: only this machine itself may read it."""

    release_delay_seconds: Annotated[int, Field(ge=1, le=30 * 24 * _HOUR)] = 4 * _HOUR
    """N of design.md 3: the answer to a question leaves in the first window at least so long after its arrival."""

    release_window_seconds: Annotated[int, Field(ge=1, le=24 * _HOUR)] = _HOUR
    """Windows open at whole multiples of this since the epoch."""

    poll_seconds: Annotated[float, Field(gt=0, le=60)] = 1
    """How often a worker looks for jobs whose time has come, seconds."""

    worker_timeout_seconds: Annotated[float, Field(ge=1, le=600)] = 20
    """A worker that has not breathed for so long is dead: others take its jobs over, seconds."""

    send_timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 5
    """For one attempt at one delivery."""

    enforcement_days: Annotated[int, Field(ge=1, le=365)] = 30
    """N of LEAD GR-09: an arrest or a filing so soon after a disclosure to the agency is looked at by people."""

    smtp_url: Annotated[SecretStr, AfterValidator(_mail_server)] | None = None
    """The server that takes e-mail to staff: `smtp://NAME:PASSWORD@HOST` (STARTTLS) or `smtps://`; None: no e-mail."""

    smtp_from: Annotated[str, AfterValidator(_mail_address)] | None = None
    """The address from which staff are told that something waits."""

    smtp_ca_file: Path | None = None
    """Certificates in PEM form to trust instead of the system's, for a mail server with a CA of its own."""

    nudge_quiet_hours: Annotated[str, AfterValidator(_quiet_hours)] = "21:00-07:00"
    """When staff are not told, on the site's clocks, but of a custody alert; `none`: at no time."""

    oidc_issuer: Annotated[str, AfterValidator(_issuer)] | None = None
    """The OpenID provider at which staff sign in to the console, exactly as it names itself; None: no console."""

    oidc_client_id: str | None = None
    """How this site is known there."""

    oidc_client_secret: SecretStr | None = None
    """Its secret there; None: it is registered as a public client."""

    oidc_staff_claim: str = "sub"
    """The claim that names a member of staff as the casework system names case managers."""

    oidc_roles_claim: str = "roles"
    """The claim that lists roles: privacy-officer, case-manager, supervisor, project-manager, auditor, defender."""

    oidc_organization_claim: str = "organization"
    """The claim that names the organization, by its id here."""

    session_idle_minutes: Annotated[int, Field(ge=1, le=240)] = 15
    """Whoever does nothing in the console for so long signs in anew."""

    session_hours: Annotated[int, Field(ge=1, le=24)] = 10
    """A session ends after so long in any case."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def journal_dir(self) -> Path:
        """The folder of the journal, outside the database."""
        return self.data_dir / "journal"

    @property
    def checkpoint_dir(self) -> Path:
        """The folder to which the ledger's signed checkpoints are exported."""
        return self.data_dir / "checkpoints"

    @model_validator(mode="after")
    def _one_source_of_the_key(self) -> Self:
        if sum(source is not None for source in (self.kek_file, self.kek_env, self.kek_command)) > 1:
            raise ValueError("`LEAD_KEK_FILE`, `LEAD_KEK_ENV`, `LEAD_KEK_COMMAND`: at most one may be set")
        return self

    @model_validator(mode="after")
    def _mail_from_somebody(self) -> Self:
        if self.smtp_url is not None and self.smtp_from is None:
            raise ValueError("`LEAD_SMTP_FROM`: must be set where `LEAD_SMTP_URL` is")
        return self

    @model_validator(mode="after")
    def _known_at_the_provider(self) -> Self:
        if self.oidc_issuer is not None and not self.oidc_client_id:
            raise ValueError("`LEAD_OIDC_CLIENT_ID`: must be set where `LEAD_OIDC_ISSUER` is")
        return self

    @model_validator(mode="after")
    def _keys_apart_from_data(self) -> Self:
        if (self.database_url is None) != (self.keys_url is None):
            raise ValueError("`LEAD_KEYS_URL`: must be set exactly when `LEAD_DATABASE_URL` is")
        if self.database_url and self.keys_url and _place(self.database_url) == _place(self.keys_url):
            raise ValueError("`LEAD_KEYS_URL`: must be another database than `LEAD_DATABASE_URL`")
        return self


def _place(url: SecretStr) -> tuple[str, str, str]:
    parts = urlsplit(url.get_secret_value())
    return parts.netloc.rpartition("@")[2], parts.path, parts.query


def load(**overrides: Any) -> Settings:
    """Read the environment; what is given here by name (None: not given) wins. Raises SettingsError."""
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        raise SettingsError(_line(error)) from None


def unknown_variables() -> list[str]:
    """Name the `LEAD_` variables of the environment that are no setting: misspelled, most likely."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    named = os.environ.get(PREFIX + "KEK_ENV")
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known | {named})


def _line(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    rule = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return rule
    return f"`{PREFIX}{str(first['loc'][0]).upper()}`: {rule[0].lower()}{rule[1:]}"
