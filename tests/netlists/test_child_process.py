"""Copies of a process: what they have at once, how they end, and where none may be made.

Each test runs a script: a test's own process has threads.
"""

import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from netlists.child_process import ForkedProcess

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="copies are made on Linux")

ROOT = Path(__file__).parents[2]

HEAD = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from multiprocessing.connection import Connection
from netlists.child_process import ForkedProcess

def serve(descriptor):
    connection = Connection(descriptor)
    while (asked := connection.recv()) != "die":
        connection.send(eval(asked))
    print("last words", flush=True)
    os.kill(os.getpid(), signal.SIGSEGV)

assert ForkedProcess.is_safe()
known = object()
child = ForkedProcess(serve, {"OMP_NUM_THREADS": "1"})

def answer(asked):
    child.send(asked)
    return child.receive()
"""


def start(script: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HEAD + script, str(ROOT)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def printed(script: str) -> list[str]:
    process = start(script)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return out.splitlines()


def test_a_copy_has_what_the_parent_had_and_its_own_environment():
    assert printed(
        "print(answer('os.getppid()') == os.getpid(), answer('os.getpid()') == child.process_id)\n"
        "print(answer('id(known)') == id(known), answer('os.environ[\"OMP_NUM_THREADS\"]'))\n"
        "print('only once')\n"
    ) == ["True True", "True 1", "only once"]


def test_it_is_told_how_a_copy_died():
    assert printed("print(answer('die')); print(child.end())\n") == [
        "None",
        "SIGSEGV; last words",
    ]


def test_a_copy_that_fails_says_why():
    words = printed("print(answer('1 / 0')); print(child.end())\n")
    assert words == ["None", "exit status 1; Traceback (most recent call last):"]


def test_signals_for_the_parent_are_left_to_it():
    assert printed(
        "for number in (signal.SIGINT, signal.SIGTERM): os.kill(child.process_id, number)\n"
        "print(answer('1 + 1'))\n"
    ) == ["2"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_copy_ends_with_its_parent(how: signal.Signals):
    with start("print(child.process_id, flush=True)\nsignal.pause()\n") as parent:
        assert parent.stdout is not None
        descriptor = os.pidfd_open(int(parent.stdout.readline()))
        try:
            parent.send_signal(how)
            ended, _, _ = select.select([descriptor], [], [], 60)
            assert ended
        finally:
            os.close(descriptor)
            parent.kill()
    assert parent.returncode == -how


def test_no_copy_is_made_beside_threads_or_torch():
    script = "import types\nsys.modules['torch'] = types.ModuleType('torch')\n"
    assert printed(f"{script}print(ForkedProcess.is_safe())\n") == ["False"]
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert not ForkedProcess.is_safe()
    finally:
        done.set()
        thread.join()
