"""From neuron to design and back: macromodel(map(p)) is p, as far as the cells allow."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mapping.characteristics import CellCharacteristics, Orientation, OtaTable
from mapping.design import NeuronDesign
from mapping.limits import Limits
from mapping.macromodel import Macromodel
from mapping.mapper import MappingChoices, map_neuron
from neuron_model.errors import InputError
from neuron_model.model.parameters import (
    OTA_FILTER,
    Element,
    Filter,
    Leak,
    NeuronParameters,
    Timescale,
)
from tests.mapping.cells import LIMITS, SLOPE, ideal_cells, real_cells
from tests.mapping.neurons import burster, iv_curve

FAST, SLOW, ULTRASLOW = Timescale
U = np.linspace(-3.0, 3.0, 61)
IDEAL, REAL = ideal_cells(), real_cells()
CELLS = pytest.mark.parametrize("cells", [IDEAL, REAL], ids=["ideal", "real"])


def mapped(
    neuron: NeuronParameters,
    cells: CellCharacteristics = REAL,
    limits: Limits = LIMITS,
    **choices: float | int | None,
) -> NeuronDesign:
    return map_neuron(neuron, cells, limits, MappingChoices(**choices))  # type: ignore[arg-type]


def curve_error(neuron: NeuronParameters, built: NeuronParameters) -> float:
    """Largest nrmse of the three I-V curves over U in [-3, 3], bias included."""
    held = float(neuron.u_rest)
    errors = []
    for timescale in Timescale:
        wanted = iv_curve(neuron, timescale, U, held)
        made = iv_curve(built, timescale, U, held)
        errors.append(float(np.sqrt(np.mean((made - wanted) ** 2)) / np.ptp(wanted)))
    return max(errors)


@st.composite
def neurons(draw: st.DrawFn) -> NeuronParameters:
    """Neurons that LIMITS allow: alphas within a factor of 20, deltas within the input range."""

    def elements(timescale: Timescale, least: int) -> list[Element]:
        sizes = st.floats(0.25, 3.0)
        signs = st.sampled_from((-1.0, 1.0))
        one = st.builds(
            lambda a, s, d: Element(timescale, s * a, d), sizes, signs, st.floats(-2, 2)
        )
        return draw(st.lists(one, min_size=least, max_size=3))

    tau_slow = draw(st.floats(5.0, 100.0))
    shape = draw(st.sampled_from((OTA_FILTER, Filter())))
    return NeuronParameters(
        (*elements(FAST, 1), *elements(SLOW, 0), *elements(ULTRASLOW, 0)),
        tau_slow=tau_slow,
        tau_ultraslow=tau_slow * draw(st.floats(3.0, 25.0)),
        u_rest=draw(st.floats(-0.5, 0.5)),
        i_bias=draw(st.floats(-2.0, 2.0)),
        leak=Leak(1.0, draw(st.sampled_from((math.inf, 6.0, 3.0)))),
        filter_slow=shape,
        filter_ultraslow=shape,
    )


@settings(max_examples=15, deadline=None)
@given(neurons())
def test_ideal_cells_give_back_every_number(neuron):
    built = Macromodel(mapped(neuron, IDEAL), IDEAL).compact
    for wanted, made in zip(neuron.elements, built.elements, strict=False):
        assert made.timescale == wanted.timescale
        assert made.alpha == pytest.approx(wanted.alpha, rel=1e-3)
        assert made.delta == pytest.approx(wanted.delta, abs=1e-3)
        assert made.kappa == pytest.approx(1.0, rel=1e-3)
    assert built.tau_m == pytest.approx(neuron.tau_m, rel=1e-3)
    assert built.tau_fast == 0
    for timescale in (SLOW, ULTRASLOW):
        if neuron.of(timescale):
            assert built.tau(timescale) == pytest.approx(neuron.tau(timescale), rel=1e-3)
            assert built.filter(timescale).kappa == pytest.approx(1.0, rel=1e-3)
            assert built.filter(timescale).offset == 0
    assert (built.output, built.u_threshold) == ("ota", neuron.u_threshold)
    assert built.u_saturation - built.u_threshold == pytest.approx(1.0, rel=1e-3)
    assert curve_error(neuron, built) < 0.005


@settings(max_examples=15, deadline=None)
@given(neurons())
def test_real_cells_give_the_trained_curves_and_time_constants(neuron):
    built = Macromodel(mapped(neuron), REAL).compact
    assert curve_error(neuron, built) < 0.01
    for wanted, made in zip(neuron.elements, built.elements, strict=False):
        # Slope voltages change with bias: what kappa misses alpha makes up for.
        assert made.kappa == pytest.approx(1.0, rel=0.05)
        assert made.alpha == pytest.approx(wanted.alpha, rel=0.03)
        # A follower's offset current moves U_x by some hundredths, and delta with it.
        assert made.delta == pytest.approx(wanted.delta, abs=0.1)
    for timescale in (SLOW, ULTRASLOW):
        if neuron.of(timescale):
            assert built.tau(timescale) == pytest.approx(neuron.tau(timescale), rel=1e-3)
    # The fast elements' lag stands in tau_fast, and tau_m makes up for it.
    assert built.tau_m - built.tau_fast == pytest.approx(neuron.tau_m, rel=0.01)
    assert 0 < built.tau_fast < 0.05


@CELLS
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"i_bias": 2.0},
        {"i_bias": -2.0},
        {"u_rest": 1.0},
        {"u_rest": -1.0},
        {"leak": Leak(1.0, 6.0)},
        {"leak": Leak(1.0, 3.0)},
        {"leak": Leak(0.5, 6.0)},
        {"leak": Leak(0.5)},
        {"leak": Leak(2.0)},
        {"tau_fast": 0.5, "filter_fast": OTA_FILTER},
        {"tau_fast": 0.5, "filter_fast": OTA_FILTER, "leak": Leak(1.0, 3.0), "u_rest": 0.5},
        {"elements": (Element(FAST, -2.0, 0.0),)},
        {"elements": (Element(FAST, 1.0, 1.0), Element(FAST, -2.0, 0.0))},
        {"elements": (Element(SLOW, -1.5, -0.5),)},
        {"elements": ()},
        {
            "elements": tuple(
                Element(x, a, d)
                for x in Timescale
                for a, d in ((-1.0, 0.0), (1.0, 1.0), (0.5, -1.0), (-0.3, -2.0), (0.2, 2.0))
            )
        },
    ],
    ids=str,
)
def test_curves_macromodel_are_the_trained_ones(cells, changes):
    neuron = burster(**changes)
    built = Macromodel(mapped(neuron, cells), cells).compact
    assert curve_error(neuron, built) < 0.004


@CELLS
def test_a_leak_beside_a_fast_follower_keeps_its_shape(cells):
    neuron = burster(tau_fast=0.5, filter_fast=OTA_FILTER, leak=Leak(1.0, 3.0), u_rest=0.5)
    built = Macromodel(mapped(neuron, cells), cells).compact
    assert built.leak.conductance == pytest.approx(1.0, rel=0.02)
    assert built.leak.range == pytest.approx(3.0, rel=0.05)
    assert built.u_rest == 0.5
    assert built.tau_fast == pytest.approx(0.5, rel=1e-3)
    assert len(built.elements) == len(neuron.elements)


def test_elements_come_first_then_sections_of_the_leak():
    design = mapped(burster(), leak_sections=5)
    built = Macromodel(design, REAL).compact
    assert [e.timescale for e in built.elements] == [FAST, SLOW, SLOW, ULTRASLOW, *[FAST] * 5]
    assert [a.name for a in design.elements] == ["fm0", "sp1", "sm2", "usp3"]
    assert all(e.alpha > 0 for e in built.elements[4:])


@pytest.mark.parametrize("scale", [0.01, 1e-3 / 7, 10.0, 3600.0])
def test_a_unit_of_time_is_only_a_unit(scale):
    neuron = burster()
    taus = {f"tau_{x}": scale * float(neuron.tau(x)) for x in (SLOW, ULTRASLOW)}
    one, other = mapped(neuron), mapped(burster(tau_m=scale, **taus))
    assert other.time_unit * scale == pytest.approx(one.time_unit, rel=1e-9)
    for a, b in zip(one.amplifiers, other.amplifiers, strict=True):
        assert b.bias_current == pytest.approx(a.bias_current, rel=1e-9)
    assert other.membrane_capacitance == pytest.approx(one.membrane_capacitance, rel=1e-9)
    built = Macromodel(other, REAL).compact
    assert built.tau_slow == pytest.approx(50.0 * scale, rel=1e-3)
    assert built.tau_m == pytest.approx(scale, rel=0.02)


def test_volts_amperes_and_seconds_are_those_of_the_units():
    design = mapped(burster(), IDEAL)
    assert design.unit_voltage == pytest.approx(SLOPE)
    fast = design.elements[0]
    assert fast.bias_current == pytest.approx(2.0 * design.unit_current, rel=1e-6)
    assert design.elements[2].reference_voltage == pytest.approx(0.9 - 1.5 * SLOPE, rel=1e-6)
    # T = C_m V0 / (I0 tau_m), and a follower's bias is C V0 / (tau T)
    assert design.time_unit == pytest.approx(
        design.membrane_capacitance * SLOPE / design.unit_current, rel=1e-6
    )
    slow = design.follower(SLOW)
    assert slow is not None
    assert slow.bias_current == pytest.approx(
        slow.capacitance * SLOPE / (50.0 * design.time_unit), rel=1e-6
    )
    assert design.volts(1.0) == pytest.approx(0.9 + SLOPE)
    assert design.units(design.volts(-1.3)) == pytest.approx(-1.3)


def test_offsets_are_compensated_by_current():
    design = mapped(burster(i_bias=0.25))
    built = Macromodel(design, REAL).compact
    assert abs(design.compensation_current) > 0.1 * design.unit_current
    curve = iv_curve(built, ULTRASLOW, U) - iv_curve(burster(i_bias=0.25), ULTRASLOW, U)
    assert abs(float(np.mean(curve))) < 0.002


def test_an_offset_too_small_for_a_mirror_is_left():
    design = mapped(burster(), IDEAL)
    assert (design.compensation_current, design.compensation_bias) == (0.0, 0.0)


def test_elements_without_weight_are_left_out_with_their_follower():
    elements = (Element(FAST, -2.0, 0.0), Element(ULTRASLOW, 0.0, 0.0), Element(SLOW, 2.0, 0.0))
    design = mapped(burster(elements=elements, tau_ultraslow=1e9))
    assert [a.name for a in design.elements] == ["fm0", "sp2"]
    assert [f.timescale for f in design.followers] == [SLOW]


def test_a_timescale_without_time_constant_has_no_follower():
    design = mapped(burster(elements=(Element(SLOW, -2.0, 0.0),), tau_slow=0.0))
    assert design.followers == ()


@CELLS
def test_the_user_chooses_the_unit_current(cells):
    neuron = burster()
    for unit in (2e-9, 1.5e-8):
        design = mapped(neuron, cells, unit_current=unit)
        assert design.unit_current == unit
        assert curve_error(neuron, Macromodel(design, cells).compact) < 0.004


def test_a_nominal_current_is_what_the_mapping_begins_from():
    assert mapped(burster(), nominal_current=9e-9).unit_current == pytest.approx(9e-9)
    # slow filters may need more, large elements may allow less
    least = mapped(burster()).unit_current
    assert mapped(burster(), nominal_current=1e-9).unit_current == pytest.approx(least)
    highest = LIMITS.unit_current[1]
    assert mapped(burster(), nominal_current=5e-8).unit_current == pytest.approx(highest)


@CELLS
def test_the_user_chooses_the_membrane_capacitor(cells):
    neuron = burster()
    design = mapped(neuron, cells, membrane_capacitance=1e-12)
    # What the transistors add or take away is made up for in the drawn capacitor.
    assert design.membrane_capacitance == pytest.approx(1e-12, rel=0.1)
    assert Macromodel(design, cells).compact.tau_slow == pytest.approx(50.0, rel=1e-3)


def test_slower_neurons_get_more_current_or_less_capacitance():
    quick = mapped(burster(tau_ultraslow=500.0))
    slow = mapped(burster(tau_ultraslow=2500.0))
    assert slow.unit_current > quick.unit_current
    for design in (quick, slow):
        for follower in design.followers:
            assert follower.bias_current >= LIMITS.bias_current[0]
            assert LIMITS.capacitance[0] <= follower.capacitance <= LIMITS.capacitance[1]


def cells_from(least: float) -> CellCharacteristics:
    """The real cells, measured at biases of at least ``least`` ampere."""

    def cut(table: OtaTable) -> OtaTable:
        kept = table.bias_current >= least
        arrays = {f.name: getattr(table, f.name) for f in fields(table)}
        return replace(
            table,
            **{
                name: values[kept]
                for name, values in arrays.items()
                if isinstance(values, np.ndarray) and values.shape[:1] == kept.shape
            },
        )

    return replace(REAL, **{x.value: cut(REAL.ota(x)) for x in Orientation})


def test_sections_of_the_leak_that_add_little_get_the_smallest_bias():
    cells = cells_from(2e-10)
    low = float(cells.noninverting.bias_current[0])
    limits = replace(LIMITS, bias_current=(low, 5e-8))
    neuron = burster(elements=(Element(FAST, -2.0, 0.0), Element(SLOW, 2.0, 0.0)))
    design = mapped(neuron, cells, limits, leak_sections=15, unit_current=4e-9)
    assert min(a.bias_current for a in design.leak) == pytest.approx(low, rel=0.05)
    assert curve_error(neuron, Macromodel(design, cells).compact) < 0.004


@settings(max_examples=15, deadline=None)
@given(neurons(), st.floats(0.5, 3.0), st.floats(0.5, 3.0))
def test_every_design_is_within_its_limits(neuron, tight_current, tight_voltage):
    limits = replace(
        LIMITS,
        bias_current=(LIMITS.bias_current[0] * tight_current, LIMITS.bias_current[1]),
        voltage=(0.9 - 0.4 / tight_voltage, 0.9 + 0.4 / tight_voltage),
    )
    try:
        design = mapped(neuron, REAL, limits)
    except InputError:
        assume(False)  # which refusals there are, and what they say, is tested below
    rounding = 1e-5
    for current in (x.bias_current for x in (*design.amplifiers, *design.followers)):
        low, high = limits.bias_current
        assert low * (1 - rounding) <= current <= high * (1 + rounding)
    for voltage in (a.reference_voltage for a in design.amplifiers):
        assert limits.voltage[0] - rounding <= voltage <= limits.voltage[1] + rounding
    for capacitance in (design.membrane_capacitance, *(f.capacitance for f in design.followers)):
        assert limits.capacitance[0] * 0.99 <= capacitance <= limits.capacitance[1] * 1.01


# changes of the burster, choices, and what the message must hold: parameter, value, limit, remedy
REFUSED = [
    (
        {"elements": (Element(FAST, -100.0, 0.0),)},
        {},
        ["fm0 (alpha -100, delta 0) bias current", "largest allowed is 5e-08 A", "make |alpha|"],
    ),
    (
        {"elements": (Element(FAST, -12.0, 0.0),)},
        {"unit_current": 5e-9},
        ["fm0 (alpha -12", "largest allowed is 5e-08 A", "a smaller I0 than 5e-09 A"],
    ),
    (
        {"elements": (Element(FAST, -2.0, 0.0), Element(FAST, 1e-4, 0.0))},
        {},
        ["fp1 (alpha 0.0001", "smallest allowed is 1e-11 A", "larger I0", "remove the element"],
    ),
    (
        {"elements": (Element(FAST, -2.0, 8.0),)},
        {},
        [
            "fm0 (alpha -2, delta 8) reference",
            "largest allowed is 1.3 V",
            "bring delta nearer to 0",
        ],
    ),
    (
        {"elements": (Element(SLOW, 1.0, -9.0),)},
        {},
        ["sp0 (alpha 1, delta -9) reference", "smallest allowed is 0.5 V", "bring delta nearer"],
    ),
    (
        {"tau_ultraslow": 1e6},
        {},
        ["tau_ultraslow = 1e+06 bias current", "smallest allowed is 1e-11 A", "larger capacitor"],
    ),
    (
        {"tau_slow": 0.01},
        {},
        ["tau_slow = 0.01 bias current", "largest allowed is 5e-08 A", "a slower clock"],
    ),
    (
        {"u_rest": 6.0},
        {},
        ["u_rest needs 6 units", "largest allowed is 5.5 units", "bring u_rest nearer to 0"],
    ),
    (
        {"u_threshold": 8.0, "u_saturation": 9.0},
        {},
        ["u_threshold = 8", "largest allowed is 1.3 V", "bring u_threshold nearer to 0"],
    ),
    (
        {"i_bias": 40.0},
        {},
        ["compensation (i_bias 40)", "largest allowed is 5e-08 A", "a smaller i_bias"],
    ),
    (
        {"elements": (Element(FAST, -2.0, 0.0), Element(SLOW, 2.0, 0.0, 1.5))},
        {},
        ["fm0", "kappa = 1 cannot be built", "comes out as 1.25", "0.88 to 1.12", "one kappa"],
    ),
    (
        {"elements": (Element(FAST, -2.0, 0.0, 0.5), Element(SLOW, 2.0, 0.0, 0.5))},
        {},
        ["filter_slow.kappa = 1 cannot be built", "0.75 to 1.25", "one kappa"],
    ),
    (
        {"filter_slow": Filter(1.0, 0.1)},
        {},
        ["filter_slow.offset = 0.1 cannot be chosen", "set it to 0"],
    ),
    ({}, {"unit_current": 1e-6}, ["unit current I0", "1e-06 A", "largest allowed is 2e-08 A"]),
    ({}, {"membrane_capacitance": 1e-9}, ["membrane capacitor", "1e-09 F", "allowed is 2e-11 F"]),
    (
        {},
        {"membrane_capacitance": 2e-11},
        ["tau_ultraslow = 2500 bias current", "smallest allowed is 1e-11 A", "a smaller C_m"],
    ),
]


@CELLS
@pytest.mark.parametrize(("changes", "choices", "words"), REFUSED)
def test_a_neuron_that_does_not_fit_is_told_what_would(cells, changes, choices, words):
    with pytest.raises(InputError) as caught:
        mapped(burster(**changes), cells, **choices)
    message = str(caught.value)
    # The made-up cells differ a little in what they make of a kappa.
    words = [w for w in words if cells is IDEAL or "comes out" not in w]
    assert [w for w in words if w not in message] == []
    assert message.endswith(".")


def test_cells_that_work_around_the_reference_only_leave_no_room():
    narrow = replace(LIMITS, voltage=(0.8999, 0.9001))
    with pytest.raises(InputError, match="leaves the leak no room around 0.9 V"):
        mapped(burster(), limits=narrow)


def test_several_neurons_are_mapped_one_by_one():
    both = NeuronParameters.stack([burster(), burster(i_bias=1.0)])
    with pytest.raises(InputError, match="holds 2 neurons: map them one by one"):
        mapped(both)
    assert mapped(both[1]).i_bias == 1.0


@pytest.mark.parametrize("kappa", [0.8, 1.2])
def test_one_kappa_for_all_becomes_another_voltage_unit(kappa):
    elements = tuple(replace(e, kappa=kappa) for e in burster().elements)
    shape = Filter(kappa)
    neuron = burster(elements=elements, filter_slow=shape, filter_ultraslow=shape)
    design = mapped(neuron, IDEAL, leak_range=3.5)
    assert design.unit_voltage == pytest.approx(kappa * SLOPE)
    built = Macromodel(design, IDEAL).compact
    assert built.elements[0].kappa == pytest.approx(kappa)
    assert built.filter_slow.kappa == pytest.approx(kappa)
    assert curve_error(neuron, built) < 0.005


def test_kappas_that_differ_a_little_are_met_on_the_average():
    elements = (Element(FAST, -2.0, 0.0, 1.0), Element(SLOW, 2.0, 0.0, 1.1))
    neuron = burster(elements=elements)
    built = Macromodel(mapped(neuron), REAL).compact
    assert built.elements[0].kappa > 1.02
    assert built.elements[1].kappa < 1.08
    assert curve_error(neuron, built) < 0.01


def test_notes_say_what_the_circuit_cannot_copy():
    assert mapped(burster(output="ota")).notes == ()
    assert any("a straight line over 1:" in note for note in mapped(burster()).notes)
    linear = mapped(burster(filter_slow=Filter()))
    assert any("slow filter is linear in the model" in note for note in linear.notes)
    elements = tuple(replace(e, kappa=2.5) for e in burster().elements[:1])
    assert any("over +-2.6 units of U only" in n for n in mapped(burster(elements=elements)).notes)
    steep = mapped(burster(u_saturation=0.2, output="ota"))
    assert any("over 0.2: train with u_saturation = " in note for note in steep.notes)


def test_the_design_says_where_it_comes_from():
    design = mapped(burster(name="mine", i_bias=0.5, u_rest=0.1))
    assert (design.name, design.technology, str(design.conditions)) == (
        "mine",
        "made_up",
        "tt, 27 °C",
    )
    assert (design.supply, design.reference_voltage) == (1.8, 0.9)
    assert (design.i_bias, design.u_rest, design.characteristics) == (0.5, 0.1, "real")
