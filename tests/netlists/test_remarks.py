import pytest

from netlists.remarks import broken_off, complaints, ignored_parameters, is_no_solution, is_remark

REMARKS = [
    "",
    "Warning: singular matrix:  check node v1#branch",
    "Note: Starting dynamic gmin stepping",
    "Note: No compatibility mode selected!",
    "Trying gmin =   1.0000E-03 Warning: Further gmin increment",
    "Supplies reduced to   0.0000% ",
    "Using SPARSE 1.3 as Direct Linear Solver",
    "Reference value :  0.00000e+00\r",
]
COMPLAINTS = [
    "Error: unknown subckt: x1 in out nosuch",
    "could not find a valid modelname",
    "Undefined parameter [foo]",
    "Fatal error: instance x is a shorted ASRC",
    "doAnalyses: TRAN:  Timestep too small; time = 1e-06, timestep = 1e-18",
]


@pytest.mark.parametrize("line", REMARKS)
def test_remarks_are_no_complaints(line):
    assert is_remark(line)


@pytest.mark.parametrize("line", COMPLAINTS)
def test_complaints_are(line):
    assert not is_remark(line)
    assert complaints([*REMARKS, "Circuit: x", line, "Last Node Voltages", "-----"]) == [line]


def test_the_table_of_node_voltages_is_left_out():
    table = [
        "Node                                   Last Voltage        Previous Iter",
        "----                                   ------------        -------------",
        "v1#branch                                         0                    1 *",
        "xn.m                                       -1.5e-03                    0",
    ]
    assert complaints(table) == []


def test_where_a_transient_analysis_came_to_a_stop():
    table = ["Initial Transient Solution", "Node                         Voltage", "xn.m  0.9"]
    stop = "doAnalyses: TRAN:  Timestep too small; time = 6.7e-4, timestep = 2e-17: trouble with "
    assert complaints(table) == []
    assert broken_off([*table, stop + 'node "m"']) == (6.7e-4, 'node "m"')
    assert broken_off(["doAnalyses: TRAN:  Timestep too small; time = 1, timestep = 1"]) == (1, "")
    assert broken_off(["Error: no convergence in operating point"]) is None


def test_no_solution_is_told_from_no_circuit():
    assert is_no_solution(["doAnalyses: TRAN:  Timestep too small"])
    assert is_no_solution(["Error: no convergence in operating point"])
    assert not is_no_solution(["Error: no data saved for D.C. Operating point analysis"])


def test_parameters_that_are_ignored_are_named_once():
    lines = [
        "Warning: Model issue on line 9 :",
        "  .model nch nmos (level=49 version=3.1 tnom=27 ...",
        "unrecognized parameter (xl) - ignored",
        "unrecognized parameter (XW) - ignored",
        "unrecognized parameter (xl) - ignored",
    ]
    assert all(map(is_remark, lines))
    assert ignored_parameters(lines) == ("xl", "xw")
    assert not is_remark("unrecognized variable (xl)")
