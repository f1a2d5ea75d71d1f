// Which cameras there are, which one is meant, and why there is none.
#include "camera/drivers/libcamera_parts.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

void text_copy(char *to, size_t size, const std::string &text)
{
    const size_t len = std::min(text.size(), size - 1);
    std::memcpy(to, text.data(), len);
    to[len] = '\0';
}

std::string camera_model(const libcamera::Camera &camera)
{
    auto model = camera.properties().get(libcamera::properties::Model);
    return model ? std::string(*model) : camera.id();
}

static const char *camera_location(const libcamera::Camera &camera)
{
    auto location = camera.properties().get(libcamera::properties::Location);
    if (!location) {
        return "";
    }
    switch (*location) {
    case libcamera::properties::CameraLocationFront:
        return "front";
    case libcamera::properties::CameraLocationBack:
        return "back";
    case libcamera::properties::CameraLocationExternal:
        return "external";
    default:
        return "";
    }
}

// A webcam has a list of sizes, an ISP a range. Of a range, sizes() makes up some that may not
// exist.
static std::string sizes_describe(const libcamera::StreamFormats &formats,
                                  const libcamera::PixelFormat &format)
{
    constexpr size_t SHOWN_MAX = 6;
    const libcamera::SizeRange range = formats.range(format);
    const std::vector<libcamera::Size> sizes = formats.sizes(format);
    const bool is_range = range.hStep != 0 && range.min != range.max;
    if (is_range || sizes.size() > SHOWN_MAX) {
        const std::string count =
            is_range ? std::string() : std::to_string(sizes.size()) + " sizes, ";
        return count + range.min.toString() + " to " + range.max.toString();
    }
    std::string text;
    for (const libcamera::Size &size : sizes) {
        text += (text.empty() ? "" : ", ") + size.toString();
    }
    return text;
}

void camera_describe(libcamera::Camera &camera, driver_camera *description)
{
    text_copy(description->id, sizeof description->id, camera.id());
    text_copy(description->model, sizeof description->model, camera_model(camera));
    text_copy(description->location, sizeof description->location, camera_location(camera));
    std::string details;
    auto configuration = camera.generateConfiguration({libcamera::StreamRole::StillCapture});
    if (configuration && !configuration->empty()) {
        const libcamera::StreamFormats &formats = configuration->at(0).formats();
        for (const libcamera::PixelFormat &format : formats.pixelformats()) {
            details += (details.empty() ? "" : "\n") + format.toString() + " " +
                       sizes_describe(formats, format);
        }
    }
    const std::string controls = controls_describe(camera);
    details += (details.empty() || controls.empty() ? "" : "\n") + controls;
    text_copy(description->details, sizeof description->details, details);
}

static std::string group_name(gid_t gid)
{
    const group *entry = getgrgid(gid);
    return entry != nullptr ? entry->gr_name : std::to_string(gid);
}

// libcamera finds no camera, and calls that a success, if it may not open any one of the camera's
// devices.
static bool explain_none(fault *fault)
{
    glob_t found = {};
    glob("/dev/media*", 0, nullptr, &found);
    glob("/dev/video*", GLOB_APPEND, nullptr, &found);
    const std::vector<std::string> paths(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    globfree(&found);
    if (paths.empty()) {
        return fault_set(fault, FAULT_CAMERA, ENODEV,
                         "there is no camera: the kernel shows no /dev/media* and no /dev/video* "
                         "(is one plugged in, and its driver loaded?)");
    }
    for (const std::string &path : paths) {
        const int fd = open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
        const int error = errno;
        struct stat status = {};
        if (fd >= 0) {
            close(fd);
        } else if ((error != EACCES && error != EPERM) || stat(path.c_str(), &status) != 0) {
            continue;
        } else if (status.st_gid == 0) {
            // as the kernel makes it; when udev has done its work, libcamera announces the camera
            return fault_set(fault, FAULT_CAMERA, ENXIO,
                             "there is no camera that this user may use: %s is root's, until udev "
                             "hands it over",
                             path.c_str());
        } else {
            return fault_set(fault, FAULT_CAMERA, error,
                             "there is no camera that this user may use: %s belongs to the group "
                             "\"%s\"; add the user to it",
                             path.c_str(), group_name(status.st_gid).c_str());
        }
    }
    return fault_set(fault, FAULT_CAMERA, ENXIO,
                     "there is no camera: libcamera supports none of the devices behind %s%s",
                     paths.front().c_str(), paths.size() > 1 ? " and its neighbours" : "");
}

static std::string lower_case(std::string text)
{
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

static bool is_index(const std::string &select, size_t count)
{
    return !select.empty() && select.size() <= 3 &&
           std::all_of(select.begin(), select.end(),
                       [](unsigned char c) { return std::isdigit(c) != 0; }) &&
           std::stoul(select) < count;
}

static std::string names(const camera_list &cameras)
{
    std::string text;
    for (size_t i = 0; i < cameras.size(); i++) {
        const std::string model = camera_model(*cameras[i]);
        text += (i == 0 ? "" : ", ") + std::to_string(i) + " \"" + model + "\"";
        if (model != cameras[i]->id()) {
            text += " (" + cameras[i]->id() + ")";
        }
    }
    return text;
}

std::shared_ptr<libcamera::Camera> camera_choose(const camera_list &cameras,
                                                 const std::string &select, fault *fault)
{
    if (cameras.empty()) {
        explain_none(fault);
        return nullptr;
    }
    if (select.empty()) {
        return cameras.front();
    }
    for (const auto &camera : cameras) {
        if (camera->id() == select) {
            return camera;
        }
    }
    if (is_index(select, cameras.size())) {
        return cameras[std::stoul(select)];
    }
    camera_list alike;
    for (const auto &camera : cameras) {
        if (camera_model(*camera) == select) {
            return camera;
        }
        if (lower_case(camera_model(*camera)).find(lower_case(select)) != std::string::npos) {
            alike.push_back(camera);
        }
    }
    if (alike.size() == 1) {
        return alike.front();
    }
    fault_set(fault, FAULT_CAMERA, ENODEV, "%s camera is \"%s\"; there %s %s",
              alike.empty() ? "no" : "more than one", select.c_str(),
              cameras.size() == 1 ? "is" : "are", names(cameras).c_str());
    return nullptr;
}
