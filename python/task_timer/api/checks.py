"""The checks of every request and the finishers of every response, in any framework."""

from collections.abc import Callable
from dataclasses import dataclass

from ..resources import Resources
from .answers import Answer
from .call import Call
from .middleware import auth, conditional, response_validation, validation
from .middleware.body import Bodies
from .middleware.cors import Cors
from .middleware.limits import Limits
from .middleware.metrics_port import MetricsPort
from .middleware.rate_limit import RateLimits
from .middleware.security_headers import SecurityHeaders

# Fills in a call, or raises.
Check = Callable[[Call], None]
# Returns a response that is one step closer to what is sent.
Finish = Callable[[Call, Answer], Answer]


@dataclass(frozen=True, slots=True)
class Checks:
    """The checks before routing, and those once the operation is known."""

    before_routing: tuple[Check, ...]
    after_routing: tuple[Check, ...]


def checks(resources: Resources) -> Checks:
    """Lists the checks in the order of `x-check-order`."""
    settings, contract = resources.settings, resources.contract
    return Checks(
        before_routing=(Limits(contract).check, MetricsPort(settings, contract).check),
        after_routing=(
            RateLimits(settings).check,
            auth.check,
            Bodies(contract).check,
            validation.check,
        ),
    )


def finisher(resources: Resources) -> Finish:
    """Returns the function that applies all finishers to a response, in order."""
    settings, contract = resources.settings, resources.contract
    headers = SecurityHeaders(contract, settings).finish, Cors(contract, settings).finish
    validated = (response_validation.finish,) if settings.validate_responses else ()
    finishers = (conditional.finish, *headers, *validated)

    def finish(call: Call, answer: Answer) -> Answer:
        for each in finishers:
            answer = each(call, answer)
        call.status = answer.status
        return answer

    return finish
