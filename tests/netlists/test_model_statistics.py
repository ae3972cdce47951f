"""What of model text is drawn, and what switches it off."""

from netlists.model_statistics import Draw, find_statistics

LIBRARY = """.param sw_mm=1 sw_pr=1 tox=4n name='t'
.param global_vt='gauss(0, 0.1, 3)*sw_pr'
.func limit(x, a) {min(x, a)}
.param clamped={limit(tox, 5n)}
.model n nmos vth0={0.4+global_vt}
.subckt nch d g s b w=1u l=1u
.param
+ var_vth = '0.7071*5e-3*1e-6/sqrt(w*l)'
+ mis_vth = AGAUSS(0,var_vth,1)
.param shift='mis_vth*2'
m0 d g s b n w=w l=l delvto='shift*sw_mm'
.ends
"""


def test_draws_and_their_switches():
    found = find_statistics(LIBRARY)
    assert found.draws == (
        Draw("global_vt", "gauss(0, 0.1, 3)*sw_pr", ""),
        Draw("mis_vth", "agauss(0,var_vth,1)", "nch"),
    )
    assert set(found.switches) == {"sw_pr", "sw_mm"}
    assert str(found.draws[1]) == "mis_vth = agauss(0,var_vth,1) in the subcircuit nch"


def test_a_library_without_statistics_has_none():
    found = find_statistics(".param a=1\n.func gauss(x) {x}\n.param b={gauss(a)}\n")
    assert (found.draws, found.switches) == ((), ())


def test_functions_and_values_without_a_name_draw_too():
    text = (
        ".param on=1\n.func shift(s) {agauss(0, s, 1)}\n.param twice(s) = 'on*2*shift(s)'\n"
        ".subckt x d g s b\nvoff g1 g {unif(0, abs(1))}\nm0 d g1 s b n delvto={twice(1m)}\n.ends\n"
    )
    found = find_statistics(text)
    assert found.draws == (
        Draw("shift()", "agauss(0, s, 1)", ""),
        Draw("voff", "unif(0, abs(1))", "x"),
    )
    assert found.switches == ("on",)
    within = find_statistics(
        ".subckt x d g s b w=1u on=1\nm0 d g s b n w={w} delvto={on*agauss(0,1,1)}\n.ends\n"
    )
    assert (within.switches, within.own) == ((), ("on",))
    bare = find_statistics(".param nested=agauss(0,sqrt(abs(4)),1)\n")
    assert bare.draws == (Draw("nested", "agauss(0,sqrt(abs(4)),1)", ""),)
