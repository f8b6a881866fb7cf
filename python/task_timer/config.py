"""The settings of a process: the only place that reads the environment."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from environs import Env, EnvValidationError, validate
from marshmallow import ValidationError

REPOSITORY = Path(__file__).resolve().parents[2]
DEVELOPMENT_SECRET_KEY = "development-only-secret-key-never-use-it-elsewhere"  # noqa: S105
PLACEHOLDERS = ("change-me", "change_me", "changeme", "development-", "placeholder", "your-secret")
SECRET_KEY_LENGTH = 32
SECRET_KEY_CHARACTERS = 8
ENVIRONMENTS = ["development", "test", "production"]
LOG_LEVELS = ["debug", "info", "warning", "error"]
URL_FORM = "postgresql://user:password@host:port/database"


class ConfigError(Exception):
    """Settings that cannot be used; `faults` has a line for each, with the setting's name."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says, checked. Durations carry their unit in the name."""

    app_env: str
    host: str
    port: int
    workers: int
    database_url: str
    database_pool_size: int
    database_timeout_ms: int
    secret_key: str
    access_token_seconds: int
    refresh_token_seconds: int
    rate_limit_per_minute: int
    credential_limit_per_minute: int
    cors_origins: tuple[str, ...]
    trusted_proxy_hops: int
    log_level: str
    shutdown_seconds: int
    validate_responses: bool
    contract_path: Path
    docs_path: Path


def load_settings() -> Settings:
    """Reads the settings from the environment; throws a ConfigError with all faults at once."""
    env = Env(eager=False)
    app_env = _choice(env, "APP_ENV", "development", ENVIRONMENTS)
    settings = Settings(
        app_env=app_env,
        host=env.str("HOST", "127.0.0.1", validate=_matches(r"\S+", "not empty")),
        port=_whole(env, "PORT", 8000, 1, 65535),
        workers=_whole(env, "WORKERS", 1, 1, 64),
        database_url=env.str("DATABASE_URL", validate=_matches(r"postgresql://.+", URL_FORM)),
        database_pool_size=_whole(env, "DATABASE_POOL_SIZE", 10, 1, 100),
        database_timeout_ms=_whole(env, "DATABASE_TIMEOUT_MS", 5000, 100, 60000),
        secret_key=_secret_key(env, app_env),
        access_token_seconds=_whole(env, "ACCESS_TOKEN_SECONDS", 900, 10, 86400),
        refresh_token_seconds=_whole(env, "REFRESH_TOKEN_SECONDS", 1209600, 60, 7776000),
        rate_limit_per_minute=_whole(env, "RATE_LIMIT_PER_MINUTE", 600, 1, 1000000),
        credential_limit_per_minute=_whole(env, "CREDENTIAL_LIMIT_PER_MINUTE", 10, 1, 1000000),
        cors_origins=_origins(env),
        trusted_proxy_hops=_whole(env, "TRUSTED_PROXY_HOPS", 0, 0, 10),
        log_level=_choice(env, "LOG_LEVEL", "info", LOG_LEVELS),
        shutdown_seconds=_whole(env, "SHUTDOWN_SECONDS", 10, 1, 300),
        validate_responses=_flag(env, "VALIDATE_RESPONSES", app_env != "production"),
        contract_path=Path(env.str("CONTRACT_PATH", str(REPOSITORY / "openapi.yaml"))),
        docs_path=Path(env.str("DOCS_PATH", str(REPOSITORY / "docs"))),
    )
    try:
        env.seal()
    except EnvValidationError as error:
        raise ConfigError(_faults(error)) from error
    return settings


def _choice(env: Env, name: str, default: str, choices: list[str]) -> str:
    one_of = validate.OneOf(choices, error=f"one of {', '.join(choices)}")
    return str(env.str(name, default, validate=one_of))


def _flag(env: Env, name: str, default: bool) -> bool:
    one_of = validate.OneOf(["true", "false"], error="true or false")
    return bool(env.str(name, str(default).lower(), validate=one_of) == "true")


def _whole(env: Env, name: str, default: int, minimum: int, maximum: int) -> int:
    def check(text: str) -> None:
        if not re.fullmatch("[0-9]{1,9}", text) or not minimum <= int(text) <= maximum:
            raise ValidationError(f"a whole number from {minimum} to {maximum}")

    return int(env.str(name, str(default), validate=check) or default)


def _matches(pattern: str, form: str) -> Callable[[str], None]:
    def check(text: str) -> None:
        if not re.fullmatch(pattern, text):
            raise ValidationError(form)

    return check


def _secret_key(env: Env, app_env: str) -> str:
    def check(text: str) -> None:
        if len(text) < SECRET_KEY_LENGTH:
            raise ValidationError(f"at least {SECRET_KEY_LENGTH} characters")
        if len(set(text)) < SECRET_KEY_CHARACTERS:
            raise ValidationError(f"at least {SECRET_KEY_CHARACTERS} different characters")
        if any(placeholder in text.lower() for placeholder in PLACEHOLDERS):
            raise ValidationError("a random value, not a placeholder")

    if app_env == "production":
        return str(env.str("SECRET_KEY", validate=check))
    key = env.str("SECRET_KEY", DEVELOPMENT_SECRET_KEY, validate=check)
    return str(key)


def _origins(env: Env) -> tuple[str, ...]:
    def check(text: str) -> None:
        for origin in filter(None, text.split(",")):
            if not re.fullmatch(r"https?://[^/?#\s*]+", origin.strip()):
                raise ValidationError("origins such as https://example.com, with commas between")

    text = str(env.str("CORS_ORIGINS", "", validate=check))
    return tuple(origin.strip() for origin in text.split(",") if origin.strip())


def _faults(error: EnvValidationError) -> list[str]:
    messages: dict[str, list[str]] = error.error_messages  # type: ignore[assignment]
    required = "Environment variable not set."
    return [
        f"{name}: {'required' if message == required else message}"
        for name, found in messages.items()
        for message in found
    ]
