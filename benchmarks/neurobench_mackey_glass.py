"""NeuroBench's Mackey-Glass forecast with a recurrent layer of MTC neurons, in its own harness.

    python -m benchmarks.neurobench_mackey_glass [--repeats 30] [--json]
        [--out docs/results/neurobench]

The board's rules: tau 17, 75 points for each Lyapunov time of 197 units; 750 points to train on,
one step ahead; then the network hears one more true point and forecasts 750 by hearing what it
said; sMAPE (0 to 200) over all of them; 30 repeats, each half a Lyapunov time later, here also with
neurons drawn anew. The series is generated here, by NeuroBench's own code with jitcdde, because its
data are a download; so the numbers stand beside the board, not on it.

The recurrent layer is drawn and stays (an echo state network of MTC neurons); the readout is the
least squares fit to the training points. Needs `pip install neurobench[mackey-glass]`, which this
toolkit does not bring.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from neuron_model.atomic import write_atomically
from neuron_model.errors import MissingDependencyError
from neuron_model.model.dynamics import State
from neuron_model.model.parameters import Element, NeuronParameters, Timescale
from neuron_model.network.neuron import MTCNeuron
from neuron_model.tasks.mackey_glass import MackeyGlass, mackey_glass

POINTS = 75
"""Of a Lyapunov time."""

LYAPUNOV_TIME = 197.0
TRAINING = TEST = 10 * POINTS
START = 0.7206597
"""What the series is before it begins; NeuroBench's."""

BOARD = {"LSTM": 13.37, "ESN": 14.79}
"""sMAPE on NeuroBench's own data, from its board."""


@dataclass(frozen=True)
class Settings:
    """What the layer is drawn from, found on another solution of the equation (start 0.9).

    neurons: how many. dt: of the single step for each point, in tau_m. spectral_radius: of the
    recurrent weights, for outputs in units of U. input_gain, bias: greatest magnitudes. alpha: of
    the fast element, a share of which, ``regenerative``, is negative and a third as strong.
    alpha_slow, tau_slow: of the slow one. delta: greatest magnitude. threshold, saturation: where
    the output begins and ends. ridge: of the readout, relative to the mean square of the activity.
    warm_up: training points that are heard and not fitted.
    """

    neurons: int = 300
    dt: float = 1.5
    spectral_radius: float = 0.9
    input_gain: float = 0.5
    bias: float = 0.5
    alpha: tuple[float, float] = (0.2, 2.0)
    regenerative: float = 0.3
    alpha_slow: tuple[float, float] = (0.2, 1.0)
    tau_slow: tuple[float, float] = (2.0, 12.0)
    delta: float = 1.5
    threshold: float = -3.0
    saturation: float = 3.0
    ridge: float = 1e-11
    warm_up: int = 75


class Neurons(nn.Module):
    """MTC neurons one step at a time, the state in buffers, the output one tensor, for the hooks.

    Args:
        parameters: of the neurons.
        dt: of a step.
    """

    membrane: Tensor
    slow: Tensor

    def __init__(self, parameters: NeuronParameters, dt: float) -> None:
        super().__init__()
        self.layer = MTCNeuron(parameters, dt=dt, backend="eager", dtype=torch.float64)
        self.register_buffer("membrane", torch.zeros(1, self.layer.neurons, dtype=torch.float64))
        self.register_buffer("slow", torch.zeros_like(self.membrane))

    def rest(self) -> None:
        """Back to rest."""
        self.membrane.zero_()
        self.slow.zero_()

    def forward(self, current: Tensor) -> Tensor:
        """The current of a step, (1, neurons), to s after it."""
        # Neurons without fast filter and ultraslow elements: their other voltages say nothing.
        state = State(self.membrane, self.membrane, self.slow, self.slow)
        s, end = self.layer(current[:, None], state)
        self.membrane.copy_(end.membrane)
        self.slow.copy_(end.slow)
        return s[:, 0]


class Forecaster(nn.Module):
    """x -> input weights -> neurons, which feed each other -> readout: the next x.

    Args:
        settings: what it is drawn from.
        seed: of the random numbers.
    """

    mean: Tensor
    deviation: Tensor
    heard: Tensor

    def __init__(self, settings: Settings, seed: int) -> None:
        super().__init__()
        n, random = settings.neurons, np.random.default_rng(seed)
        strong = random.uniform(*settings.alpha, n)
        fast = np.where(random.random(n) < settings.regenerative, -0.3 * strong, strong)

        def spread(size: float) -> np.ndarray:
            return random.uniform(-size, size, n)

        slow = random.uniform(*settings.alpha_slow, n)
        shortest, longest = np.log(settings.tau_slow)
        self.neurons = Neurons(
            NeuronParameters(
                (
                    Element(Timescale.FAST, fast, spread(settings.delta)),
                    Element(Timescale.SLOW, slow, spread(settings.delta)),
                ),
                tau_slow=np.exp(random.uniform(shortest, longest, n)),
                u_threshold=settings.threshold,
                u_saturation=settings.saturation,
            ),
            settings.dt,
        )
        weights = random.normal(size=(n, n))
        weights *= settings.spectral_radius / np.abs(np.linalg.eigvals(weights)).max()
        weights *= settings.saturation - settings.threshold
        self.input = nn.Linear(1, n, dtype=torch.float64)
        self.recurrent = nn.Linear(n, n, bias=False, dtype=torch.float64)
        self.readout = nn.Linear(n, 1, dtype=torch.float64)
        with torch.no_grad():
            self.recurrent.weight.copy_(torch.from_numpy(weights))
            self.input.weight.copy_(torch.from_numpy(spread(settings.input_gain))[:, None])
            # An output of a half is U = 0: what the neurons feed each other there is taken off.
            self.input.bias.copy_(torch.from_numpy(spread(settings.bias) - 0.5 * weights.sum(1)))
        self.register_buffer("mean", torch.zeros((), dtype=torch.float64))
        self.register_buffer("deviation", torch.ones((), dtype=torch.float64))
        self.register_buffer("heard", torch.full((1, n), 0.5, dtype=torch.float64))

    def hear(self, x: Tensor) -> Tensor:
        """A point, scaled, (1, 1), to s after it, (1, neurons)."""
        self.heard.copy_(self.neurons(self.input(x) + self.recurrent(self.heard)))
        return self.heard

    @torch.no_grad()
    def fit(self, series: Tensor, settings: Settings) -> float:
        """Hear ``series`` (points, 1) from rest and fit the readout to say each next point.

        Returns:
            The root mean square error over the deviation of the series, of the fitted points.
        """
        self.neurons.rest()
        self.heard.fill_(0.5)
        self.mean.copy_(series.mean())
        self.deviation.copy_(series.std(correction=0))
        scaled = (series - self.mean) / self.deviation
        activity = torch.cat([self.hear(x[None]).clone() for x in scaled])
        a, y = activity[settings.warm_up : -1], scaled[settings.warm_up + 1 :, 0]
        center, middle = a.mean(0), y.mean()
        a = a - center
        gram = a.T @ a
        gram += settings.ridge * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
        weight = torch.linalg.solve(gram, a.T @ (y - middle))
        self.readout.weight.copy_(weight[None])
        self.readout.bias.fill_(middle - center @ weight)
        return float((a @ weight + middle - y).pow(2).mean().sqrt())

    @torch.no_grad()
    def forward(self, batch: Tensor) -> Tensor:
        """Forecast as many points as ``batch`` (points, 1, 1) has, of which the first is heard."""
        x = ((batch[0] - self.mean) / self.deviation).reshape(1, 1)
        said = []
        for _ in range(len(batch)):
            # Far from the attractor the neurons would be lost; the series never is.
            x = self.readout(self.hear(x)).clamp(-6.0, 6.0)
            said.append(x)
        return self.mean + self.deviation * torch.cat(said)


def offset(repeat: int) -> int:
    """By how many points the series of a repeat begins later: half a Lyapunov time each."""
    return repeat * POINTS // 2


def generate(path: Path, repeats: int) -> None:
    """Write the series for all repeats, (points,), made by NeuroBench's own code.

    Its constructor would load a file or fetch one, so the instance is filled by hand.

    Raises:
        MissingDependencyError: NeuroBench or jitcdde is not installed.
    """
    try:
        from jitcdde import t, y
        from neurobench.datasets.mackey_glass import MackeyGlass as Source
    except ImportError as error:
        raise _missing(error) from error
    task = MackeyGlass()
    delayed = y(0, t - task.tau)
    source = Source.__new__(Source)
    points = TRAINING + TEST + 1 + offset(repeats)
    source.mackeyglass_specification = [
        task.beta * delayed / (1 + delayed**task.n) - task.gamma * y(0)
    ]
    source.constant_past, source.seed_id, source.bin_window = START, 0, 1
    source.lyaptime, source.pts_per_lyaptime, source.start_offset = LYAPUNOV_TIME, POINTS, 0
    source.maxtime, source.maxtime_pts = (points - 1) * LYAPUNOV_TIME / POINTS, points
    source.generate_data()
    np.save(path, source.mackeyglass_soln[:, 0].numpy())


def solver_difference(series: np.ndarray) -> float:
    """Largest difference to this toolkit's own solution over the first Lyapunov time.

    NeuroBench's begins after the first delay, up to which jitcdde treats the jumps of slope.
    """
    task = MackeyGlass(interval=LYAPUNOV_TIME / POINTS, transient=MackeyGlass.tau, start=START)
    return float(np.abs(series[:POINTS] - mackey_glass(task)[:POINTS]).max())


def forecast(path: Path, settings: Settings, repeat: int) -> dict[str, Any]:
    """Train on one repeat and let NeuroBench judge.

    Raises:
        MissingDependencyError: NeuroBench is not installed.
    """
    try:
        from neurobench.benchmarks import Benchmark
        from neurobench.datasets.mackey_glass import MackeyGlass as Source
        from neurobench.metrics.static import ConnectionSparsity, Footprint
        from neurobench.metrics.workload import SMAPE, ActivationSparsity, SynapticOperations
        from neurobench.models import TorchModel
        from torch.utils.data import DataLoader, Subset
    except ImportError as error:
        raise _missing(error) from error
    source = Source(str(path), start_offset=offset(repeat), download=False)
    network = Forecaster(settings, repeat)
    points = torch.cat([source[int(i)][0] for i in source.ind_train])
    fitted = network.fit(points, settings)
    model = TorchModel(network)
    model.add_activation_module(Neurons)
    test = DataLoader(
        Subset(source, source.ind_test.tolist()), batch_size=len(source.ind_test), shuffle=False
    )
    metrics = [
        [Footprint, ConnectionSparsity],
        [SMAPE, ActivationSparsity, SynapticOperations],
    ]
    found = Benchmark(model, test, [], [], metrics).run(quiet=True)
    return {"repeat": repeat, "one_step_nrmse": fitted, **found}


def run(repeats: int, settings: Settings) -> dict[str, Any]:
    """All repeats, and the mean and deviation of what NeuroBench found."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "series.npy"
        generate(path, repeats)
        difference = solver_difference(np.load(path))
        rows = [forecast(path, settings, repeat) for repeat in range(repeats)]
    scores = np.array([row["SMAPE"] for row in rows])
    return {
        "smape": float(scores.mean()),
        "deviation": float(scores.std(ddof=1)) if repeats > 1 else None,
        "median": float(np.median(scores)),
        "worst": float(scores.max()),
        "board": BOARD,
        "solver_difference": difference,
        "settings": asdict(settings),
        "repeats": rows,
    }


def _missing(error: ImportError) -> MissingDependencyError:
    return MissingDependencyError(
        f"NeuroBench cannot be loaded ({error}); `pip install 'neurobench[mackey-glass]'` brings "
        "it."
    )


def main() -> None:
    """Run, print, and write mackey_glass.json where asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--out", type=Path, help="folder to write mackey_glass.json to")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    found = run(arguments.repeats, Settings())
    text = json.dumps(found, indent=1)
    if arguments.out:
        write_atomically(arguments.out / "mackey_glass.json", text + "\n")
    if arguments.json:
        print(text)
        return
    spread = "" if found["deviation"] is None else f" +- {found['deviation']:.2f}"
    print(
        f"sMAPE {found['smape']:.2f}{spread} over {arguments.repeats} repeats, median "
        f"{found['median']:.2f}, worst {found['worst']:.2f}; on the board: "
        + ", ".join(f"{name} {score}" for name, score in BOARD.items())
    )


if __name__ == "__main__":
    main()
