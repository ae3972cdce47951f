"""Tables for notebooks."""

from neuron_model.html_table import html_table


def test_rows_are_named_by_their_first_cell_and_text_is_escaped():
    shown = html_table([("a", 1), ("<b>", 2.5)], ("name", "value"))
    assert shown == (
        "<table>"
        "<thead><tr><th>name</th><th>value</th></tr></thead>"
        "<tbody><tr><th>a</th><td>1</td></tr><tr><th>&lt;b&gt;</th><td>2.5</td></tr></tbody>"
        "</table>"
    )


def test_the_head_may_be_left_out():
    assert html_table([("a", 1)]) == "<table><tbody><tr><th>a</th><td>1</td></tr></tbody></table>"
