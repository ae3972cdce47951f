"""A picture's texts: one minus sign, that of its axes."""

import io

from codesign.pictures.picture import Picture


def test_negative_numbers_have_the_minus_sign_of_the_axes():
    picture = Picture()
    texts = ("ss, -40 °C", "f-: 0-4, sky-130", "from -0.5 to -∞", "$10^{-3}$ (-2)")
    for text in texts:
        picture.text(0.5, 0.5, text)
    picture.savefig(io.BytesIO(), format="png")
    assert [text.get_text() for text in picture.texts] == [
        "ss, \N{MINUS SIGN}40 °C",
        "f-: 0-4, sky-130",
        "from \N{MINUS SIGN}0.5 to \N{MINUS SIGN}∞",
        "$10^{\N{MINUS SIGN}3}$ (\N{MINUS SIGN}2)",
    ]
