"""A file that says how workers are started under a queue: what ``--cluster FILE`` reads.

    queue = "slurm"                # slurm, lsf or pbs
    jobs = 10                      # how many are asked for
    [job]                          # each: as dask_jobqueue's SLURMCluster and so on take them
    cores = 32
    processes = 32                 # workers of a job: a core each
    memory = "64GB"
    queue = "normal"               # its partition
    walltime = "02:00:00"
    job_script_prologue = ["module load ngspice"]

All jobs see the folder of the toolkit's Python. A job that ends before the study loses the points
that it was at, which go to the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codesign.studies.executors.executor import missing_extra
from neuron_model.errors import InputError
from neuron_model.runs.toml_tables import as_table, listed, typed_value
from neuron_model.text_file import read_text
from neuron_model.toml_file import named_source, parse_toml, refuse_unknown

_LARGEST_FILE = 100_000  # bytes
_CLUSTERS = {"slurm": "SLURMCluster", "lsf": "LSFCluster", "pbs": "PBSCluster"}


@dataclass(frozen=True)
class QueueSettings:
    """Of a file: the queue, how many jobs, and what each is.

    Raises:
        InputError: a value is not allowed; the text names it.
    """

    queue: str = "slurm"
    jobs: int = 1
    job: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.queue not in _CLUSTERS:
            raise InputError(
                f"queue = {self.queue!r} is not allowed; it must be {listed(_CLUSTERS)}."
            )
        if self.jobs < 1:
            raise InputError(f"jobs = {self.jobs} is not allowed; it must be at least 1.")
        for name in ("cores", "memory"):
            if name not in self.job:
                raise InputError(f"job.{name} is missing; give what each job has of it.")


def read_queue_file(path: str) -> QueueSettings:
    """Read a file.

    Raises:
        InputError: it cannot be read, a key is not known or a value not allowed.
    """
    content = parse_toml(read_text(path, _LARGEST_FILE), path)
    with named_source(path):
        refuse_unknown("", content, ("queue", "jobs", "job"))
        return QueueSettings(
            typed_value("queue", content.get("queue", "slurm"), ""),
            typed_value("jobs", content.get("jobs", 1), 0),
            as_table("job", content.get("job", {})),
        )


def queue_cluster(path: str, workers: int | None = None) -> Any:
    """The cluster of a file; its workers are asked for and come when the queue lets them.

    Args:
        path: of the file.
        workers: as many, instead of the file's jobs.

    Raises:
        InputError: as :func:`read_queue_file`, or dask_jobqueue does not take what it says.
        MissingDependencyError: dask_jobqueue is not installed.
    """
    settings = read_queue_file(path)
    try:
        import dask_jobqueue
    except ImportError as error:
        raise missing_extra() from error
    # a worker is one core; the dashboard takes any port that is free
    here = {"processes": settings.job["cores"], "scheduler_options": {"dashboard_address": ":0"}}
    try:
        cluster = getattr(dask_jobqueue, _CLUSTERS[settings.queue])(**(here | settings.job))
    except (TypeError, ValueError) as error:
        raise InputError(f"{Path(path)}: job: {error}.") from error
    cluster.scale(**({"jobs": settings.jobs} if workers is None else {"n": workers}))
    return cluster
