"""Which executor a command line asks for."""

from __future__ import annotations

from codesign.studies.executors.executor import Executor, Watch
from codesign.studies.executors.local import LocalExecutor
from codesign.workbench import WorkbenchSettings
from neuron_model.progress import Progress, silent


def chosen_executor(
    workers: int | None = None,
    cluster: str | None = None,
    settings: WorkbenchSettings | None = None,
    progress: Progress = silent,
    watch: Watch | None = None,
) -> Executor:
    """An executor that is not open yet.

    Args:
        workers: processes on this machine (a core each if not given); with the cluster "local" or
            a queue's, workers there.
        cluster: see :class:`codesign.studies.executors.dask.DaskExecutor`; None for this machine.
        settings: of each workbench.
        progress: of what a point needs.
        watch: called with how far a simulation is.

    Raises:
        InputError: fewer than one worker, or a cluster file that is not usable.
        MissingDependencyError: a cluster without its extra.
    """
    if cluster is None:
        return LocalExecutor(workers, settings, progress, watch)
    from codesign.studies.executors.dask import DaskExecutor

    return DaskExecutor(cluster, workers, settings, progress, watch)
