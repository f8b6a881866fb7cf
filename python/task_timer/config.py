"""The settings of a process: the only place that reads the environment."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from environs import Env, EnvValidationError
from marshmallow import ValidationError
from marshmallow.validate import OneOf

from .utils.database_url import DatabaseUrlError, parse_database_url
from .utils.env_file import read_env_file

REPOSITORY = Path(__file__).resolve().parents[2]
DEVELOPMENT_SECRET_KEY = "development-only-secret-key-never-use-it-elsewhere"  # noqa: S105
PLACEHOLDERS = ("change-me", "change_me", "changeme", "development-", "placeholder", "your-secret")
SECRET_KEY_LENGTH = 32
SECRET_KEY_CHARACTERS = 8
ENVIRONMENTS = ["development", "test", "production"]
TRACES_EXPORTERS = ["otlp", "none"]
TRACES_PROTOCOLS = ["http/protobuf"]
COLLECTOR_URL = "http://localhost:4318"
POOLERS = ["none", "transaction"]
LOG_LEVELS = ["debug", "info", "warning", "error"]
HOST = r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*"
URL = r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?"
ENV_FILE = Path(".env")
# As browsers write it: in lower case, and without the port that the scheme has anyway.
ORIGIN = (
    r"(?!http://.*:80$|https://.*:443$)"
    r"https?://(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?"
)


class ConfigError(Exception):
    """Invalid settings; `faults` has a line for each, with the name of the setting."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Settings:
    """The validated settings. Durations have their unit in the name."""

    app_env: str
    host: str
    port: int
    metrics_port: int
    workers: int
    database_url: str
    database_read_url: str
    database_pooler: str
    database_pool_size: int
    database_timeout_ms: int
    secret_key: str
    secret_key_previous: tuple[str, ...]
    access_token_seconds: int
    refresh_token_seconds: int
    refresh_grace_seconds: int
    session_seconds: int
    rate_limit_per_minute: int
    credential_limit_per_minute: int
    cors_origins: tuple[str, ...]
    trusted_proxy_hops: int
    log_level: str
    keep_alive_seconds: int
    shutdown_delay_seconds: int
    shutdown_seconds: int
    validate_responses: bool
    traces_endpoint: str
    service_name: str
    contract_path: Path
    docs_path: Path


def load_settings() -> Settings:
    """Reads the settings from the environment. Raises ConfigError with all faults at once.

    Those of the file `.env`, if there is one, are added to it. An empty variable counts as unset.
    """
    misread = read_env_file(ENV_FILE)
    if misread:
        raise ConfigError(misread)
    env = Env(eager=False)
    app_env = _choice(env, "APP_ENV", "development", ENVIRONMENTS)
    settings = Settings(
        app_env=app_env,
        host=_host(env),
        port=_whole(env, "PORT", 8000, 1, 65535),
        metrics_port=_whole(env, "METRICS_PORT", 0, 0, 65535),
        workers=_whole(env, "WORKERS", 1, 1, 64),
        database_url=_text(env, "DATABASE_URL", None, _is_database_url),
        database_read_url=_text(env, "DATABASE_READ_URL", "", _is_database_url_if_set),
        database_pooler=_choice(env, "DATABASE_POOLER", "none", POOLERS),
        database_pool_size=_whole(env, "DATABASE_POOL_SIZE", 10, 1, 100),
        database_timeout_ms=_whole(env, "DATABASE_TIMEOUT_MS", 5000, 100, 60000),
        secret_key=_secret_key(env, app_env),
        secret_key_previous=_previous_keys(env),
        access_token_seconds=_whole(env, "ACCESS_TOKEN_SECONDS", 900, 10, 86400),
        refresh_token_seconds=_whole(env, "REFRESH_TOKEN_SECONDS", 1209600, 60, 7776000),
        refresh_grace_seconds=_whole(env, "REFRESH_GRACE_SECONDS", 10, 0, 60),
        session_seconds=_whole(env, "SESSION_SECONDS", 2592000, 60, 31536000),
        rate_limit_per_minute=_whole(env, "RATE_LIMIT_PER_MINUTE", 600, 1, 1000000),
        credential_limit_per_minute=_whole(env, "CREDENTIAL_LIMIT_PER_MINUTE", 10, 1, 1000000),
        cors_origins=_origins(env),
        trusted_proxy_hops=_whole(env, "TRUSTED_PROXY_HOPS", 0, 0, 10),
        log_level=_choice(env, "LOG_LEVEL", "info", LOG_LEVELS),
        keep_alive_seconds=_whole(env, "KEEP_ALIVE_SECONDS", 75, 1, 3600),
        shutdown_delay_seconds=_whole(
            env, "SHUTDOWN_DELAY_SECONDS", 5 if app_env == "production" else 0, 0, 300
        ),
        shutdown_seconds=_whole(env, "SHUTDOWN_SECONDS", 10, 1, 300),
        validate_responses=_choice(
            env, "VALIDATE_RESPONSES", str(app_env != "production").lower(), ["true", "false"]
        )
        == "true",
        traces_endpoint=_traces_endpoint(env),
        service_name=_text(env, "OTEL_SERVICE_NAME", "task-timer", _anything),
        contract_path=Path(_text(env, "CONTRACT_PATH", f"{REPOSITORY}/openapi.yaml", _exists)),
        docs_path=Path(_text(env, "DOCS_PATH", f"{REPOSITORY}/docs", _anything)),
    )
    _seal(env)
    return settings


def load_database_url() -> str:
    """Reads all that migrations need. Raises ConfigError."""
    env = Env(eager=False)
    database_url = _text(env, "DATABASE_URL", None, _is_database_url)
    _seal(env)
    return database_url


Check = Callable[[str], None]


def _text(env: Env, name: str, default: str | None, check: Check) -> str:
    """Reads a variable; without a default it is required."""
    if default is None:
        return str(env.str(name, validate=lambda text: _given(text, check)))
    return str(env.str(name, default, validate=lambda text: check(text or default)) or default)


def _given(text: str, check: Check) -> None:
    if not text:
        raise ValidationError("required")
    check(text)


def _whole(env: Env, name: str, default: int, minimum: int, maximum: int) -> int:
    def check(text: str) -> None:
        if not re.fullmatch("[0-9]{1,9}", text) or not minimum <= int(text) <= maximum:
            raise ValidationError(f"must be an integer from {minimum} to {maximum}")

    return int(_text(env, name, str(default), check))


def _choice(env: Env, name: str, default: str, choices: list[str]) -> str:
    return _text(env, name, default, OneOf(choices, error=f"must be one of {', '.join(choices)}"))


def _host(env: Env) -> str:
    def check(text: str) -> None:
        if not re.fullmatch(HOST, text):
            raise ValidationError("must be a host name or address")

    return _text(env, "HOST", "127.0.0.1", check).strip("[]")


def _is_database_url(text: str) -> None:
    try:
        root_cert = parse_database_url(text).ssl_root_cert
    except DatabaseUrlError as error:
        raise ValidationError(str(error)) from error
    if root_cert is not None and not _is_file(root_cert):
        raise ValidationError("must name an existing file as sslrootcert")


def _is_database_url_if_set(text: str) -> None:
    if text:
        _is_database_url(text)


def _anything(_text: str) -> None:
    """Accepts any text."""


def _exists(path: str) -> None:
    if not _is_file(path):
        raise ValidationError("must be an existing file")


def _is_file(path: str) -> bool:
    return Path(path).is_file()


def _secret_key(env: Env, app_env: str) -> str:
    default = None if app_env == "production" else DEVELOPMENT_SECRET_KEY

    def check(text: str) -> None:
        if text != default:
            _refuse_weak(text)

    return _text(env, "SECRET_KEY", default, check)


def _previous_keys(env: Env) -> tuple[str, ...]:
    def check(text: str) -> None:
        for key in _listed(text):
            _refuse_weak(key)

    return _listed(_text(env, "SECRET_KEY_PREVIOUS", "", check))


def _refuse_weak(key: str) -> None:
    if len(key) < SECRET_KEY_LENGTH:
        raise ValidationError(f"must have at least {SECRET_KEY_LENGTH} characters")
    if len(set(key)) < SECRET_KEY_CHARACTERS:
        raise ValidationError(f"must have at least {SECRET_KEY_CHARACTERS} different characters")
    if any(placeholder in key.lower() for placeholder in PLACEHOLDERS):
        raise ValidationError("must not be a placeholder")


def _origins(env: Env) -> tuple[str, ...]:
    def check(text: str) -> None:
        for origin in _listed(text):
            if not re.fullmatch(ORIGIN, origin):
                raise ValidationError("must be comma-separated origins such as https://example.com")

    return _listed(_text(env, "CORS_ORIGINS", "", check))


def _traces_endpoint(env: Env) -> str:
    """Where spans are sent to, or nothing. The SDK would take a URL of any kind, and protocols."""

    def check(text: str) -> None:
        if text and not re.fullmatch(URL, text):
            raise ValidationError(f"must be a URL such as {COLLECTOR_URL}")

    every = _text(env, "OTEL_EXPORTER_OTLP_ENDPOINT", "", check)
    own = _text(env, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "", check)
    _choice(env, "OTEL_EXPORTER_OTLP_PROTOCOL", TRACES_PROTOCOLS[0], TRACES_PROTOCOLS)
    default = "otlp" if every or own else "none"
    exporter = _choice(env, "OTEL_TRACES_EXPORTER", default, TRACES_EXPORTERS)
    is_disabled = _choice(env, "OTEL_SDK_DISABLED", "false", ["true", "false"]) == "true"
    if exporter == "none" or is_disabled:
        return ""
    return own or f"{(every or COLLECTOR_URL).removesuffix('/')}/v1/traces"


def _listed(text: str) -> tuple[str, ...]:
    origins = (origin.strip(" \t") for origin in text.split(","))
    return tuple(origin for origin in origins if origin)


def _seal(env: Env) -> None:
    """Raises ConfigError if anything that was read is invalid."""
    try:
        env.seal()
    except EnvValidationError as error:
        raise ConfigError(_faults(error)) from error


def _faults(error: EnvValidationError) -> list[str]:
    messages: dict[str, list[str]] = error.error_messages  # type: ignore[assignment]
    unset = "Environment variable not set."
    return [
        f"{name}: {'required' if message == unset else message}"
        for name, found in messages.items()
        for message in found
    ]
