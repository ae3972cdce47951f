"""Drains and sources as they are drawn: a row of gates, counted diffusion by diffusion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits.diffusion import Diffusion, Junctions, Parallel, diffusion_area, junctions
from circuits.structure import Size

WIDTHS = st.floats(0.2, 50.0)
LENGTHS = st.floats(0.1, 2.0)


@pytest.mark.parametrize("fingers", range(1, 9))
@given(width=WIDTHS, length=LENGTHS)
def test_one_device_has_what_symbols_of_open_libraries_write(fingers, width, length):
    """ad = int((nf+1)/2) W/nf length, pd = 2 int((nf+1)/2) (W/nf + length); as and ps of nf+2."""
    drawn = junctions(Size(width, 1.0), Diffusion(length, length, fingers=fingers))
    for area, perimeter, more in (
        (drawn.drain_area, drawn.drain_perimeter, 1),
        (drawn.source_area, drawn.source_perimeter, 2),
    ):
        count = int((fingers + more) / 2)
        assert area == pytest.approx(count * width / fingers * length)
        assert perimeter == pytest.approx(2 * count * (width / fingers + length))


@given(
    width=WIDTHS,
    end=LENGTHS,
    inner=LENGTHS,
    fingers=st.integers(1, 6),
    copies=st.integers(1, 6),
    parallel=st.sampled_from(list(Parallel)),
)
def test_all_devices_together_are_the_rows_that_are_drawn(
    width, end, inner, fingers, copies, parallel
):
    """Counted strip by strip: S D S D ..., the ends of a row ``end`` long, the others ``inner``."""
    rows = [fingers * copies] if parallel == Parallel.SHARED else [fingers] * copies
    wanted = {"drain": [0.0, 0.0], "source": [0.0, 0.0]}
    for gates in rows:
        for strip in range(gates + 1):
            along = end if strip in (0, gates) else inner
            sums = wanted["drain" if strip % 2 else "source"]
            sums[0] += width / fingers * along
            sums[1] += 2 * (width / fingers + along)
    size = Size(width, 1.0, copies)
    diffusion = Diffusion(end, inner, parallel, fingers)
    one = junctions(size, diffusion)
    assert [copies * one.drain_area, copies * one.drain_perimeter] == pytest.approx(wanted["drain"])
    assert [copies * one.source_area, copies * one.source_perimeter] == pytest.approx(
        wanted["source"]
    )
    total = wanted["drain"][0] + wanted["source"][0]
    assert diffusion_area(size, diffusion) == pytest.approx(total)


def test_two_devices_that_share_have_one_drain_between_them():
    drawn = junctions(Size(2.0, 1.0, 2), Diffusion(0.5, 0.6, Parallel.SHARED))
    assert drawn == Junctions(
        drain_area=pytest.approx(2.0 * 0.6 / 2),
        source_area=pytest.approx(2 * 2.0 * 0.5 / 2),
        drain_perimeter=pytest.approx(2 * (2.0 + 0.6) / 2),
        source_perimeter=pytest.approx(2 * 2 * (2.0 + 0.5) / 2),
    )


def test_what_is_not_drawn_has_neither_area_nor_perimeter():
    nothing = Diffusion(0.5, 0.6, drawn=False)
    assert junctions(Size(2.0, 1.0, 2), nothing) == Junctions(0.0, 0.0, 0.0, 0.0)
    assert diffusion_area(Size(2.0, 1.0), nothing) == 0.0


@given(width=WIDTHS, copies=st.integers(1, 6))
def test_devices_apart_have_each_what_one_has(width, copies):
    diffusion = Diffusion(0.29, 0.28)
    assert junctions(Size(width, 1.0, copies), diffusion) == junctions(Size(width, 1.0), diffusion)
