// What the camera is told about its pictures: the wish, held against what this camera offers.
//
// Controls are found by their names, since libcamera adds, drops and renames them: what one version
// does not know is unsupported there, not an error of the build. A value beyond a camera's range is
// clamped and told, not refused: an unattended camera had better give a picture.
#include "camera/drivers/libcamera_parts.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace controls = libcamera::controls;

namespace
{

// What libcamera calls the words of the settings, in the order of enum driver_awb and its like.
const int32_t AWB_MODES[DRIVER_AWB_COUNT] = {
    controls::AwbAuto,   controls::AwbIncandescent, controls::AwbTungsten, controls::AwbFluorescent,
    controls::AwbIndoor, controls::AwbDaylight,     controls::AwbCloudy};
const int32_t METERING_MODES[DRIVER_METERING_COUNT] = {
    controls::MeteringCentreWeighted, controls::MeteringCentreWeighted, controls::MeteringSpot,
    controls::MeteringMatrix};
const int32_t HDR_MODES[DRIVER_HDR_COUNT] = {0, 0, 3, 2, 4}; // 0.0.3 has no names for them
constexpr double FLICKER_MANUAL = 1;                         // nor for this
constexpr double MODE_MANUAL = 1;                            // nor 0.4 for this

// A number of a control; NAN for what is none.
double number_of(const libcamera::ControlValue &value)
{
    if (value.isArray()) {
        return NAN;
    }
    switch (value.type()) {
    case libcamera::ControlTypeBool:
        return value.get<bool>() ? 1 : 0;
    case libcamera::ControlTypeByte:
        return value.get<uint8_t>();
    case libcamera::ControlTypeInteger32:
        return value.get<int32_t>();
    case libcamera::ControlTypeInteger64:
        return static_cast<double>(value.get<int64_t>());
    case libcamera::ControlTypeFloat:
        return value.get<float>();
    default:
        return NAN;
    }
}

// The wish of one configure on its way into the session.
class chooser
{
  public:
    chooser(session &session, const driver_configure &wish)
        : session_(session), wish_(wish), offered_(session.camera->controls())
    {
    }

    void choose()
    {
        choose_exposure();
        choose_word(DRIVER_CONTROL_AWB, "awb", "AwbMode", AWB_MODES);
        choose_awb_gains();
        choose_word(DRIVER_CONTROL_METERING, "metering", "AeMeteringMode", METERING_MODES);
        choose_flicker();
        choose_number(DRIVER_CONTROL_EV, "ev", "ExposureValue");
        choose_number(DRIVER_CONTROL_BRIGHTNESS, "brightness", "Brightness");
        choose_number(DRIVER_CONTROL_CONTRAST, "contrast", "Contrast");
        choose_number(DRIVER_CONTROL_SATURATION, "saturation", "Saturation");
        choose_number(DRIVER_CONTROL_SHARPNESS, "sharpness", "Sharpness");
        choose_focus();
        choose_roi();
        choose_word(DRIVER_CONTROL_HDR, "hdr", "HdrMode", HDR_MODES);
    }

  private:
    using entry = libcamera::ControlInfoMap::const_iterator;

    double wished(driver_control control) const
    {
        return wish_.controls[control];
    }

    bool is_wished(driver_control control) const
    {
        return !std::isnan(wished(control));
    }

    entry find(const char *name) const
    {
        return std::find_if(offered_.begin(), offered_.end(),
                            [&](const auto &each) { return each.first->name() == name; });
    }

    bool has(const char *name) const
    {
        return find(name) != offered_.end();
    }

    void lack(const char *setting)
    {
        session_.unsupported += (session_.unsupported.empty() ? "" : ", ") + std::string(setting);
    }

    double clamp(const char *setting, const entry &found, double number)
    {
        const double least = number_of(found->second.min());
        const double most = number_of(found->second.max());
        const double nearest = number < least ? least : number > most ? most : number; // not of NAN
        if (nearest != number) {
            char line[160];
            std::snprintf(line, sizeof line,
                          "camera.%s: this camera has %g to %g, not %g: %g is used", setting, least,
                          most, number, nearest);
            session_.remarks.emplace_back(line);
        }
        return nearest;
    }

    bool put(const entry &found, double number)
    {
        libcamera::ControlValue value;
        switch (found->first->type()) {
        case libcamera::ControlTypeBool:
            value.set(number != 0);
            break;
        case libcamera::ControlTypeInteger32:
            value.set(static_cast<int32_t>(std::lround(number)));
            break;
        case libcamera::ControlTypeInteger64:
            value.set(static_cast<int64_t>(std::llround(number)));
            break;
        case libcamera::ControlTypeFloat:
            value.set(static_cast<float>(number));
            break;
        default:
            return false;
        }
        session_.wished.set(found->first->id(), value);
        return true;
    }

    // What goes with a wish, where the camera has it.
    void put_if_there(const char *name, double number)
    {
        const entry found = find(name);
        if (found != offered_.end()) {
            put(found, number);
        }
    }

    bool choose_number(driver_control control, const char *setting, const char *name)
    {
        if (!is_wished(control)) {
            return false;
        }
        const entry found = find(name);
        if (found == offered_.end() || !put(found, clamp(setting, found, wished(control)))) {
            lack(setting);
            return false;
        }
        return true;
    }

    bool choose_mode(const char *setting, const char *name, int32_t mode)
    {
        const entry found = find(name);
        const bool has_mode =
            found != offered_.end() &&
            (found->second.values().empty() ||
             std::any_of(found->second.values().begin(), found->second.values().end(),
                         [&](const auto &value) { return number_of(value) == mode; }));
        if (!has_mode || !put(found, mode)) {
            lack(setting);
            return false;
        }
        return true;
    }

    template <size_t count>
    void choose_word(driver_control control, const char *setting, const char *name,
                     const int32_t (&modes)[count])
    {
        const double word = wished(control);
        if (word >= 1 && word < count) {
            choose_mode(setting, name, modes[static_cast<size_t>(word)]);
        }
    }

    // Of exposure and gain either may be fixed alone. From 0.5 on each has a mode of its own;
    // before, a sensor's pipeline fixes what it is given, and AeEnable off fixes both.
    void choose_exposure()
    {
        const bool exposes =
            choose_number(DRIVER_CONTROL_EXPOSURE_US, "exposure_us", "ExposureTime");
        const bool gains = choose_number(DRIVER_CONTROL_GAIN, "gain", "AnalogueGain");
        if (exposes && has("ExposureTimeMode")) {
            put_if_there("ExposureTimeMode", MODE_MANUAL);
        }
        if (gains && has("AnalogueGainMode")) {
            put_if_there("AnalogueGainMode", MODE_MANUAL);
        }
        const bool is_all_fixed = exposes && (gains || !has("AnalogueGain"));
        if (is_all_fixed && !has("ExposureTimeMode")) {
            put_if_there("AeEnable", 0);
        }
    }

    void choose_awb_gains()
    {
        if (!is_wished(DRIVER_CONTROL_AWB_RED)) {
            return;
        }
        if (!has("ColourGains")) {
            lack("awb_gains");
            return;
        }
        const std::array<float, 2> gains = {static_cast<float>(wished(DRIVER_CONTROL_AWB_RED)),
                                            static_cast<float>(wished(DRIVER_CONTROL_AWB_BLUE))};
        put_if_there("AwbEnable", 0);
        session_.wished.set(controls::ColourGains, libcamera::Span<const float, 2>(gains));
    }

    void choose_flicker()
    {
        if (choose_number(DRIVER_CONTROL_FLICKER_PERIOD_US, "flicker_period_us",
                          "AeFlickerPeriod")) {
            put_if_there("AeFlickerMode", FLICKER_MANUAL);
        }
    }

    void choose_focus()
    {
        const double word = wished(DRIVER_CONTROL_AF_MODE);
        if (word == DRIVER_AF_MANUAL) {
            if (choose_mode("af_mode", "AfMode", controls::AfModeManual)) {
                choose_number(DRIVER_CONTROL_LENS_POSITION, "lens_position", "LensPosition");
            }
        } else if (word == DRIVER_AF_CONTINUOUS || (word != DRIVER_AF_OFF && has("AfMode"))) {
            // left alone, a lens stays where it rests, which is nowhere in particular
            choose_mode("af_mode", "AfMode", controls::AfModeContinuous);
        }
    }

    void choose_roi()
    {
        if (!is_wished(DRIVER_CONTROL_ROI_X)) {
            return;
        }
        const entry found = find("ScalerCrop");
        if (found == offered_.end() ||
            found->second.max().type() != libcamera::ControlTypeRectangle) {
            lack("roi");
            return;
        }
        const auto whole = found->second.max().get<libcamera::Rectangle>();
        const auto part = [&](driver_control control, unsigned of) {
            return static_cast<int>(std::lround(wished(control) * of));
        };
        const libcamera::Rectangle crop(
            whole.x + part(DRIVER_CONTROL_ROI_X, whole.width),
            whole.y + part(DRIVER_CONTROL_ROI_Y, whole.height),
            static_cast<unsigned>(part(DRIVER_CONTROL_ROI_WIDTH, whole.width)),
            static_cast<unsigned>(part(DRIVER_CONTROL_ROI_HEIGHT, whole.height)));
        session_.wished.set(controls::ScalerCrop, crop);
    }

    session &session_;
    const driver_configure &wish_;
    const libcamera::ControlInfoMap &offered_;
};

} // namespace

void controls_choose(session &session, const driver_configure &wish)
{
    chooser(session, wish).choose();
    if (!session.unsupported.empty()) {
        session.remarks.push_back("this camera has none of these settings: " + session.unsupported);
    }
}

void controls_set(const session &session, libcamera::ControlList &list)
{
    for (const auto &[id, value] : session.wished) {
        list.set(id, value);
    }
}

std::string controls_describe(const libcamera::Camera &camera)
{
    std::string text;
    for (const auto &[id, info] : camera.controls()) {
        text +=
            (text.empty() ? "controls: " : ", ") + std::string(id->name()) + " " + info.toString();
    }
    return text;
}
