/* What the functions compute with: numbers of either format, sixteen floats at once, sums and exponentials of them.

   Numbers are float32 or, with -DBFLOAT16, bfloat16; sums are float32. */

#include <stdint.h>
#include <string.h>
#if defined(BFLOAT16) && defined(__AVX512BF16__)
#include <immintrin.h>
#endif

/* Whether there are products of our own: other processors have faster ways, which libraries know. */
#if defined(BFLOAT16) && defined(__AVX512BF16__) && !defined(__AMX_BF16__)
#define PAIRS
#endif

#define WIDE 16
#define INLINE static inline __attribute__((always_inline))

typedef float lanes __attribute__((vector_size(4 * WIDE)));
typedef float half_lanes __attribute__((vector_size(2 * WIDE)));
typedef float quarter_lanes __attribute__((vector_size(WIDE)));
typedef uint32_t words __attribute__((vector_size(4 * WIDE)));
typedef int32_t integers __attribute__((vector_size(4 * WIDE)));

#ifdef BFLOAT16
typedef uint16_t number;
typedef uint16_t numbers __attribute__((vector_size(2 * WIDE)));

INLINE lanes load(const number *from)
{
#ifdef __AVX512BF16__
    return (lanes)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)from)), 16);
#else
    numbers found;
    memcpy(&found, from, sizeof found);
    return (lanes)(__builtin_convertvector(found, words) << 16);
#endif
}

INLINE void store(number *to, lanes x)
{
    words bits = (words)x;
    numbers rounded = __builtin_convertvector((bits + 0x7fff + ((bits >> 16) & 1)) >> 16, numbers);
    memcpy(to, &rounded, sizeof rounded);
}

INLINE float widened(number x)
{
    uint32_t bits = (uint32_t)x << 16;
    float found;
    memcpy(&found, &bits, sizeof found);
    return found;
}

INLINE number narrowed(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (number)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}
#else
typedef float number;

INLINE lanes load(const number *from)
{
    lanes found;
    memcpy(&found, from, sizeof found);
    return found;
}

INLINE void store(number *to, lanes x) { memcpy(to, &x, sizeof x); }
INLINE float widened(number x) { return x; }
INLINE number narrowed(float x) { return x; }
#endif

INLINE lanes floats(const float *from)
{
    lanes found;
    memcpy(&found, from, sizeof found);
    return found;
}

INLINE float sum(lanes x)
{
    half_lanes h = __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7)
                 + __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15);
    quarter_lanes q = __builtin_shufflevector(h, h, 0, 1, 2, 3) + __builtin_shufflevector(h, h, 4, 5, 6, 7);
    return (q[0] + q[2]) + (q[1] + q[3]);
}

/* Adds the products of STRIDE numbers to the sums of their lanes. */
#if defined(BFLOAT16) && defined(__AVX512BF16__)
#define STRIDE (2 * WIDE)
INLINE lanes products(lanes total, const number *x, const number *y)
{
    __m512bh some, others;
    memcpy(&some, x, sizeof some);
    memcpy(&others, y, sizeof others);
    return (lanes)_mm512_dpbf16_ps((__m512)total, some, others);
}
#else
#define STRIDE WIDE
INLINE lanes products(lanes total, const number *x, const number *y) { return total + load(x) * load(y); }
#endif

/* x y in lanes that are still to be summed. */
INLINE lanes dot(const number *x, const number *y, int64_t count)
{
    lanes total = {0};
    int64_t i = 0;
    for (; i + STRIDE <= count; i += STRIDE) total = products(total, x + i, y + i);
    for (; i < count; i++) total[0] += widened(x[i]) * widened(y[i]);
    return total;
}

/* `limit` where `beyond`, else x. */
INLINE lanes within(lanes x, integers beyond, lanes limit)
{
    return (lanes)(((integers)x & ~beyond) | ((integers)limit & beyond));
}

/* e^x to about seven digits, for x between -87 and 87; beyond these as at them. */
INLINE lanes exponential(lanes x)
{
    const float round = 12582912.0f;
    const lanes none = {0}, most = none + 87.0f;
    x = within(within(x, x < -most, -most), x > most, most);
    lanes shifted = x * 1.44269504f + round, n = shifted - round;
    lanes f = x - n * 0.693359375f + n * 2.12194440e-4f;
    lanes e = f * 1.9875691500e-4f + 1.3981999507e-3f;
    e = e * f + 8.3334519073e-3f;
    e = e * f + 4.1665795894e-2f;
    e = e * f + 1.6666665459e-1f;
    e = e * f + 5.0000001201e-1f;
    e = e * f * f + f + 1.0f;
    return (lanes)((words)e + ((words)shifted << 23));
}

INLINE float exponential_of(float x)
{
    lanes e = {0};
    e = exponential(e + x);
    return e[0];
}
