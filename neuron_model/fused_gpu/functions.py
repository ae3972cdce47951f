"""expm1, log1p and tanh for Triton, which has none of its own that every device and its
interpreter know; right to rounding near 0 too, where exp(x) - 1 would lose all digits.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def expm1(x):
    """exp(x) - 1 for x from 0 to 80.

    x = k ln 2 + r, |r| <= ln 2 / 2:  2^k expm1(r) + (2^k - 1), the former by its Taylor series.
    """
    k = tl.floor(x * 1.4426950408889634 + 0.5)
    if x.dtype == tl.float64:
        r = (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10
        p = 1.0 / 87178291200.0 * r + 1.0 / 6227020800.0
        p = p * r + 1.0 / 479001600.0
        p = p * r + 1.0 / 39916800.0
        p = p * r + 1.0 / 3628800.0
        p = p * r + 1.0 / 362880.0
        p = p * r + 1.0 / 40320.0
        p = p * r + 1.0 / 5040.0
        scale = ((k.to(tl.int64) + 1023) << 52).to(tl.float64, bitcast=True)
    else:
        r = (x - k * 6.93359375e-01) + k * 2.12194440e-4
        p = 1.0 / 5040.0
        scale = ((k.to(tl.int32) + 127) << 23).to(tl.float32, bitcast=True)
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    return scale * (p * r * r + r) + (scale - 1.0)


@triton.jit
def log1p(x):
    """log(1 + x) for x >= 0.

    1 + x = m 2^e, m from sqrt(1/2) to sqrt(2);  log m = 2 artanh((m - 1) / (m + 1)). What 1 + x
    rounds away is added to first order.
    """
    w = 1.0 + x
    lost = (x - (w - 1.0)) / w
    if x.dtype == tl.float64:
        above = w.to(tl.int64, bitcast=True) - 0x3FE6A09E667F3BCD
        e = (above >> 52).to(tl.float64)
        m = ((above & 0xFFFFFFFFFFFFF) + 0x3FE6A09E667F3BCD).to(tl.float64, bitcast=True)
    else:
        above = w.to(tl.int32, bitcast=True) - 0x3F3504F3
        e = (above >> 23).to(tl.float32)
        m = ((above & 0x7FFFFF) + 0x3F3504F3).to(tl.float32, bitcast=True)
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    if x.dtype == tl.float64:
        p = 2.0 / 23.0 * z + 2.0 / 21.0
        p = p * z + 2.0 / 19.0
        p = p * z + 2.0 / 17.0
        p = p * z + 2.0 / 15.0
        p = p * z + 2.0 / 13.0
        p = p * z + 2.0 / 11.0
        p = p * z + 2.0 / 9.0
    else:
        p = 2.0 / 9.0
    p = p * z + 2.0 / 7.0
    p = p * z + 2.0 / 5.0
    p = p * z + 2.0 / 3.0
    log_m = p * z * s + 2.0 * s
    if x.dtype == tl.float64:
        return e * 6.93147180369123816490e-01 + (log_m + (e * 1.90821492927058770002e-10 + lost))
    return e * 6.93359375e-01 + (log_m + (lost - e * 2.12194440e-4))


@triton.jit
def tanh(x):
    """tanh(x) = expm1(2 x) / (expm1(2 x) + 2); NaN stays NaN."""
    a = tl.abs(x)
    e = expm1(2.0 * tl.where(a > 20.0, 20.0, a))
    t = e / (e + 2.0)
    return tl.where(x < 0.0, -t, t)
