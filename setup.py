"""What pyproject.toml cannot say: the compiled kernel, and the one name that all lies below.

The kernel is optional: without a C compiler the neurons run in plain torch, some thirty times as
slowly.
"""

import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build import build

# A build in isolation does not look for modules beside this file.
sys.path.insert(0, str(Path(__file__).parent / "setup"))
from one_name import NAME, forget, gather


class Build(build):
    """All packages below one name; an editable install does not come here."""

    def run(self) -> None:
        forget(Path(self.build_lib))
        super().run()
        gather(Path(self.build_lib))


class Wheel(bdist_wheel):
    """The kernel is loaded with ctypes, so one wheel serves every Python."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]

    def write_wheelfile(self, wheelfile_base: str, *args: str) -> None:
        super().write_wheelfile(wheelfile_base, *args)
        if self.distribution.have_run.get("build"):  # of a wheel; an editable install asks as well
            (Path(wheelfile_base) / "top_level.txt").write_text(f"{NAME}\n")


setup(
    cmdclass={"build": Build, "bdist_wheel": Wheel},
    ext_modules=[
        # A plain shared library, loaded with ctypes: it needs no headers of Python's.
        Extension(
            "neuron_model.fused._kernel",
            sources=["neuron_model/fused/kernel.c"],
            depends=sorted(map(str, Path("neuron_model/fused").glob("*.h"))),
            extra_compile_args=[
                "-std=gnu11",
                "-O3",
                "-g0",
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
