/* Functions of the GNU Scientific Library. Where it reports an error: NaN. */

/* The value of a call that has returned this status; overflow and underflow have values. */
static double sg_gsl(int status, double value)
{
    return status == GSL_SUCCESS || status == GSL_EUNDRFLW || status == GSL_EOVRFLW ? value : NAN;
}

/* The Bessel function J of order 0. */
static double sg_bessel_j0(double x)
{
    gsl_sf_result result;
    const int status = gsl_sf_bessel_J0_e(x, &result);
    return sg_gsl(status, result.val);
}

/* The Bessel function J of order 1. */
static double sg_bessel_j1(double x)
{
    gsl_sf_result result;
    const int status = gsl_sf_bessel_J1_e(x, &result);
    return sg_gsl(status, result.val);
}

/* The Bessel function Y of order 0. */
static double sg_bessel_y0(double x)
{
    gsl_sf_result result;
    const int status = gsl_sf_bessel_Y0_e(x, &result);
    return sg_gsl(status, result.val);
}

/* The Bessel function Y of order 1. */
static double sg_bessel_y1(double x)
{
    gsl_sf_result result;
    const int status = gsl_sf_bessel_Y1_e(x, &result);
    return sg_gsl(status, result.val);
}

/* The modified Bessel function I of order 0. */
static double sg_bessel_i0(double x)
{
    gsl_sf_result result;
    const int status = gsl_sf_bessel_I0_e(x, &result);
    return sg_gsl(status, result.val);
}

/* The modified Bessel function I of order 1. */
static double sg_bessel_i1(double x)
{
    gsl_sf_result result;
    const int status = gsl_sf_bessel_I1_e(x, &result);
    return sg_gsl(status, result.val);
}

/* The modified Bessel function K of order 0. */
static double sg_bessel_k0(double x)
{
    gsl_sf_result result;
    const int status = gsl_sf_bessel_K0_e(x, &result);
    return sg_gsl(status, result.val);
}

/* The modified Bessel function K of order 1. */
static double sg_bessel_k1(double x)
{
    gsl_sf_result result;
    const int status = gsl_sf_bessel_K1_e(x, &result);
    return sg_gsl(status, result.val);
}

/* exp(-|x|) times the modified Bessel function I of order 0. */
static double sg_scaled_bessel_i0(double x)
{
    gsl_sf_result result;
    const int status = gsl_sf_bessel_I0_scaled_e(x, &result);
    return sg_gsl(status, result.val);
}

/* exp(-|x|) times the modified Bessel function I of order 1. */
static double sg_scaled_bessel_i1(double x)
{
    gsl_sf_result result;
    const int status = gsl_sf_bessel_I1_scaled_e(x, &result);
    return sg_gsl(status, result.val);
}

/* exp(x) times the modified Bessel function K of order 0. */
static double sg_scaled_bessel_k0(double x)
{
    gsl_sf_result result;
    const int status = gsl_sf_bessel_K0_scaled_e(x, &result);
    return sg_gsl(status, result.val);
}

/* exp(x) times the modified Bessel function K of order 1. */
static double sg_scaled_bessel_k1(double x)
{
    gsl_sf_result result;
    const int status = gsl_sf_bessel_K1_scaled_e(x, &result);
    return sg_gsl(status, result.val);
}

/* exp(x) times the modified Bessel function K, x > 0. */
static double sg_scaled_bessel_k(double order, double x)
{
    gsl_sf_result result;
    const int status = gsl_sf_bessel_Knu_scaled_e(fabs(order), x, &result);
    return sg_gsl(status, result.val);
}

/* The modified Bessel function K, x > 0. */
static double sg_bessel_k(double order, double x)
{
    return exp(-x) * sg_scaled_bessel_k(order, x);
}

/* exp(-|x|) times the modified Bessel function I; below zero for whole orders (DLMF 10.27.1, 10.27.2). */
static double sg_scaled_bessel_i(double order, double x)
{
    gsl_sf_result result;
    if (order == floor(order)) {
        const double value = x < 0.0 ? sg_scaled_bessel_i(order, -x) : 0.0;
        if (x < 0.0)
            return fmod(order, 2.0) == 0.0 ? value : -value;
        order = fabs(order);
    }
    if (x > 40.0 && x > order * order) {
        /* DLMF 10.40.1. */
        double term = 1.0, total = 1.0;
        for (double k = 1.0; k < 40.0 && fabs(term) > 1e-18 * fabs(total); k += 1.0) {
            term *= -(2.0 * order - 2.0 * k + 1.0) * (2.0 * order + 2.0 * k - 1.0) / (8.0 * k * x);
            total += term;
        }
        return total / sqrt(6.2831853071795865 * x);
    }
    const int status = gsl_sf_bessel_Inu_scaled_e(fabs(order), x, &result);
    if (order >= 0.0)
        return sg_gsl(status, result.val);
    const double turn = 0.63661977236758134 * sin(3.1415926535897932 * fmod(-order, 2.0));
    return sg_gsl(status, result.val) + turn * exp(-2.0 * x) * sg_scaled_bessel_k(order, x);
}

/* The modified Bessel function I. */
static double sg_bessel_i(double order, double x)
{
    return exp(fabs(x)) * sg_scaled_bessel_i(order, x);
}

/* The Bessel function Y, x > 0; below zero by reflection (DLMF 10.4.6, 10.4.7). */
static double sg_bessel_y(double order, double x)
{
    gsl_sf_result y, j;
    const int status = gsl_sf_bessel_Ynu_e(fabs(order), x, &y);
    if (order >= 0.0)
        return sg_gsl(status, y.val);
    const double angle = 3.1415926535897932 * fmod(-order, 2.0);
    const int second = gsl_sf_bessel_Jnu_e(-order, x, &j);
    return sin(angle) * sg_gsl(second, j.val) + cos(angle) * sg_gsl(status, y.val);
}

/* The Bessel function J; below zero for whole orders. */
static double sg_bessel_j(double order, double x)
{
    gsl_sf_result j, y;
    if (order == floor(order)) {
        const double sign = ((x < 0.0) != (order < 0.0)) && fmod(order, 2.0) != 0.0 ? -1.0 : 1.0;
        const int status = gsl_sf_bessel_Jnu_e(fabs(order), fabs(x), &j);
        return sign * sg_gsl(status, j.val);
    }
    const int status = gsl_sf_bessel_Jnu_e(fabs(order), x, &j);
    if (order >= 0.0)
        return sg_gsl(status, j.val);
    const double angle = 3.1415926535897932 * fmod(-order, 2.0);
    const int second = gsl_sf_bessel_Ynu_e(-order, x, &y);
    return cos(angle) * sg_gsl(status, j.val) - sin(angle) * sg_gsl(second, y.val);
}

/* Airy's function Ai. */
static double sg_airy_ai(double x)
{
    gsl_sf_result result;
    const int status = gsl_sf_airy_Ai_e(x, GSL_PREC_DOUBLE, &result);
    return sg_gsl(status, result.val);
}

/* The derivative of Airy's function Ai. */
static double sg_airy_ai_prime(double x)
{
    gsl_sf_result result;
    const int status = gsl_sf_airy_Ai_deriv_e(x, GSL_PREC_DOUBLE, &result);
    return sg_gsl(status, result.val);
}

/* Airy's function Bi. */
static double sg_airy_bi(double x)
{
    gsl_sf_result result;
    const int status = gsl_sf_airy_Bi_e(x, GSL_PREC_DOUBLE, &result);
    return sg_gsl(status, result.val);
}

/* The derivative of Airy's function Bi. */
static double sg_airy_bi_prime(double x)
{
    gsl_sf_result result;
    const int status = gsl_sf_airy_Bi_deriv_e(x, GSL_PREC_DOUBLE, &result);
    return sg_gsl(status, result.val);
}
