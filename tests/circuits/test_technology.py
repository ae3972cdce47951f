import math
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from circuits.diffusion import Diffusion, Parallel
from circuits.structure import Polarity, Size
from circuits.technology import (
    TECHNOLOGY_FOLDER,
    SizeStyle,
    builtin_technologies,
    check_corner,
    load_technology,
    with_mismatch_set,
)
from neuron_model.errors import InputError

Table = dict[str, Any]
REMOVED = object()


def changed(table: Table, key: str, value: object) -> Table:
    """``table`` with its dotted ``key`` set, or taken away."""
    first, _, rest = key.partition(".")
    copy = dict(table)
    if rest:
        copy[first] = changed(copy.get(first, {}), rest, value)
    elif value is REMOVED:
        del copy[first]
    else:
        copy[first] = value
    return copy


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """A technology file: the generic one with changes of dotted keys."""

    def make(**changes: object) -> Path:
        table = tomllib.loads((TECHNOLOGY_FOLDER / "generic.toml").read_text())
        for key, value in changes.items():
            table = changed(table, key, value)
        path = tmp_path / "mine.toml"
        path.write_text(tomli_w.dumps(table))
        return path

    return make


@pytest.mark.parametrize("name", builtin_technologies())
def test_built_in_technologies_are_complete(name):
    technology = load_technology(name)
    assert technology.name == name
    assert technology.corners[0] in ("tt", "typical")
    assert all(technology.device(kind).diffusion is not None for kind in Polarity)
    low, high = technology.limits.voltage
    assert 0 < low < technology.reference < high < technology.supply
    assert low <= technology.reference <= high


def test_what_is_built_in():
    assert builtin_technologies() == ("generic", "gf180mcu", "sky130")


def test_everything_in_the_file_is_read(write):
    path = write(
        **{
            "name": "mine",
            "supply": 3.3,
            "reference": 1.65,
            "corners": ["typical", "fast"],
            "devices.pmos": {
                "model": "pfet_33",
                "prefix": "x",
                "terminals": ["gate", "drain", "bulk", "source"],
                "size_style": "metre",
                "width_parameter": "wr",
                "length_parameter": "lr",
                "multiplier": ["m", "nf"],
                "parameters": {"sa": 0.5e-6},
                "width": [0.5, 50.0],
                "length": [0.3, 20.0],
            },
            "cells.ota.pair": {"width": 4.0, "length": 1.0, "multiplier": 2},
            "limits.voltage": [1.2, 2.1],
            "leak": {"sections": 5, "range": 3.5},
            "models.sections": {"typical": ["tt", "extra.lib res_typ"]},
            "models.parameters": {"switch": 0},
        }
    )
    technology = load_technology(path)
    device = technology.device(Polarity.PMOS)
    assert (device.model, device.prefix) == ("pfet_33", "X")
    assert device.terminals == ("gate", "drain", "bulk", "source")
    assert device.size_style is SizeStyle.METRE
    assert device.size_parameters == ("wr", "lr")
    assert device.multiplier == ("m", "nf")
    assert device.parameters == {"sa": 0.5e-6}
    assert (device.width, device.length) == ((0.5, 50.0), (0.3, 20.0))
    assert (technology.supply, technology.reference) == (3.3, 1.65)
    assert technology.corners == ("typical", "fast")
    assert technology.size("ota", "pair") == Size(4.0, 1.0, 2)
    assert technology.limits.voltage == (1.2, 2.1)
    assert (technology.leak.sections, technology.leak.range) == (5, 3.5)
    assert technology.models.sections == {"typical": ("tt", "extra.lib res_typ")}
    assert technology.models.parameters == {"switch": 0.0}
    assert technology.models.folder == path.parent


def test_the_rest_has_defaults(write):
    absent = (
        "name",
        "reference",
        "corners",
        "leak",
        "limits",
        "mismatch",
        "process",
        "description",
    )
    technology = load_technology(write(**dict.fromkeys(absent, REMOVED)))
    assert technology.name == "mine"
    assert technology.reference == technology.supply / 2
    assert technology.corners == ("tt",)
    low, high = technology.limits.voltage
    assert (low, high) == pytest.approx((0.5, 1.3))


def test_diffusions_are_those_of_the_file(write):
    table = {"length": 0.5, "shared": 0.6, "parallel": "shared", "drain_area": "AD"}
    path = write(
        **{"devices.nmos.diffusion": table, "devices.nmos.parameters": {"nf": 4}},
        **{"devices.pmos.diffusion": {"length": 0.4}},
    )
    technology = load_technology(path)
    assert technology.nmos.diffusion == Diffusion(0.5, 0.6, Parallel.SHARED, 4, drain_area="AD")
    assert technology.nmos.parameters == {"nf": 4.0}
    assert technology.pmos.diffusion == Diffusion(0.4, 0.4)
    assert technology.notes == ()


def test_temperatures_and_the_share_of_leakage_are_limits(write):
    limits = load_technology(write()).limits
    assert (limits.temperature, limits.leakage_share) == ((-40.0, 125.0), 0.1)
    path = write(**{"limits.temperature": [0, 85], "limits.leakage_share": 0.2})
    limits = load_technology(path).limits
    assert (limits.temperature, limits.leakage_share) == ((0.0, 85.0), 0.2)
    for value in ([85], [85, 0], [-80, 0], [0, 300], 85, ["cold", "hot"]):
        with pytest.raises(InputError, match="limits.temperature = .* from -60 to 200 °C"):
            load_technology(write(**{"limits.temperature": value}))


def test_an_ota_that_divides_is_optional_and_whole(write):
    assert not load_technology(write()).divides
    roles = ("tail", "pair", "pmos_mirror", "pmos_output", "nmos_mirror")
    sizes = {role: {"width": 1.0, "length": 2.0} for role in roles}
    sizes["pmos_mirror"]["multiplier"] = 8
    technology = load_technology(write(**{"cells.divided_ota": sizes}))
    assert technology.divides
    assert technology.size("divided_ota", "pmos_mirror") == Size(1.0, 2.0, 8)
    assert technology.size("divided_ota", "pmos_output") == Size(1.0, 2.0)
    del sizes["tail"]
    with pytest.raises(InputError, match="cells.divided_ota.tail is missing"):
        load_technology(write(**{"cells.divided_ota": sizes}))


def test_a_technology_without_diffusions_says_what_is_missing(write):
    technology = load_technology(write(**{"devices.pmos.diffusion": REMOVED}))
    assert technology.pmos.diffusion is None
    (note,) = technology.notes
    assert "pmos have no area" in note
    assert "[devices.pmos.diffusion]" in note


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("diffusion", 0.29, "devices.nmos.diffusion = 0.29 must be a table"),
        ("diffusion", {"shared": 0.3}, "devices.nmos.diffusion.length is missing"),
        ("diffusion", {"length": -1.0}, "devices.nmos.diffusion.length = -1.0 must be above 0"),
        ("diffusion", {"length": 1.0, "parallel": "near"}, "must be one of ['apart', 'shared']"),
        ("diffusion", {"length": 1.0, "drain_area": "a d"}, "must be a name"),
        ("diffusion", {"length": 1.0, "drain_area": "AS"}, "writes"),
        ("diffusion", {"length": 1.0, "drain_area": "w"}, "writes w"),
        ("diffusion", {"length": 1.0, "width": 1.0}, "devices.nmos.diffusion.width is unknown"),
        ("parameters", {"PD": 1e-6}, "devices.nmos.parameters.PD is written from the sizes"),
        ("parameters", {"nf": 1.5}, "devices.nmos.parameters.nf = 1.5 must be a whole number"),
    ],
)
def test_diffusions_that_cannot_be_are_refused(write, key, value, says):
    with pytest.raises(InputError, match=re.escape(says)):
        load_technology(write(**{f"devices.nmos.{key}": value}))


def test_generators_are_linear_or_of_ranges(write):
    plain = {"kind": "linear", "full_scale": 1e-8, "bits": 8}
    generator = load_technology(write(bias_generator=plain)).bias_generator
    assert (generator.kind, generator.bits, generator.voltage_step) == ("linear", 8, 1e-3)
    generator = load_technology(write(bias_generator={"full_scale": 1e-8})).bias_generator
    assert (generator.kind, generator.bits, generator.coarse_steps) == ("coarse_fine", 6, 14)
    assert load_technology(write(bias_generator=REMOVED)).bias_generator is None
    with pytest.raises(InputError, match="bias_generator.coarse_steps is unknown"):
        load_technology(write(bias_generator={**plain, "coarse_steps": 3}))


def test_default_voltages_stay_between_the_supplies(write):
    technology = load_technology(write(limits=REMOVED, supply=0.9, reference=0.7))
    assert technology.limits.voltage == pytest.approx((0.3, 0.9))


def test_mismatch_sets_have_names_sources_and_a_default(write):
    sets = {
        "default": "pessimistic",
        "usual": {"source": "the foundry", "nmos_threshold": 3e-3, "pmos_current_factor": 0.01},
        "pessimistic": {
            "pmos_threshold": [[1e-10, 12e-3], [1e-8, 9e-3]],
            "pmos_length_offset": -0.1,
            "nmos_narrow": 0.2,
        },
    }
    technology = load_technology(write(mismatch=sets))
    assert [one.name for one in technology.mismatch_sets] == ["usual", "pessimistic"]
    used = technology.mismatch
    assert used.name == "pessimistic"
    assert used.pmos.threshold == ((1e-10, 12e-3), (1e-8, 9e-3))
    assert (used.pmos.length_offset, used.nmos.narrow, used.nmos.is_empty) == (-0.1, 0.2, True)
    usual = with_mismatch_set(technology, "usual")
    assert (usual.mismatch.name, usual.mismatch.source) == ("usual", "the foundry")
    assert usual.mismatch.nmos.threshold_coefficient(1e-9) == 3e-3
    assert with_mismatch_set(technology, None) is technology
    with pytest.raises(InputError, match=r"no mismatch set 'worst'; it has usual, pessimistic\."):
        with_mismatch_set(technology, "worst")


def test_coefficients_under_mismatch_itself_are_one_set(write):
    technology = load_technology(write(mismatch={"nmos_threshold": 4e-3, "pmos_threshold": 6e-3}))
    (only,) = technology.mismatch_sets
    assert technology.mismatch == only
    assert (only.name, only.source) == ("own", "mine.toml, [mismatch]")
    assert only.pmos.threshold_coefficient(1e-9) == 6e-3


def test_coefficients_of_a_file_that_is_based_on_another_win_over_its_sets(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('base = "sky130"\n[mismatch]\nnmos_threshold = 4e-3\n')
    technology, base = load_technology(path), load_technology("sky130")
    assert technology.mismatch.name == "own"
    assert technology.mismatch.nmos.threshold_coefficient(1e-9) == 4e-3
    assert technology.mismatch.pmos == base.mismatch.pmos
    assert with_mismatch_set(technology, "ordinary").mismatch == base.mismatch_sets[0]
    path.write_text('base = "sky130"\n[mismatch]\ndefault = "ordinary"\n')
    assert load_technology(path).mismatch == base.mismatch_sets[0]


@pytest.mark.parametrize("name", builtin_technologies())
def test_built_in_sets_say_where_they_come_from(name):
    technology = load_technology(name)
    assert technology.mismatch in technology.mismatch_sets
    for one in technology.mismatch_sets:
        assert one.source
        assert not one.nmos.is_empty
        assert not one.pmos.is_empty


# key, value, what the message says of it
BAD_VALUES = [
    ("supply", REMOVED, "supply is missing"),
    ("supply", "1.8 V", "supply = '1.8 V' must be a number"),
    ("supply", True, "supply = True must be a number"),
    ("supply", math.nan, "supply = nan must be above 0 to 20"),
    ("supply", math.inf, "supply = inf must be"),
    ("supply", -1.8, "supply = -1.8 must be"),
    ("supply", 0.0, "supply = 0.0 must be"),
    ("supply", 10**300, "supply = 1000"),
    ("reference", 2.5, "reference = 2.5 must be"),
    ("name", "a\n.control", "name = "),
    ("name", "", "name = ''"),
    ("name", "../x", "name = "),
    ("name", 3, "name = 3 must be a text"),
    ("description", "a\nb", "must not hold control characters"),
    ("corners", [], "corners is empty"),
    ("corners", ["tt\n"], "corners holds"),
    ("corners", [1], "corners = [1] must be a list of texts"),
    ("color", "red", "color is unknown; known here:"),
    ("devices", REMOVED, "devices is missing"),
    ("devices.nmos", REMOVED, "devices.nmos is missing"),
    ("devices.nmos", "nfet", "devices.nmos = 'nfet' must be a table"),
    ("devices.npn", {}, "devices.npn is unknown"),
    ("devices.nmos.model", REMOVED, "devices.nmos.model is missing"),
    ("devices.nmos.model", "n fet", "devices.nmos.model = 'n fet' must be a name"),
    ("devices.nmos.model", "nfet\n.control\nquit\n.endc", "devices.nmos.model = "),
    ("devices.nmos.prefix", "Q", "devices.nmos.prefix = 'Q' must be"),
    ("devices.nmos.terminals", ["drain", "gate", "source"], "devices.nmos.terminals"),
    ("devices.nmos.terminals", ["drain", "gate", "source", "well"], "devices.nmos.terminals"),
    ("devices.nmos.size_style", "inch", "devices.nmos.size_style = 'inch' must be one of"),
    ("devices.nmos.multiplier", ["m=1 w"], "devices.nmos.multiplier holds"),
    ("devices.nmos.parameters", {"w": 1.0}, "devices.nmos.parameters.w is written from the sizes"),
    ("devices.nmos.parameters", {"M": 1.0}, "devices.nmos.parameters.M is written from the sizes"),
    ("devices.nmos.width_parameter", "L", "devices.nmos.width_parameter writes L, which is"),
    ("devices.nmos.width_parameter", "w r", "devices.nmos.width_parameter = 'w r' must be a name"),
    ("devices.nmos", {"model": "n", "prefix": "M", "width_parameter": "wr"}, "is of subcircuits"),
    ("devices.nmos.parameters", {"a b": 1.0}, "is no parameter name"),
    ("devices.nmos.parameters", {"sa": "1u"}, "devices.nmos.parameters.sa = '1u' must be a number"),
    ("devices.nmos.width", [2.0, 1.0], "devices.nmos.width = [2.0, 1.0] must be"),
    ("devices.nmos.width", 3.0, "devices.nmos.width = 3.0 must be"),
    ("cells.ota", REMOVED, "cells.ota is missing"),
    ("cells.ota.pair", REMOVED, "cells.ota.pair is missing"),
    ("cells.ota.cascode", {}, "cells.ota.cascode is unknown"),
    ("cells.ota.pair.width", REMOVED, "cells.ota.pair.width is missing"),
    ("cells.ota.pair.width", 0.01, "cells.ota.pair.width = 0.01 um is outside"),
    ("cells.ota.pair.length", 500.0, "cells.ota.pair.length = 500 um is outside"),
    ("cells.ota.pair.width", "4u", "cells.ota.pair.width = '4u' must be a number"),
    ("cells.ota.pair.fingers", 2, "cells.ota.pair.fingers is unknown"),
    ("cells.ota.pair.multiplier", 1.5, "cells.ota.pair.multiplier = 1.5 must be a whole number"),
    ("cells.ota.pair.multiplier", 0, "cells.ota.pair.multiplier = 0 must be from 1"),
    ("limits.bias_current", [1e-8, 1e-11], "limits.bias_current = "),
    ("limits.bias_current", [1e-11], "limits.bias_current = "),
    ("limits.bias_current", [0.0, 1e-8], "limits.bias_current = [0.0, 1e-08] must start above 0"),
    ("limits.bias_current", [1e-11, math.inf], "limits.bias_current = "),
    ("limits.bias_current", [math.nan, 1e-8], "limits.bias_current = "),
    ("limits.bias_current", [1e-11, math.nan], "limits.bias_current = "),
    ("limits.bias_current", ["1p", "1n"], "limits.bias_current = "),
    ("limits.voltage", [0.5, 3.0], "limits.voltage = [0.5, 3.0] must be"),
    ("limits.voltage", [1.0, 1.3], "limits.voltage = [1.0, 1.3] must hold the reference, 0.9 V"),
    ("limits.power", 1.0, "limits.power is unknown"),
    ("leak.sections", 0, "leak.sections = 0 must be from 1"),
    ("leak.sections", 2.5, "leak.sections = 2.5 must be a whole number"),
    ("leak.range", -1.0, "leak.range = -1.0 must be"),
    ("mismatch", {"nmos_threshold": -1e-3}, "mismatch.nmos_threshold = -0.001 must be"),
    ("mismatch", {"nfet_threshold": 1e-3}, "mismatch.nfet_threshold is unknown"),
    ("mismatch.typical.nfet_threshold", 1e-3, "mismatch.typical.nfet_threshold is unknown"),
    ("mismatch.typical.source", 3, "mismatch.typical.source = 3 must be a text"),
    ("mismatch.typical.nmos_narrow", -0.1, "mismatch.typical.nmos_narrow = -0.1 must be"),
    ("mismatch.typical.nmos_threshold", [], "mismatch.typical.nmos_threshold = [] must be"),
    ("mismatch.typical.nmos_threshold", [[1e-9, 5e-3], [1e-9, 6e-3]], "with rising currents"),
    ("mismatch.typical.nmos_threshold", [[1e-9, 5.0]], "must be a number (volt micrometre)"),
    ("mismatch.typical.nmos_threshold", [[1e-9, True]], "must be a number (volt micrometre)"),
    ("mismatch.typical.nmos_threshold", [[0.0, 5e-3]], "must be a number (volt micrometre)"),
    ("mismatch.default", "slow", "mismatch.default = 'slow' must be one of typical"),
    ("mismatch.other", {"nmos_threshold": 1e-3}, "mismatch.default is missing"),
    ("mismatch.own", {"nmos_threshold": 1e-3}, "mismatch.'own' cannot be the name of a set"),
    ("mismatch.a b", {"nmos_threshold": 1e-3}, "mismatch.'a b' cannot be the name of a set"),
    ("process.capacitance", 0.5, "process.capacitance = 0.5 must be"),
    ("process.pmos_treshold", 1e-3, "process.pmos_treshold is unknown"),
    ("bias_generator.kind", "dac", "bias_generator.kind = 'dac' must be one of"),
    ("bias_generator.bits", 6.5, "bias_generator.bits = 6.5 must be a whole number"),
    ("bias_generator.bits", 40, "bias_generator.bits = 40 must be from 1 to 32"),
    ("bias_generator.bits", 20, "bias generator: bits = 20 must be from 2 to 16"),
    ("bias_generator.full_scale", REMOVED, "bias_generator.full_scale is missing"),
    ("bias_generator.full_scale", -1.0, "bias_generator.full_scale = -1.0 must be"),
    ("bias_generator.voltage_step", 0.0, "bias_generator.voltage_step = 0.0 must be"),
    ("bias_generator.octaves", 3, "bias_generator.octaves is unknown"),
    ("models", REMOVED, "models is missing"),
    ("models.paths", REMOVED, "models.paths is missing"),
    ("models.paths", ["a\n.control"], "models.paths holds"),
    ("models.paths", [3], "models.paths = [3] must be a list of texts"),
    ("models.sections", {"typical": ["tt"]}, "models.sections.'typical' is no corner"),
    ("models.sections", {"tt": [3]}, "models.sections.tt = [3] must be a list of texts"),
    ("models.parameters", {"a\nb": 1.0}, "is no parameter name"),
    ("models.parameters", {"mc": "1 .control"}, "models.parameters.mc = "),
    ("models.url", "http://nowhere", "models.url is unknown"),
]


@pytest.mark.parametrize(("key", "value", "reason"), BAD_VALUES)
def test_a_bad_value_is_refused_with_file_and_key(write, key, value, reason):
    path = write(**{key: value})
    with pytest.raises(InputError) as caught:
        load_technology(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert reason in message
    assert message.endswith((".", "?"))


def test_what_is_missing_may_be_misspelled(write):
    with pytest.raises(InputError, match=r"supply is missing\. Is 'suply' misspelled\?"):
        load_technology(write(supply=REMOVED, suply=1.8))


@pytest.mark.parametrize("content", [b"\x7fELF\x00\xff\xfe", b"\xff" * 100, b"\x00"])
def test_a_binary_file_is_refused(tmp_path, content):
    path = tmp_path / "t.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"t\.toml: is not"):
        load_technology(path)


@pytest.mark.parametrize(
    "text", ["supply = = 3", "supply 1.8", "x = " + "[" * 5000, "a = 1\na = 2"]
)
def test_a_file_that_is_no_toml_is_refused(tmp_path, text):
    path = tmp_path / "t.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"t\.toml: is not valid TOML"):
        load_technology(path)


def test_an_empty_file_lacks_its_first_key(tmp_path):
    path = tmp_path / "t.toml"
    path.write_text("")
    with pytest.raises(InputError, match=r"t\.toml: supply is missing"):
        load_technology(path)


@pytest.mark.parametrize("name", ["sky131", "/nowhere/at/all.toml", "a\0b", ""])
def test_a_name_that_leads_nowhere_says_what_there_is(name):
    with pytest.raises(
        InputError, match=r"neither built in \(generic, gf180mcu, sky130\) nor a tech"
    ):
        load_technology(name)


def test_a_folder_is_no_technology(tmp_path):
    with pytest.raises(InputError, match="is not a file"):
        load_technology(tmp_path)


def test_corners_are_those_of_the_file(generic):
    assert check_corner(generic, "ss") == "ss"
    with pytest.raises(InputError, match="'generic' has no corner 'typical'; it has tt, ff"):
        check_corner(generic, "typical")
