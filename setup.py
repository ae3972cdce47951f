"""The compiled part of the package; all the rest is said in pyproject.toml.

It is optional: without a C compiler the neurons run in plain torch, some thirty times as slowly.
"""

from pathlib import Path

from setuptools import Extension, setup

setup(
    ext_modules=[
        # A plain shared library, loaded with ctypes: it needs no headers of Python's.
        Extension(
            "neuron_model.fused._kernel",
            sources=["neuron_model/fused/kernel.c"],
            depends=[str(path) for path in Path("neuron_model/fused").glob("*.h")],
            extra_compile_args=[
                "-std=gnu11",
                "-O3",
                "-fopenmp-simd",
                # What keeps square roots and choices out of vector instructions otherwise. A number
                # that is not finite still reaches the state; that is where it is looked for.
                "-fno-math-errno",
                "-fno-trapping-math",
                "-fno-signed-zeros",
                "-ffinite-math-only",
            ],
            extra_link_args=["-lm", "-lpthread"],
            optional=True,
        )
    ],
)
