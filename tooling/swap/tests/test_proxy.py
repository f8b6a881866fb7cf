"""The Caddyfile for operators."""

import json
import os
import subprocess

import pytest

from tooling.swap.proxy import CADDYFILE, path_of, program


def caddy(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.environ["PATH"], "HOME": "/nowhere", **settings}
    return subprocess.run(
        [program(), *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_caddyfile_is_formatted() -> None:
    assert caddy("fmt", str(CADDYFILE)).stdout == CADDYFILE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {
            "CADDY_ADDRESS": "http://:8080",
            "UPSTREAMS": "python:8000 node:8000",
            "WEIGHTS": "1 0",
        },
    ],
)
def test_caddyfile_is_valid(settings: dict[str, str]) -> None:
    adapted = caddy("adapt", "--config", str(CADDYFILE), "--validate", **settings)
    assert adapted.returncode == 0, adapted.stderr
    path = path_of("weights", json.loads(adapted.stdout))
    assert path is not None


def test_proxy_does_not_retry() -> None:
    adapted = caddy("adapt", "--config", str(CADDYFILE)).stdout
    assert path_of("retries", json.loads(adapted)) is None
    assert path_of("try_duration", json.loads(adapted)) is None
