/* Zeta functions and polylogarithms. Outside the real domain: NaN. */

/* The sum of (q + k)**-s over k = 0, 1, ... for q > 0 by Euler and Maclaurin's formula; continued to 0 <= s < 1. */
static double sg_hurwitz(double s, double q)
{
    /* B_2j/(2j)! */
    static const double bernoulli[12] = {
        0.0833333333333333333, -0.00138888888888888889, 0.0000330687830687830688, -8.2671957671957672e-7,
        2.0876756987868099e-8, -5.28419013868749318e-10, 1.33825365306846788e-11, -3.38968029632258287e-13,
        8.58606205627784456e-15, -2.17486869855806187e-16, 5.50900282836022952e-18, -1.39544646858125233e-19,
    };
    double total = 0.0;
    while (q < 12.0 || q < s) {
        const double term = pow(q, -s);
        total += term;
        if (s > 1.0 && term < 1e-17 * total * (s - 1.0) / q)
            return total;
        q += 1.0;
    }
    const double power = pow(q, -s);
    double factor = s / q, rest = 0.5;
    for (int j = 0; j < 12; ++j) {
        rest += bernoulli[j] * factor;
        factor *= (s + 2.0 * j + 1.0) * (s + 2.0 * j + 2.0) / (q * q);
    }
    return total + power * (q / (s - 1.0) + rest);
}

/* The zeta function of Hurwitz for s > 1; for whole s also at negative q. */
static double sg_zeta2(double s, double q)
{
    if (!(s > 1.0) || isnan(q) || (q <= 0.0 && (s != floor(s) || q == floor(q))))
        return NAN;
    if (isinf(q))
        return q > 0.0 ? 0.0 : NAN;
    if (q > 0.0)
        return sg_hurwitz(s, q);
    const double f = q - floor(q);
    const double below = sg_hurwitz(s, ceil(q) - q) - sg_hurwitz(s, 1.0 - q);
    return sg_hurwitz(s, f) + (fmod(s, 2.0) == 0.0 ? below : -below);
}

/* Riemann's zeta function; below zero by its functional equation (DLMF 25.4.1). */
static double sg_zeta(double s)
{
    if (s == 1.0)
        return INFINITY;
    if (s > 60.0)
        return 1.0 + exp2(-s);
    if (s >= 0.0 || isnan(s))
        return sg_hurwitz(s, 1.0);
    const double half = fmod(s, 4.0) / 2.0;
    if (half == floor(half))
        return 0.0;
    return 2.0 * pow(6.2831853071795865, s - 1.0) * sin(3.1415926535897932 * half) * tgamma(1.0 - s)
        * sg_zeta(1.0 - s);
}

/* The derivative of order n <= 15 of Riemann's zeta function for s > 0, by Euler and Maclaurin (DLMF 25.2.9). */
static double sg_zeta_derivative(double order, double s)
{
    static const double bernoulli[8] = {
        1.0 / 6.0, -1.0 / 30.0, 1.0 / 42.0, -1.0 / 30.0, 5.0 / 66.0, -691.0 / 2730.0, 7.0 / 6.0, -3617.0 / 510.0,
    };
    const double terms = 24.0;
    const int n = (int)order;
    if (!(s > 0.0) || n > 15)
        return NAN;
    double total = 0.0;
    for (double k = 1.0; k < terms; k += 1.0)
        total += pow(-log(k), n) * pow(k, -s);
    /* The rest is terms**-s times a function of s: a pole at 1, and Bernoulli numbers times rising factorials, of
       which slope[m] is the derivative of order m. */
    double slope[16], rising[16] = {1.0}, factorial = 1.0, scale = 1.0;
    for (int m = 0; m <= n; ++m) {
        slope[m] = (m == 0 ? 0.5 : 0.0) + terms * (m % 2 ? -1.0 : 1.0) * factorial / pow(s - 1.0, m + 1);
        factorial *= m + 1.0;
    }
    for (int j = 1; j <= 8; ++j) {
        scale /= (2.0 * j - 1.0) * 2.0 * j * (j == 1 ? terms : terms * terms);
        for (int i = j == 1 ? 0 : 2 * j - 3; i < 2 * j - 1; ++i)
            for (int m = n; m >= 0; --m)
                rising[m] = rising[m] * (s + i) + (m > 0 ? rising[m - 1] : 0.0);
        factorial = 1.0;
        for (int m = 0; m <= n; ++m) {
            slope[m] += bernoulli[j - 1] * scale * factorial * rising[m];
            factorial *= m + 1.0;
        }
    }
    double rest = 0.0, choose = 1.0;
    for (int m = 0; m <= n; ++m) {
        rest += choose * pow(-log(terms), n - m) * slope[m];
        choose *= (n - m) / (m + 1.0);
    }
    return total + rest * pow(terms, -s);
}

/* Lerch's function, the sum of z**y/(y + a)**s, for z < 1, s > 0, a > 0: DLMF 25.14.5 with t = v/a.
   The trapezoidal rule in log v; 1 - z*exp(-t) is formed without cancellation. */
static double sg_lerch_phi(double z, double s, double a)
{
    if (!(z < 1.0 && s > 0.0 && a > 0.0))
        return NAN;
    const double scale = lgamma(s);
    double total = 0.0;
    for (int k = 0; k < 773; ++k) {
        const double log_v = -90.0 + 0.125 * k, v = exp(log_v);
        total += exp(s * log_v - v - scale) / ((1.0 - z) - z * expm1(-v / a));
    }
    return total * 0.125 * pow(a, -s);
}

/* The sum of z**k/(k + n)**s over k = 0, 1, ... for |z| <= 1/2. */
static double sg_polylog_tail(double s, double n, double z)
{
    if (!(fabs(z) <= 0.5))
        return NAN;
    double total = 0.0;
    for (int k = 56; k >= 0; --k)
        total = total * z + pow(k + n, -s);
    return total;
}

/* The polylogarithm of whole order s >= 2 for 1/4 <= z <= 1: the expansion in log z. */
static double sg_polylog_near_one(double s, double z)
{
    const double m = log(z), n = s - 1.0;
    double total = 0.0, power = 1.0;
    for (double k = 0.0; k < 30.0 || k <= n; k += 1.0) {
        if (k == n) {
            double harmonic = 0.0;
            for (double j = 1.0; j <= n; j += 1.0)
                harmonic += 1.0 / j;
            total += m < 0.0 ? power * (harmonic - log(-m)) : 0.0;
        } else {
            total += sg_zeta(s - k) * power;
        }
        power *= m / (k + 1.0);
    }
    return total;
}

/* The polylogarithm of whole order s = 2, 3, ... for z <= 1 (DLMF 25.12.12): by its series, by the expansion in log z
   near one, by the duplication formula near -1 and by inversion below -1. */
static double sg_polylog(double s, double z)
{
    if (!(z <= 1.0))
        return NAN;
    if (fabs(z) <= 0.5)
        return z * sg_polylog_tail(s, 1.0, z);
    if (z > 0.0)
        return sg_polylog_near_one(s, z);
    if (z >= -1.0)
        return pow(2.0, 1.0 - s) * sg_polylog(s, z * z) - sg_polylog_near_one(s, -z);
    /* Li_s(z) + (-1)^s Li_s(1/z) is a polynomial in log(-z): 2 (1 - 2^(1-2k)) zeta(2k) are the values at z = -1. */
    const double size = log(-z);
    double total = pow(size, s) / tgamma(s + 1.0);
    for (double k = 2.0; k <= s; k += 2.0)
        total += 2.0 * (1.0 - pow(2.0, 1.0 - k)) * sg_zeta(k) * pow(size, s - k) / tgamma(s - k + 1.0);
    return -total - (fmod(s, 2.0) == 0.0 ? 1.0 : -1.0) * sg_polylog(s, 1.0 / z);
}
