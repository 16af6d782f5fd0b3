/* What the functions compute with: numbers of either format, and sixteen floats at once.

   Numbers are float32 or, with -DBFLOAT16, bfloat16; sums are float32. */

#include <stdint.h>
#include <string.h>
#if defined(BFLOAT16) && defined(__AVX512BF16__)
#include <immintrin.h>
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
