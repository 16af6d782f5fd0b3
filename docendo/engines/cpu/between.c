/* What lies between the products of a pass through the model, forward and back, each in one reading of its inputs.

   Axes: T rows, d hidden size, f inner size of the feed-forward part, V vocabulary. */

#include "between.h"

#include <math.h>

#define LEAST (-87.0f) /* e^x is none below: what a grammar forbids gets no gradient at all */

/* Root mean square normalisation (Zhang & Sennrich 2019) of (T, d); each row's factor is kept where there is room. */
void normalise(int64_t rows, int64_t width, const number *x, const number *weight, float epsilon, number *normed,
               float *factors)
{
    for (int64_t t = 0; t < rows; t++, x += width, normed += width) {
        float factor = 1.0f / __builtin_sqrtf(sum(dot(x, x, width)) / (float)width + epsilon);
        for (int64_t i = 0; i < width; i++) normed[i] = narrowed(widened(x[i]) * factor * widened(weight[i]));
        if (factors) factors[t] = factor;
    }
}

/* The gradient of x from that of the normalised states: with u = x * factor and g = grad * weight,
   factor * (g - u * mean(g u)). */
void normalise_back(int64_t rows, int64_t width, const number *x, const number *weight, const float *factors,
                    const number *grad, number *into)
{
    for (int64_t t = 0; t < rows; t++, x += width, grad += width, into += width) {
        float factor = factors[t], along = 0;
        int64_t i = 0;
        lanes total = {0};
        for (; i + WIDE <= width; i += WIDE) total += load(grad + i) * load(weight + i) * load(x + i);
        for (; i < width; i++) along += widened(grad[i]) * widened(weight[i]) * widened(x[i]);
        float share = (sum(total) + along) * factor * factor / (float)width;
        for (i = 0; i < width; i++)
            into[i] = narrowed(factor * (widened(grad[i]) * widened(weight[i]) - share * widened(x[i])));
    }
}

INLINE lanes sigmoid(lanes x) { return 1.0f / (exponential(-x) + 1.0f); }
INLINE float sigmoid_of(float x) { return 1.0f / (exponential_of(-x) + 1.0f); }

/* inner = silu(gate) * up, (T, f), where gate and up stand side by side. */
void gated(int64_t rows, int64_t width, const number *both, number *inner)
{
    for (int64_t t = 0; t < rows; t++, both += 2 * width, inner += width) {
        int64_t i = 0;
        for (; i + WIDE <= width; i += WIDE) {
            lanes gate = load(both + i);
            store(inner + i, gate / (exponential(-gate) + 1.0f) * load(both + width + i));
        }
        for (; i < width; i++) {
            float gate = widened(both[i]);
            inner[i] = narrowed(gate / (exponential_of(-gate) + 1.0f) * widened(both[width + i]));
        }
    }
}

/* The gradients of gate and up, side by side, from that of inner. */
void gated_back(int64_t rows, int64_t width, const number *both, const number *grad, number *into)
{
    for (int64_t t = 0; t < rows; t++, both += 2 * width, grad += width, into += 2 * width) {
        int64_t i = 0;
        for (; i + WIDE <= width; i += WIDE) {
            lanes gate = load(both + i), up = load(both + width + i), outer = load(grad + i), open = sigmoid(gate);
            store(into + i, outer * up * open * (gate * (1.0f - open) + 1.0f));
            store(into + width + i, outer * gate * open);
        }
        for (; i < width; i++) {
            float gate = widened(both[i]), outer = widened(grad[i]), open = sigmoid_of(gate);
            into[i] = narrowed(outer * widened(both[width + i]) * open * (gate * (1.0f - open) + 1.0f));
            into[width + i] = narrowed(outer * gate * open);
        }
    }
}

/* The largest of a row; no number where one of it is none. */
static float largest(const number *x, int64_t count)
{
    int64_t i = 0;
    float highest = -INFINITY;
    lanes top = {0};
    integers strange = {0};
    top += highest;
    for (; i + WIDE <= count; i += WIDE) {
        lanes found = load(x + i);
        top = within(top, found > top, found);
        strange |= found != found;
    }
    for (int j = 0; j < WIDE; j++) highest = strange[j] ? NAN : top[j] > highest ? top[j] : highest;
    for (; i < count && !isnan(highest); i++)
        if (!(widened(x[i]) <= highest)) highest = widened(x[i]);
    return highest;
}

INLINE lanes power(lanes x)
{
    lanes none = {0};
    return within(exponential(x), x < LEAST, none);
}

INLINE float power_of(float x) { return x < LEAST ? 0 : exponential_of(x); }

/* The sum of e^(x - highest). */
static float weight_of(const number *x, int64_t count, float highest)
{
    float rest = 0;
    lanes total = {0};
    int64_t i = 0;
    for (; i + WIDE <= count; i += WIDE) total += power(load(x + i) - highest);
    for (; i < count; i++) rest += power_of(widened(x[i]) - highest);
    return sum(total) + rest;
}

/* In place of each row of scores, (T, n), its softmax. */
void soften_rows(int64_t rows, int64_t count, number *x)
{
    for (int64_t t = 0; t < rows; t++, x += count) {
        float highest = largest(x, count), scale = isfinite(highest) ? 1.0f / weight_of(x, count, highest) : NAN;
        int64_t i = 0;
        for (; i + WIDE <= count; i += WIDE) store(x + i, power(load(x + i) - highest) * scale);
        for (; i < count; i++) x[i] = narrowed(power_of(widened(x[i]) - highest) * scale);
    }
}

/* In place of the gradients of each row's shares those of its scores. */
void soften_back(int64_t rows, int64_t count, const number *shares, number *grad)
{
    for (int64_t t = 0; t < rows; t++, shares += count, grad += count) {
        float along = 0;
        lanes total = {0};
        int64_t i = 0;
        for (; i + WIDE <= count; i += WIDE) total += load(shares + i) * load(grad + i);
        for (; i < count; i++) along += widened(shares[i]) * widened(grad[i]);
        along += sum(total);
        for (i = 0; i + WIDE <= count; i += WIDE) store(grad + i, load(shares + i) * (load(grad + i) - along));
        for (; i < count; i++) grad[i] = narrowed(widened(shares[i]) * (widened(grad[i]) - along));
    }
}

/* The logarithms of the sums of e^logit, one for each row of (T, V); not a number where a logit is none. */
void totals(int64_t rows, int64_t count, const number *logits, float *into)
{
    for (int64_t t = 0; t < rows; t++, logits += count) {
        float highest = largest(logits, count);
        into[t] = isfinite(highest) ? highest + logf(weight_of(logits, count, highest)) : highest;
    }
}

/* In place of the logits of each row the gradient of its token's log-probability, times that of the loss. */
void shares(int64_t rows, int64_t count, number *logits, const float *all, const int64_t *token, const float *grad)
{
    for (int64_t t = 0; t < rows; t++, logits += count) {
        float outer = isfinite(all[t]) ? -grad[t] : NAN;
        float own = exponential_of(widened(logits[token[t]]) - all[t]) * outer + grad[t];
        int64_t i = 0;
        for (; i + WIDE <= count; i += WIDE) store(logits + i, power(load(logits + i) - all[t]) * outer);
        for (; i < count; i++) logits[i] = narrowed(power_of(widened(logits[i]) - all[t]) * outer);
        logits[token[t]] = narrowed(own);
    }
}
