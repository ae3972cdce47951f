"""Trains in processes that kill themselves, for test_train_killed.

    python -m tests.codesign.killed_run CONFIG RUN MOMENT...

For each MOMENT a process trains into RUN until it has done that many things that change a file, or
is about to, and is then killed by SIGKILL; the last one is left to finish. Prints how many such
things that one did. Forked, so that torch is loaded once.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import torch._dynamo  # noqa: F401  (torch.optim would load it in every process)

import codesign.training.train  # noqa: F401
from codesign.command_line import main
from neuron_model.runs.training_log import TrainingLog, has_tensorboard

Call = Callable[..., Any]


def kill_at(moment: int, counted: list[int]) -> None:
    """Make everything that changes a file count, before and after, and end at ``moment``."""

    def event() -> None:
        counted[0] += 1
        if counted[0] == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    def watched(call: Call) -> Call:
        def changed(*arguments: Any, **keywords: Any) -> Any:
            event()
            result = call(*arguments, **keywords)
            event()
            return result

        return changed

    for place, name in (
        (os, "replace"),
        (os, "fsync"),
        (os, "unlink"),
        (TrainingLog, "add"),
        (TrainingLog, "flush"),
    ):
        setattr(place, name, watched(getattr(place, name)))


def train(config: str, run: str, moment: int) -> int:
    """In a process of its own; returns how it ended, negative for a signal."""
    child = os.fork()
    if child == 0:
        counted = [0]
        kill_at(moment, counted)
        status = main(["train", config, "--out", run, "--json"])
        print(f"events {counted[0]}", file=sys.stderr, flush=True)
        os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    has_tensorboard()
    config, run, *moments = sys.argv[1:]
    ends = [train(config, run, int(moment)) for moment in moments]
    final = train(config, run, 0)
    print(" ".join(map(str, [*ends, final])))
