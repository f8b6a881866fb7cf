"""The names of HTTP statuses, some of which later standards have renamed.

Which of them a response contains depends on the age of the server's HTTP library.
"""

from __future__ import annotations

# RFC 1945, 2068, 2616, 4918, 7231 and 9110, and as libraries spell them.
_NAMES = (
    ("Found", "Moved Temporarily"),
    ("Request Timeout", "Request Time-out"),
    (
        "Content Too Large",
        "Payload Too Large",
        "Request Entity Too Large",
    ),
    (
        "URI Too Long",
        "Request-URI Too Long",
        "Request-URI Too Large",
    ),
    ("Range Not Satisfiable", "Requested Range Not Satisfiable"),
    ("Unprocessable Content", "Unprocessable Entity"),
    ("Gateway Timeout", "Gateway Time-out"),
    ("HTTP Version Not Supported", "HTTP Version not supported"),
)
_LATEST = {name: names[0] for names in _NAMES for name in names}


def same_reason_phrase(left: str, right: str) -> bool:
    """Whether two texts are names of one HTTP status, in their usual spelling."""
    return left in _LATEST and _LATEST[left] == _LATEST.get(right)
