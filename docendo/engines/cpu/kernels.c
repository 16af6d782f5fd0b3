/* One new token for every row: all that lies between the large matrix products, one function for each gap.

   Every sum of a row runs in an order that its own lengths alone decide: what else is in the batch changes no bit of it.

   Axes: B rows, d width of the input, o outputs of all members of a projection, H query heads, K key-value heads,
   g = H / K, D head size, p columns for prompts, n columns for answers. */

#include <math.h>

#include "between.h"

#define TOGETHER 4
#define ABREAST 8
#define AHEAD 64
#define LINE ((int64_t)(64 / sizeof(number)))
#define BLOCK 128

/* The low-rank updates of a projection, whose members read the same input: y += B A x. */
typedef struct {
    const number *a; /* (S, C, d): the A of all members on top of each other */
    const number *b; /* (S, C, o): their B on the diagonal, times the scale */
    int64_t inputs, members, rank;
    int64_t ends[4]; /* where the outputs of each member begin, and where those of the last end */
} Update;

/* Of adjacent rows of one agent, so that what is read of it serves all of them; `low` has room for C of each. */
INLINE void update(const Update *u, int64_t slot, const number *x, number *y, float *low, int rows)
{
    int64_t d = u->inputs, c = u->members * u->rank, o = u->ends[u->members], i;
    const number *a = u->a + slot * c * d, *b = u->b + slot * c * o;
    for (int64_t r = 0; r < c; r++)
        for (int row = 0; row < rows; row++) low[row * c + r] = sum(dot(x + row * d, a + r * d, d));
    for (int64_t m = 0; m < u->members; m++) {
        int64_t first = m * u->rank, last = first + u->rank;
        for (i = u->ends[m]; i + WIDE <= u->ends[m + 1]; i += WIDE) {
            lanes total[TOGETHER];
            for (int row = 0; row < rows; row++) total[row] = load(y + row * o + i);
            for (int64_t r = first; r < last; r++) {
                lanes across = load(b + r * o + i);
                for (int row = 0; row < rows; row++) total[row] += low[row * c + r] * across;
            }
            for (int row = 0; row < rows; row++) store(y + row * o + i, total[row]);
        }
        for (; i < u->ends[m + 1]; i++)
            for (int row = 0; row < rows; row++) {
                float total = widened(y[row * o + i]);
                for (int64_t r = first; r < last; r++) total += low[row * c + r] * widened(b[r * o + i]);
                y[row * o + i] = narrowed(total);
            }
    }
}

typedef struct {
    int64_t rows;
    const int64_t *slots; /* (B) */
    float *scratch;
} Batch;

/* The updates of all rows but those of the bare base; `scratch` has room for C of TOGETHER rows. */
static void adapt(const Batch *batch, const Update *u, const number *x, number *y)
{
    const int64_t *slots = batch->slots, d = u->inputs, o = u->ends[u->members];
    for (int64_t b = 0, count; b < batch->rows; b += count) {
        for (count = 1; count < TOGETHER && b + count < batch->rows && slots[b + count] == slots[b];) count++;
        if (slots[b] == 0) continue;
        if (count == TOGETHER)
            update(u, slots[b], x + b * d, y + b * o, batch->scratch, TOGETHER);
        else
            for (int64_t i = b; i < b + count; i++) update(u, slots[i], x + i * d, y + i * o, batch->scratch, 1);
    }
}

/* x += y, the output of a projection of `from`, and its root mean square normalisation (Zhang & Sennrich 2019).
   Where there is no `from`, only the latter. */
void join(const Batch *batch, const Update *u, const number *from, number *y, number *x, const number *weight,
          float epsilon, number *normed, int64_t width)
{
    if (from) {
        adapt(batch, u, from, y);
        for (int64_t i = 0; i < batch->rows * width; i++) x[i] = narrowed(widened(x[i]) + widened(y[i]));
    }
    normalise(batch->rows, width, x, weight, epsilon, normed, 0);
}

/* inner = silu(gate) * up, where gate and up stand side by side in y. */
void gate(const Batch *batch, const Update *u, const number *from, number *y, number *inner)
{
    adapt(batch, u, from, y);
    gated(batch->rows, u->ends[u->members] / 2, y, inner);
}

typedef struct {
    int64_t query_heads, key_heads, size;
    float scale;
} Heads;

/* What is done to the queries and the keys of a layer before they meet. */
typedef struct {
    const number *weights[2]; /* of normalisations, each over `widths` numbers; or none */
    int64_t widths[2];
    float epsilons[2];
    int64_t is_turned;
} HeadCalls;

/* Keys and values of one layer: (2, prompts, K, p, D) and (2, B, K, n, D). */
typedef struct {
    number *prompts, *answers;
    const int64_t *place;  /* (B), each row's prompt */
    const int64_t *length; /* (B), tokens of that prompt */
    const int64_t *column; /* (B), where the new token stands among the row's own */
    int64_t number_of_prompts, prompt_columns, answer_columns;
} Cache;

/* Rotary position embedding (Su et al. 2021), in place; the sines have the sign of their half. */
static void rotate(number *x, const number *cosine, const number *sine, int64_t size)
{
    int64_t half = size / 2, i = 0;
    for (; i + WIDE <= half; i += WIDE) {
        lanes low = load(x + i), high = load(x + half + i);
        store(x + i, low * load(cosine + i) + high * load(sine + i));
        store(x + half + i, high * load(cosine + half + i) + low * load(sine + half + i));
    }
    for (; i < half; i++) {
        float low = widened(x[i]), high = widened(x[half + i]);
        x[i] = narrowed(low * widened(cosine[i]) + high * widened(sine[i]));
        x[half + i] = narrowed(high * widened(cosine[half + i]) + low * widened(sine[half + i]));
    }
}

#define EVEN 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODD 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31

/* Sums of neighbours: those of x, then those of y. */
INLINE lanes fold(lanes x, lanes y) { return __builtin_shufflevector(x, y, EVEN) + __builtin_shufflevector(x, y, ODD); }

/* The values of WIDE tokens as floats: a copy in `scratch` where they are none. */
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
INLINE void scores(const number *query, const number *keys, int64_t size, float scale, float *into)
{
    lanes found[WIDE];
    for (int j = 0; j < WIDE; j++) found[j] = dot(query, keys + j * size, size);
    for (int left = WIDE; left > 1; left /= 2)
        for (int j = 0; j < left / 2; j++) found[j] = fold(found[2 * j], found[2 * j + 1]);
    *found *= scale;
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

/* Asks for numbers that will be read soon, `each` from the first and none from the last on: memory takes longer than
   arithmetic. */
INLINE void fetch(const number *from, int64_t first, int64_t each, int64_t last)
{
    for (int64_t i = first; i < first + each && i < last; i += LINE) __builtin_prefetch(from + i);
}

/* The query heads of adjacent rows of one prompt that share a key-value head, so that what is read of the prompt serves
   all of them; `out` holds the queries and then what they find. `scratch` has room for g D and g (p + n + WIDE) of each,
   and for WIDE D. */
INLINE void look(const Cache *c, const Heads *h, int64_t rows, int64_t b, int64_t k, int64_t size, number *out,
                 float *scratch, int64_t together)
{
    int64_t group = h->query_heads / h->key_heads, wide = c->prompt_columns + c->answer_columns + WIDE;
    int64_t next = h->query_heads * size, told = c->length[b];
    int64_t ours = h->key_heads * c->answer_columns * size;
    const number *shared = c->prompts + (c->place[b] * h->key_heads + k) * c->prompt_columns * size;
    const number *own = c->answers + (b * h->key_heads + k) * c->answer_columns * size;
    int64_t value = c->number_of_prompts * h->key_heads * c->prompt_columns * size, own_value = rows * ours;
    float *into = scratch, *share = into + together * group * size, *room = share + together * group * wide;
    int64_t part = (WIDE + together - 1) / together * size, each[ABREAST], last[ABREAST];
    for (int64_t r = 0; r < together && told; r++) {
        last[r] = (c->column[b + r] < AHEAD ? c->column[b + r] + 1 : AHEAD) * size;
        each[r] = (last[r] + told - 1) / told;
    }
    for (int64_t j = 0; j < told; j += WIDE)
        for (int64_t r = 0; r < together; r++) {
            fetch(own + r * ours, j * each[r], WIDE * each[r], last[r]);
            fetch(own + r * ours + own_value, j * each[r], WIDE * each[r], last[r]);
            fetch(shared + value + j * size, r * part, part, WIDE * size);
            for (int64_t i = 0; i < group; i++)
                scores(out + r * next + i * size, shared + j * size, size, h->scale, share + (r * group + i) * wide + j);
        }
    for (int64_t r = 0; r < together; r++)
        for (int64_t j = 0; j <= c->column[b + r]; j += WIDE)
            for (int64_t i = 0; i < group; i++)
                scores(out + r * next + i * size, own + r * ours + j * size, size, h->scale,
                       share + (r * group + i) * wide + told + j);
    float total[together * group];
    for (int64_t r = 0; r < together; r++)
        for (int64_t i = 0; i < group; i++)
            total[r * group + i] = soften(share + (r * group + i) * wide, told + c->column[b + r] + 1);
    for (int64_t i = 0; i < together * group * size; i++) into[i] = 0;
    for (int64_t j = 0; j < told; j += WIDE) {
        const float *found = block(shared + value + j * size, size, room);
        int64_t left = told - j < WIDE ? told - j : WIDE;
        for (int64_t i = 0; i < together * group; i++) mix(share + i * wide + j, found, left, size, into + i * size);
    }
    for (int64_t r = 0; r < together; r++)
        for (int64_t j = 0, count = c->column[b + r] + 1; j < count; j += WIDE) {
            const float *found = block(own + r * ours + own_value + j * size, size, room);
            int64_t left = count - j < WIDE ? count - j : WIDE;
            for (int64_t i = r * group; i < (r + 1) * group; i++)
                mix(share + i * wide + told + j, found, left, size, into + i * size);
        }
    for (int64_t r = 0; r < together; r++)
        for (int64_t i = 0; i < group * size; i++)
            out[r * next + i] = narrowed(into[r * group * size + i] / total[r * group + i / size]);
}

/* Queries, keys and values of the new tokens, (B, H + 2K, D), from the output y of their projection; keys and values
   are stored, and each row looks at its prompt and at its own tokens. The result is (B, H, D). */
void attend(const Batch *batch, const Update *u, const number *from, number *y, const number *cosine,
            const number *sine, const Heads *h, const HeadCalls *calls, const Cache *c, number *out)
{
    int64_t size = h->size, width = (h->query_heads + 2 * h->key_heads) * size, group = h->query_heads / h->key_heads;
    int64_t rows = batch->rows, half = rows * h->key_heads * c->answer_columns * size;
    adapt(batch, u, from, y);
    for (int64_t b = 0; b < rows; b++) {
        number *row = y + b * width;
        number *parts[2] = {row, row + h->query_heads * size};
        int64_t counts[2] = {h->query_heads * size, h->key_heads * size};
        for (int i = 0; i < 2 && calls->weights[i]; i++)
            normalise(counts[i] / calls->widths[i], calls->widths[i], parts[i], calls->weights[i], calls->epsilons[i],
                      parts[i], 0);
        for (int64_t i = 0; i < h->query_heads + h->key_heads && calls->is_turned; i++)
            rotate(row + i * size, cosine + b * size, sine + b * size, size);
        memcpy(out + b * h->query_heads * size, row, h->query_heads * size * sizeof(number));
        for (int64_t k = 0; k < h->key_heads; k++) {
            number *place = c->answers + ((b * h->key_heads + k) * c->answer_columns + c->column[b]) * size;
            memcpy(place, row + (h->query_heads + k) * size, size * sizeof(number));
            memcpy(place + half, row + (h->query_heads + h->key_heads + k) * size, size * sizeof(number));
        }
    }
    for (int64_t k = 0; k < h->key_heads; k++)
        for (int64_t b = 0, count; b < rows; b += count) {
            number *to = out + (b * h->query_heads + k * group) * size;
            for (count = 1; count < ABREAST && b + count < rows && c->place[b + count] == c->place[b];) count++;
            if (size == 64)
                look(c, h, rows, b, k, 64, to, batch->scratch, count);
            else if (size == 128)
                look(c, h, rows, b, k, 128, to, batch->scratch, count);
            else
                look(c, h, rows, b, k, size, to, batch->scratch, count);
        }
}

#ifdef PAIRS
/* A projection's matrix in panels, its bias where it has one, and its updates. */
typedef struct {
    const number *panels, *bias;
    Update update;
} Projection;

typedef struct {
    Projection qkv, out, gate_up, down;
    const number *middle, *after; /* weights of the normalisations in front of gate_up and behind the layer */
    float middle_epsilon, after_epsilon;
    HeadCalls heads;
    Cache cache;
} Layer;

static void project(int64_t rows, const Projection *p, const number *from, number *y)
{
    multiply(from, rows, p->update.inputs, p->panels, p->update.ends[p->update.members], p->bias, y);
}

/* All layers: of x (B, d) and its normalisation, to the last layer's. `y` and `found` have room for the widest of them. */
void run_layers(const Batch *batch, const Layer *layers, int64_t count, const number *cosine, const number *sine,
                const Heads *h, number *x, number *normed, number *y, number *found)
{
    for (const Layer *l = layers; l < layers + count; l++) {
        const Projection *qkv = &l->qkv, *out = &l->out, *gate_up = &l->gate_up, *down = &l->down;
        int64_t width = qkv->update.inputs;
        project(batch->rows, qkv, normed, y);
        attend(batch, &qkv->update, normed, y, cosine, sine, h, &l->heads, &l->cache, found);
        project(batch->rows, out, found, y);
        join(batch, &out->update, found, y, x, l->middle, l->middle_epsilon, normed, width);
        project(batch->rows, gate_up, normed, y);
        gate(batch, &gate_up->update, normed, y, found);
        project(batch->rows, down, found, y);
        join(batch, &down->update, found, y, x, l->after, l->after_epsilon, normed, width);
    }
}
#endif

/* Weights e^((x - highest) * heat) of logits, in sums of BLOCK; and the sum of all. */
static double weigh(const number *logits, int64_t count, float highest, float heat, double *sums)
{
    double all = 0;
    for (int64_t at = 0; at < count; at += BLOCK) {
        int64_t i = at, stop = at + BLOCK < count ? at + BLOCK : count;
        lanes total = {0};
        for (; i + WIDE <= stop; i += WIDE) total += exponential((load(logits + i) - highest) * heat);
        float rest = 0;
        for (; i < stop; i++) rest += exponential_of((widened(logits[i]) - highest) * heat);
        all += *sums++ = (double)(sum(total) + rest);
    }
    return all;
}

/* The token at which the running sum of the weights passes `want`: first of blocks, then of one block's tokens. */
static int64_t find(const number *logits, int64_t count, float highest, float heat, const double *sums, double want)
{
    int64_t token = 0;
    double passed = 0;
    for (; token + BLOCK < count && passed + *sums <= want; token += BLOCK) passed += *sums++;
    int64_t last = token + BLOCK < count ? token + BLOCK - 1 : count - 1;
    for (; token < last; token++) {
        passed += (double)exponential_of((widened(logits[token]) - highest) * heat);
        if (passed > want) break;
    }
    while (token > 0 && widened(logits[token]) == -INFINITY) token--; /* rounding must not pick what may not come */
    return token;
}

/* Tokens by the inverse of the cumulative distribution, and their untempered log-probabilities; at a temperature of
   0 the likeliest. `logits` is (B, V), `sums` has room for V / BLOCK, rounded up. */
void draw(const number *logits, int64_t rows, int64_t count, const float *temperatures, const double *uniforms,
          double *sums, int64_t *tokens, float *logprobs)
{
    for (int64_t b = 0; b < rows; b++, logits += count) {
        lanes top = {0};
        top += widened(logits[0]);
        int64_t i = 0, token;
        for (; i + WIDE <= count; i += WIDE) top = within(top, load(logits + i) > top, load(logits + i));
        float highest = top[0], t = temperatures[b];
        for (int j = 0; j < WIDE; j++) highest = top[j] > highest ? top[j] : highest;
        for (; i < count; i++) highest = widened(logits[i]) > highest ? widened(logits[i]) : highest;
        double all = weigh(logits, count, highest, 1, sums);
        if (t > 0) {
            float heat = t == 1 ? 1 : 1 / (t > 1e-6f ? t : 1e-6f);
            double hot = t == 1 ? all : weigh(logits, count, highest, heat, sums);
            token = find(logits, count, highest, heat, sums, uniforms[b] * hot);
        } else
            for (token = 0; token + 1 < count && widened(logits[token]) != highest;) token++;
        tokens[b] = token;
        logprobs[b] = widened(logits[token]) - highest - (float)log(all);
    }
}
