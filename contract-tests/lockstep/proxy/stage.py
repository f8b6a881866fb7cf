"""The stage of a run that compares traffic through a proxy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lockstep.proxy.keeping import Keeper, without_examples
from lockstep.proxy.serving import Ready, serve
from lockstep.proxy.settings import Counts, ProxySettings
from lockstep.report.live_secrets import LiveSecrets
from lockstep.run import Run
from lockstep.transport.targets import Target
from lockstep.warrant.recorder import Recorder


def compare_traffic(
    run: Run,
    targets: Sequence[Target],
    settings: ProxySettings,
    ready: Ready,
    say: Callable[[str], None] = lambda _sentence: None,
) -> Counts:
    """Respond to clients from the first target and compare the others in the background.

    It ends like `serve`, which also raises `ProxyError`; `say` is called with messages for users.
    Secrets and personal data in users' requests are masked in the reports of the run.
    """

    def progress(counts: Counts) -> None:
        run.reporter.progress(str(counts), counts.answered, None)

    def say_safely(sentence: str) -> None:
        say(secrets.text(sentence))

    secrets = LiveSecrets(run.document)
    masking = secrets.sentence if settings.kept.requests else None
    names = [target.name for target in targets]
    recorder = Recorder(
        run.document,
        run.ledger.conformance,
        names,
        masking,
        kept_seconds=settings.kept.seconds,
        text=secrets.text,
        hears_all=True,
    )
    keeper = Keeper(settings.kept)
    run.ledger.listeners += [recorder.note, keeper.note]
    run.ledger.from_clients = True
    run.masking = secrets.data
    with run.stage("traffic through the proxy", targets):
        counts = serve(run.ledger, list(targets), settings, recorder, ready, progress, say_safely)
    keeper.tidy()
    without_examples(run.ledger.noise)
    run.not_judged += counts.not_judged(settings)
    for problem in counts.problems():
        run.add_problem(problem)
    if counts.faults and not counts.mirrored:
        run.could_not_run("no mirror responded")
    if counts.errors:
        run.could_not_run("not every response could be compared")
    run.secrets |= secrets.in_findings(run.ledger.findings.all())
    run.warrant = recorder.warrant(counts.not_judged(settings))
    return counts
