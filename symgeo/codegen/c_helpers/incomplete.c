/* Incomplete gamma and beta functions. Outside the real domain: NaN. */

/* x**a exp(-x)/gamma(a + 1), for large a by its deviance from the mode. */
static double sg_gamma_factor(double a, double x)
{
    if (a < 10.0)
        return x < 700.0 ? pow(x, a) * exp(-x) / tgamma(a + 1.0) : exp(a * log(x) - x - lgamma(a + 1.0));
    return exp(a * sg_log_minus(x / a, (x - a) / a) - sg_stirling_tail(a)) / sqrt(6.2831853071795865 * a);
}

/* The regularised lower (upper = 0) or upper incomplete gamma function (DLMF 8.7.1, 8.9.2). */
static double sg_gamma_ratio(double a, double x, int upper)
{
    if (!(a > 0.0 && x >= 0.0))
        return NAN;
    if (x == 0.0 || isinf(x))
        return (x == 0.0) != upper ? 0.0 : 1.0;
    if (upper && a < 1.0 && x < 1.1) {
        /* 1 - P without cancellation for small a; the rounding of a + 1 is put right. */
        const double b = a + 1.0, log_gamma = lgamma(b) + (a - (b - 1.0)) * sg_digamma(b);
        double term = 1.0, total = 0.0;
        for (double k = 1.0; k < 30.0; k += 1.0) {
            term *= -x / k;
            total += term / (a + k);
        }
        const double exponent = a * log(x) - log_gamma;
        return -expm1(exponent) - exp(exponent) * a * total;
    }
    const double factor = sg_gamma_factor(a, x);
    if (x < a + 1.0) {
        double term = 1.0, total = 1.0;
        for (double k = 1.0; k < 1e6 && term > 1e-17 * total; k += 1.0) {
            term *= x / (a + k);
            total += term;
        }
        return upper ? 1.0 - factor * total : factor * total;
    }
    /* Lentz's method. */
    double b = x + 1.0 - a, c = 1e300, d = 1.0 / b, value = d;
    for (double k = 1.0; k < 1e6; k += 1.0) {
        const double e = -k * (k - a);
        b += 2.0;
        d = 1.0 / (e * d + b);
        c = b + e / c;
        value *= c * d;
        if (fabs(c * d - 1.0) < 1e-16)
            break;
    }
    return upper ? factor * a * value : 1.0 - factor * a * value;
}

/* lowergamma(a, x)/gamma(a). */
static double sg_gamma_p(double a, double x)
{
    return sg_gamma_ratio(a, x, 0);
}

/* uppergamma(a, x)/gamma(a). */
static double sg_gamma_q(double a, double x)
{
    return sg_gamma_ratio(a, x, 1);
}

/* The upper incomplete gamma function for a > 0 and for whole a <= 0, x**a E_{1-a}(x) there. */
static double sg_upper_gamma(double a, double x)
{
    if (a > 0.0)
        return tgamma(a) * sg_gamma_ratio(a, x, 1);
    return a == floor(a) ? pow(x, a) * sg_expint(1.0 - a, x) : NAN;
}

/* x**a (1 - x)**b/B(a, b) with y = 1 - x, for large a and b by its deviance from the mode. */
static double sg_beta_factor(double a, double b, double x, double y)
{
    const double n = a + b;
    if (a >= 10.0 && b >= 10.0) {
        /* a log(n x/a) + b log(n y/b) by the relative distances from the mode. */
        const double d = (x * b - y * a) / a, e = (y * a - x * b) / b;
        const double deviance = a * sg_log_minus(n / a * x, d) + b * sg_log_minus(n / b * y, e);
        const double tail = sg_stirling_tail(n) - sg_stirling_tail(a) - sg_stirling_tail(b);
        return exp(deviance + tail) * sqrt(a / n * b / 6.2831853071795865);
    }
    const double log_x = x > 0.5 ? log1p(-y) : log(x), log_y = y > 0.5 ? log1p(-x) : log(y);
    if (n < 100.0)
        return pow(x, a) * pow(y, b) / sg_beta(a, b);
    return exp(a * log_x + b * log_y - sg_log_beta(a, b));
}

/* The regularised incomplete beta function from 0 to x, by its continued fraction (DLMF 8.17.22). */
static double sg_beta_inc(double a, double b, double x)
{
    if (!(a > 0.0 && b > 0.0 && x >= 0.0 && x <= 1.0))
        return NAN;
    const int swapped = x > (a + 1.0) / (a + b + 2.0);
    const double y = 1.0 - x, p = swapped ? b : a, q = swapped ? a : b, z = swapped ? y : x;
    if (z == 0.0)
        return swapped ? 1.0 : 0.0;
    double c = 1.0, d = 1.0 / (1.0 - (p + q) * z / (p + 1.0)), value = d;
    for (double m = 1.0; m < 1e6; m += 1.0) {
        double e = m * (q - m) * z / ((p + 2.0 * m - 1.0) * (p + 2.0 * m));
        d = 1.0 / (1.0 + e * d);
        c = 1.0 + e / c;
        value *= c * d;
        e = -(p + m) * (p + q + m) * z / ((p + 2.0 * m) * (p + 2.0 * m + 1.0));
        d = 1.0 / (1.0 + e * d);
        c = 1.0 + e / c;
        value *= c * d;
        if (fabs(c * d - 1.0) < 1e-16)
            break;
    }
    value *= sg_beta_factor(a, b, x, y) / p;
    return swapped ? 1.0 - value : value;
}
