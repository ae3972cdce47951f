"""Designs for tests of circuits: mapped on made-up cells, so that no simulator is needed."""

from collections.abc import Callable

import pytest

from circuits.technology import Technology, load_technology
from mapping.design import NeuronDesign
from mapping.mapper import MappingChoices, map_neuron
from tests.mapping.cells import LIMITS, real_cells
from tests.mapping.neurons import burster


@pytest.fixture(scope="session")
def generic() -> Technology:
    return load_technology("generic")


@pytest.fixture
def design() -> Callable[..., NeuronDesign]:
    """The published burster's design, changed by keywords of its parameters."""

    def make(sections: int = 7, **changes: object) -> NeuronDesign:
        choices = MappingChoices(leak_sections=sections)
        return map_neuron(burster(**changes), real_cells(), LIMITS, choices)

    return make
