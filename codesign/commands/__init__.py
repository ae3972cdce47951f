"""The commands, one module each.

A module has ``add_parser(subparsers)``, which calls ``codesign.terminal.arguments.add_command``,
and ``run(arguments) -> int``, which returns the exit status. Only the module of the command that is
asked for is imported; what it needs of torch or ngspice it imports in ``run``.
"""

GROUPS: dict[str, dict[str, str]] = {
    "begin": {
        "doctor": "check what the toolkit needs and say how to get what is missing",
        "pdk": "install and find transistor models",
        "demo": "run the whole loop on a small case",
        "upgrade": "bring files and run folders of an older version up to date",
    },
    "model": {
        "simulate": "run a neuron over time",
        "regime": "tell how a neuron fires after a current step",
        "iv": "tell where a neuron's I-V curves are zero, fall and fold",
        "train": "train a network of neurons that a circuit can be made of",
    },
    "circuit": {
        "technology": "write a technology file for a model library of your own",
        "characterize": "measure a technology's cells",
        "export": "write design and netlists of trained neurons",
        "validate": "simulate the circuit and compare it with its model",
        "refine": "correct the circuit by what ngspice shows until it matches its model",
        "report": "write an HTML page with plots about a run",
    },
    "variation": {
        "mismatch": "draw samples of a neuron and tell how many still fire as they should",
        "calibrate": "find codes for each sample and tell how many then fire as they should",
        "temperature": "tell how a neuron fires from cold to hot",
        "noise": "tell how much intervals and regimes vary by the noise of transistors",
    },
    "studies": {
        "sweep": "tell how a neuron fires at every corner, temperature, sample and parameter",
        "size": "choose cell sizes, I0 and capacitors so that enough samples fire as they should",
        "center": "move a neuron to the middle of its regime, so that more samples keep it",
    },
}
"""Commands by what they are about, in the order of a first use, with their lines in
`codesign --help`."""

COMMANDS: dict[str, str] = {n: s for group in GROUPS.values() for n, s in group.items()}
