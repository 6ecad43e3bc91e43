/* Elliptic integrals of the parameter m = k**2. Outside the real domain: NaN. */

/* The complete integral of the first kind, by the arithmetic-geometric mean. */
static double sg_elliptic_k(double m)
{
    if (!(m < 1.0))
        return m == 1.0 ? INFINITY : NAN;
    double a = 1.0, b = sqrt(1.0 - m);
    for (int k = 0; k < 40 && fabs(a - b) > 1e-15 * a; ++k) {
        const double mean = 0.5 * (a + b);
        b = sqrt(a * b);
        a = mean;
    }
    return 3.1415926535897932 / (a + b);
}

/* The complete integral of the second kind, by the arithmetic-geometric mean (DLMF 19.8.6). */
static double sg_elliptic_e(double m)
{
    if (!(m < 1.0))
        return m == 1.0 ? 1.0 : NAN;
    double a = 1.0, b = sqrt(1.0 - m), total = 1.0 - 0.5 * m, scale = 0.5;
    for (int k = 0; k < 40 && fabs(a - b) > 1e-16 * a; ++k) {
        const double half = 0.5 * (a - b), mean = 0.5 * (a + b);
        b = sqrt(a * b);
        a = mean;
        scale *= 2.0;
        total -= scale * half * half;
    }
    return 3.1415926535897932 / (a + b) * total;
}

/* Carlson's R_F(x, y, 1) (kind = 0) or R_D(x, y, 1) (kind = 1), by duplication (Carlson 1995). */
static double sg_carlson(double x, double y, int kind)
{
    double z = 1.0, power = 1.0, total = 0.0;
    for (int k = 0; k < 200; ++k) {
        const double mean = kind ? (x + y + 3.0 * z) / 5.0 : (x + y + z) / 3.0;
        const double u = 1.0 - x / mean, v = 1.0 - y / mean, w = 1.0 - z / mean;
        if (fabs(u) < 5e-4 && fabs(v) < 5e-4 && fabs(w) < 5e-4) {
            if (!kind) {
                const double e2 = u * v - w * w, e3 = u * v * w;
                return (1.0 + e2 * (e2 / 24.0 - 0.1 - 3.0 * e3 / 44.0) + e3 / 14.0) / sqrt(mean);
            }
            const double p = u * v, q = w * w, e2 = p - 6.0 * q, e3 = (3.0 * p - 8.0 * q) * w;
            const double e4 = 3.0 * (p - q) * q, e5 = p * q * w;
            const double series = 1.0 - 3.0 * e2 / 14.0 + e3 / 6.0 + 9.0 * e2 * e2 / 88.0 - 3.0 * e4 / 22.0
                - 9.0 * e2 * e3 / 52.0 + 3.0 * e5 / 26.0;
            return 3.0 * total + power * series / (mean * sqrt(mean));
        }
        const double r = sqrt(x), s = sqrt(y), t = sqrt(z), step = r * s + r * t + s * t;
        total += power / (t * (z + step));
        power *= 0.25;
        x = 0.25 * (x + step);
        y = 0.25 * (y + step);
        z = 0.25 * (z + step);
    }
    return NAN;
}

/* The incomplete integral of the first (kind = 0) or second kind (kind = 1), DLMF 19.25.5 and 19.25.9. */
static double sg_elliptic_incomplete(double phi, double m, int kind)
{
    const double periods = floor(phi / 3.1415926535897932 + 0.5);
    const double angle = phi - periods * 3.1415926535897932, s = sin(angle), c = cos(angle), y = 1.0 - m * s * s;
    if (!(y >= 0.0))
        return NAN;
    double value = s * sg_carlson(c * c, y, 0);
    if (kind)
        value -= m / 3.0 * s * s * s * sg_carlson(c * c, y, 1);
    if (periods != 0.0)
        value += 2.0 * periods * (kind ? sg_elliptic_e(m) : sg_elliptic_k(m));
    return value;
}

/* The incomplete integral of the first kind. */
static double sg_elliptic_f(double phi, double m)
{
    return sg_elliptic_incomplete(phi, m, 0);
}

/* The incomplete integral of the second kind. */
static double sg_elliptic_e2(double phi, double m)
{
    return sg_elliptic_incomplete(phi, m, 1);
}
