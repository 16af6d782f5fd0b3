/* Products with the base's matrices, for processors that multiply pairs of bfloat16 numbers (AVX-512 BF16). With a few
   dozen rows most of the time would go into waiting for the matrix, which is asked for ahead here.

   A sum runs over its inputs in order, in one register: what else is in the batch changes no bit of a row.

   Axes: T rows, d inputs, o outputs. A panel holds PANEL columns of the result in the order in which they are read:
   (inputs / 2, PANEL, 2). */

#include "between.h"

#define PANEL 32
#define TILE 12
#define DEEP 2048
#define DEEP_BACK 1024
#define MOST_ROWS 264
#define MOST_BACK 768
#define ABREAST_BACK 3

#ifdef PAIRS

#define VECTORS (PANEL / WIDE)
#define LINE 32 /* numbers */
#define THREES ((TILE + 2) / 3)
#ifdef __clang__
#define UNROLLED _Pragma("unroll")
#else
#define UNROLLED _Pragma("GCC unroll 16")
#endif

typedef int32_t pair; /* numbers of two inputs */

int64_t panel_width(void) { return PANEL; }

/* The panels of a matrix (o, d); the last one is filled up with zeros. `inputs` is even. */
void pack(const number *weight, int64_t outputs, int64_t inputs, number *panels)
{
    for (int64_t first = 0; first < outputs; first += PANEL)
        for (int64_t i = 0; i < inputs; i += 2)
            for (int64_t j = first; j < first + PANEL; j++, panels += 2)
                if (j < outputs)
                    memcpy(panels, weight + j * inputs + i, sizeof(pair));
                else
                    memset(panels, 0, sizeof(pair));
}

/* Some inputs of one panel, and the rows that meet it. */
typedef struct {
    const number *x;
    int64_t rows, stride, depth;
    const number *panel, *next; /* `next` is asked for meanwhile, some lines for each pair of inputs */
    float *sums;                /* (T, PANEL) of earlier inputs, unless these are the `first`, for later ones */
    int first, last;
    const number *bias; /* of the panel's columns, or none */
    number *y;
    int64_t width, columns; /* of y, and how many of them are left from this panel on */
} Slice;

INLINE __mmask16 real(int64_t left) { return left >= WIDE ? 0xffff : left > 0 ? (1u << left) - 1 : 0; }

INLINE __m512 begun(const Slice *s, int64_t row, int64_t column)
{
    if (!s->first) return _mm512_loadu_ps(s->sums + row * PANEL + column);
    if (!s->bias) return _mm512_setzero_ps();
    __m256i found = _mm256_maskz_loadu_epi16(real(s->columns - column), s->bias + column);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(found), 16));
}

INLINE void keep(const Slice *s, int64_t row, int64_t column, __m512 total)
{
    if (s->last)
        _mm256_mask_storeu_epi16(s->y + row * s->width + column, real(s->columns - column),
                                 (__m256i)_mm512_cvtneps_pbh(total));
    else
        _mm512_storeu_ps(s->sums + row * PANEL + column, total);
}

/* Some rows from one on. All their sums are in registers, and so is the way to their inputs: three rows from one place. */
INLINE void tile(const Slice *s, int64_t row, int ahead, int rows)
{
    int64_t stride = s->stride;
    const number *x[THREES], *panel = s->panel, *next = s->next + row / TILE * (s->depth / 2) * ahead * LINE;
    __m512 total[TILE][VECTORS];
    for (int j = 0; j < THREES; j++) x[j] = s->x + (row + 3 * j) * stride;
    UNROLLED for (int r = 0; r < rows; r++)
        for (int v = 0; v < VECTORS; v++) total[r][v] = begun(s, row + r, v * WIDE);
    for (int64_t i = 0; i < s->depth; i += 2, panel += 2 * PANEL) {
        __m512bh across[VECTORS];
        for (int v = 0; v < VECTORS; v++) across[v] = (__m512bh)_mm512_loadu_si512(panel + v * 2 * WIDE);
        for (int line = 0; line < ahead; line++, next += LINE) __builtin_prefetch(next, 0, 2);
        UNROLLED for (int r = 0; r < rows; r++) {
            pair found;
            memcpy(&found, x[r / 3] + r % 3 * stride, sizeof found);
            __m512bh own = (__m512bh)_mm512_set1_epi32(found);
            for (int v = 0; v < VECTORS; v++) total[r][v] = _mm512_dpbf16_ps(total[r][v], own, across[v]);
        }
        for (int j = 0; j < THREES; j++) x[j] += 2;
    }
    UNROLLED for (int r = 0; r < rows; r++)
        for (int v = 0; v < VECTORS; v++) keep(s, row + r, v * WIDE, total[r][v]);
}

#define CASE(n, ahead) case n: tile(s, row, ahead, n); break;

/* The tile from this row on; where there are `few` rows, this is all that is done while the next panel comes. */
static void meet(const Slice *s, int64_t row, int few)
{
    if (few)
        switch (s->rows) {
            CASE(1, VECTORS) CASE(2, VECTORS) CASE(3, VECTORS) CASE(4, VECTORS) CASE(5, VECTORS) CASE(6, VECTORS)
            CASE(7, VECTORS) CASE(8, VECTORS) CASE(9, VECTORS) CASE(10, VECTORS) CASE(11, VECTORS)
            default: tile(s, row, VECTORS, TILE);
        }
    else
        switch (s->rows - row) {
            CASE(1, 1) CASE(2, 1) CASE(3, 1) CASE(4, 1) CASE(5, 1) CASE(6, 1) CASE(7, 1) CASE(8, 1) CASE(9, 1)
            CASE(10, 1) CASE(11, 1)
            default: tile(s, row, 1, TILE);
        }
}

/* Rows of each block, so that there are few blocks of about the same size, and few tiles that are not full. */
static int64_t shared_out(int64_t rows, int64_t most)
{
    int64_t tiles = (rows + TILE - 1) / TILE, blocks = (tiles * TILE + most - 1) / most;
    return blocks ? (tiles + blocks - 1) / blocks * TILE : TILE;
}

/* y = x W^T + b, of the panels of W. */
void multiply(const number *x, int64_t rows, int64_t inputs, const number *panels, int64_t outputs, const number *bias,
              number *y)
{
    float sums[MOST_ROWS * PANEL];
    int64_t block = shared_out(rows, MOST_ROWS);
    for (int64_t r = 0; r < rows; r += block)
        for (int64_t p = 0; p < outputs; p += PANEL)
            for (int64_t i = 0; i < inputs; i += DEEP) {
                int64_t count = rows - r < block ? rows - r : block;
                int64_t depth = inputs - i < DEEP ? inputs - i : DEEP;
                const number *panel = panels + p * inputs + i * PANEL, *from = bias ? bias + p : 0;
                Slice s = {x + r * inputs + i, count, inputs, depth, panel, panel + depth * PANEL, sums,
                           i == 0, i + depth == inputs, from, y + r * outputs + p, outputs, outputs - p};
                for (int64_t row = 0; row < count; row += TILE) meet(&s, row, count <= TILE);
            }
}

/* Two rows of a matrix, of which `columns` numbers are left, as a panel has them. */
INLINE void zip(const number *first, const number *second, int64_t columns, number *panel)
{
    const __m512i low = _mm512_set_epi32(0x2f000f, 0x2e000e, 0x2d000d, 0x2c000c, 0x2b000b, 0x2a000a, 0x290009, 0x280008,
                                         0x270007, 0x260006, 0x250005, 0x240004, 0x230003, 0x220002, 0x210001, 0x200000);
    const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(0x100010));
    __mmask32 some = columns >= PANEL ? 0xffffffff : (1u << columns) - 1;
    __m512i a = _mm512_maskz_loadu_epi16(some, first), b = _mm512_maskz_loadu_epi16(some, second);
    _mm512_storeu_si512(panel, _mm512_permutex2var_epi16(a, low, b));
    _mm512_storeu_si512(panel + PANEL, _mm512_permutex2var_epi16(a, high, b));
}

/* x = y W, of W (o, d) as it is: with many rows, panels are made on the way, some abreast, so that rows are read once
   for all of them. `outputs` is even. */
void multiply_back(const number *y, int64_t rows, int64_t outputs, const number *weight, int64_t inputs, number *x)
{
    float sums[ABREAST_BACK][MOST_BACK * PANEL];
    number panels[ABREAST_BACK][DEEP_BACK * PANEL];
    Slice s[ABREAST_BACK];
    int64_t block = shared_out(rows, MOST_BACK), group = ABREAST_BACK * PANEL;
    for (int64_t r = 0; r < rows; r += block)
        for (int64_t p = 0; p < inputs; p += group)
            for (int64_t i = 0; i < outputs; i += DEEP_BACK) {
                int64_t count = rows - r < block ? rows - r : block, first = i == 0;
                int64_t depth = outputs - i < DEEP_BACK ? outputs - i : DEEP_BACK, last = i + depth == outputs;
                int64_t number_of = (inputs - p < group ? inputs - p + PANEL - 1 : group) / PANEL;
                for (int64_t g = 0, at = p; g < number_of; g++, at += PANEL)
                    s[g] = (Slice){y + r * outputs + i, count, outputs, depth, panels[g], panels[g], sums[g],
                                   first, last, 0, x + r * inputs + at, inputs, inputs - at};
                for (int64_t j = 0; j < depth; j += 2)
                    for (int64_t g = 0, at = p; g < number_of; g++, at += PANEL) {
                        const number *row = weight + (i + j) * inputs + at;
                        __builtin_prefetch(row + TILE * inputs);
                        __builtin_prefetch(row + (TILE + 1) * inputs);
                        zip(row, row + inputs, inputs - at, panels[g] + j * PANEL);
                    }
                for (int64_t row = 0; row < count; row += TILE)
                    for (int64_t g = 0; g < number_of; g++) meet(s + g, row, 0);
            }
}
#else
int64_t panel_width(void) { return 0; }
#endif
