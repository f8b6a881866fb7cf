"""Logs in, for requests that are sent from here."""

import json
import urllib.request

from testbed.migrations import SAMPLE_USER, Credentials


def log_in(address: str, who: Credentials = SAMPLE_USER) -> str:
    """Return an access token of a user."""
    body = json.dumps({"email": who.email, "password": who.password}).encode()
    url, headers = f"{address}/api/v1/auth/login", {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as answer:
        return str(json.load(answer)["access_token"])
