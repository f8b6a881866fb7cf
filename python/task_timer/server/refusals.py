"""Requests that the HTTP parser refuses, answered with problem details."""

from email.utils import formatdate
from http import HTTPStatus
from typing import Literal, get_args

from ..api.problems import PROBLEM, make_problem
from ..contract import Contract
from ..utils.identifiers import new_id
from ..utils.logger import logger

# Why a message can be refused before it becomes a request.
Code = Literal[
    "bad_request", "request_timeout", "uri_too_long", "headers_too_large", "expectation_failed"
]
CODES: tuple[Code, ...] = get_args(Code)


def refusal(contract: Contract, headers: dict[str, str], code: Code) -> bytes:
    """Creates the response to a malformed message, and logs it.

    headers: the headers of every response.
    """
    request_id = new_id()
    status, body = make_problem(contract, code, request_id)
    logger().info("request_refused", request_id=request_id, status=status, code=code)
    fields = {
        "Date": formatdate(usegmt=True),
        "Connection": "close",
        "Content-Type": PROBLEM,
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        **headers,
        "X-Request-ID": request_id,
    }
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
