"""The compiled part of the package; all the rest is said in pyproject.toml.

It is optional: without a C compiler the neurons run in plain torch, some thirty times as slowly.
"""

from setuptools import Extension, setup

setup(
    ext_modules=[
        # A plain shared library, loaded with ctypes: it needs no headers of Python's.
        Extension(
            "neuron_model.fused._kernel",
            sources=["neuron_model/fused/kernel.c"],
            depends=["neuron_model/fused/equations.h", "neuron_model/fused/functions.h"],
            extra_compile_args=[
                "-std=gnu11",
                "-O3",
                "-fopenmp-simd",
                # What keeps square roots and choices out of vector instructions otherwise.
                "-fno-math-errno",
                "-fno-trapping-math",
            ],
            extra_link_args=["-lm", "-lpthread"],
            optional=True,
        )
    ],
)
