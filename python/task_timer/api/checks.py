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

# Fills in a call, or raises; what it answers is the last word.
Check = Callable[[Call], Answer | None]
# Gives an answer that is one step nearer to what is sent.
Finish = Callable[[Call, Answer], Answer]


def checks(settings: Settings, contract: Contract) -> tuple[Check, ...]:
    """Lists the checks in the order of `x-check-order`."""
    return (
        Limits(contract).check,
        Routing(contract).check,
        RateLimits(settings).check,
        auth.check,
        Bodies(contract).check,
        validation.check,
    )


def finisher(settings: Settings, contract: Contract) -> Finish:
    """Gives what is made of every answer before it is sent, all in order."""
    headers = SecurityHeaders(contract, settings).finish, Cors(contract, settings).finish
    validated = (response_validation.finish,) if settings.validate_responses else ()
    finishers = (conditional.finish, *headers, *validated)

    def finish(call: Call, answer: Answer) -> Answer:
        for each in finishers:
            answer = each(call, answer)
        call.status = answer.status
        return answer

    return finish
