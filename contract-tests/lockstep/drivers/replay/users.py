"""Replaces recorded users without a recorded log-in by configured ones."""

from __future__ import annotations

from dataclasses import dataclass, field

from lockstep.auth.actors import ActorBook
from lockstep.openapi.document import Document
from lockstep.recordings import Step
from lockstep.recordings.names import named_in
from lockstep.transport.messages import Request, status_of

_REFUSED = frozenset({401, 403})


@dataclass(slots=True)
class Users:
    """Maps each recorded credential that cannot be translated to a configured user."""

    document: Document
    actors: ActorBook
    _names: dict[str, str] = field(default_factory=dict)

    @property
    def stood_in(self) -> int:
        """The number of recorded users who were replaced."""
        return len(self._names)

    def authorise(self, step: Step, request: Request, made: set[str]) -> Request:
        """Return the request with a live user's credential, if the recorded one is unusable.

        That is one that the recorded responses (`made`) do not show, or one that a tool redacted.
        Raises `ActorError` if a user cannot log in.
        """
        credential = self.actors.credential
        if credential.is_in(step.request):
            bare = credential.remove(step.request)
            texts = named_in(step.request) - named_in(bare)
            if texts & made:
                return request
            text = " ".join(sorted(texts))
        elif self._was_left_out(step):
            text = ""
        else:
            return request
        name = self._names.setdefault(text, self._next())
        return self.actors.authorise(request, self.actors.get(name))

    def _was_left_out(self, step: Step) -> bool:
        operation = self.document.find(step.request.method, step.request.path)
        if operation is None or not operation.requires_auth or step.answer is None:
            return False
        return status_of(step.answer) not in _REFUSED

    def _next(self) -> str:
        specs = self.actors.specs
        return specs[len(self._names) % len(specs)].name
