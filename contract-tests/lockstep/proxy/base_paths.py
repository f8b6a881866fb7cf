"""Maps paths of clients to paths below the base URL of a target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lockstep.openapi.document import Document
from lockstep.transport.messages import Request
from lockstep.transport.targets import Target

# Requests in a row without a documented path after which a hint is shown.
_STRANGE = 20
_SHOWN = 3


def prefix_of(target: Target) -> str:
    """Return the path of a target's base URL, such as `/api/v1`, or an empty string."""
    return target.base_url.removeprefix(target.origin)


@dataclass(slots=True)
class BasePaths:
    """Rewrites clients' requests to documented paths, whatever their prefix.

    Clients of a service at `/api/v1/tasks` keep that path when a proxy is put before it, and a
    target may be configured as `http://host/api/v1` or as `http://host`.
    """

    document: Document
    targets: Sequence[Target]
    _moved: bool = False
    _strange: list[str] = field(default_factory=list)
    _documented: int = 0

    @property
    def strips(self) -> str:
        """The prefix not to be repeated: the leader's base path, unless the document repeats it."""
        prefix = prefix_of(self.targets[0])
        paths = (operation.path for operation in self.document.operations.values())
        return "" if any(path.startswith(f"{prefix}/") for path in paths) else prefix

    def sentence(self) -> str:
        """Return a sentence about paths for the start, or an empty string."""
        leader, strips = self.targets[0], self.strips
        if not strips:
            return ""
        return (
            f"request paths may begin with {strips} or omit it: both are sent to {leader.name} "
            f"below {leader.base_url}"
        )

    def inner(self, request: Request) -> Request:
        """Return the request with its documented path."""
        path = request.path
        if self.document.template(path) is not None:
            return request
        for base in filter(None, (self.strips, self.document.base_path)):
            if not path.startswith((f"{base}/", f"{base}?")) and path != base:
                continue
            rest = path[len(base) :]
            if base == self.strips:
                return replace(request, path=rest)
            if self.document.template(rest) is not None:
                self._move()
                return replace(request, path=rest)
        # The targets' URLs have base paths now, but this path is relative to the root.
        return replace(request, from_root=True) if self._moved else request

    def _move(self) -> None:
        """Add the document's base path, which clients use, to targets without one."""
        if not self._moved and not prefix_of(self.targets[0]):
            self._moved = True
            for target in self.targets:
                if not prefix_of(target):
                    target.move(target.origin + self.document.base_path)

    def note(self, request: Request, status: int) -> str:
        """Note a response. Returns a sentence, once, if all indicate a wrong base path."""
        if self._documented or status != 404:
            self._documented += status != 404 or self._is_documented(request)
            return ""
        if self._is_documented(request):
            self._documented += 1
            return ""
        self._strange.append(f"{request.method} {request.path.partition('?')[0]}")
        if len(self._strange) != _STRANGE:
            return ""
        leader = self.targets[0]
        shown = ", ".join(dict.fromkeys(self._strange[:_SHOWN]))
        known = next(iter(self.document.operations.values())).path
        return (
            f"{leader.name} at {leader.base_url} has returned 404 to the first {_STRANGE} "
            f"requests, and the document has none of their paths ({shown}, …), but has {known}, "
            "for example: does the base path of the target's URL match the paths that clients use?"
        )

    def _is_documented(self, request: Request) -> bool:
        return self.document.template(request.path) is not None
