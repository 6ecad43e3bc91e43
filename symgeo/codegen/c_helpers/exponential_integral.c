/* Exponential and trigonometric integrals. Outside the real domain: NaN. */

/* exp(x) E_n(x), x > 0: for whole n and x <= 1 by the series (DLMF 8.19.8), else by the continued fraction for any
   n > 0 (DLMF 8.19.17). */
static double sg_scaled_expint(double n, double x)
{
    if (!(x > 0.0) || !(n >= 0.0))
        return NAN;
    if (n == 0.0)
        return 1.0 / x;
    if (x <= 1.0) {
        if (n != floor(n))
            return NAN;
        double factor = 1.0, total = n == 1.0 ? 0.0 : 1.0 / (n - 1.0), psi = -0.57721566490153286;
        for (double k = 1.0; k < n && k < 200.0; k += 1.0)
            psi += 1.0 / k;
        if (n == 1.0)
            total = psi - log(x);
        for (double k = 1.0; k < 40.0 || (k <= n && factor != 0.0); k += 1.0) {
            factor *= -x / k;
            total += k == n - 1.0 ? factor * (psi - log(x)) : -factor / (k - n + 1.0);
        }
        return total * exp(x);
    }
    if (isinf(x))
        return 0.0;
    /* Lentz's method. */
    double b = x + n, c = 1e300, d = 1.0 / b, value = d;
    for (double k = 1.0; k < 1000.0; k += 1.0) {
        const double a = -k * (n - 1.0 + k);
        b += 2.0;
        d = 1.0 / (a * d + b);
        c = b + a / c;
        value *= c * d;
        if (fabs(c * d - 1.0) < 1e-16)
            break;
    }
    return value;
}

/* The exponential integral E_n(x) of whole order n >= 0. */
static double sg_expint(double n, double x)
{
    if (x == 0.0)
        return n > 1.0 ? 1.0 / (n - 1.0) : INFINITY;
    return exp(-x) * sg_scaled_expint(n, x);
}

/* The exponential integral Ei. */
static double sg_ei(double x)
{
    if (x == 0.0)
        return -INFINITY;
    if (x < 0.0)
        return -sg_expint(1.0, -x);
    double term = 1.0, total = 0.0;
    if (x < 40.0) {
        for (double k = 1.0; k < 200.0; k += 1.0) {
            term *= x / k;
            total += term / k;
            if (term / k < 1e-17 * total)
                break;
        }
        return 0.57721566490153286 + log(x) + total;
    }
    for (double k = 1.0; k <= 40.0; k += 1.0) {
        total += term;
        term *= k / x;
    }
    return exp(x) / x * total;
}

/* The hyperbolic sine integral. */
static double sg_shi(double x)
{
    if (fabs(x) > 2.0)
        return copysign(0.5 * (sg_ei(fabs(x)) + sg_expint(1.0, fabs(x))), x);
    double term = x, total = 0.0;
    for (double k = 1.0; k < 30.0; k += 2.0) {
        total += term / k;
        term *= x * x / ((k + 1.0) * (k + 2.0));
    }
    return total;
}

/* The hyperbolic cosine integral, for x > 0. */
static double sg_chi(double x)
{
    if (!(x >= 0.0))
        return NAN;
    if (x > 2.0)
        return 0.5 * (sg_ei(x) - sg_expint(1.0, x));
    double term = 1.0, total = 0.0;
    for (double k = 2.0; k < 30.0; k += 2.0) {
        term *= x * x / ((k - 1.0) * k);
        total += term / k;
    }
    return 0.57721566490153286 + log(x) + total;
}

/* Sine and cosine integral for x > 2: E_1(i x) = -Ci(x) + i (Si(x) - pi/2) by its continued fraction. */
static void sg_trigonometric_integrals(double x, double *si, double *ci)
{
    double b = 1.0, cr = 1e300, cim = 0.0;
    double norm = 1.0 + x * x, dr = 1.0 / norm, di = -x / norm, hr = dr, hi = di;
    for (double k = 1.0; k < 300.0; k += 1.0) {
        const double a = -k * k;
        b += 2.0;
        const double er = a * dr + b, ei = a * di + x, size = cr * cr + cim * cim;
        norm = er * er + ei * ei;
        dr = er / norm;
        di = -ei / norm;
        cr = b + a * cr / size;
        cim = x - a * cim / size;
        const double gr = cr * dr - cim * di, gi = cr * di + cim * dr, old = hr;
        hr = hr * gr - hi * gi;
        hi = old * gi + hi * gr;
        if (fabs(gr - 1.0) + fabs(gi) < 1e-16)
            break;
    }
    *ci = -(cos(x) * hr + sin(x) * hi);
    *si = 1.5707963267948966 + cos(x) * hi - sin(x) * hr;
}

/* The sine integral. */
static double sg_si(double x)
{
    double term = x, total = 0.0, ci;
    if (fabs(x) > 2.0 && fabs(x) < 1e18) {
        sg_trigonometric_integrals(fabs(x), &total, &ci);
        return copysign(total, x);
    }
    if (fabs(x) > 2.0)
        return copysign(1.5707963267948966, x);
    for (double k = 1.0; k < 30.0; k += 2.0) {
        total += term / k;
        term *= -x * x / ((k + 1.0) * (k + 2.0));
    }
    return total;
}

/* The cosine integral, for x > 0. */
static double sg_ci(double x)
{
    double term = 1.0, total = 0.0, si;
    if (!(x >= 0.0))
        return NAN;
    if (x > 2.0 && x < 1e18) {
        sg_trigonometric_integrals(x, &si, &total);
        return total;
    }
    if (x > 2.0)
        return 0.0;
    for (double k = 2.0; k < 30.0; k += 2.0) {
        term *= -x * x / ((k - 1.0) * k);
        total += term / k;
    }
    return 0.57721566490153286 + log(x) + total;
}

/* exp(x) times the integral of s**j/j! exp(-x exp(s)) over s > 0, by Gauss and Legendre's rule on four panels. */
static double sg_scaled_integro_exponential(double j, double x)
{
    static const double edges[5] = {0.0, 0.4, 0.7, 0.88, 1.0};
    static const double rule[20][2] = {
        {0.038772417506050822, 0.077505947978424811}, {0.11608407067525521, 0.077039818164247966},
        {0.1926975807013711, 0.076110361900626242}, {0.26815218500725368, 0.074723169057968264},
        {0.34199409082575847, 0.072886582395804059}, {0.413779204371605, 0.07061164739128678},
        {0.48307580168617871, 0.067912045815233904}, {0.5494671250951282, 0.064804013456601038},
        {0.61255388966798024, 0.061306242492928939}, {0.67195668461417955, 0.057439769099391551},
        {0.7273182551899271, 0.053227846983936824}, {0.77830565142651939, 0.048695807635072232},
        {0.82461223083331166, 0.043870908185673272}, {0.8659595032122595, 0.038782167974472018},
        {0.9020988069688743, 0.033460195282547847}, {0.93281280827867653, 0.027937006980023401},
        {0.95791681921379166, 0.022245849194166957}, {0.97725994998377426, 0.016421058381907889},
        {0.99072623869945701, 0.010498284531152814}, {0.9982377097105592, 0.0045212770985331913},
    };
    if (!(x > 0.0))
        return NAN;
    const double reach = log1p(46.0 / x);
    double total = 0.0;
    for (int panel = 0; panel < 4; ++panel) {
        const double half = 0.5 * (edges[panel + 1] - edges[panel]), middle = edges[panel] + half;
        for (int k = 0; k < 40; ++k) {
            const double s = reach * (middle + (k % 2 ? half : -half) * rule[k / 2][0]);
            total += half * rule[k / 2][1] * reach * pow(s, j) * exp(-x * expm1(s));
        }
    }
    return total / tgamma(j + 1.0);
}
