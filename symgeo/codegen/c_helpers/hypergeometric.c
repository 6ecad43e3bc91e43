/* Hypergeometric series in pairs of numbers, head and tail, with twice the digits (Dekker 1971). */

/* The sum of two numbers as a pair. */
static void sg_pair_sum(double *x, double a, double b)
{
    const double sum = a + b, part = sum - a;
    x[1] = (a - (sum - part)) + (b - part);
    x[0] = sum;
}

/* x = x*y. */
static void sg_pair_multiply(double *x, const double *y)
{
    const double p = x[0] * y[0], s = 134217729.0 * x[0], t = 134217729.0 * y[0];
    const double a = s - (s - x[0]), b = x[0] - a, c = t - (t - y[0]), d = y[0] - c;
    const double error = ((a * c - p) + a * d + b * c) + b * d + x[0] * y[1] + x[1] * y[0];
    x[0] = p + error;
    x[1] = error - (x[0] - p);
}

/* x = x/y. */
static void sg_pair_divide(double *x, const double *y)
{
    double product[2] = {x[0] / y[0], 0.0};
    const double quotient = product[0];
    sg_pair_multiply(product, y);
    const double rest = ((x[0] - product[0]) - product[1] + x[1]) / y[0];
    x[0] = quotient + rest;
    x[1] = rest - (x[0] - quotient);
}

/* The series of 0F1, 1F1 or 2F1 with upper = 0, 1 or 2 upper parameters, a + low and c; NaN where digits are lost. */
static double sg_hypergeometric(int upper, double a, double low, double c, double b, double z)
{
    double term[2] = {1.0, 0.0}, total[2] = {1.0, 0.0}, largest = 1.0;
    for (double k = 0.0; k < 20000.0; k += 1.0) {
        double factor[2] = {z, 0.0}, sum[2], lower[2];
        const double before = fabs(term[0]);
        sg_pair_multiply(term, factor);
        if (upper > 0) {
            sg_pair_sum(factor, a, k);
            factor[1] += low;
            sg_pair_multiply(term, factor);
        }
        if (upper > 1) {
            sg_pair_sum(factor, c, k);
            sg_pair_multiply(term, factor);
        }
        sg_pair_sum(lower, b, k);
        sg_pair_divide(term, lower);
        lower[0] = k + 1.0;
        lower[1] = 0.0;
        sg_pair_divide(term, lower);
        sg_pair_sum(sum, total[0], term[0]);
        sum[1] += total[1] + term[1];
        total[0] = sum[0] + sum[1];
        total[1] = sum[1] - (total[0] - sum[0]);
        largest = fmax(largest, fabs(term[0]));
        if (!isfinite(total[0]))
            return total[0];
        if (fabs(term[0]) <= 1e-20 * fabs(total[0]) && fabs(term[0]) <= before && b + k > 0.0)
            return largest * 1e-29 <= 1e-15 * fabs(total[0]) ? total[0] : NAN;
    }
    return NAN;
}

/* The confluent limit function 0F1(; b; z). */
static double sg_hyp0f1(double b, double z)
{
    gsl_sf_result result;
    if (z > -200.0)
        return sg_hypergeometric(0, 0.0, 0.0, 0.0, b, z);
    const int status = gsl_sf_hyperg_0F1_e(b, z, &result);
    return sg_gsl(status, result.val);
}

/* Kummer's function 1F1(a; b; z); where that loses digits by DLMF 13.2.39. */
static double sg_hyp1f1(double a, double b, double z)
{
    double first[2];
    if (z >= -15.0) {
        const double value = sg_hypergeometric(1, a, 0.0, 0.0, b, z);
        if (z >= 0.0 || !isnan(value))
            return value;
    }
    sg_pair_sum(first, b, -a);
    if (z >= -700.0)
        return exp(z) * sg_hypergeometric(1, first[0], first[1], 0.0, b, -z);
    gsl_sf_result result;
    const int status = gsl_sf_hyperg_1F1_e(a, b, z, &result);
    return sg_gsl(status, fabs(result.err) <= 1e-10 * fabs(result.val) ? result.val : NAN);
}

/* Gauss' function 2F1(a, b; c; z) for z < 1; below -1/2 by DLMF 15.8.1. */
static double sg_hyp2f1(double a, double b, double c, double z)
{
    double second[2];
    gsl_sf_result result;
    if (z >= -0.5 && z < 0.99)
        return sg_hypergeometric(2, a, 0.0, b, c, z);
    sg_pair_sum(second, c, -b);
    if (z < -0.5 && z > -99.0)
        return pow(1.0 - z, -a) * sg_hypergeometric(2, second[0], second[1], a, c, z / (z - 1.0));
    const int below = z < 0.0;
    const int status = gsl_sf_hyperg_2F1_e(a, below ? second[0] : b, c, below ? z / (z - 1.0) : z, &result);
    return (below ? pow(1.0 - z, -a) : 1.0) * sg_gsl(status, result.val);
}
