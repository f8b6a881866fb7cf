"""Checks the cost of every bad input against a limit, and compares it between servers."""

from collections.abc import Iterable, Mapping, Sequence

from lockstep.drivers.traps.normalize import masked_answer
from lockstep.results.findings import TRAP, Finding
from lockstep.run import Run
from lockstep.transport.targets import Target
from suite.cost.inputs import CostlyInput
from suite.cost.meter import Cost, Meter
from testbed.log_in import log_in
from testbed.stage import Stage

MOST_PROCESSOR_SECONDS = 0.050
# Wall-clock time, which other processes on the machine affect too.
MOST_HEALTH_SECONDS = 0.250
MOST_TIMES = 10
# Lower values are rounded up to this: below it, a ratio is meaningless.
LEAST_SECONDS = 0.002
# A value above a limit is measured again: the first run may include compilation or other processes.
_ATTEMPTS = 10


def meters(stage: Stage, targets: Sequence[Target]) -> dict[str, Meter]:
    """Return a meter for each server of a running pair, by name."""
    return {
        target.name: Meter(target, stage.pids[target.name], log_in(target.base_url))
        for target in targets
    }


def measure(run: Run, inputs: Iterable[CostlyInput], metered: Mapping[str, Meter]) -> None:
    """Send each input to each server in turn; excessive or different costs are findings."""
    targets = [meter.target for meter in metered.values()]
    with run.stage("costs", targets):
        for number, each in enumerate(inputs, 1):
            problems = _problems(each, metered)
            if problems:
                run.ledger.findings.add(_finding(each, problems))
            run.ledger.exchanges += 1
            run.ledger.requests += len(targets)
            run.reporter.progress(f"{each.operation}, {each.place}", number, None)


def _problems(each: CostlyInput, metered: Mapping[str, Meter]) -> dict[str, str]:
    costs = {name: meter.measure(each.request) for name, meter in metered.items()}
    for _ in range(_ATTEMPTS):
        if not _too_much(costs):
            break
        costs = {
            name: costs[name].least(meter.measure(each.request)) for name, meter in metered.items()
        }
    return _too_much(costs) | _unlike(costs)


def _finding(each: CostlyInput, problems: dict[str, str]) -> Finding:
    where = f"{each.place}: {each.how}"
    return Finding(TRAP, f"cost, {each.operation}", TRAP, where, tuple(problems), problems)


def _too_much(costs: Mapping[str, Cost]) -> dict[str, str]:
    least = max(LEAST_SECONDS, min(cost.processor_seconds for cost in costs.values()))
    problems = {}
    for name, cost in costs.items():
        spent, waited = cost.processor_seconds, cost.health_seconds
        if spent > min(MOST_PROCESSOR_SECONDS, MOST_TIMES * least):
            problems[name] = f"{_ms(spent)} of processor time, against {_ms(least)}"
        elif waited > MOST_HEALTH_SECONDS:
            problems[name] = f"/health beside it took {_ms(waited)}"
    return problems


def _unlike(costs: Mapping[str, Cost]) -> dict[str, str]:
    answers = {name: masked_answer(cost.outcome) for name, cost in costs.items()}
    return answers if len(set(answers.values())) > 1 else {}


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
