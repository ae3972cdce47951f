"""Studies on a cluster of Dask: the same digits, and a worker that dies takes nothing with it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="no Dask: pip install -c constraints.txt -e '.[cluster]'")

from codesign.studies.executors.dask import LOCAL, DaskExecutor
from codesign.studies.executors.queue_file import queue_cluster, read_queue_file
from codesign.studies.executors.serial import SerialExecutor
from codesign.studies.study import run
from neuron_model.errors import InputError, MissingDependencyError
from tests.codesign.studies.tasks import Grouped, Prepared, Scaled, calls_of, processes_of, study


@pytest.fixture(scope="module")
def dask() -> Iterator[DaskExecutor]:
    with DaskExecutor(LOCAL, 2) as executor:
        yield executor


def test_the_same_digits_as_in_one_process(dask: DaskExecutor):
    what = study(9, Prepared(factor=1.1), p3="does not fit", p5="fails")
    with SerialExecutor() as serial:
        alone = run(what, serial)
    found = run(what, dask)
    assert found.outcomes == alone.outcomes
    assert found.failures == alone.failures


def test_two_hundred_points_with_a_worker_killed_in_the_middle(dask: DaskExecutor, tmp_path: Path):
    """None is lost and none is twice in the record."""
    task, record = Scaled(folder=str(tmp_path / "calls")), tmp_path / "r.jsonl"
    (tmp_path / "calls").mkdir()
    what = study(200, task, p100="deadly")
    found = run(what, dask, record)
    assert found.failures == {}
    with SerialExecutor() as serial:
        assert found.outcomes == run(study(200), serial).outcomes
    lines = record.read_text().splitlines()
    assert len(lines) == 201
    assert len(calls_of(tmp_path / "calls", "100")) == 2
    assert len({c.name.split("_")[2] for c in (tmp_path / "calls").iterdir()}) >= 2


def test_points_that_share_work_go_to_one_worker_also_where_one_dies(
    dask: DaskExecutor, tmp_path: Path
):
    task = Grouped(folder=str(tmp_path), size=10)
    found = run(study(40, task, p15="deadly"), dask)
    assert (set(found.outcomes), found.failures) == ({str(n) for n in range(40)}, {})
    by_group = [processes_of(tmp_path, range(n, n + 10)) for n in range(0, 40, 10)]
    assert sum(len(each) == 1 for each in by_group) >= 2
    assert len(set().union(*by_group)) >= 2


def test_a_point_that_kills_its_workers_is_set_aside_and_no_other(
    dask: DaskExecutor, tmp_path: Path
):
    task = Scaled(folder=str(tmp_path), deaths=99)
    found = run(study(12, task, p1="deadly"), dask)
    assert set(found.outcomes) == {str(n) for n in range(12) if n != 1}
    assert found.failures["1"].kind == "killed"
    assert "set aside: 3 workers died at it" in found.failures["1"].reason
    assert len(calls_of(tmp_path, "1")) == 3


def test_an_error_that_is_none_of_the_point_ends_the_study(dask: DaskExecutor):
    with pytest.raises(MissingDependencyError, match="there is no ngspice"):
        run(study(4, p2="missing"), dask)
    assert len(run(study(4), dask).outcomes) == 4


def test_what_a_point_needs_is_told_here(dask: DaskExecutor):
    told: list[tuple[int, int, str]] = []
    address = dask.client.scheduler_info()["address"]
    with DaskExecutor(address, progress=lambda *step: told.append(step)) as executor:
        run(study(3, p2="tells"), executor)
    assert told == [(1, 3, "measuring for 2")]


@pytest.mark.parametrize(
    ("cluster", "workers", "words"),
    [
        ("tcp://127.0.0.1:1", None, "there is no cluster of Dask"),
        ("nonsense://", None, "there is no cluster of Dask"),
        ("tcp://127.0.0.1:1", 2, "has the workers that it has"),
        (LOCAL, 0, "workers = 0 is not allowed"),
    ],
)
def test_a_cluster_that_is_not_there(
    cluster: str, workers: int | None, words: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("codesign.studies.executors.dask._CONNECTING", 0.3)
    with pytest.raises(InputError, match=words), DaskExecutor(cluster, workers):
        pass


SLURM = """
queue = "slurm"
jobs = 3
[job]
cores = 4
memory = "8GB"
queue = "normal"
walltime = "02:00:00"
"""


def test_a_queue_is_asked_for_workers_with_a_core_each(tmp_path: Path, monkeypatch):
    import dask_jobqueue

    asked: list[dict[str, int]] = []
    monkeypatch.setattr(
        dask_jobqueue.SLURMCluster,
        "scale",
        lambda self, *closed, **n: asked.append(n) if n else None,
    )
    path = tmp_path / "slurm.toml"
    path.write_text(SLURM)
    for workers in (None, 6):
        with queue_cluster(str(path), workers) as cluster:
            script = cluster.job_script()
    assert "#SBATCH -p normal" in script
    assert "#SBATCH -t 02:00:00" in script
    assert "--nthreads 1 " in script
    assert "--nworkers 4 " in script
    assert asked == [{"jobs": 3}, {"n": 6}]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SLURM.replace("slurm", "sge"), "queue = 'sge' is not allowed; it must be slurm, lsf, pbs"),
        (SLURM.replace("jobs = 3", "jobs = 0"), "jobs = 0 is not allowed"),
        (SLURM.replace("jobs = 3", "nodes = 3"), "nodes is not a known key"),
        (SLURM.replace("cores = 4\n", ""), "job.cores is missing"),
        (SLURM + "nonsense = 1\n", "slurm.toml: job: .*nonsense"),
    ],
)
def test_a_queue_file_that_is_wrong_is_refused(tmp_path: Path, text: str, words: str):
    path = tmp_path / "slurm.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        queue_cluster(str(path))
    path.write_text(SLURM)
    assert read_queue_file(str(path)).jobs == 3
