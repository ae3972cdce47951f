import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from netlists.raw_file import parse_raw, read_raw_file
from neuron_model.errors import InputError


def written(vectors: dict[str, np.ndarray], binary: bool, points: int | None = None) -> bytes:
    """A plot as ngspice writes it."""
    is_complex = any(np.iscomplexobj(vector) for vector in vectors.values())
    size = len(next(iter(vectors.values())))
    lines = ["Title: t", "Date: today", "Plotname: Transient Analysis"]
    lines += [f"Flags: {'complex' if is_complex else 'real'}", f"No. Variables: {len(vectors)}"]
    lines += [f"No. Points: {size if points is None else points}", "Variables:"]
    lines += [f"\t{index}\t{name}\tvoltage" for index, name in enumerate(vectors)]
    table = np.stack(list(vectors.values()), axis=1)
    if binary:
        dtype = np.complex128 if is_complex else np.float64
        return "\n".join([*lines, "Binary:", ""]).encode() + table.astype(dtype).tobytes()
    lines.append("Values:")
    for index, row in enumerate(table):
        texts = [f"{v.real!r},{v.imag!r}" if is_complex else repr(float(v)) for v in row.tolist()]
        lines += [f" {index}\t\t{texts[0]}", *(f"\t{text}" for text in texts[1:]), ""]
    return "\n".join([*lines, ""]).encode()


TIME = np.array([0.0, 1.0, 2.5])
REAL = {"time": TIME, "v(m)": TIME - 1.0, "i(vdd)": TIME * 1e-9}
COMPLEX = {"frequency": TIME + 0j, "v(m)": TIME * 1j + 2.0}

NUMBERS = st.floats(allow_nan=False)
REAL_TABLES = arrays.arrays(
    np.float64, st.tuples(st.integers(1, 9), st.integers(1, 5)), elements=NUMBERS
)
COMPLEX_TABLES = arrays.arrays(
    np.complex128,
    st.tuples(st.integers(1, 9), st.integers(1, 5)),
    elements=st.complex_numbers(allow_nan=False),
)


@given(st.lists(st.one_of(REAL_TABLES, COMPLEX_TABLES), min_size=1, max_size=3), st.booleans())
def test_what_is_written_is_read(tables, binary):
    plots = [
        {f"v(n{column})": table[:, column] for column in range(table.shape[1])} for table in tables
    ]
    found = parse_raw(b"".join(written(plot, binary) for plot in plots))
    assert len(found) == len(plots)
    for waveforms, plot in zip(found, plots, strict=True):
        assert list(waveforms) == list(plot)
        for name, vector in plot.items():
            np.testing.assert_array_equal(waveforms[name], vector)
            assert waveforms[name].dtype == vector.dtype


@pytest.mark.parametrize("binary", [True, False])
def test_the_axis_is_taken_out(tmp_path, binary):
    path = tmp_path / "x.raw"
    path.write_bytes(written(REAL, binary) + written(COMPLEX, binary))
    transient, small_signal = read_raw_file(path)
    assert transient.axis_name == "time"
    np.testing.assert_array_equal(transient.axis, TIME)
    assert list(transient) == ["v(m)", "i(vdd)"]
    np.testing.assert_array_equal(small_signal["m"], COMPLEX["v(m)"])


def test_lines_may_end_as_on_windows():
    content = written(REAL, binary=False).replace(b"\n", b"\r\n")
    np.testing.assert_array_equal(parse_raw(content)[0]["m"], REAL["v(m)"])


GOOD = written(REAL, binary=False)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"nonsense", "ends"),
        (b"nonsense\n", "has the line 'nonsense' in a header"),
        (b"\x00\xff" * 9000, "is no raw file"),
        (b"#!/bin/sh\nrm -rf /\n", "in a header"),
        (GOOD.replace(b"Flags: real", b"Flags: imaginary"), "neither real nor complex"),
        (GOOD.replace(b"Flags: real", b"Flags: real unpadded"), "different lengths"),
        (GOOD.replace(b"No. Points: 3", b"No. Points: -3"), "'no. points'"),
        (GOOD.replace(b"No. Points: 3", b"No. Points: 3e9"), "'no. points'"),
        (GOOD.replace(b"No. Points: 3", b"No. Points: 99999999999999"), "'no. points'"),
        (GOOD.replace(b"No. Points: 3\n", b""), "has 'nothing' as its 'no. points'"),
        (GOOD.replace(b"No. Points: 3", b"No. Points: 4"), "ends"),
        (GOOD.replace(b"No. Points: 3", b"No. Points: 2"), "in a header"),
        (GOOD.replace(b"No. Variables: 3", b"No. Variables: x"), "'no. variables'"),
        (GOOD.replace(b"No. Variables: 3", b"No. Variables: 4"), "name its variable 3"),
        (GOOD.replace(b"No. Variables: 3", b"No. Variables: 0"), "has"),
        (GOOD.replace(b"Variables:\n", b"", 1), "has"),
        (GOOD.replace(b"\t1\tv(m)", b"\t7\tv(m)"), "name its variable 1"),
        (GOOD.replace(b"v(m)", b"time"), "twice"),
        (GOOD.replace(b"2.5", b"two"), "'two' where a value should stand"),
        (GOOD.replace(b" 1\t\t", b" 9\t\t"), "where point 1 begins"),
        (written(COMPLEX, False).replace(b"2.0,1.0", b"2.0"), "where a value should stand"),
        (written(REAL, True, points=10**11), "bytes too early"),
        (written(REAL, True)[:-1], "1 bytes too early"),
    ],
)
def test_broken_files_are_refused(tmp_path, content, reason):
    path = tmp_path / "broken.raw"
    path.write_bytes(content)
    with pytest.raises(InputError, match="broken.raw: the raw file") as caught:
        read_raw_file(path)
    assert reason in str(caught.value)


@settings(max_examples=200)
@given(st.data())
def test_damage_is_an_input_error_or_harmless(data):
    content = bytearray(written(REAL, data.draw(st.booleans())))
    for _ in range(data.draw(st.integers(1, 4))):
        where = data.draw(st.integers(0, len(content) - 1))
        content[where : where + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        if not content:
            content = bytearray(b"\n")
    with contextlib.suppress(InputError):
        parse_raw(bytes(content))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_raw_file(tmp_path / "none.raw")
