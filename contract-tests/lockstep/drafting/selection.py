"""Selects the recorded requests that belong to the API."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import SplitResult, parse_qsl, quote, unquote_to_bytes, urlsplit

from lockstep.drafting.sample import Sample
from lockstep.openapi.media import is_json
from lockstep.recordings import Captured
from lockstep.recordings.har_bodies import encoded
from lockstep.recordings.recording import NOWHERE
from lockstep.transport.messages import Response

# The characters of a segment that need no percent-encoding (RFC 3986, 3.3).
_SEGMENT_CHARACTERS = "!$&'()*+,;=:@-._~"
_SCHEMES = frozenset({"http", "https"})
_METHODS = frozenset({"GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "TRACE"})
# Segments of base paths.
_BASE = re.compile(r"(?:api|apis|rest|v\d+(?:\.\d+)*|services?|public|latest|jsonapi)", re.I)
_SESSION_IN_PATH = re.compile(r";[^/=]*=[^/]*")
_CODE = re.compile(r"\.(?:m?js|jsx|tsx?|css|map|woff2?|ttf|otf|eot|ico|webmanifest|wasm)$", re.I)
_MEDIA = re.compile(r"\.(?:png|jpe?g|gif|svg|webp|avif|bmp|mp[34]|webm|ogg|html?)$", re.I)
_TOOLING = re.compile(
    r"^/(?:_next|_nuxt|@vite|@fs|cdn-cgi|__[\w-]+|sockjs-node|static|assets|node_modules|\.well-known)/"
    r"|^/(?:robots\.txt|sitemap[\w-]*\.xml|favicon\.\w+|manifest\.json)$"
)
_ANALYTICS = re.compile(
    r"(?:^|\.)(?:google-analytics|googletagmanager|googleapis\.com$|gstatic|doubleclick|googleadservices"
    r"|segment|sentry|mixpanel|amplitude|hotjar|clarity|facebook|fullstory|posthog|bugsnag|newrelic"
    r"|nr-data|datadoghq|browser-intake-\w+|intercom|cloudflareinsights|plausible|matomo|heap"
    r"|heapanalytics|optimizely|launchdarkly|typekit|fontawesome|jsdelivr|unpkg|cdnjs|rollbar"
    r"|logrocket|branch|appsflyer|adjust|statsig|crisp|zendesk|hubspot|bing)(?:\.|$)"
)
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_NAMED = 5


class DraftError(ValueError):
    """Nothing can be drafted from the recordings; the message has the reason and what to do."""


@dataclass(slots=True)
class Selection:
    """The requests of one API, in the order of the recording.

    `origin` is empty if the recording contains no hosts. `left_out` counts other requests by
    reason.
    """

    samples: list[Sample]
    origin: str
    base_path: str
    left_out: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    @property
    def server(self) -> str:
        """The server URL for the document."""
        return (self.origin + self.base_path) or "/"


def select(
    captured: Sequence[Captured], base_url: str | None = None, host: str | None = None
) -> Selection:
    """Select the requests of the API at `base_url` or on `host`, else of the likeliest origin.

    A `base_url` may be only a path. Raise `DraftError` if no request is selected.
    """
    left_out: Counter[str] = Counter()
    placed = list(_placed(captured, left_out))
    if not placed:
        raise DraftError("the recordings contain no request to a server")
    origins = _chosen_origins(placed, base_url, host)
    found: list[tuple[Captured, SplitResult]] = []
    elsewhere: Counter[str] = Counter()
    for entry, origin, parts in placed:
        if origin not in origins:
            elsewhere[origin.partition("://")[2] or origin] += 1
            continue
        reason = _reason(entry, parts)
        if reason:
            left_out[reason] += 1
        else:
            found.append((entry, parts))
    if any(_is_api(entry) for entry, _ in found):
        pages = [pair for pair in found if _is_page(pair[0])]
        left_out["pages"] += len(pages)
        found = [pair for pair in found if not _is_page(pair[0])]
    path = urlsplit(base_url).path.rstrip("/") if base_url else None
    raw = [(entry, _segments(parts.path), parts) for entry, parts in found]
    base = _segments(path) if path else () if path == "" else _common_base(s for _, s, _ in raw)
    samples = []
    for entry, segments, parts in raw:
        if segments[: len(base)] != base:
            left_out["requests outside the base path"] += 1
            continue
        query = parse_qsl(parts.query, keep_blank_values=True, errors="replace")
        samples.append(Sample(entry, segments[len(base) :] or ("",), tuple(query)))
    if not samples:
        listed = ", ".join(
            f"{what}: {count:,}" for what, count in sorted(left_out.items()) if count
        )
        raise DraftError(
            "the recordings contain no request to an API"
            + (f" below {base_url}" if base_url else "")
            + (f"; left out: {listed}" if listed else "")
        )
    origin = next((each for each in origins if each != NOWHERE), "")
    base_path = "".join(f"/{segment}" for segment in base)
    selection = Selection(samples, origin, base_path, +left_out)
    selection.left_out["requests to other hosts"] = elsewhere.total()
    selection.left_out = +selection.left_out
    selection.notes += _other_hosts(elsewhere)
    return selection


def _placed(
    captured: Iterable[Captured], left_out: Counter[str]
) -> Iterator[tuple[Captured, str, SplitResult]]:
    """Yield requests with their origins and split URLs; the user info of a URL is removed."""
    for entry in captured:
        try:
            parts = urlsplit(entry.url)
            port, name = parts.port, parts.hostname
        except ValueError:
            name = None
        if name is None or parts.scheme not in _SCHEMES:
            left_out["malformed URLs"] += 1
            continue
        name = f"[{name}]" if ":" in name else name
        usual = port is None or port == {"http": 80, "https": 443}[parts.scheme]
        if parts.username is not None:
            entry = replace(entry, headers=(*entry.headers, ("Authorization", "Basic -")))
        yield entry, f"{parts.scheme}://{name}" + ("" if usual else f":{port}"), parts


def _chosen_origins(
    placed: Sequence[tuple[Captured, str, SplitResult]], base_url: str | None, host: str | None
) -> list[str]:
    origins = list(dict.fromkeys(origin for _, origin, _ in placed))
    if base_url is not None and not base_url.startswith("/"):
        parts = urlsplit(base_url)
        usual = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
        wanted = f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower().removesuffix(usual)}"
        if not {wanted, NOWHERE} & set(origins):
            raise DraftError(f"no recorded request is to {wanted}: {_places(origins)}")
        return [wanted, *([NOWHERE] if NOWHERE in origins else [])]
    if host is not None:
        wanted = host.lower()
        fitting = [
            origin
            for origin in origins
            if origin.partition("://")[2] == wanted or urlsplit(origin).hostname == wanted
        ]
        if not fitting:
            raise DraftError(f"no recorded request is to {host}: {_places(origins)}")
        fitting.sort(reverse=True)
        return [*fitting, *([NOWHERE] if NOWHERE in origins else [])]
    likeliest = _likeliest(placed)
    # A log without hosts may belong to any origin.
    return [likeliest, *([NOWHERE] if NOWHERE in origins and likeliest != NOWHERE else [])]


def _places(origins: Sequence[str]) -> str:
    named = [each.partition("://")[2] for each in origins if each != NOWHERE][:_NAMED]
    return f"there are some to {', '.join(named)}" if named else "the recording contains no hosts"


def _likeliest(placed: Sequence[tuple[Captured, str, SplitResult]]) -> str:
    """Return the origin with the most distinct requests that look like those of an API."""
    scores: dict[str, tuple[set[object], set[object]]] = {}
    for entry, origin, parts in placed:
        api, other = scores.setdefault(origin, (set(), set()))
        if _ANALYTICS.search(parts.hostname or "") or _reason(entry, parts):
            continue
        (api if _is_api(entry) else other).add((entry.method, parts.path))
    named = [origin for origin in scores if origin != NOWHERE] or list(scores)
    # `max` returns the first of equal ones.
    return max(named, key=lambda origin: tuple(map(len, scores[origin])))


def _other_hosts(elsewhere: Counter[str]) -> Iterator[str]:
    others = [
        (host, count) for host, count in elsewhere.most_common() if not _ANALYTICS.search(host)
    ]
    if others:
        named = ", ".join(f"{host} ({count:,})" for host, count in others[:_NAMED])
        yield f"other hosts left out; select one with --host: {named}"


def _reason(entry: Captured, parts: SplitResult) -> str:
    """Return why a request does not belong to an API; empty if it may."""
    if entry.method == "OPTIONS":
        return "OPTIONS requests"
    if entry.method not in _METHODS:
        return "requests with methods that OpenAPI 3.1 does not have"
    if not isinstance(entry.answer, Response):
        return "requests without a response" if entry.answer is not None else ""
    if entry.answer.status < 200:
        return "upgraded connections"
    if entry.method not in ("GET", "HEAD"):
        return ""
    media_type = entry.answer.media_type or ""
    names = {name.lower() for name, _ in entry.headers}
    is_api = "authorization" in names or is_json(media_type)
    path = parts.path
    if _TOOLING.search(path) or _CODE.search(path):
        return "" if is_json(media_type) and not _TOOLING.search(path) else "static files"
    if media_type in ("text/css", "application/javascript", "text/javascript", "font/woff2"):
        return "static files"
    return "static files" if _MEDIA.search(path) and not is_api else ""


def _is_api(entry: Captured) -> bool:
    """Whether a request is likely one of an API: not a safe method, or a JSON or XML response."""
    if entry.method not in ("GET", "HEAD", "OPTIONS"):
        return True
    outcome = entry.answer
    media_type = (outcome.media_type if isinstance(outcome, Response) else None) or ""
    is_xml = media_type.endswith(("/xml", "+xml")) and "svg" not in media_type
    return is_xml or is_json(media_type)


def _is_page(entry: Captured) -> bool:
    outcome = entry.answer
    return (
        entry.method in ("GET", "HEAD")
        and isinstance(outcome, Response)
        and outcome.status < 400
        and outcome.media_type in _HTML
    )


def _segments(path: str) -> tuple[str, ...]:
    """Split a path into segments with normalised percent-encoding and without session ids."""
    plain = _SESSION_IN_PATH.sub("", path)
    return tuple(
        quote(unquote_to_bytes(encoded(segment)), safe=_SEGMENT_CHARACTERS)
        for segment in plain.removeprefix("/").split("/")
    )


def _common_base(paths: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the common prefix of all paths, as far as its segments are those of a base path."""
    base: tuple[str, ...] | None = None
    for segments in paths:
        fitting: list[str] = []
        for segment in segments[:-1]:
            if not _BASE.fullmatch(segment):
                break
            fitting.append(segment)
        if base is None:
            base = tuple(fitting)
        else:
            same = 0
            while same < min(len(base), len(fitting)) and base[same] == fitting[same]:
                same += 1
            base = base[:same]
    return base or ()
