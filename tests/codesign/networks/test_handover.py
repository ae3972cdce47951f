"""What other tools take of a run: of each neuron and of the network of two layers."""

import re
from pathlib import Path

import pytest

from circuits.technology import load_technology
from codesign.command_line import main
from tests.codesign.networks.networks import small_network, write_run
from tests.netlists.netgen import NETGEN, check_equal, netgen

pytestmark = pytest.mark.ngspice

NEURONS = ("layer_0_0", "layer_0_1", "layer_1_0", "layer_1_1")


@pytest.fixture(scope="module")
def netlists(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a network of two layers, whose capacitors are devices of a made-up process."""
    folder = write_run(tmp_path_factory.mktemp("run"), small_network((2, 2)))
    technology = folder / "mine.toml"
    mim = 'model = "mim"\ndensity = 1e-15\nside = [2.0, 60.0]'
    technology.write_text(f'base = "generic"\n[devices.capacitor]\n{mim}\n')
    words = ["export", str(folder), "--technology", str(technology), "--verilog-a"]
    words += ["--dialects", "cdl", "spectre", "xyce", "--capacitors", "device"]
    assert main(words) == 0
    return folder / "netlists"


def test_each_neuron_has_a_file_of_each_kind_and_so_has_the_network(netlists: Path):
    kinds = (".cdl", ".scs", ".cir", "_lvs.spice")
    wanted = {f"network{kind}" for kind in kinds}
    for neuron in NEURONS:
        wanted |= {f"neuron_{neuron}{kind}" for kind in (*kinds, ".va", "_detailed.va")}
        wanted.add(f"datasheet_{neuron}.csv")
    assert wanted <= {path.name for path in netlists.iterdir()}


@pytest.mark.skipif(NETGEN is None, reason="netgen (Debian's netgen-lvs) is not installed")
@pytest.mark.parametrize("ending", [".cdl", ".cir"])
def test_netgen_reads_the_same_network_in_each_dialect(netlists: Path, ending: str, tmp_path: Path):
    technology = load_technology(netlists.parent / "mine.toml")
    texts = tuple(
        (netlists / name).read_text() for name in (f"network{ending}", "network_lvs.spice")
    )
    assert all(re.search(r"^Xmembrane \w+ vss mim w=", text, re.MULTILINE) for text in texts[1:])
    check_equal(netgen(tmp_path, (texts[0], texts[1]), "network", technology))


def test_every_module_compiles(netlists: Path):
    openvaf = pytest.importorskip("openvaf_py", reason="openvaf-py is not installed")
    for neuron in NEURONS:
        for kind in ("", "_detailed"):
            (module,) = openvaf.compile_va(str(netlists / f"neuron_{neuron}{kind}.va"))
            assert module.name == f"neuron_{neuron}"
