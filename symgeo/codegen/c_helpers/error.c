/* The error function's family. Outside the real domain: NaN. */

/* exp(x*x)*erfc(x) for x >= 0: the square in two parts, so that its rounding does not enter; far out the series. */
static double sg_erfcx(double x)
{
    if (x < 25.0) {
        const double head = floor(x * 1048576.0) / 1048576.0;
        return exp(head * head) * exp((x - head) * (x + head)) * erfc(x);
    }
    const double s = 0.5 / (x * x);
    return 0.56418958354775629 / x * (1.0 - s * (1.0 - s * (3.0 - s * (15.0 - s * (105.0 - s * 945.0)))));
}

/* exp(max(x, 0)**2) erfc(x): of moderate size for every x. */
static double sg_scaled_erfc(double x)
{
    return x > 0.0 ? sg_erfcx(x) : erfc(x);
}

/* The logarithm of the standard normal distribution function. */
static double sg_log_normal_cdf(double x)
{
    const double u = 0.70710678118654752 * x;
    if (x > 1.0)
        return log1p(-0.5 * erfc(u));
    return x > -1.0 ? log(0.5 * erfc(-u)) : log(0.5 * sg_erfcx(-u)) - 0.5 * x * x;
}

/* -i erf(i x). */
static double sg_erfi(double x)
{
    const double s = x * x;
    double term, total = 0.0;
    if (s < 49.0) {
        term = 1.1283791670955126 * x;
        for (double k = 1.0; fabs(term) > 1e-17 * fabs(total); k += 1.0) {
            total += term / (2.0 * k - 1.0);
            term *= s / k;
        }
        return total;
    }
    term = 1.0;
    for (double k = 0.5; k < s && fabs(term) > 1e-17; k += 1.0) {
        total += term;
        term *= k / s;
    }
    const double head = floor(x * 1048576.0) / 1048576.0;
    return 0.56418958354775629 * exp(head * head) * exp((x - head) * (x + head)) / x * total;
}

/* The inverse of erf on [-1/2, 1/2], by Halley's iteration. */
static double sg_erfinv_inside(double y)
{
    double x = 0.88622692545275801 * y * (1.0 + y * y * (0.26179938779914944 + 0.14393173084921979 * y * y));
    for (int k = 0; k < 3; ++k) {
        const double error = (erf(x) - y) / (1.1283791670955126 * exp(-x * x));
        x -= error / (1.0 + x * error);
    }
    return x;
}

/* The inverse of erfc on (0, 2), by Halley's iteration. */
static double sg_erfcinv(double y)
{
    if (!(y >= 0.0 && y <= 2.0))
        return NAN;
    if (y == 0.0)
        return INFINITY;
    if (y > 1.0)
        return -sg_erfcinv(2.0 - y);
    if (y > 0.5)
        return sg_erfinv_inside(1.0 - y);
    /* Abramowitz and Stegun 26.2.22. */
    const double t = sqrt(-2.0 * log(0.5 * y));
    double x = 0.70710678118654752 * (t - (2.30753 + 0.27061 * t) / (1.0 + t * (0.99229 + 0.04481 * t)));
    for (int k = 0; k < 3; ++k) {
        const double error = (erfc(x) - y) / (1.1283791670955126 * exp(-x * x));
        x += error / (1.0 - x * error);
    }
    return x;
}

/* The inverse of erf on (-1, 1). */
static double sg_erfinv(double y)
{
    if (fabs(y) <= 0.5)
        return sg_erfinv_inside(y);
    return y > 0.0 ? sg_erfcinv(1.0 - y) : -sg_erfcinv(1.0 + y);
}

/* The Fresnel integrals of sin(pi t^2/2) and cos(pi t^2/2) from 0 to x: series, beyond 1.5 the continued fraction of
   the complementary error function at sqrt(pi)/2 (1 - i) x. */
static void sg_fresnel(double x, double *sine, double *cosine)
{
    const double size = fabs(x), angle = 1.5707963267948966 * x * x;
    if (size < 1.5) {
        double term = size, odd = 0.0, even = 0.0;
        for (int k = 0; k < 60 && term != 0.0; ++k) {
            *(k % 2 ? &odd : &even) += (k % 4 < 2 ? term : -term) / (2.0 * k + 1.0);
            term *= angle / (k + 1.0);
        }
        *sine = copysign(odd, x);
        *cosine = copysign(even, x);
        return;
    }
    /* Lentz's method for 1/(b0 + a1/(b1 + ...)), b_k = 1 - i pi x^2 + 4 k, a_k = -(2k - 1) 2k, in real arithmetic. */
    double b = 1.0, cr = 1e300, ci = 0.0;
    const double bi = -2.0 * angle;
    double norm = b * b + bi * bi, dr = b / norm, di = -bi / norm, hr = dr, hi = di;
    for (int k = 1; k < 200; ++k) {
        const double a = -(2.0 * k - 1.0) * (2.0 * k);
        b += 4.0;
        const double er = a * dr + b, ei = a * di + bi;
        norm = er * er + ei * ei;
        dr = er / norm;
        di = -ei / norm;
        const double size_c = cr * cr + ci * ci;
        cr = b + a * cr / size_c;
        ci = bi - a * ci / size_c;
        const double gr = cr * dr - ci * di, gi = cr * di + ci * dr, old = hr;
        hr = hr * gr - hi * gi;
        hi = old * gi + hi * gr;
        if (fabs(gr - 1.0) + fabs(gi) < 1e-16)
            break;
    }
    /* C + i S = (1 + i)/2 (1 - (1 - i) x exp(i angle) h). */
    const double pr = size * (hr + hi), pi_part = size * (hi - hr);
    const double er = 1.0 - (cos(angle) * pr - sin(angle) * pi_part), ei = -(cos(angle) * pi_part + sin(angle) * pr);
    *cosine = copysign(0.5 * (er - ei), x);
    *sine = copysign(0.5 * (er + ei), x);
}

/* The integral of sin(pi t^2/2) from 0 to x. */
static double sg_fresnel_s(double x)
{
    double sine, cosine;
    sg_fresnel(x, &sine, &cosine);
    return sine;
}

/* The integral of cos(pi t^2/2) from 0 to x. */
static double sg_fresnel_c(double x)
{
    double sine, cosine;
    sg_fresnel(x, &sine, &cosine);
    return cosine;
}
