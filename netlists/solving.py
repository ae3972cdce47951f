"""An analysis as a designer tries it before giving it up.

ngspice steps gmin and the sources by itself. Where that finds nothing, the same analysis is run
with looser tolerances. An operating point, and the one that a transient analysis begins from, is
then solved again with the bench's own tolerances, beginning from what the looser ones gave. (A
transient analysis that fails on its way is not tried again: looser tolerances step over what has
no solution.) Gate leakage and substrate resistances leave rounding errors in the currents of a
node that are greater than the tolerances: with such models the looser solution is the one there
is, and it is kept.
Only a worker process imports this module.
"""

from netlists.job import Job, Outcome
from netlists.remarks import broken_off, is_no_solution
from netlists.shared import QuietNgSpice

# ngspice's last resort is a transient analysis from zero: seconds for each point that it fails at.
_WITHOUT_TRANSIENT = "optran 1 1 1 0 0 0"
_WITH_TRANSIENT = "optran 1 1 1 100n 10u 0"


def analyse(ngspice: QuietNgSpice, job: Job, number: int, loosest: int = 0) -> tuple[Outcome, int]:
    """Run the job's command ``number``; its plot is the last one if it is done.

    Args:
        ngspice: with the job's circuit, and its own tolerances set.
        job: whose command it is.
        number: of the command.
        loosest: which of the job's tolerances its commands before took: a sweep begins with
            these, as another one of the same circuit would fail as slowly again.

    Returns:
        What became of it, and which of the job's tolerances it took.

    Raises:
        LibraryDiedError: ngspice gave up.
    """
    text = job.commands[number].text
    first = loosest if text.startswith("dc ") else 0
    ngspice.execute(_WITHOUT_TRANSIENT)
    if first:
        ngspice.execute(job.tolerances[first])
    outcome = _tried(ngspice, text)
    if outcome is not Outcome.FAILED or _was_under_way(ngspice):
        if first:
            ngspice.execute(job.tolerances[0])
        return outcome, first
    for tolerance in range(first + 1, len(job.tolerances)):
        ngspice.execute(job.tolerances[tolerance])
        outcome = _tried(ngspice, text)
        if outcome is Outcome.DONE:
            return _tightened(ngspice, job, number, tolerance)
    for options in job.tolerances[:1]:
        ngspice.execute(options)
    ngspice.execute(_WITH_TRANSIENT)
    return _tried(ngspice, text), 0


def _tightened(ngspice: QuietNgSpice, job: Job, number: int, tolerance: int) -> tuple[Outcome, int]:
    """What was solved with a loose tolerance solved with the job's own, or else as it was.

    A sweep begins each of its points from the one before: there is nothing more to begin from.
    """
    text = job.commands[number].text
    if not text.startswith("dc "):
        ngspice.execute("save all")
        ngspice.execute("op")
        voltages = _voltages(ngspice)
        _reload(ngspice, job, number, voltages)
        if _tried(ngspice, text) is Outcome.DONE:
            return Outcome.DONE, 0
        ngspice.execute(job.tolerances[tolerance])
        outcome = _tried(ngspice, text)
        ngspice.execute(job.tolerances[0])
        return outcome, tolerance
    ngspice.execute(job.tolerances[0])
    return Outcome.DONE, tolerance


def _tried(ngspice: QuietNgSpice, text: str) -> Outcome:
    ngspice.execute("destroy all")
    ngspice.clear()
    ngspice.execute(text)
    if not _failed(ngspice):
        return Outcome.DONE
    return Outcome.FAILED if is_no_solution(ngspice.lines) else Outcome.REFUSED


def _was_under_way(ngspice: QuietNgSpice) -> bool:
    """Whether a transient analysis that failed had begun to step through time."""
    return broken_off(ngspice.lines) is not None


def _failed(ngspice: QuietNgSpice) -> bool:
    return ngspice.last_plot == "const" or any(
        "aborted" in line or line.lower().lstrip().startswith(("error", "fatal", "doanalyses"))
        for line in ngspice.lines
    )


def _voltages(ngspice: QuietNgSpice) -> dict[str, float]:
    """The node voltages of the operating point that was just solved."""
    plot = ngspice.read_plot(ngspice.last_plot)
    return {
        name: float(values[0])
        for name, values in plot.items()
        if values.size and "#" not in name and "@" not in name and "[" not in name
    }


def _reload(ngspice: QuietNgSpice, job: Job, number: int, voltages: dict[str, float]) -> None:
    """The circuit anew as it was before command ``number``, to be solved from ``voltages`` on."""
    lines = "".join(f".nodeset v({node})={value!r}\n" for node, value in voltages.items())
    ngspice.execute("destroy all")
    ngspice.execute("remcirc")
    end = job.deck.lower().rindex(".end")
    ngspice.load(f"{job.deck[:end]}{lines}{job.deck[end:]}")
    ngspice.execute(_WITHOUT_TRANSIENT)
    for command in job.commands[:number]:
        if not command.makes_plot:
            ngspice.execute(command.text)
