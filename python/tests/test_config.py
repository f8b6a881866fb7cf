import re

import pytest

from task_timer.config import DEVELOPMENT_SECRET_KEY, REPOSITORY, ConfigError, load_settings

URL = "postgresql://user@localhost:5432/database"
EXAMPLE = dict(
    re.findall("^([A-Z_]+)=(.+)$", (REPOSITORY / ".env.example").read_text("utf-8"), re.MULTILINE)
)
STRONG_KEY = "kO3vT9-bXw7mQz1_Lr5yHd8sNf2cGj6a"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("APP_ENV", "SECRET_KEY", "PORT", "RATE_LIMIT_PER_MINUTE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", URL)
    return monkeypatch


def faults() -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_settings()
    return caught.value.faults


def test_only_the_database_url_is_required() -> None:
    settings = load_settings()
    assert (settings.app_env, settings.port, settings.workers) == ("development", 8000, 1)
    assert settings.validate_responses


def test_defaults_match_the_example(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DATABASE_URL", EXAMPLE["DATABASE_URL"])
    for name in EXAMPLE.keys() - {"DATABASE_URL"}:
        environment.delenv(name, raising=False)
    defaults = load_settings()
    for name, value in EXAMPLE.items():
        environment.setenv(name, value)
    assert load_settings() == defaults


def test_empty_variable_counts_as_unset(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PORT", "")
    assert load_settings().port == 8000


def test_all_invalid_settings_are_listed(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("DATABASE_URL")
    for name, value in {"PORT": "0", "WORKERS": "two", "CORS_ORIGINS": "*"}.items():
        environment.setenv(name, value)
    assert [fault.split(":")[0] for fault in faults()] == [
        "PORT",
        "WORKERS",
        "DATABASE_URL",
        "CORS_ORIGINS",
    ]


def test_development_has_a_default_secret_key(environment: pytest.MonkeyPatch) -> None:
    assert load_settings().secret_key == DEVELOPMENT_SECRET_KEY


@pytest.mark.parametrize(
    "key", ["short", "a" * 40, "abababababababababababababababababab", DEVELOPMENT_SECRET_KEY]
)
def test_production_rejects_a_weak_secret_key(environment: pytest.MonkeyPatch, key: str) -> None:
    environment.setenv("APP_ENV", "production")
    environment.setenv("SECRET_KEY", key)
    assert [fault.split(":")[0] for fault in faults()] == ["SECRET_KEY"]


def test_production_requires_a_secret_key(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("APP_ENV", "production")
    assert faults() == ["SECRET_KEY: required"]


def test_previous_keys_must_be_as_strong(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SECRET_KEY_PREVIOUS", f" {STRONG_KEY} ,{STRONG_KEY[::-1]}")
    assert load_settings().secret_key_previous == (STRONG_KEY, STRONG_KEY[::-1])
    environment.setenv("SECRET_KEY_PREVIOUS", f"{STRONG_KEY},short")
    assert faults() == ["SECRET_KEY_PREVIOUS: must have at least 32 characters"]


def test_production_accepts_a_strong_secret_key(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("APP_ENV", "production")
    environment.setenv("SECRET_KEY", STRONG_KEY)
    assert not load_settings().validate_responses
