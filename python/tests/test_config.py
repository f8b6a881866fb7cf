import re

import pytest

from task_timer.config import DEVELOPMENT_SECRET_KEY, REPOSITORY, ConfigError, load_settings

URL = "postgresql://user@localhost:5432/database"
EXAMPLE = dict(
    re.findall("^([A-Z_]+)=(.+)$", (REPOSITORY / ".env.example").read_text("utf-8"), re.MULTILINE)
)
STRONG_KEY = "kO3vT9-bXw7mQz1_Lr5yHd8sNf2cGj6a"
ORIGINS: list[tuple[str, tuple[str, ...]]] = [
    ("", ()),
    (" ,\t,", ()),
    (" https://a.example ,,\thttps://b.example", ("https://a.example", "https://b.example")),
]
EVERY = {"EXPORTER_OTLP_ENDPOINT": "http://every.example:4318/"}
OWN = {"EXPORTER_OTLP_TRACES_ENDPOINT": "http://own.example/spans/"}
ENDPOINTS: list[tuple[dict[str, str], str]] = [
    ({}, ""),
    (EVERY, "http://every.example:4318/v1/traces"),
    ({"EXPORTER_OTLP_ENDPOINT": "http://a.example/b"}, "http://a.example/b/v1/traces"),
    (OWN, "http://own.example/spans/"),
    ({**EVERY, **OWN}, "http://own.example/spans/"),
    ({"TRACES_EXPORTER": "otlp"}, "http://localhost:4318/v1/traces"),
    ({**EVERY, "TRACES_EXPORTER": "none"}, ""),
    ({**OWN, "SDK_DISABLED": "true"}, ""),
    ({**OWN, "SDK_DISABLED": "false"}, "http://own.example/spans/"),
]


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


@pytest.mark.parametrize(
    ("app_env", "seconds"), [("development", 0), ("test", 0), ("production", 5)]
)
def test_shutdown_is_announced_in_production(
    environment: pytest.MonkeyPatch, app_env: str, seconds: int
) -> None:
    environment.setenv("APP_ENV", app_env)
    environment.setenv("SECRET_KEY", STRONG_KEY)
    assert load_settings().shutdown_delay_seconds == seconds


@pytest.mark.parametrize(
    ("given", "host"), [("[::1]", "::1"), ("::1", "::1"), ("localhost", "localhost")]
)
def test_brackets_of_an_address_are_removed(
    environment: pytest.MonkeyPatch, given: str, host: str
) -> None:
    environment.setenv("HOST", given)
    assert load_settings().host == host


@pytest.mark.parametrize(("given", "origins"), ORIGINS)
def test_list_has_no_empty_elements(
    environment: pytest.MonkeyPatch, given: str, origins: tuple[str, ...]
) -> None:
    environment.setenv("CORS_ORIGINS", given)
    assert load_settings().cors_origins == origins


@pytest.mark.parametrize(("given", "endpoint"), ENDPOINTS)
def test_endpoint_of_traces_follows_from_several_settings(
    environment: pytest.MonkeyPatch, given: dict[str, str], endpoint: str
) -> None:
    for name, value in given.items():
        environment.setenv(f"OTEL_{name}", value)
    assert load_settings().traces_endpoint == endpoint
