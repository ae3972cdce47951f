"""What docs/decisions.md quotes of our own code; the libraries need not be installed."""

from benchmarks.own_or_library import DAMAGED, FAULTS, delays, faults, raw_files


def test_every_fault_is_told_with_file_and_key():
    rows = faults([])
    assert [fault for fault, _, _ in rows] == list(FAULTS)
    assert all(said.startswith("run.toml: training") for _, _, said in rows)


def test_the_series_is_exact_and_no_damaged_file_is_read_without_a_word():
    [(_, _, error)] = delays([])
    assert error < 1e-6
    [(_, whole, refused, other, silent)] = raw_files([])
    assert whole + refused == DAMAGED
    assert whole < refused
    assert (other, silent) == (0, 0)
