"""Cutting a library down to the devices and sizes in use."""

from pathlib import Path

import pytest

from netlists.model_cards import CutOut, DeviceUse, cut_out, leading_comments
from netlists.model_source import SourceText
from neuron_model.errors import InputError

LIBRARY = """* Copyright somebody
*
* Licence something
.option scale=1u
.param vt = {base+0.1} unused = 1 $ volts
.param base=0.3 ; a comment
.param other={vt*2}
.func f(x) {x*base}
.subckt NFET d g s b w=1 l=1
* between
Mx d g s b nm w={w} l='l'
+ nf=1
* in a continuation
+ delvto={f(vt)}
.model nm.1 nmos level=54 lmin=1e-7 lmax=1e-6 wmin=1u
+ wmax=10u
.model nm.2 nmos level=54 lmin=1e-6 lmax=1e-5 wmin=1u wmax=10u
.model nm.3 nmos level=54 lmin=1e-5 lmax=1e-4 wmin=1u wmax=10u
.ends NFET
.subckt scaled d g s b w=1 l=1
Mx d g s b sm w={w/2} l='l + 0.1u'
.model sm.1 nmos lmin=1e-7 lmax=1e-6
.model sm.2 nmos lmin=1e-6 lmax=1e-5
.ends
.subckt pair d g s b w=1 l=1
X1 d g s b nfet w={w} l={l}
M2 d g s b raw w=2 l=2
.ends
.model raw.1 nmos lmin=0 lmax=1u
.model raw.2 nmos lmin=1u lmax=1
.model single pmos level=1 vto={-vt}
.temp 50
.end
"""


def cut(*devices: DeviceUse, library: str = LIBRARY) -> CutOut:
    return cut_out([SourceText(Path("x.lib"), 1, library)], devices, "x")


def heads(result: CutOut) -> list[str]:
    return [" ".join(line.split()[:2]) for line in result.text.splitlines() if line[0] == "."]


def test_only_the_device_its_bin_and_its_parameters_stay():
    result = cut(DeviceUse("nfet", width_um=2, length_um=0.5))
    assert heads(result) == [
        ".option scale=1u",
        ".param vt",
        ".param base=0.3",
        ".func f(x)",
        ".subckt NFET",
        ".model nm.1",
        ".ends NFET",
    ]
    assert "comment" not in result.text
    assert "volts" not in result.text
    assert "+ delvto={f(vt)}" in result.text
    assert "+ wmax=10u" in result.text


def test_each_size_brings_its_bin_and_a_border_both():
    uses = [DeviceUse("nfet", 2, 0.5), DeviceUse("nfet", 2, 20)]
    assert [h for h in heads(cut(*uses)) if "nm" in h] == [".model nm.1", ".model nm.3"]
    border = heads(cut(DeviceUse("nfet", 2, 10)))
    assert [h for h in border if "nm" in h] == [".model nm.2", ".model nm.3"]


def test_bins_are_looked_for_as_the_library_shrinks_sizes():
    shrunk = LIBRARY.replace("scale=1u", "scale=0.6u")
    for length, kept in ((1.5, ".model nm.1"), (1.8, ".model nm.2")):
        found = heads(cut(DeviceUse("nfet", 2, length), library=shrunk))
        assert [head for head in found if "nm" in head] == [kept]


def test_a_size_that_is_an_expression_keeps_every_bin():
    names = heads(cut(DeviceUse("scaled", 2, 0.5)))
    assert ".model sm.1" in names
    assert ".model sm.2" in names


def test_a_subcircuit_brings_those_it_uses():
    names = heads(cut(DeviceUse("pair", 2, 0.5)))
    assert ".subckt NFET" in names
    assert [n for n in names if "nm." in n] == [".model nm.1"]
    # Its second device has a size of its own, so all of that model's bins stay.
    assert [n for n in names if "raw" in n] == [".model raw.1", ".model raw.2"]


def test_raw_models_binned_and_single():
    assert heads(cut(DeviceUse("raw", 2, 0.5))) == [".option scale=1u", ".model raw.1"]
    names = heads(cut(DeviceUse("single", 2, 0.5)))
    assert names == [".option scale=1u", ".param vt", ".param base=0.3", ".model single"]


def test_text_that_was_cut_out_can_be_cut_out_again():
    use = DeviceUse("pair", 2, 0.5)
    once = cut(use)
    assert cut(use, library=once.text).text == once.text


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        (
            DeviceUse("nfett", 2, 2),
            "no .subckt or .model called 'nfett'; it does have nfet",
        ),
        (DeviceUse("nfet", 20, 2), "no bin for width 20 um, .* width 1 to 10 um"),
        (DeviceUse("nfet", 2, 0.05), "length 0.05 um; it covers length 0.1 to 100 um"),
        (DeviceUse("nfet", 0, 2), "size of nfet is not usable"),
        (DeviceUse("nfet", 2, float("nan")), "size of nfet is not usable"),
    ],
)
def test_a_device_or_size_that_is_not_there(use: DeviceUse, expected: str):
    with pytest.raises(InputError, match=expected):
        cut(use)


SAME_NAME = """.model nch.0 nmos level=54 lmin=0.1u lmax=1u wmin=0.1u wmax=10u
.model nch.1 nmos level=54 lmin=1u lmax=10u wmin=0.1u wmax=10u
.subckt nch d g s b w=1u l=1u
m0 d g s b nch w=w l=l
.ends
"""


def test_an_element_says_what_its_name_stands_for():
    kept = [".model nch.0", ".subckt nch", ".ends"]
    assert heads(cut(DeviceUse("nch", 2, 0.5), library=SAME_NAME)) == kept
    assert heads(cut(DeviceUse("nch", 2, 0.5, "X"), library=SAME_NAME)) == kept
    assert heads(cut(DeviceUse("nch", 2, 5, "M"), library=SAME_NAME)) == [".model nch.1"]


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        (DeviceUse("single", 2, 2, "X"), "no .subckt called 'single'.*correct it to prefix = 'M'"),
        (DeviceUse("nfet", 2, 2, "M"), "no .model called 'nfet'.*correct it to prefix = 'X'"),
        (DeviceUse("nothing", 2, 2, "M"), "no .subckt or .model called 'nothing'"),
    ],
)
def test_a_prefix_that_does_not_fit_is_refused_with_the_one_that_does(
    use: DeviceUse, expected: str
):
    with pytest.raises(InputError, match=expected):
        cut(use)


NESTED = """.model core nmos level=1 vto=0.1
.subckt nch d g s b w=1u l=1u
.subckt core d g s b w=1u l=1u
m0 d g s b core w=w l=l
d0 b d area
.model core.1 nmos level=1 lmax=1u
.model core.2 nmos level=1 lmin=1u
.ends core
.subckt unused d g
.ends
x0 d g s b core params: w=w l=l
r0 d 0 body r=1
.ends nch
.model area d is=1e-15
.model body r rsh=1
.subckt core d
.ends
"""


def test_names_are_looked_up_from_the_inside_out():
    result = cut(DeviceUse("nch", 2, 0.5), library=NESTED)
    assert heads(result) == [
        ".subckt nch",
        ".subckt core",
        ".model core.1",
        ".ends core",
        ".ends nch",
        ".model area",
        ".model body",
    ]


@pytest.mark.parametrize("default", [".param l = 1 w = {1u}", ".param w=5u\n.param l='0.5'"])
def test_a_default_size_is_not_that_of_a_call_so_that_bins_go(default: str):
    # test_model_cases.py has ngspice's word for it
    text = SAME_NAME.replace("m0 d", f"{default}\nm0 d")
    models = [h for h in heads(cut(DeviceUse("nch", 2, 0.5), library=text)) if "nch." in h]
    assert models == [".model nch.0"]


def test_a_subcircuit_that_sets_its_sizes_itself_keeps_every_bin():
    text = SAME_NAME.replace("m0 d", ".param l = {2*w}\nm0 d")
    assert heads(cut(DeviceUse("nch", 2, 0.5), library=text))[:2] == [
        ".model nch.0",
        ".model nch.1",
    ]


MODEL = ".model m nmos level=1\n"


@pytest.mark.parametrize(
    ("library", "line", "expected"),
    [
        (MODEL + ".control\nshell echo hello\n.endc\n", 2, ".control has no place"),
        (MODEL + "\n.CSPARAM a=1\n", 3, ".csparam has no place"),
        (MODEL + ".save all\n", 2, ".save has no place"),
        (MODEL + "r1 a b 1k\n", 2, "neither a model"),
        ("a title\n" + MODEL, 1, "neither a model"),
        (".subckt m a b\na1 a b thing\n.ends\n", 2, "code model"),
        (".subckt m a b\n.save all\n.ends\n", 2, ".save has no place"),
        (".subckt m a b\n.control\n.endc\n.ends\n", 2, ".control has no place"),
        (".subckt m a b\n", 1, "no .ends"),
        (".subckt m a b\n.subckt n a b\n.ends\n", 1, ".subckt m has no .ends"),
        (".subckt m a b\nx1 a b nowhere w=1\n.ends\n", 2, "calls the subcircuit 'nowhere'"),
        (".subckt m a b\nm1 a b 0 0 card w=1\n.ends\n", 2, "m1 a b 0 0 card. names a model"),
        (".ends\n" + MODEL, 1, ".ends without"),
        ("+ a=1\n" + MODEL, 1, "continuation"),
        (".model m nmos vto=\x9b1\n", 1, "cannot be shown"),
    ],
)
def test_what_is_no_model_is_refused_with_its_line(library: str, line: int, expected: str):
    with pytest.raises(InputError, match=f"^x\\.lib:{line}: .*{expected}"):
        cut(DeviceUse("m", 1, 1), library=library)


def test_comments_cannot_be_commands():
    text = "*ng_script\n*#shell echo hello\n* Licence\n" + MODEL
    sources = [SourceText(Path("x.lib"), 1, text)]
    assert leading_comments(sources, [Path("x.lib")]) == [
        "* ng_script",
        "* #shell echo hello",
        "* Licence",
    ]
    assert cut(DeviceUse("m", 1, 1), library=text).text == MODEL
