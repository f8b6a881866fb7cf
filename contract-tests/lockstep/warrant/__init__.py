"""A warrant: for each route, what shadowed or replayed traffic proves about the targets.

The public API:

- `Warrant`, `Route`, `Divergence`: what was counted, and the findings behind it.
  `warrant.route("GET /tasks/{id}")`, `warrant.routes`, `warrant.total`,
  `route.compared` (`= alike + known + diverged`), `route.bound()`, `route.sentence`,
  `route.latency["new"].quantile(0.99)`, `warrant.ratio(route, "new")`, `route.never_seen`,
  `route.findings` (the latest divergences, newest first).
- `merge(warrants)`: one of several that proxies side by side have counted.
- `later.since(earlier)`: what one proxy has counted between two readings of it.
- `read_warrant(text)`, `load_warrant(path_or_url)`, `json_text(warrant)`: the JSON form, held
  against `schemas/warrant.schema.json`; `WarrantError` says what is wrong with it.
- `upper_bound(diverged, compared)`: the exact binomial bound, and `comparisons_for(bound)`: how
  many it takes.

A running `lockstep proxy --admin HOST:PORT` answers `GET /warrant` with the JSON.
"""

from lockstep.warrant.bounds import CONFIDENCE, comparisons_for, upper_bound
from lockstep.warrant.latency import Latency, Ratio
from lockstep.warrant.model import Divergence, Route, Warrant, merge
from lockstep.warrant.reading import WarrantError, json_text, load_warrant, read_warrant

__all__ = [
    "CONFIDENCE",
    "Divergence",
    "Latency",
    "Ratio",
    "Route",
    "Warrant",
    "WarrantError",
    "comparisons_for",
    "json_text",
    "load_warrant",
    "merge",
    "read_warrant",
    "upper_bound",
]
