from pathlib import Path

from examples.firing_regimes import main


def test_every_regime_is_shown_in_a_picture(tmp_path: Path):
    # The example itself compares what it measured with what each preset is for.
    picture = tmp_path / "regimes.png"
    main(str(picture))
    assert picture.read_bytes().startswith(b"\x89PNG")
