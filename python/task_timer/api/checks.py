"""What every request goes through, and every answer, whatever the framework in front."""

from collections.abc import Callable

from ..config import Settings
from ..contract import Contract
from .answers import Answer
from .call import Call
from .middleware import auth, conditional, response_validation, validation
from .middleware.body import Bodies
from .middleware.cors import Cors
from .middleware.limits import Limits
from .middleware.rate_limit import RateLimits
from .middleware.routing import Routing
from .middleware.security_headers import SecurityHeaders

Check = Callable[[Call], Answer | None]
Finish = Callable[[Call, Answer], Answer]


def checks(settings: Settings, contract: Contract) -> tuple[Check, ...]:
    """Lists the checks in the order of `x-check-order`; the first answer is the last word."""
    return (
        Limits(contract).check,
        Routing(contract).check,
        RateLimits(settings).check,
        auth.check,
        Bodies(contract).check,
        validation.check,
    )


def finishers(settings: Settings, contract: Contract) -> tuple[Finish, ...]:
    """Lists what is made of every answer before it is sent, in order."""
    headers = SecurityHeaders(contract, settings).finish, Cors(contract, settings).finish
    validated = (response_validation.finish,) if settings.validate_responses else ()
    return (conditional.finish, *headers, *validated)
