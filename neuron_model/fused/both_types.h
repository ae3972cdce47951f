/* All code for one kind of processor, in single and in double precision. */

#define NAME(x) JOINED(x, _f32, LEVEL)
#define REAL float
#define INTEGER int32_t
#define UNSIGNED uint32_t
#define MANTISSA 23
#define EXPONENT_BIAS 127
#define R(x) x##f
#define SQRT sqrtf
#define FABS fabsf
#if VECTOR == 64
#include "tanh_avx512.h"
#define HAS_TANH_OF
#endif
#include "neurons.h"
#undef HAS_TANH_OF
#undef NAME
#undef REAL
#undef INTEGER
#undef UNSIGNED
#undef MANTISSA
#undef EXPONENT_BIAS
#undef R
#undef SQRT
#undef FABS

#define NAME(x) JOINED(x, _f64, LEVEL)
#define REAL double
#define IS_DOUBLE
#define INTEGER int64_t
#define UNSIGNED uint64_t
#define MANTISSA 52
#define EXPONENT_BIAS 1023
#define R(x) x
#define SQRT sqrt
#define FABS fabs
#include "neurons.h"
#undef NAME
#undef REAL
#undef IS_DOUBLE
#undef INTEGER
#undef UNSIGNED
#undef MANTISSA
#undef EXPONENT_BIAS
#undef R
#undef SQRT
#undef FABS

#undef LEVEL
#undef VECTOR
