#include "numbers.h"

void normalise(int64_t rows, int64_t width, const number *x, const number *weight, float epsilon, number *normed,
               float *factors);
void gated(int64_t rows, int64_t width, const number *both, number *inner);
void multiply(const number *x, int64_t rows, int64_t inputs, const number *panels, int64_t outputs, const number *bias,
              number *y);
