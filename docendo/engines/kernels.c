/* One new token for every row: all that lies between the large matrix products, one function for each gap.

   A row is worked on by itself, and every sum runs in an order that its own lengths alone decide: what else is in the
   batch changes no bit of it. Numbers are float32 or, with -DBFLOAT16, bfloat16; sums are float32.

   Axes: B rows, d width of the input, o outputs of all members of a projection, H query heads, K key-value heads,
   g = H / K, D head size, p columns for prompts, n columns for answers. */

#include <stdint.h>
#include <string.h>

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
    numbers found;
    memcpy(&found, from, sizeof found);
    return (lanes)(__builtin_convertvector(found, words) << 16);
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

INLINE float dot(const float *x, const number *y, int64_t count)
{
    lanes total = {0};
    int64_t i = 0;
    for (; i + WIDE <= count; i += WIDE) total += floats(x + i) * load(y + i);
    float found = sum(total);
    for (; i < count; i++) found += x[i] * widened(y[i]);
    return found;
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

/* The low-rank updates of a projection, whose members read the same input: y += B A x. */
typedef struct {
    const number *a; /* (S, C, d): the A of all members on top of each other */
    const number *b; /* (S, C, o): their B on the diagonal, times the scale */
    int64_t inputs, members, rank;
    int64_t ends[4]; /* where the outputs of each member begin, and where those of the last end */
} Update;

/* `scratch` has room for d + C. */
static void update(const Update *u, int64_t slot, const number *x, number *y, float *scratch)
{
    if (slot == 0) return; /* the bare base */
    int64_t d = u->inputs, c = u->members * u->rank, o = u->ends[u->members], i;
    const number *a = u->a + slot * c * d, *b = u->b + slot * c * o;
    float *low = scratch + d;
    for (i = 0; i < d; i++) scratch[i] = widened(x[i]);
    for (int64_t r = 0; r < c; r++) low[r] = dot(scratch, a + r * d, d);
    for (int64_t m = 0; m < u->members; m++) {
        int64_t first = m * u->rank, last = first + u->rank;
        for (i = u->ends[m]; i + WIDE <= u->ends[m + 1]; i += WIDE) {
            lanes total = load(y + i);
            for (int64_t r = first; r < last; r++) total += low[r] * load(b + r * o + i);
            store(y + i, total);
        }
        for (; i < u->ends[m + 1]; i++) {
            float total = widened(y[i]);
            for (int64_t r = first; r < last; r++) total += low[r] * widened(b[r * o + i]);
            y[i] = narrowed(total);
        }
    }
}

typedef struct {
    int64_t rows;
    const int64_t *slots; /* (B) */
    float *scratch;
} Batch;

/* x += y, the output of a projection of `from`, and its root mean square normalisation (Zhang & Sennrich 2019).
   Where there is no `from`, only the latter. */
void join(const Batch *batch, const Update *u, const number *from, number *y, number *x, const number *weight,
          float epsilon, number *normed, int64_t width)
{
    for (int64_t b = 0; b < batch->rows; b++, x += width, normed += width) {
        float squares = 0;
        if (from) {
            update(u, batch->slots[b], from, y, batch->scratch);
            for (int64_t i = 0; i < width; i++) x[i] = narrowed(widened(x[i]) + widened(y[i]));
            from += u->inputs;
            y += width;
        }
        lanes total = {0};
        int64_t i = 0;
        for (; i + WIDE <= width; i += WIDE) total += load(x + i) * load(x + i);
        squares = sum(total);
        for (; i < width; i++) squares += widened(x[i]) * widened(x[i]);
        float factor = 1.0f / __builtin_sqrtf(squares / (float)width + epsilon);
        for (i = 0; i < width; i++) normed[i] = narrowed(widened(x[i]) * factor * widened(weight[i]));
    }
}

/* inner = silu(gate) * up, where gate and up stand side by side in y. */
void gate(const Batch *batch, const Update *u, const number *from, number *y, number *inner)
{
    int64_t f = u->ends[1], i;
    for (int64_t b = 0; b < batch->rows; b++, from += u->inputs, y += 2 * f, inner += f) {
        update(u, batch->slots[b], from, y, batch->scratch);
        for (i = 0; i + WIDE <= f; i += WIDE) {
            lanes g = load(y + i);
            store(inner + i, g / (exponential(-g) + 1.0f) * load(y + f + i));
        }
        for (; i < f; i++) {
            float g = widened(y[i]);
            lanes e = exponential((lanes){-g});
            inner[i] = narrowed(g / (e[0] + 1.0f) * widened(y[f + i]));
        }
    }
}

typedef struct {
    int64_t query_heads, key_heads, size;
    float scale;
} Heads;

/* Keys and values of one layer: (2, prompts, K, p, D) and (2, B, K, n, D). */
typedef struct {
    number *prompts, *answers;
    const int64_t *place;  /* (B), each row's prompt */
    const int64_t *length; /* (B), tokens of that prompt */
    const int64_t *column; /* (B), where the new token stands among the row's own */
    int64_t number_of_prompts, prompt_columns, answer_columns;
} Cache;

/* Rotary position embedding (Su et al. 2021), in place; the sines have the sign of their half. */
static void rotate(number *x, const number *cosine, const number *sine, int64_t size, float *scratch)
{
    int64_t half = size / 2;
    for (int64_t i = 0; i < size; i++) {
        float other = widened(x[i < half ? i + half : i - half]);
        scratch[i] = widened(x[i]) * widened(cosine[i]) + other * widened(sine[i]);
    }
    for (int64_t i = 0; i < size; i++) x[i] = narrowed(scratch[i]);
}

#define EVEN 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODD 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31

/* Sums of neighbours: those of x, then those of y. */
INLINE lanes fold(lanes x, lanes y) { return __builtin_shufflevector(x, y, EVEN) + __builtin_shufflevector(x, y, ODD); }

/* WIDE tokens at once of keys or of values, as floats: a copy in `scratch` where they are none. */
INLINE const float *block(const number *from, int64_t size, float *scratch)
{
#ifdef BFLOAT16
    for (int64_t i = 0; i < size; i++) {
        lanes x = load(from + i * WIDE);
        memcpy(scratch + i * WIDE, &x, sizeof x);
    }
    return scratch;
#else
    (void)size, (void)scratch;
    return from;
#endif
}

/* The products of a query with WIDE keys. */
INLINE void scores(const float *query, const float *keys, int64_t size, float *into)
{
    lanes found[WIDE];
    for (int j = 0; j < WIDE; j++, keys += size) {
        lanes total = {0};
        int64_t i = 0;
        for (; i + WIDE <= size; i += WIDE) total += floats(query + i) * floats(keys + i);
        for (; i < size; i++) total[0] += query[i] * keys[i];
        found[j] = total;
    }
    for (int left = WIDE; left > 1; left /= 2)
        for (int j = 0; j < left / 2; j++) found[j] = fold(found[2 * j], found[2 * j + 1]);
    memcpy(into, found, sizeof *found);
}

/* Adds `count` values, each times its share. */
INLINE void mix(const float *share, const float *values, int64_t count, int64_t size, float *into)
{
    int64_t i = 0;
    for (; i + 4 * WIDE <= size; i += 4 * WIDE) {
        lanes total[4];
        memcpy(total, into + i, sizeof total);
        for (int64_t j = 0; j < count; j++)
            for (int v = 0; v < 4; v++) total[v] += share[j] * floats(values + j * size + i + v * WIDE);
        memcpy(into + i, total, sizeof total);
    }
    for (; i < size; i++)
        for (int64_t j = 0; j < count; j++) into[i] += share[j] * values[j * size + i];
}

/* In place e^(x - highest), and their sum; x has room up to the next multiple of WIDE. */
static float soften(float *x, int64_t count)
{
    float highest = x[0];
    for (int64_t i = count; i % WIDE; i++) x[i] = highest;
    lanes top = floats(x), total = {0};
    for (int64_t i = 0; i < count; i += WIDE) top = within(top, floats(x + i) > top, floats(x + i));
    for (int i = 0; i < WIDE; i++) highest = top[i] > highest ? top[i] : highest;
    for (int64_t i = count; i % WIDE; i++) x[i] = highest - 1e9f;
    for (int64_t i = 0; i < count; i += WIDE) {
        lanes e = exponential(floats(x + i) - highest);
        memcpy(x + i, &e, sizeof e);
        total += e;
    }
    return sum(total);
}

/* The query heads of one row that share a key-value head; `out` holds the queries and then what they find.
   `scratch` has room for 2 g D, g (p + n + WIDE) and WIDE D. */
INLINE void look(const Cache *c, const Heads *h, int64_t rows, int64_t b, int64_t k, int64_t size, number *out,
                 float *scratch)
{
    int64_t group = h->query_heads / h->key_heads, wide = c->prompt_columns + c->answer_columns + WIDE;
    int64_t count[2] = {c->length[b], c->column[b] + 1}, seen = count[0] + count[1];
    number *from[2] = {c->prompts + (c->place[b] * h->key_heads + k) * c->prompt_columns * size,
                       c->answers + (b * h->key_heads + k) * c->answer_columns * size};
    int64_t values[2] = {c->number_of_prompts * h->key_heads * c->prompt_columns * size,
                         rows * h->key_heads * c->answer_columns * size};
    float *query = scratch, *into = query + group * size, *share = into + group * size, *room = share + group * wide;
    for (int64_t i = 0; i < group * size; i++) query[i] = widened(out[i]) * h->scale, into[i] = 0;
    for (int64_t side = 0, at = 0; side < 2; at += count[side++])
        for (int64_t j = 0; j < count[side]; j += WIDE) {
            const float *keys = block(from[side] + j * size, size, room);
            for (int64_t i = 0; i < group; i++) scores(query + i * size, keys, size, share + i * wide + at + j);
        }
    float total[group];
    for (int64_t i = 0; i < group; i++) total[i] = soften(share + i * wide, seen);
    for (int64_t side = 0, at = 0; side < 2; at += count[side++])
        for (int64_t j = 0; j < count[side]; j += WIDE) {
            const float *found = block(from[side] + values[side] + j * size, size, room);
            int64_t left = count[side] - j < WIDE ? count[side] - j : WIDE;
            for (int64_t i = 0; i < group; i++) mix(share + i * wide + at + j, found, left, size, into + i * size);
        }
    for (int64_t i = 0; i < group * size; i++) out[i] = narrowed(into[i] / total[i / size]);
}

/* Queries, keys and values of the new tokens, (B, H + 2K, D), from the output y of their projection; keys and values
   are stored, and each row looks at its prompt and at its own tokens. The result is (B, H, D). */
void attend(const Batch *batch, const Update *u, const number *from, number *y, const number *cosine,
            const number *sine, const Heads *h, const Cache *c, number *out)
{
    int64_t size = h->size, width = (h->query_heads + 2 * h->key_heads) * size, group = h->query_heads / h->key_heads;
    int64_t rows = batch->rows, half = rows * h->key_heads * c->answer_columns * size;
    for (int64_t b = 0; b < rows; b++) {
        number *row = y + b * width;
        update(u, batch->slots[b], from + b * u->inputs, row, batch->scratch);
        for (int64_t i = 0; i < h->query_heads + h->key_heads; i++)
            rotate(row + i * size, cosine + b * size, sine + b * size, size, batch->scratch);
        memcpy(out + b * h->query_heads * size, row, h->query_heads * size * sizeof(number));
        for (int64_t k = 0; k < h->key_heads; k++) {
            number *place = c->answers + ((b * h->key_heads + k) * c->answer_columns + c->column[b]) * size;
            memcpy(place, row + (h->query_heads + k) * size, size * sizeof(number));
            memcpy(place + half, row + (h->query_heads + h->key_heads + k) * size, size * sizeof(number));
        }
    }
    for (int64_t k = 0; k < h->key_heads; k++)
        for (int64_t b = 0; b < rows; b++) {
            number *to = out + (b * h->query_heads + k * group) * size;
            if (size == 64)
                look(c, h, rows, b, k, 64, to, batch->scratch);
            else if (size == 128)
                look(c, h, rows, b, k, 128, to, batch->scratch);
            else
                look(c, h, rows, b, k, size, to, batch->scratch);
        }
}
