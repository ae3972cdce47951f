import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from netlists.bench import Transient
from netlists.deck import build_job
from netlists.job import Outcome
from netlists.ngspice_library import find_ngspice_library
from netlists.worker_process import WorkerProcess

pytestmark = pytest.mark.ngspice

ROOT = Path(__file__).parents[2]

# Starts a worker on a job without end, says which process it is, and waits.
# A shell starts what goes to the background with interrupts ignored: here they must not be.
PARENT = """
import signal
import sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, sys.argv[1])
from netlists.job import Command, Job
from netlists.ngspice_library import find_ngspice_library
from netlists.worker_process import WorkerProcess
worker = WorkerProcess(find_ngspice_library())
worker.receive()
deck = ".title endless\\nv1 a 0 sin(0 1 1e3)\\nr1 a 0 1\\n.end"
worker.send(Job(deck, (Command("tran 1e-9 1e6 0 1e-9", True),)))
worker.receive()
print(worker.process_id, flush=True)
worker.receive()
"""


@pytest.fixture
def worker():
    process = WorkerProcess(find_ngspice_library())
    yield process
    process.kill()


def test_a_worker_takes_jobs_one_after_the_other(worker, make_bench):
    ready = worker.receive()
    assert ready is not None
    assert ready.outcome is Outcome.READY
    for _ in range(3):
        worker.send(build_job(make_bench()))
        read, reply = worker.receive(), worker.receive()
        assert read is not None
        assert read.outcome is Outcome.READ
        assert reply is not None
        assert reply.outcome is Outcome.DONE
        assert set(reply.plots[0]) == {"out", "vin#branch"}
    assert worker.jobs_taken == 3


def test_a_crash_is_told_by_its_signal(worker, make_bench):
    worker.receive()
    worker.send(build_job(make_bench(analyses=(Transient(1.0, 1e-6),))))
    worker.receive()
    os.kill(worker.process_id, signal.SIGSEGV)
    assert worker.receive() is None
    assert "SIGSEGV" in worker.end()


def test_a_worker_ignores_the_interrupt_that_is_for_its_parent(worker, make_bench):
    worker.receive()
    os.kill(worker.process_id, signal.SIGINT)
    worker.send(build_job(make_bench()))
    worker.receive()
    reply = worker.receive()
    assert reply is not None
    assert reply.outcome is Outcome.DONE


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux's process descriptors")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_worker_ends_with_its_parent_in_the_middle_of_a_job(how):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(ROOT)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        descriptor = os.pidfd_open(int(parent.stdout.readline()))
        try:
            parent.send_signal(how)
            ended, _, _ = select.select([descriptor], [], [], 60)
            assert ended
            parent.wait(60)
        finally:
            os.close(descriptor)
            if parent.poll() is None:
                parent.kill()
    assert parent.returncode == -how


def test_a_worker_starts_without_torch(worker):
    modules = Path(f"/proc/{worker.process_id}/maps")
    if not modules.exists():
        pytest.skip("needs Linux's /proc")
    worker.receive()
    assert "libtorch" not in modules.read_text()
    assert "libngspice" in modules.read_text()


def test_a_worker_has_a_folder_of_its_own(worker):
    folder = Path(f"/proc/{worker.process_id}/cwd")
    if not folder.parent.exists():
        pytest.skip("needs Linux's /proc")
    worker.receive()
    folder = folder.resolve()
    # Where there is no start-up file, ngspice reads the one in the user's home.
    assert [file.name for file in folder.iterdir()] == [".spiceinit"]
    worker.kill()
    assert not folder.exists()


def test_circuits_do_not_add_up(worker, make_bench):
    memory = Path(f"/proc/{worker.process_id}/statm")
    if not memory.exists():
        pytest.skip("needs Linux's /proc")
    ladder = "".join(f"r{n} n{n} n{n + 1} 1\n" for n in range(2000))
    job = build_job(make_bench(cells=f"{make_bench().cells}.subckt unused n0\n{ladder}.ends\n"))
    worker.receive()
    pages = []
    for _ in range(20):
        worker.send(job)
        worker.receive()
        assert worker.receive().outcome is Outcome.DONE
        pages.append(int(memory.read_text().split()[1]))
    assert pages[-1] - pages[9] < 500
