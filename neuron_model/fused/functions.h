/* tanh, expm1, exp, log1p without branches and tables, so that loops over them become vectors.
 * Included by kernel.c for each type. */

INLINE UNSIGNED NAME(bits)(REAL x) {
    UNSIGNED u;
    memcpy(&u, &x, sizeof u);
    return u;
}

INLINE REAL NAME(value)(UNSIGNED u) {
    REAL x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* 1.5 2^MANTISSA: adding it rounds to a whole number, which is then in the lowest bits. */
#define SHIFTER ((REAL)((UNSIGNED)3 << (MANTISSA - 1)))

/* x = k ln 2 + r, |r| <= ln 2 / 2; gives expm1(r), and 2^k in scale. */
INLINE REAL NAME(reduced)(REAL x, REAL *scale) {
    REAL shifted = x * R(1.4426950408889634074) + SHIFTER;
    REAL k = shifted - SHIFTER;
#ifdef IS_DOUBLE
    REAL r = (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10;
    REAL p = 1.0 / 87178291200.0;
    p = p * r + 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
#else
    REAL r = (x - k * 6.93359375e-01f) + k * 2.12194440e-4f;
    REAL p = 1.0f / 5040.0f;
#endif
    p = p * r + (REAL)(1.0 / 720.0);
    p = p * r + (REAL)(1.0 / 120.0);
    p = p * r + (REAL)(1.0 / 24.0);
    p = p * r + (REAL)(1.0 / 6.0);
    p = p * r + R(0.5);
    *scale = NAME(value)((NAME(bits)(shifted) + EXPONENT_BIAS) << MANTISSA);
    return p * r * r + r;
}

/* exp(x) - 1 and exp(x), from -80 to 80. */
INLINE REAL NAME(expm1)(REAL x) {
    REAL scale, p = NAME(reduced)(x, &scale);
    return scale * p + (scale - R(1.0));
}

INLINE REAL NAME(exp)(REAL x) {
    REAL scale, p = NAME(reduced)(x, &scale);
    return scale * p + scale;
}

/* log(1 + x) for x >= 0. */
INLINE REAL NAME(log1p)(REAL x) {
    REAL w = R(1.0) + x;
    REAL lost = x - (w - R(1.0));
    /* w = m 2^e, m from sqrt(1/2) to sqrt(2) */
    UNSIGNED half = NAME(bits)(R(0.70710678118654752440));
    UNSIGNED u = NAME(bits)(w) - half;
    UNSIGNED whole = NAME(bits)((REAL)((UNSIGNED)1 << MANTISSA));
    REAL e = NAME(value)((u >> MANTISSA) | whole) - NAME(value)(whole);
    REAL m = NAME(value)((u & (((UNSIGNED)1 << MANTISSA) - 1)) + half);
    REAL s = (m - R(1.0)) / (m + R(1.0)), z = s * s;
#ifdef IS_DOUBLE
    REAL p = 2.0 / 23.0;
    p = p * z + 2.0 / 21.0;
    p = p * z + 2.0 / 19.0;
    p = p * z + 2.0 / 17.0;
    p = p * z + 2.0 / 15.0;
    p = p * z + 2.0 / 13.0;
    p = p * z + 2.0 / 11.0;
    p = p * z + 2.0 / 9.0;
#else
    REAL p = 2.0f / 9.0f;
#endif
    p = p * z + (REAL)(2.0 / 7.0);
    p = p * z + (REAL)(2.0 / 5.0);
    p = p * z + (REAL)(2.0 / 3.0);
    REAL log_m = p * z * s + R(2.0) * s;
#ifdef IS_DOUBLE
    return e * 6.93147180369123816490e-01 + (log_m + (e * 1.90821492927058770002e-10 + lost / w));
#else
    return e * 6.93359375e-01f + (log_m + (lost / w - e * 2.12194440e-4f));
#endif
}

INLINE REAL NAME(clip)(REAL x, REAL most) {
    x = x > most ? most : x;
    return x < -most ? -most : x;
}

#ifdef IS_DOUBLE
INLINE REAL NAME(tanh)(REAL x) {
    REAL a = FABS(x);
    a = a > 20.0 ? 20.0 : a;
    REAL e = NAME(expm1)(2.0 * a);
    return copysign(e / (e + 2.0), x);
}
#else
/* x P(x^2) / Q(x^2), the minimax quotient of degrees 4 and 4 on |x| <= 9, where tanh is 1 in
 * single precision; relative error 2.1e-8 before rounding. Q begins with 1: an addition, which other
 * parts of a processor do than the multiplications. */
INLINE REAL NAME(tanh)(REAL x) {
    x = NAME(clip)(x, 9.0f);
    REAL z = x * x;
    REAL p = 0.01717222109436989f;
    p = p * z + 26.502376556396484f;
    p = p * z + 4495.32470703125f;
    p = p * z + 172081.875f;
    p = p * z + 1286017.625f;
    REAL q = z + 422.5270690917969f;
    q = q * z + 33278.03125f;
    q = q * z + 600754.1875f;
    q = q * z + 1286017.625f;
    return x * p / q;
}
#endif
