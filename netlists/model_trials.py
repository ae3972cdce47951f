"""Which statement of some models it is on which ngspice never ends, found by trying each alone."""

from pathlib import Path

from netlists.bench import Bench, BenchInstance, OperatingPoint, VoltageSource
from netlists.engine import Engine
from netlists.errors import ReadingTimeout
from netlists.model_source import SourceText
from netlists.model_statements import Statement, parse_library
from neuron_model.errors import InputError, SimulatorError

_CELLS = ".subckt nothing a\nrnothing a 0 1\n.ends nothing\n"
# A statement is read in milliseconds.
_PATIENCE = 3.0


def unreadable_statement(models: str, patience: float | None = None) -> str:
    """The text of the first statement that ngspice takes more than ``patience`` seconds to read
    (3 where it is not told).

    A statement inside of a subcircuit is tried in a subcircuit of its own. "" if there is none.
    """
    top = parse_library([SourceText(Path("models"), 1, models)])
    with Engine(workers=1, reading=patience or _PATIENCE) as engine:
        for item in top.items:
            if isinstance(item, Statement):
                if _hangs(item, False, engine):
                    return item.text
                continue
            for statement in (item.opening, *item.all_statements()):
                if _hangs(statement, True, engine):
                    return statement.text
    return ""


def _hangs(statement: Statement, inside: bool, engine: Engine) -> bool:
    if statement.keyword in (".ends", ".if", ".elseif", ".else", ".endif"):
        return False
    text, tried = "\n".join(statement.lines), "nothing"
    if statement.keyword == ".subckt":
        text, tried = f"{text}\n.ends", statement.name
    elif inside:
        text, tried = f".subckt tried a\n{text}\n.ends", "tried"
    try:
        engine.run(
            Bench(
                title="reading",
                models=f"{text}\n",
                cells=_CELLS,
                # What no instance uses is not read.
                instances=(BenchInstance("xtried", tried, ("a",)),),
                sources=(VoltageSource("va", "a", "0", 1.0),),
                analyses=(OperatingPoint(),),
            )
        )
    except ReadingTimeout:
        return True
    except (InputError, SimulatorError):
        pass  # alone it means nothing, but it was read
    return False
