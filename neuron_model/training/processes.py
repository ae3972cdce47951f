"""Several processes that train one network, as `torchrun` starts them.

Each has a rank; that of rank 0 alone writes and speaks. Without torchrun there is one process, and
everything here costs nothing.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import torch
import torch.distributed as distributed
from torch import Tensor

from neuron_model.errors import InputError


def count() -> int:
    """How many processes train together."""
    return distributed.get_world_size() if _together() else 1


def rank() -> int:
    """Which of them this is, from 0."""
    return distributed.get_rank() if _together() else 0


@contextlib.contextmanager
def joined(device: str = "") -> Iterator[None]:
    """Join the processes that torchrun has started, while the block runs; else do nothing.

    Args:
        device: where will be trained, as in ``TrainingConfiguration``: NCCL carries CUDA's
            tensors, Gloo the CPU's.
    """
    if _together() or int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield
        return
    where = find_device(device)
    cuda = where is not None and where.type == "cuda"
    if cuda:
        torch.cuda.set_device(where)
    distributed.init_process_group("nccl" if cuda else "gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()


def find_device(name: str) -> torch.device | None:
    """The device of a configuration; of several processes on a machine each has its own CUDA one.

    Returns:
        None where ``name`` is empty: where the network is.

    Raises:
        InputError: there is no such device.
    """
    if not name:
        return None
    cuda = torch.cuda.is_available()
    if name == "auto":
        name = "cuda" if cuda else "cpu"
    if name == "cpu":
        return torch.device("cpu")
    number = int(name.partition(":")[2] or os.environ.get("LOCAL_RANK", "0"))
    there = torch.cuda.device_count() if cuda else 0
    if number >= there:
        raise InputError(
            f"training: device = {name!r} is not there (CUDA devices: {there}); take another, or "
            "auto, which takes the CPU where there is no CUDA."
        )
    return torch.device("cuda", number)


def share(value: Any) -> Any:
    """What rank 0 passes, in every process."""
    if not _together():
        return value
    box = [value]
    distributed.broadcast_object_list(box, 0)
    return box[0]


def average(values: Tensor) -> Tensor:
    """The mean of a tensor over all processes; without a gradient."""
    values = values.detach().clone()
    if _together():
        distributed.all_reduce(values)
        values /= count()
    return values


def gathered(mine: Tensor, batch: int) -> Tensor:
    """What all processes hold of a batch, (batch, ...); each has every ``count()``-th row, from the
    ``rank()``-th on. Without a gradient."""
    if not _together():
        return mine.detach()
    every = mine.new_zeros(batch, *mine.shape[1:])
    every[rank() :: count()] = mine.detach()
    distributed.all_reduce(every)  # the other rows are 0, so that nothing is rounded
    return every


def mean(values: Tensor) -> Tensor:
    """The mean over all processes, element by element.

    Its gradient is such that the mean of it over the processes, which DistributedDataParallel
    makes, is that of one process with all of the data.
    """
    return average(values) + (values - values.detach()) if _together() else values


def maximum(values: Tensor) -> Tensor:
    """The maximum over all processes, element by element.

    Its gradient goes to the process that has the maximum, times the number of processes, for the
    reason that :func:`mean` gives.
    """
    if not _together():
        return values
    most = values.detach().clone()
    distributed.all_reduce(most, distributed.ReduceOp.MAX)
    holders = (values.detach() == most).to(values)
    holding = holders.clone()
    distributed.all_reduce(holding)
    return most + count() * holders / holding * (values - values.detach())


def _together() -> bool:
    return distributed.is_available() and distributed.is_initialized()
