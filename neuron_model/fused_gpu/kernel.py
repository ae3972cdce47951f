"""The equations of neuron_model/model/dynamics.py through time, and their exact gradient.

A program takes some lanes through time. A lane is a neuron of a sequence: lane b N + n is neuron n
of sequence b, so that no lane is empty however many neurons there are. State, coefficients and
sums of gradients stay in registers. Where the neurons feed each other, a program has the lanes of
one sequence, all of them.

Each sequence gets gradients of the coefficients of its own, which are added up afterwards, always
in the same order: nothing depends on which program comes first.
"""

from __future__ import annotations

import triton
import triton.language as tl

from neuron_model.fused.coefficients import ElementRow, FilterRow, Row
from neuron_model.fused_gpu.gradient import no_sums, output_gradient, step_gradient
from neuron_model.fused_gpu.step import (
    load_elements,
    load_filters,
    load_membrane,
    output,
    row_of,
    rows_of_elements,
    rows_of_filters,
    step,
)

_RATE = tl.constexpr(int(Row.RATE))
_BIAS = tl.constexpr(int(Row.BIAS))
_REST = tl.constexpr(int(Row.REST))
_CONDUCTANCE = tl.constexpr(int(Row.CONDUCTANCE))
_RANGE = tl.constexpr(int(Row.RANGE))
_LEAK_IS_LINEAR = tl.constexpr(int(Row.LEAK_IS_LINEAR))
_THRESHOLD = tl.constexpr(int(Row.THRESHOLD))
_GAIN = tl.constexpr(int(Row.GAIN))
_DECAY = tl.constexpr(int(FilterRow.DECAY))
_FILTER_KAPPA = tl.constexpr(int(FilterRow.KAPPA))
_OFFSET = tl.constexpr(int(FilterRow.OFFSET))
_DURATION = tl.constexpr(int(FilterRow.DURATION))
_ALPHA = tl.constexpr(int(ElementRow.ALPHA))
_DELTA = tl.constexpr(int(ElementRow.DELTA))
_KAPPA = tl.constexpr(int(ElementRow.KAPPA))


@triton.jit
def _lanes(batch, neurons, RECURRENT: tl.constexpr, LANES: tl.constexpr):
    """Sequence and neuron of each lane of this program, and whether there is such a one."""
    index = tl.arange(0, LANES)
    if RECURRENT:
        sequence = tl.zeros_like(index) + tl.program_id(0)
        return sequence.to(tl.int64), index.to(tl.int64), index < neurons
    lane = tl.program_id(0).to(tl.int64) * LANES + index
    valid = lane < batch * neurons
    lane = tl.where(valid, lane, 0)
    return lane // neurons, lane % neurons, valid


@triton.jit
def _state_at(pointer, copy_stride, at):
    """Pointers to a state (4, lanes) whose copies are ``copy_stride`` numbers apart."""
    return pointer + tl.arange(0, 4)[:, None].to(tl.int64) * copy_stride + at[None, :]


@triton.jit
def _through(weights, values, neurons, LANES: tl.constexpr):
    """sum over from: weights[from, to] values[from], (lanes,)."""
    index = tl.arange(0, LANES)
    there = (index[:, None] < neurons) & (index[None, :] < neurons)
    tile = tl.load(weights + index[:, None] * neurons + index[None, :], there, 0.0)
    return tl.sum(values[:, None] * tile, 0)


@triton.jit
def _drive(
    current, at, valid, u, weights, neurons, membrane, LANES: tl.constexpr, OTA: tl.constexpr
):
    """The current, with what the neurons feed to each other at the state ``u``; and s there."""
    drive = tl.load(current + at, valid, 0.0)
    fed = output(row_of(u, 3), membrane, OTA)
    if weights is not None:
        drive += _through(weights, fed, neurons, LANES)
    return drive, fed


@triton.jit(do_not_specialize=["batch", "time", "neurons", "row_stride", "sequence_stride"])
def forward(
    current,
    state,
    rows,
    weights,
    s,
    voltage,
    end,
    tape,
    batch,
    time,
    neurons,
    row_stride,
    sequence_stride,
    TIMESCALES: tl.constexpr,
    ELEMENTS: tl.constexpr,
    LANES: tl.constexpr,
    SEGMENT: tl.constexpr,
    EXPONENTIAL: tl.constexpr,
    LEAK: tl.constexpr,
    FILTERS: tl.constexpr,
    LONG: tl.constexpr,
    OTA: tl.constexpr,
):
    """From the current to s, U_m, the state at the end and the tape.

    Args:
        current, state, rows, weights, s, voltage, end, tape: as in ``fused.registration``;
            weights, voltage and tape are None where there is none.
        row_stride, sequence_stride: from a coefficient to the next, and from a sequence's to the
            next one's; the latter is 0 where they share them.
        ELEMENTS: at least as many as there are TIMESCALES; a power of 2, as LANES.
        SEGMENT: steps between two states on the tape.
    """
    b, n, valid = _lanes(batch, neurons, weights is not None, LANES)
    mine = rows + b * sequence_stride + n
    membrane = load_membrane(mine, row_stride, valid)
    filters = load_filters(mine, row_stride, valid)
    elements = load_elements(mine, row_stride, valid, filters, TIMESCALES, ELEMENTS)
    lane, lanes = b * neurons + n, batch.to(tl.int64) * neurons
    u = tl.load(_state_at(state, lanes, lane), valid[None, :], 0.0)
    at = b * time * neurons + n
    segments = tl.cdiv(time, SEGMENT)
    for t in range(0, time):
        if tape is not None:  # noqa: SIM102 (known when it is compiled, unlike the other)
            if t % SEGMENT == 0:
                kept = (b * segments + t // SEGMENT) * neurons + n
                tl.store(_state_at(tape, lanes * segments, kept), u, valid[None, :])
        drive, _ = _drive(current, at, valid, u, weights, neurons, membrane, LANES, OTA)
        u = step(u, drive, membrane, filters, elements, EXPONENTIAL, LEAK, FILTERS, LONG)
        u_m = row_of(u, 3)
        tl.store(s + at, output(u_m, membrane, OTA), valid)
        if voltage is not None:
            tl.store(voltage + at, u_m, valid)
        at += neurons
    tl.store(_state_at(end, lanes, lane), u, valid[None, :])


@triton.jit(do_not_specialize=["batch", "time", "neurons", "row_stride", "sequence_stride"])
def backward(
    current,
    state,
    rows,
    weights,
    turned_weights,
    tape,
    recalled,
    grad_output,
    grad_voltage,
    grad_end,
    grad_current,
    grad_state,
    grad_rows,
    fed_back,
    batch,
    time,
    neurons,
    row_stride,
    sequence_stride,
    output_strides,
    voltage_strides,
    TIMESCALES: tl.constexpr,
    ELEMENTS: tl.constexpr,
    LANES: tl.constexpr,
    SEGMENT: tl.constexpr,
    NEEDS: tl.constexpr,
    EXPONENTIAL: tl.constexpr,
    LEAK: tl.constexpr,
    FILTERS: tl.constexpr,
    LONG: tl.constexpr,
    OTA: tl.constexpr,
):
    """From the gradients of s, U_m and the state at the end to all others but the weights'.

    Args:
        turned_weights: (to, from).
        recalled: (programs, SEGMENT, 4, LANES): room for the states of a segment.
        grad_output, grad_voltage, grad_end: each None where it is 0.
        grad_current: None where it is not wanted and there are no weights.
        output_strides, voltage_strides: of those, over batch, time and neurons.
        grad_rows: (rows, batch, neurons).
        fed_back: (batch, time, neurons): where there are weights, what each neuron fed to the
            others in a step. The weights' gradient is its product with that of the current.
    """
    b, n, valid = _lanes(batch, neurons, weights is not None, LANES)
    mine = rows + b * sequence_stride + n
    membrane = load_membrane(mine, row_stride, valid)
    filters = load_filters(mine, row_stride, valid)
    elements = load_elements(mine, row_stride, valid, filters, TIMESCALES, ELEMENTS)
    there = valid[None, :]
    lane, lanes = b * neurons + n, batch.to(tl.int64) * neurons
    start, wide = b * time * neurons + n, neurons.to(tl.int64)
    room = recalled + tl.program_id(0).to(tl.int64) * (SEGMENT * 4 * LANES)
    room = _state_at(room, LANES, tl.arange(0, LANES))

    u = tl.load(_state_at(state, lanes, lane), there, 0.0)
    u_m = row_of(u, 3)  # before the first step
    grad = tl.zeros_like(u)
    if grad_end is not None:
        grad = tl.load(_state_at(grad_end, lanes, lane), there, 0.0)
    sums = no_sums(u, elements)
    g_fed = tl.zeros_like(u_m)
    segments = tl.cdiv(time, SEGMENT)
    for i in range(0, segments):
        first = (segments - 1 - i) * SEGMENT
        count = tl.minimum(SEGMENT, time - first)
        kept = (b * segments + (segments - 1 - i)) * neurons + n
        u = tl.load(_state_at(tape, lanes * segments, kept), there, 0.0)
        at = start + first * wide
        for j in range(0, count):
            tl.store(room + j * (4 * LANES), u)
            drive, _ = _drive(current, at, valid, u, weights, neurons, membrane, LANES, OTA)
            u = step(u, drive, membrane, filters, elements, EXPONENTIAL, LEAK, FILTERS, LONG)
            at += wide
        tl.debug_barrier()  # the room is read by other threads than wrote it
        for j in range(0, count):
            at -= wide
            back = count - 1 - j
            u = tl.load(room + back * (4 * LANES))
            drive, fed = _drive(current, at, valid, u, weights, neurons, membrane, LANES, OTA)
            g_output = g_fed
            if grad_output is not None:
                g_output += _load_gradient(grad_output, output_strides, b, first + back, n, valid)
            if grad_voltage is not None:
                g_voltage = _load_gradient(grad_voltage, voltage_strides, b, first + back, n, valid)
                grad += tl.where(tl.arange(0, 4)[:, None] == 3, g_voltage[None, :], 0.0)
            grad, g_drive, sums = step_gradient(
                u, drive, grad, g_output, membrane, filters, elements, sums,
                NEEDS, EXPONENTIAL, LEAK, FILTERS, LONG, OTA,
            )  # fmt: skip
            if grad_current is not None:
                tl.store(grad_current + at, g_drive, valid)
            if weights is not None:
                tl.store(fed_back + at, fed, valid)
                g_fed = _through(turned_weights, g_drive, neurons, LANES)
        tl.debug_barrier()
    to_voltage, to_gain = output_gradient(g_fed, u_m, membrane, OTA)
    grad += tl.where(tl.arange(0, 4)[:, None] == 3, to_voltage[None, :], 0.0)
    tl.store(_state_at(grad_state, lanes, lane), grad, there)

    at_row, s, m, e = grad_rows + lane, sums, membrane, elements
    tl.store(at_row + _RATE * lanes, s.rate / m.rate, valid)
    tl.store(at_row + _BIAS * lanes, s.bias, valid)
    tl.store(at_row + _REST * lanes, s.rest, valid)
    tl.store(at_row + _CONDUCTANCE * lanes, s.conductance, valid)
    tl.store(at_row + _RANGE * lanes, s.range, valid)
    tl.store(at_row + _THRESHOLD * lanes, s.threshold - to_voltage, valid)
    tl.store(at_row + _GAIN * lanes, s.gain + to_gain, valid)
    is_copy = there & (tl.arange(0, 4)[:, None] < 3)
    at_tile = at_row[None, :]
    rate_row = rows_of_filters(_DURATION if LONG else _DECAY)
    tl.store(at_tile + rate_row * lanes, s.filter_rate, is_copy)
    tl.store(at_tile + rows_of_filters(_FILTER_KAPPA) * lanes, s.filter_kappa, is_copy)
    tl.store(at_tile + rows_of_filters(_OFFSET) * lanes, s.offset, is_copy)
    is_element = there & (tl.arange(0, ELEMENTS)[:, None] < len(TIMESCALES))
    # alpha and kappa are in the steepness alpha kappa as well
    alpha = s.alpha + e.kappa * s.steepness
    kappa = s.kappa / e.kappa + e.alpha * s.steepness
    tl.store(at_tile + rows_of_elements(_ALPHA, ELEMENTS) * lanes, alpha, is_element)
    tl.store(at_tile + rows_of_elements(_DELTA, ELEMENTS) * lanes, s.delta, is_element)
    tl.store(at_tile + rows_of_elements(_KAPPA, ELEMENTS) * lanes, kappa, is_element)


@triton.jit
def _load_gradient(grad, strides, b, t, n, valid):
    """Of step t, from memory of any strides; that of a sum has none at all."""
    at = b * strides[0] + t.to(tl.int64) * strides[1] + n * strides[2]
    return tl.load(grad + at, valid, 0.0)
