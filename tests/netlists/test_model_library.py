"""Finding model libraries, and what is cut out of them against their parents in ngspice."""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from circuits.technology import load_technology
from netlists import model_library
from netlists.model_library import DeviceUse, find_library, trimmed_models
from netlists.pdk_cache import PACKAGES
from neuron_model.errors import InputError, MissingDependencyError


@dataclass(frozen=True)
class Table:
    """A [models] table, as a technology holds it."""

    folder: Path
    name: str = "process"
    paths: Sequence[str] = ()
    installed: str = ""
    includes: Sequence[str] = ()
    sections: Mapping[str, Sequence[str]] = field(default_factory=dict)
    parameters: Mapping[str, float | str] = field(default_factory=dict)


LIBRARY = """.lib tt
.param vt=0.5
.include cards.spice
.endl
.lib ff
.param vt=0.4
.include cards.spice
.endl
"""
CARDS = ".model n nmos level=1 vto={vt}\n.model p pmos level=1 vto={-vt}\n"
NMOS = DeviceUse("n", 2, 2)


@pytest.fixture
def table(tmp_path: Path, cache_folder: Path) -> Table:
    (tmp_path / "lib.spice").write_text(LIBRARY)
    (tmp_path / "cards.spice").write_text(CARDS)
    return Table(tmp_path, paths=("lib.spice",))


def replaced(table: Table, **values: object) -> Table:
    return Table(**{**vars(table), **values})  # type: ignore[arg-type]


def test_paths_are_tried_in_order_and_variables_expanded(
    table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    root = tmp_path / "root" / "pdk-2" / "models"
    root.mkdir(parents=True)
    for name in ("lib.spice", "lib_ss.spice"):
        (root / name).write_text("* models\n")
    both = replaced(table, paths=("$SOME_ROOT/pdk-*/models/lib.spice", "lib.spice"))
    monkeypatch.delenv("SOME_ROOT", raising=False)
    assert find_library(both, "tt") == tmp_path / "lib.spice"
    monkeypatch.setenv("SOME_ROOT", str(tmp_path / "root"))
    assert find_library(both, "tt") == root / "lib.spice"
    corner = replaced(table, paths=("${SOME_ROOT}/pdk-2/models/lib_{corner}.spice",))
    assert find_library(corner, "ss") == root / "lib_ss.spice"
    monkeypatch.setenv("HOME", str(root))
    assert find_library(replaced(table, paths=("~/lib.spice",)), "tt") == root / "lib.spice"


def test_a_library_that_is_not_there_says_how_to_get_it(
    table: Table, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("PDK_ROOT", raising=False)
    absent = replaced(table, paths=("$PDK_ROOT/x.spice", "y.spice"), installed="sky130")
    expected = r"codesign pdk install sky130.*PDK_ROOT.*variable is not set.*y\.spice"
    with pytest.raises(MissingDependencyError, match=expected):
        find_library(absent, "tt")
    with pytest.raises(MissingDependencyError, match=r"correct models\.paths"):
        find_library(replaced(table, paths=("y.spice",)), "tt")


def test_a_corner_is_its_section(table: Table):
    tt = trimmed_models(table, "tt", [NMOS])
    assert ".param vt=0.5" in tt.text
    assert ".model n nmos" in tt.text
    assert ".model p" not in tt.text
    assert ".param vt=0.4" in trimmed_models(table, "ff", [NMOS]).text
    with pytest.raises(InputError, match=r"no corner 'ss'.*it has tt, ff"):
        trimmed_models(table, "ss", [NMOS])


def test_sections_files_includes_and_parameters(table: Table, tmp_path: Path):
    (tmp_path / "other.lib").write_text(".lib slow\n.param k=3\n.endl\n")
    (tmp_path / "first.spice").write_text(".param vt=9 z=1\n.param b={z}\n")
    (tmp_path / "plain.spice").write_text(".model n nmos level=1 vto={vt*k+b}\n")
    chosen = replaced(
        table,
        paths=("plain.spice",),
        includes=("first.spice",),
        sections={"cold": ("other.lib slow",), "odd": ("a b c",)},
        parameters={"z": 2, "y": "1e-3*z"},
    )
    with pytest.raises(InputError, match="defines no .subckt or .model called 'n'"):
        trimmed_models(chosen, "cold", [NMOS])
    with pytest.raises(InputError, match=r"models\.sections\.odd"):
        trimmed_models(chosen, "odd", [NMOS])
    plain = trimmed_models(replaced(chosen, sections={}), "tt", [NMOS]).text.splitlines()
    assert [line for line in plain if line.startswith(".")] == [
        ".param vt=9 z=1",
        ".param b={z}",
        ".model n nmos level=1 vto={vt*k+b}",
        ".param z={2}",
        ".param y={1e-3*z}",
    ]


def test_names_and_values_cannot_carry_statements(table: Table):
    with pytest.raises(InputError, match="is not a name"):
        trimmed_models(table, "tt\n.control", [NMOS])
    with pytest.raises(InputError, match="is not a name"):
        trimmed_models(table, "../tt", [NMOS])
    with pytest.raises(InputError, match="is not a name"):
        trimmed_models(table, "tt", [DeviceUse("n\n.control", 2, 2)])
    with pytest.raises(InputError, match=r"models\.parameters\.a = '1\\n\.control'"):
        trimmed_models(replaced(table, parameters={"a": "1\n.control"}), "tt", [NMOS])
    with pytest.raises(InputError, match="No devices"):
        trimmed_models(table, "tt", [])


def test_the_hash_is_of_the_models_in_use(table: Table, tmp_path: Path):
    first = trimmed_models(table, "tt", [NMOS])
    (tmp_path / "cards.spice").write_text(CARDS.replace("vto={-vt}", "vto=-1"))
    assert trimmed_models(table, "tt", [NMOS]) == first  # the other device changed
    (tmp_path / "cards.spice").write_text(CARDS.replace("level=1", "level=1 kp=1m"))
    assert trimmed_models(table, "tt", [NMOS]).content_hash != first.content_hash


def test_what_was_cut_out_is_kept_and_a_broken_copy_is_not_used(
    table: Table, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    first = trimmed_models(table, "tt", [NMOS])
    (cached,) = (cache_folder / "models").iterdir()
    with monkeypatch.context() as patch:
        patch.setattr(model_library, "cut_out", None)  # would fail if it was called
        assert trimmed_models(table, "tt", [NMOS, NMOS]) == first
    cached.write_text(cached.read_text()[:-20])
    assert trimmed_models(table, "tt", [NMOS]) == first
    cached.write_text(cached.read_text().replace("vt=0.5", "vt=0.6"))
    assert trimmed_models(table, "tt", [NMOS]) == first


def test_a_cache_that_cannot_be_written_costs_only_time(
    table: Table, cache_folder: Path, caplog: pytest.LogCaptureFixture
):
    cache_folder.write_text("a file where the folder should be")
    with caplog.at_level("INFO"):
        assert ".model n" in trimmed_models(table, "tt", [NMOS]).text
    assert "not kept" in caplog.text


SIZES = [(0.42, 0.5), (0.42, 20), (1, 1), (2, 2), (3.5, 0.7), (5, 8), (10, 0.5), (10, 20)]


@pytest.mark.ngspice
@pytest.mark.parametrize("corner", ["tt", "sf"])
def test_sky130_cut_out_agrees_with_its_parent_to_nine_digits(tmp_path: Path, corner: str):
    package = PACKAGES["sky130"]
    if not package.is_installed:
        pytest.skip("sky130 is not installed (codesign pdk install sky130)")
    sky130 = Table(tmp_path, name="sky130", installed="sky130")
    names = ("sky130_fd_pr__nfet_01v8", "sky130_fd_pr__pfet_01v8")
    uses = [DeviceUse(name, w, length) for name in names for w, length in SIZES]
    trimmed = trimmed_models(sky130, corner, uses).text
    whole = f'.lib "{package.library_path}" {corner}'  # as ngspice itself reads it
    currents = drain_currents(tmp_path / "trimmed", trimmed, uses)
    assert currents == drain_currents(tmp_path / "whole", whole, uses)
    assert len(set(currents)) == 2 * len(uses)
    # 48 bins each, copied for every transistor, are most of a short simulation's time
    assert len(re.findall(r"^\.model", trimmed, re.MULTILINE)) <= 2 * len(uses)
    assert all(1e-12 < abs(float(current)) < 1e-2 for current in currents)


@pytest.mark.ngspice
@pytest.mark.parametrize("corner", ["typical", "fs"])
def test_gf180mcu_cut_out_agrees_with_its_parent_to_nine_digits(tmp_path: Path, corner: str):
    """Its subcircuits are called like the binned models in them, which sections call each other."""
    package = PACKAGES["gf180mcu"]
    if not package.is_installed:
        pytest.skip("gf180mcu is not installed (codesign pdk install gf180mcu)")
    technology = load_technology("gf180mcu")
    uses = [
        DeviceUse(name, w, length)
        for name in ("nfet_03v3", "pfet_03v3")
        for w, length in ((0.5, 0.5), (1, 8), (2, 16), (4, 1), (20, 40))
    ]
    trimmed = trimmed_models(technology.models, corner, uses).text
    switches = package.library_path.parent / "design.ngspice"
    whole = f'.include "{switches}"\n.lib "{package.library_path}" {corner}'
    currents = drain_currents(tmp_path / "trimmed", trimmed, uses, "u")
    assert currents == drain_currents(tmp_path / "whole", whole, uses, "u")
    assert len(set(currents)) == 2 * len(uses)
    assert all(1e-15 < abs(float(current)) < 1e-2 for current in currents)


def drain_currents(
    folder: Path, models: str, uses: Sequence[DeviceUse], unit: str = ""
) -> list[str]:
    """Ten digits of each device's drain current, in weak and in strong inversion."""
    program = shutil.which("ngspice")
    assert program, "ngspice is needed: make setup"
    folder.mkdir()
    lines = ["* drain currents", models, ".option gmin=1e-15 abstol=1e-18 reltol=1e-9"]
    for index, use in enumerate(uses):
        sign = "-" if "pfet" in use.name else ""
        lines += [
            f"vd{index} d{index} 0 {sign}0.9",
            f"x{index} d{index} g{sign} 0 0 {use.name} "
            f"w={use.width_um}{unit} l={use.length_um}{unit}",
        ]
    lines += ["vgn g 0 0.4", "vgp g- 0 -0.4", ".control", "set num_threads=1 numdgt=10"]
    for gate in ("0.6", "1.2"):
        lines += [f"alter vgn {gate}", f"alter vgp -{gate}", "op"]
        lines += [f"print i(vd{index})" for index in range(len(uses))]
    lines += [".endc", ".end"]
    (folder / "deck.spice").write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        [program, "-b", "deck.spice"], cwd=folder, capture_output=True, text=True, check=False
    )
    found = re.findall(r"i\(vd\d+\) = (\S+)", done.stdout)
    assert len(found) == 2 * len(uses), done.stdout[-2000:] + done.stderr[-2000:]
    return [f"{float(text):.8e}" for text in found]
