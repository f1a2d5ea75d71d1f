// The sun's place in the sky, to a minute of time. Any thread, no state.
#include "control/sun.h"

#include <math.h>

static const double day_s = 86400;
static const double degree = 0.017453292519943295; // in radians
static const double horizon = 90.833; // from the zenith: half the sun's disc, and refraction

struct sun {
    double declination;  // radians
    double equation_min; // of time: apparent minus mean solar time
};

static struct sun sun_at(double unix_s)
{
    double t = (unix_s / day_s + 2440587.5 - 2451545) / 36525; // Julian centuries since 2000
    double mean_longitude = (280.46646 + t * (36000.76983 + t * 0.0003032)) * degree;
    double anomaly = (357.52911 + t * (35999.05029 - 0.0001537 * t)) * degree;
    double eccentricity = 0.016708634 - t * (0.000042037 + 0.0000001267 * t);
    double centre = (sin(anomaly) * (1.914602 - t * (0.004817 + 0.000014 * t)) +
                     sin(2 * anomaly) * (0.019993 - 0.000101 * t) + sin(3 * anomaly) * 0.000289) *
                    degree;
    double node = (125.04 - 1934.136 * t) * degree; // of the moon's orbit
    double longitude = mean_longitude + centre - (0.00569 + 0.00478 * sin(node)) * degree;
    double mean_obliquity = 23.439291111 - t * (0.013004167 + t * (0.00000016389 - t * 5.0361e-7));
    double obliquity = (mean_obliquity + 0.00256 * cos(node)) * degree;
    double y = pow(tan(obliquity / 2), 2);
    double equation = y * sin(2 * mean_longitude) - 2 * eccentricity * sin(anomaly) +
                      4 * eccentricity * y * sin(anomaly) * cos(2 * mean_longitude) -
                      0.5 * y * y * sin(4 * mean_longitude) -
                      1.25 * pow(eccentricity, 2) * sin(2 * anomaly);
    return (struct sun){asin(sin(obliquity) * sin(longitude)), equation / degree * 4};
}

// Noon number `day` by the sun.
static double noon(const struct sun_place *place, double day)
{
    double mean_s = (day + 0.5 - place->longitude / 360) * day_s;
    double noon_s = mean_s;
    for (int i = 0; i < 2; i++) {
        noon_s = mean_s - sun_at(noon_s).equation_min * 60;
    }
    return noon_s;
}

// How far the sun turns from noon to the horizon, as a fraction of a day; 0 where it does not come
// up to it, NAN where it does not go down to it.
static double half_day(const struct sun_place *place, double declination)
{
    double latitude = place->latitude * degree;
    double turn = cos(horizon * degree) / (cos(latitude) * cos(declination)) -
                  tan(latitude) * tan(declination);
    return turn >= 1 ? 0 : turn <= -1 ? (double)NAN : acos(turn) / degree / 360;
}

// The crossing of the horizon before (`side` -1) or after (1) noon number `day`.
static double crossing(const struct sun_place *place, double day, int side)
{
    double noon_s = noon(place, day);
    double mean_s = (day + 0.5 - place->longitude / 360) * day_s;
    double at_s = noon_s;
    for (int i = 0; i < 5; i++) { // near the polar day it takes this many
        struct sun sun = sun_at(at_s);
        double half = half_day(place, sun.declination);
        if (isnan(half)) {
            return (noon_s + noon(place, day + side)) / 2;
        }
        at_s = half == 0 ? noon_s : mean_s - sun.equation_min * 60 + side * half * day_s;
    }
    return at_s;
}

struct sun_day sun_day(const struct sun_place *place, int64_t wall_ns)
{
    double day = round((double)wall_ns / 1e9 / day_s - 0.5 + place->longitude / 360);
    return (struct sun_day){
        .rise_ns = (int64_t)(crossing(place, day, -1) * 1e9),
        .set_ns = (int64_t)(crossing(place, day, 1) * 1e9),
    };
}
