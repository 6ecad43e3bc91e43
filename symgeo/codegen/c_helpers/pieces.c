/* Functions that the C standard library lacks or spells otherwise, in pieces. Outside the real domain: NaN. */

/* -1, 0 or 1. */
static double sg_sign(double x)
{
    return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x;
}

/* a modulo b, with the sign of b. */
static double sg_mod(double a, double b)
{
    const double rest = fmod(a, b);
    return rest != 0.0 && (rest < 0.0) != (b < 0.0) ? rest + b : rest;
}

/* The smaller one; NaN where one of them is. */
static double sg_min(double a, double b)
{
    return isnan(a) || a < b ? a : b;
}

/* The larger one; NaN where one of them is. */
static double sg_max(double a, double b)
{
    return isnan(a) || a > b ? a : b;
}

/* 0 below zero, 1 above it, middle at zero. */
static double sg_heaviside(double x, double middle)
{
    return x > 0.0 ? 1.0 : x < 0.0 ? 0.0 : x == 0.0 ? middle : NAN;
}

/* log(exp(a) + exp(b)). */
static double sg_log_add_exp(double a, double b)
{
    if (a == b)
        return a + 0.69314718055994531;
    return sg_max(a, b) + log1p(exp(-fabs(a - b)));
}

/* log(1 - exp(x)) for x < 0, to full accuracy at both ends. */
static double sg_log_one_minus_exp(double x)
{
    return x > -0.69314718055994531 ? log(-expm1(x)) : log1p(-exp(x));
}

/* log(u) - x for u = 1 + x, without cancellation. */
static double sg_log_minus(double u, double x)
{
    if (fabs(x) > 0.4)
        return log(u) - x;
    const double r = x / (2.0 + x), s = r * r;
    double total = 0.0;
    for (int k = 25; k > 0; --k)
        total = total * s + 1.0 / (2.0 * k + 1.0);
    return r * (2.0 * s * total - x);
}

/* The real branch 0 or -1 of Lambert's W, by Halley's iteration. */
static double sg_lambert_w(double x, double branch)
{
    const double above = 2.7182818284590452 * x + 1.0;
    if (isnan(x) || above < 0.0 || (branch != 0.0 && x >= 0.0))
        return NAN;
    if (x == 0.0 || isinf(x))
        return x;
    const double p = (branch == 0.0 ? 1.0 : -1.0) * sqrt(2.0 * above);
    double w = -1.0 + p * (1.0 + p * (-1.0 / 3.0 + p * (11.0 / 72.0 - p * 43.0 / 540.0)));
    if (fabs(p) < 1e-3)
        return w;
    if (branch == 0.0 && x > 2.7182818284590452)
        w = log(x) - log(log(x));
    else if (branch == 0.0 && x > -0.2)
        w = log1p(x) * (1.0 - log1p(log1p(x)) / (2.0 + log1p(x)));
    else if (branch != 0.0 && x > -0.2)
        w = log(-x) - log(-log(-x));
    for (int k = 0; k < 30; ++k) {
        /* w - x*exp(-w) does not overflow. */
        const double f = w - x * exp(-w), slope = w + 1.0;
        const double step = f / (slope - (w + 2.0) * f / (2.0 * slope));
        w -= step;
        if (fabs(step) <= 1e-15 * fabs(w))
            break;
    }
    return w;
}
