import math

import numpy as np
import pytest
import torch

from neuron_model.errors import InputError
from neuron_model.model.parameters import (
    OTA_FILTER,
    Element,
    Filter,
    Leak,
    NeuronParameters,
    OutputShape,
    Timescale,
)

FAST = Element("fast", -2.0, 0.0)
SLOW = Element("slow", 2.0, 0.5)


def test_numbers_become_floats_and_lists_arrays():
    p = NeuronParameters((Element("fast", -2, [0, 1]), SLOW), tau_slow=np.int64(50))
    assert type(p.tau_slow) is float
    assert p.elements[0].alpha == -2.0
    assert type(p.elements[0].alpha) is float
    np.testing.assert_array_equal(p.elements[0].delta, np.array([0.0, 1.0]))
    assert p.neurons == 2
    assert p.timescales == (Timescale.FAST, Timescale.SLOW)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"tau_slow": -1.0}, "tau_slow = -1.0"),
        ({"tau_slow": math.nan}, "tau_slow = nan"),
        ({"tau_m": 0.0}, "tau_m = 0.0"),
        ({"u_rest": math.inf}, "u_rest = inf"),
        ({"i_bias": True}, "i_bias = True"),
        ({"i_bias": "1"}, "i_bias = '1'"),
        ({"i_bias": []}, "i_bias = []"),
        ({"u_saturation": 0.0}, "above u_threshold = 0.0"),
        ({"name": "a\n.control"}, r"name = 'a\n.control'"),
        ({"name": "../x"}, "name = '../x'"),
        ({"name": ""}, "name = ''"),
        ({"u_rest": [0.0, 1.0], "i_bias": [0.0, 1.0, 2.0]}, "u_rest has shape (2,)"),
        ({"u_rest": [[0.0]]}, "shape (1, 1)"),
        ({"elements": (FAST, Element("slow", 1.0, 0.0, -1.0))}, "elements[1].kappa = -1.0"),
        ({"elements": (Element("fast", 1e9, 0.0),)}, "from -1e+06 to 1e+06"),
        ({"leak": Leak(range=0.0)}, "leak.range = 0.0"),
        ({"leak": Leak(conductance=-0.1)}, "leak.conductance = -0.1"),
        ({"filter_slow": Filter(kappa=-1.0)}, "filter_slow.kappa = -1.0"),
    ],
)
def test_impossible_values_are_refused_by_name(values: dict, words: str):
    with pytest.raises(InputError) as caught:
        NeuronParameters(**{"elements": (FAST,)} | values)
    assert words in str(caught.value)


def test_unknown_timescale_is_refused():
    with pytest.raises(InputError, match="timescale = 'medium'"):
        Element("medium", 1.0, 0.0)


def test_stack_and_pick_are_inverse():
    many = [
        NeuronParameters(
            (Element("fast", -2.0 + i, 0.1 * i), Element("slow", 1.0, i)),
            tau_slow=10.0 * (i + 1),
            leak=Leak(range=math.inf if i == 1 else 6.0),
            filter_slow=OTA_FILTER if i else Filter(),
        )
        for i in range(3)
    ]
    together = NeuronParameters.stack(many, "layer")
    assert together.neurons == 3
    assert [p.name for p in together] == ["layer_0", "layer_1", "layer_2"]
    for one, back in zip(many, together, strict=True):
        assert dict(one.named_values()) == dict(back.named_values())


def test_stack_refuses_other_structures():
    one = NeuronParameters((FAST,))
    with pytest.raises(InputError, match="differ"):
        NeuronParameters.stack([one, NeuronParameters((SLOW,), tau_slow=1.0)])
    with pytest.raises(InputError, match="differ in output"):
        NeuronParameters.stack([one, NeuronParameters((FAST,), output="ota")])
    with pytest.raises(InputError, match="no neurons"):
        NeuronParameters.stack([])


def test_the_outputs_shape_is_one_of_two_and_stays():
    p = NeuronParameters((FAST,), output="ota")
    assert p.output is OutputShape.OTA
    assert NeuronParameters((FAST,)).output is OutputShape.CLIP
    assert NeuronParameters.stack([p, p]).output is OutputShape.OTA
    assert p.with_values({"u_rest": torch.ones(2)})[1].output is OutputShape.OTA
    for wrong in ("tanh", 1, None, ["ota"]):
        with pytest.raises(InputError, match="output = .* must be one of clip, ota"):
            NeuronParameters((FAST,), output=wrong)


def test_a_long_name_stays_allowed_when_numbered():
    p = NeuronParameters((Element("fast", [1.0, 2.0], 0.0),), name="x" * 64)
    assert p[1].name == "x" * 62 + "_1"
    with pytest.raises(IndexError):
        p[2]


def test_masks_are_plain_where_all_neurons_agree():
    assert Leak().is_linear is True
    assert Leak(range=6.0).is_linear is False
    assert Leak(range=[6.0, 7.0]).is_linear is False
    np.testing.assert_array_equal(Leak(range=[6.0, math.inf]).is_linear, [False, True])
    assert Filter(kappa=torch.zeros(2)).is_linear is True
    p = NeuronParameters((SLOW,), tau_slow=[0.0, 5.0])
    np.testing.assert_array_equal(p.is_instant(Timescale.SLOW), [True, False])
    assert p.is_instant(Timescale.FAST) is True


def test_map_visits_every_number_and_keeps_the_structure():
    p = NeuronParameters((FAST, SLOW), tau_slow=50.0, leak=Leak(range=6.0))
    t = p.map(lambda v: torch.full((4,), v))
    assert all(isinstance(v, torch.Tensor) for _, v in t.named_values())
    assert t.neurons == 4
    assert dict(t[3].named_values()) == dict(p.named_values())


def test_tensors_replace_numbers_and_the_rest_stays_what_it_was():
    before = NeuronParameters(
        (Element(Timescale.FAST, -2.0, 0.0), Element(Timescale.SLOW, 2.0, 0.0)), tau_slow=50.0
    )
    alpha = torch.tensor([1.0, 2.0], requires_grad=True)
    after = before.with_values({"elements[1].alpha": alpha, "tau_slow": alpha.detach()})
    assert after.elements[1].alpha is alpha
    assert after.elements[1].timescale == Timescale.SLOW
    assert after.elements[0] is before.elements[0]
    assert after.leak is before.leak
    assert (after.neurons, after.name) == (2, before.name)
    assert after.is_instant(Timescale.SLOW) is False
    assert dict(after.named_values())["tau_slow"].tolist() == [1.0, 2.0]
    assert before.tau_slow == 50.0


def test_tensors_of_sizes_that_do_not_go_together_are_refused():
    before = NeuronParameters((Element(Timescale.FAST, -2.0, np.ones(3)),))
    with pytest.raises(InputError, match=r"elements\[0\]\.alpha has shape \(2,\)"):
        before.with_values({"elements[0].alpha": torch.ones(2)})
