"""Detects accounts and resources that are older than the shadow, and so missing in it."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from lockstep.exchange.exchanger import Exchanger
from lockstep.matching.bounded_dict import BoundedDict
from lockstep.proxy.settings import READS
from lockstep.recordings.accounts import Accounts
from lockstep.report.secret_names import is_secret_header
from lockstep.transport.json_bodies import json_of, scalars
from lockstep.transport.messages import Outcome, Request, status_of

_UNKNOWN_USER = 401
_REFUSED = frozenset({400, 401, 403, 404, 422})
_NOT_FOUND = frozenset({404, 410})
# Maximum number of remembered credentials, accepted or refused.
_KEPT = 50_000


@dataclass(slots=True)
class Pairing:
    """Excludes exchanges that a mirror with its own database cannot handle.

    A credential, or an account, is unknown to a mirror that has always refused it while the leader
    accepts it. A resource is unknown if its identifier in the path has never been matched with one
    of the mirror's and was in no write that both have executed. What a mirror has known once must
    stay known.
    """

    exchanger: Exchanger
    accounts: Accounts
    _known: BoundedDict[tuple[str, str], None] = field(default_factory=lambda: BoundedDict(_KEPT))
    _unknown: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    _written: BoundedDict[str, None] = field(default_factory=lambda: BoundedDict(_KEPT))
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def reason(
        self,
        label: str,
        requests: Mapping[str, Request],
        outcomes: Mapping[str, Outcome],
    ) -> str:
        """Return why an exchange is not judged, as `account unknown to new`; empty if it is.

        `requests` and `outcomes` are by target, the leader's first; `label` is the name of the
        route in the counts.
        """
        (leader, request), *mirrors = requests.items()
        accepted = _status(outcomes[leader]) < 400
        if all(_status(outcome) < 400 for outcome in outcomes.values()):
            self._note_written(request)
        account = self._account(request)
        for name, _ in mirrors:
            if name not in outcomes:
                continue
            status = _status(outcomes[name])
            kind, key = "account", account
            if account and self._lets_in(request, status):
                self._known[name, account] = None
            refused = _REFUSED if self._is_log_in(request) else {_UNKNOWN_USER}
            is_unknown = bool(account) and status in refused and (name, account) not in self._known
            if not is_unknown and status in _NOT_FOUND:
                kind, key = "thing", self._unpaired(request, name)
                is_unknown = bool(key)
            if accepted and is_unknown:
                reason = f"{kind} unknown to {name}"
                self._counts[label, reason] += 1
                known = self._unknown[label, reason]
                if len(known) < _KEPT:
                    known.add(key)
                return reason
        return ""

    def sentences(self) -> Iterator[str]:
        """Yield a sentence for each route and reason."""
        for (label, reason), count in sorted(self._counts.items()):
            kind, _, rest = reason.partition(" ")
            number = len(self._unknown[label, reason])
            what = f"1 {kind}" if number == 1 else f"{number:,} {kind}s"
            requests = "1 request" if count == 1 else f"{count:,} requests"
            yield f"{label}: {what} {rest}, {requests} not judged"

    def _account(self, request: Request) -> str:
        """Return the key of a user; a digest, since credentials must not be stored."""
        group = self.accounts.group(request)
        if group is not None:
            return group
        shown = [
            value
            for name, value in request.headers
            if is_secret_header(name) or name.lower() == "cookie"
        ]
        return hashlib.sha256("\n".join(shown).encode()).hexdigest() if shown else ""

    def _is_log_in(self, request: Request) -> bool:
        return self.accounts.group(request) is not None

    def _lets_in(self, request: Request, status: int) -> bool:
        """Whether a mirror has authenticated the user; refusals for other reasons count, too."""
        if self._is_log_in(request):
            return status < 400
        return status != _UNKNOWN_USER and status < 500

    def _unpaired(self, request: Request, name: str) -> str:
        """Return a value in the path that is unknown to a mirror; empty if there is none."""
        path = request.path.partition("?")[0]
        template = self.exchanger.ledger.document.template(path) or ""
        for part, value in zip(template.split("/"), path.split("/"), strict=False):
            value = unquote(value)
            known = value in self._written or self.exchanger.is_paired(value, name)
            if "{" in part and not known:
                return value
        return ""

    def _note_written(self, request: Request) -> None:
        """Remember the values of writes that succeeded on all targets."""
        if request.method not in READS:
            for text in scalars(json_of(request.body)):
                self._written[text] = None


def _status(outcome: Outcome) -> int:
    return status_of(outcome) or 599
