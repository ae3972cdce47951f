"""The verdict on a network's circuit: of forecasts or of sequences, by what it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from codesign.networks.played import ONE_DECK, Played, Stretch, play_in_one_deck
from codesign.networks.sequence_validation import SequenceValidation, compare_sequences
from codesign.networks.sequences_task import SequencesTask
from codesign.networks.validation import NetworkValidation, compare

if TYPE_CHECKING:
    from codesign.networks.built_network import BuiltNetwork
    from codesign.workbench import Workbench

AnyValidation = NetworkValidation | SequenceValidation


def judge(
    network: BuiltNetwork, played: Sequence[Played], seconds: float, method: str
) -> AnyValidation:
    """What the circuit said in ``played`` beside torch; see :func:`.validation.compare`."""
    if isinstance(network.task, SequencesTask):
        return compare_sequences(network, played, seconds, method)
    return compare(network, played, seconds, method)


def validate_in_one_deck(
    network: BuiltNetwork, workbench: Workbench, stretches: Sequence[Stretch]
) -> AnyValidation:
    """Play stretches of the test part into the circuit, all of it in one deck.

    Raises:
        InputError, SimulatorError: as :func:`.played.play_in_one_deck`.
    """
    played, seconds = play_in_one_deck(network, workbench, stretches)
    return judge(network, played, seconds, ONE_DECK)
