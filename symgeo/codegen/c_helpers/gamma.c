/* The gamma function's family. Outside the real domain: NaN. */

/* Digamma: a Taylor series around its positive zero, elsewhere recurrence and asymptotic series (DLMF 5.11.2). */
static double sg_digamma(double x)
{
    static const double slope[24] = {
        0.96767224544762117043, -0.44276316898359210609, 0.25849976095565101062, -0.1639427054424065275,
        0.10782405069126236576, -0.072199561256454710926, 0.048804288164143107225, -0.033161126474847359292,
        0.02259764823221810466, -0.015424765904948959139, 0.010538791616612175388, -0.007204534386356868241,
        0.0049267813957298534464, -0.0033698016554393280828, 0.0023051263267349278369, -0.0015769367714301972593,
        0.0010788252019162965807, -0.00073807093899600512957, 0.00050495326583460203518, -0.00034546802510630769956,
        0.00023635601564027052792, -0.00016170622091974803449, 0.00011063372768747410904, -0.000075691795821950659192,
    };
    if (x <= 0.0) {
        const double f = x - round(x);
        return f == 0.0 ? NAN : sg_digamma(1.0 - x) - 3.1415926535897932 / tan(3.1415926535897932 * f);
    }
    const double d = (x - 1.4616321449683622) - 9.549995429965697e-17;
    double total = 0.0;
    if (fabs(d) < 0.25) {
        for (int k = 23; k >= 0; --k)
            total = (total + slope[k]) * d;
        return total;
    }
    while (x < 10.0) {
        total -= 1.0 / x;
        x += 1.0;
    }
    const double s = 1.0 / (x * x);
    const double tail = 1.0 / 12.0 - s * (1.0 / 120.0 - s * (1.0 / 252.0 - s * (1.0 / 240.0 - s * (1.0 / 132.0
        - s * (691.0 / 32760.0 - s * (1.0 / 12.0 - s * 3617.0 / 8160.0))))));
    return total + (log(x) - 0.5 / x - s * tail);
}

/* The derivative of digamma. */
static double sg_trigamma(double x)
{
    if (x <= 0.0) {
        const double f = x - round(x), sine = sin(3.1415926535897932 * f);
        return f == 0.0 ? NAN : 9.8696044010893586 / (sine * sine) - sg_trigamma(1.0 - x);
    }
    double total = 0.0;
    while (x < 10.0) {
        total += 1.0 / (x * x);
        x += 1.0;
    }
    const double s = 1.0 / (x * x);
    const double tail = 1.0 / 6.0 - s * (1.0 / 30.0 - s * (1.0 / 42.0 - s * (1.0 / 30.0 - s * (5.0 / 66.0
        - s * (691.0 / 2730.0 - s * (7.0 / 6.0 - s * 3617.0 / 510.0))))));
    return total + (1.0 + (0.5 + tail / x) / x) / x;
}

/* The derivative of order n of digamma, n = 0, 1, 2, ... */
static double sg_polygamma(double n, double x)
{
    if (n == 0.0)
        return sg_digamma(x);
    if (!(n > 0.0) || n != floor(n))
        return NAN;
    return n == 1.0 ? sg_trigamma(x) : (fmod(n, 2.0) == 1.0 ? 1.0 : -1.0) * tgamma(n + 1.0) * sg_zeta2(n + 1.0, x);
}

/* c**(2*k + n) times |polygamma(n, c)| without the terms before B_2k of its series (DLMF 5.15.8), for c > 6. */
static double sg_polygamma_tail(double n, double k, double c)
{
    if (!(c > 6.0))
        return NAN;
    double total = 0.0, power = 1.0;
    for (double j = k; j < k + 14.0; j += 1.0) {
        /* B_2j (2j + n - 1)!/(2j)!, with B_2j by the zeta function: DLMF 25.6.2. */
        const double sign = fmod(j, 2.0) == 1.0 ? 2.0 : -2.0;
        total += sign * sg_zeta(2.0 * j) / pow(6.2831853071795865, 2.0 * j) * tgamma(2.0 * j + n) * power;
        power /= c * c;
    }
    return total;
}

/* log(gamma(x)) for x > 0. */
static double sg_loggamma(double x)
{
    return x > 0.0 ? lgamma(x) : NAN;
}

/* log(gamma(x)) wherever gamma(x) is positive. */
static double sg_log_gamma(double x)
{
    const int positive = x > 0.0 || (fmod(floor(x), 2.0) == 0.0 && x != floor(x));
    return positive ? lgamma(x) : NAN;
}

/* log(gamma(x)) - (x - 1/2)*log(x) + x - log(2*pi)/2 for x >= 10. */
static double sg_stirling_tail(double x)
{
    const double s = 1.0 / (x * x);
    return (1.0 / 12.0 - s * (1.0 / 360.0 - s * (1.0 / 1260.0 - s * (1.0 / 1680.0 - s * (1.0 / 1188.0
        - s * (691.0 / 360360.0 - s / 156.0)))))) / x;
}

/* log(gamma(x + d)/gamma(x)) without cancellation for large x or small d: recurrence, and the difference of two
   Stirling series. */
static double sg_log_gamma_ratio(double x, double d)
{
    double below = 0.0;
    if (!(x > 0.0 && x + d > 0.0))
        return sg_log_gamma(x + d) - sg_log_gamma(x);
    while (x < 10.0 || x + d < 10.0) {
        below += log1p(d / x);
        x += 1.0;
    }
    const double tail = sg_stirling_tail(x + d) - sg_stirling_tail(x);
    return d * log(x) + (x + d - 0.5) * log1p(d / x) - d + tail - below;
}

/* The beta function. */
static double sg_beta(double a, double b)
{
    const double small = a < b ? a : b, big = a < b ? b : a;
    if (small > 0.0 && !(small + big < 170.0))
        return exp(lgamma(small) - sg_log_gamma_ratio(big, small));
    return tgamma(small) * (tgamma(big) / tgamma(small + big));
}

/* log(beta(a, b)) without underflow for a, b > 0. */
static double sg_log_beta(double a, double b)
{
    const double small = a < b ? a : b, big = a < b ? b : a;
    if (small > 0.0)
        return big > 10.0 ? lgamma(small) - sg_log_gamma_ratio(big, small) : log(sg_beta(a, b));
    return log(sg_beta(a, b));
}

/* x*(x + 1)*...*(x + n - 1) = gamma(x + n)/gamma(x). */
static double sg_rising_factorial(double x, double n)
{
    if (n == floor(n) && n >= 0.0 && n <= 60.0) {
        double product = 1.0;
        for (double k = 0.0; k < n; k += 1.0)
            product *= x + k;
        return product;
    }
    if (x < 170.0 && x + n < 170.0)
        return tgamma(x + n) / tgamma(x);
    return exp(sg_log_gamma_ratio(x, n));
}

/* The binomial coefficient. */
static double sg_binomial(double n, double k)
{
    const int whole_n = n == floor(n), whole_k = k == floor(k);
    if (whole_k && k < 0.0)
        return whole_n && n < 0.0 ? NAN : 0.0;
    if (whole_n && whole_k && n >= 0.0) {
        if (k > n)
            return 0.0;
        k = k < n - k ? k : n - k;
    }
    if (whole_k && k <= 60.0) {
        double product = 1.0;
        for (double j = 1.0; j <= k; j += 1.0)
            product *= (n - k + j) / j;
        return product;
    }
    if (whole_n && n < 0.0)
        return whole_k ? (fmod(k, 2.0) == 0.0 ? 1.0 : -1.0) * sg_binomial(k - n - 1.0, k) : NAN;
    return 1.0 / ((n + 1.0) * sg_beta(1.0 + n - k, 1.0 + k));
}

/* log of the binomial coefficient, without overflow for 0 <= k <= n. */
static double sg_log_binomial(double n, double k)
{
    const double direct = log(sg_binomial(n, k));
    return k >= 0.0 && k <= n && !isfinite(direct) ? -sg_log_beta(1.0 + n - k, 1.0 + k) - log1p(n) : direct;
}
