"""The Triton kernels as a GPU would get them: compiled, without one.

The interpreter takes any Python, the compiler does not. It needs a process of its own, in which
the interpreter is off.
"""

import json
import os
import subprocess
import sys

import pytest

from neuron_model.backends.backends import triton_is_there

pytestmark = pytest.mark.skipif(
    not triton_is_there(), reason="no Triton: pip install -c constraints.txt -e '.[gpu]'"
)

PROGRAM = """
import json
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from neuron_model.fused_gpu import kernel

SIZES = ("batch", "time", "neurons", "row_stride", "sequence_stride")


def compiled(function, switches, absent, warps=1, number="*fp32"):
    signature, constants = {}, {}
    for index, name in enumerate(function.arg_names):
        if name in switches or name in absent:
            signature[name], constants[(index,)] = "constexpr", switches.get(name)
        elif name in SIZES:
            signature[name] = "i32"
        else:
            signature[name] = ("i32",) * 3 if name.endswith("_strides") else number
    source = ASTSource(function, signature, constants)
    target = GPUTarget("cuda", 80, 32)
    return triton.compile(source, target=target, options={"num_warps": warps}).asm["ptx"]


shared = {
    "TIMESCALES": (0, 1, 1, 2, 0), "ELEMENTS": 8, "LANES": 32, "SEGMENT": 32,
    "EXPONENTIAL": True, "LEAK": True, "FILTERS": True, "LONG": False, "OTA": True,
    "NEEDS": 31,
}
plain = {
    "TIMESCALES": (), "ELEMENTS": 1, "LANES": 32, "SEGMENT": 1,
    "EXPONENTIAL": False, "LEAK": False, "FILTERS": False, "LONG": False, "OTA": False,
    "NEEDS": 0,
}
alone = {"weights", "turned_weights", "fed_back"}
print(json.dumps({
    "forward": compiled(kernel.forward, shared, alone),
    "backward": compiled(kernel.backward, shared, alone),
    "forward with weights": compiled(kernel.forward, shared | {"LANES": 128}, set(), 4),
    "backward with weights": compiled(kernel.backward, shared, set()),
    "plain": compiled(kernel.backward, plain, alone | {"grad_end", "grad_current"}, 1, "*fp64"),
}))
"""


@pytest.fixture(scope="module")
def assembly(tmp_path_factory) -> dict[str, str]:
    cache = str(tmp_path_factory.mktemp("triton"))
    surroundings = os.environ | {"TRITON_INTERPRET": "0", "TRITON_CACHE_DIR": cache}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=surroundings, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_gpu_gets_code(assembly):
    assert len(assembly) == 5
    assert all(".visible .entry" in text for text in assembly.values())


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_a_lane_is_the_business_of_one_thread(assembly, direction):
    """Nothing goes from thread to thread: elements and copies are added up in registers."""
    text = assembly[direction]
    assert "shfl" not in text
    assert "st.shared" not in text
