// Which pixels to ask a camera for, and where they lie when they come.
#include "camera/drivers/libcamera_parts.h"

#include <algorithm>
#include <cstdlib>
#include <libcamera/formats.h>
#include <libcamera/version.h>

namespace formats = libcamera::formats;

namespace
{
struct format_entry {
    libcamera::PixelFormat format;
    pixel_format name;
    uint32_t planes;
};

// Best first: what libjpeg-turbo takes as it lies, then what it converts itself. YUYV comes last,
// behind the webcam's own JPEG.
const format_entry FORMATS[] = {
    {formats::YUV420, PIXEL_FORMAT_YUV420, 3},     {formats::NV12, PIXEL_FORMAT_NV12, 2},
    {formats::RGB888, PIXEL_FORMAT_RGB888, 1},     {formats::BGR888, PIXEL_FORMAT_BGR888, 1},
    {formats::XRGB8888, PIXEL_FORMAT_XRGB8888, 1}, {formats::XBGR8888, PIXEL_FORMAT_XBGR8888, 1},
    {formats::MJPEG, PIXEL_FORMAT_MJPEG, 1},       {formats::YUYV, PIXEL_FORMAT_YUYV, 1},
};
} // namespace

static const format_entry *format_find(const libcamera::PixelFormat &format)
{
    for (const format_entry &entry : FORMATS) {
        if (entry.format == format) {
            return &entry;
        }
    }
    return nullptr;
}

static uint64_t distance(const libcamera::Size &size, const driver_configure &wish)
{
    const auto pixels = static_cast<int64_t>(size.width) * size.height;
    const auto wanted = static_cast<int64_t>(wish.width) * wish.height;
    // of two sizes with as many pixels, the one with the wished shape
    return static_cast<uint64_t>(std::llabs(pixels - wanted)) +
           static_cast<uint64_t>(std::llabs(static_cast<int64_t>(size.width) - wish.width));
}

#if LIBCAMERA_VERSION_MAJOR > 0 || LIBCAMERA_VERSION_MINOR >= 2
static void orientation_ask(libcamera::CameraConfiguration &configuration, uint32_t exif)
{
    configuration.orientation = static_cast<libcamera::Orientation>(exif); // the same numbers
}

static uint32_t orientation_given(const libcamera::CameraConfiguration &configuration)
{
    // how the picture lies there, and so the reverse of how it has to be turned
    const auto lies = static_cast<uint32_t>(configuration.orientation);
    return lies == 6 ? 8 : lies == 8 ? 6 : lies;
}
#else
static const libcamera::Transform TRANSFORMS[] = {
    libcamera::Transform::Identity, libcamera::Transform::Identity, libcamera::Transform::HFlip,
    libcamera::Transform::Rot180, libcamera::Transform::VFlip};

static void orientation_ask(libcamera::CameraConfiguration &configuration, uint32_t exif)
{
    configuration.transform = TRANSFORMS[exif];
}

static uint32_t orientation_given(const libcamera::CameraConfiguration &configuration)
{
    const auto *const found =
        std::find(std::begin(TRANSFORMS) + 1, std::end(TRANSFORMS), configuration.transform);
    return found == std::end(TRANSFORMS) ? 1
                                         : static_cast<uint32_t>(found - std::begin(TRANSFORMS));
}
#endif

static uint32_t orientation_wished(const driver_configure &wish)
{
    return orientation_of(wish.rotation, wish.hflip != 0, wish.vflip != 0);
}

// A sensor can mirror and turn upside down as it is read out, and no pipeline can do more: a
// quarter turn is left to whoever looks at the picture.
static void orientation_choose(libcamera::CameraConfiguration &configuration,
                               const driver_configure &wish)
{
    const uint32_t wished = orientation_wished(wish);
    orientation_ask(configuration, wished <= 4 ? wished : 1);
}

uint32_t stream_orientation(const libcamera::CameraConfiguration &configuration,
                            const driver_configure &wish)
{
    return orientation_left(orientation_wished(wish), orientation_given(configuration));
}

// Asks for one format and size; what the pipeline makes of it is in the configuration.
static bool try_size(libcamera::CameraConfiguration &configuration, const driver_configure &wish,
                     const libcamera::PixelFormat &format, const libcamera::Size &size)
{
    constexpr unsigned BUFFERS = 4; // one being filled, one next, one or two on loan
    libcamera::StreamConfiguration &stream = configuration.at(0);
    stream.pixelFormat = format;
    stream.size = size;
    stream.stride = 0;
    orientation_choose(configuration, wish);
    stream.bufferCount = BUFFERS;
    stream.colorSpace = libcamera::ColorSpace::Sycc; // what a JPEG holds: nothing to convert
    return configuration.validate() != libcamera::CameraConfiguration::Invalid &&
           stream.pixelFormat == format;
}

// The size that a pipeline gives instead of the wished one is valid, but not always near: some take
// the largest that they have, some the next smaller. So the sizes that are nearer are tried, and
// whatever the pipeline leaves as it is, it has.
static bool try_format(libcamera::CameraConfiguration &configuration,
                       const libcamera::PixelFormat &format, const driver_configure &wish)
{
    if (!try_size(configuration, wish, format, libcamera::Size(wish.width, wish.height))) {
        return false;
    }
    libcamera::StreamConfiguration &stream = configuration.at(0);
    const libcamera::Size given = stream.size;
    std::vector<libcamera::Size> sizes = stream.formats().sizes(format);
    std::sort(sizes.begin(), sizes.end(),
              [&](const auto &a, const auto &b) { return distance(a, wish) < distance(b, wish); });
    for (const libcamera::Size &size : sizes) {
        if (distance(size, wish) >= distance(given, wish)) {
            break;
        }
        if (try_size(configuration, wish, format, size) && stream.size == size) {
            return true;
        }
    }
    return try_size(configuration, wish, format, given);
}

// An ISP never offers MJPEG, a webcam nearly always does, and then as its better half: over USB 2
// raw pixels come at a few frames a second or not at all at the larger sizes, and its picture is
// the JPEG that we are asked for. So MJPEG at the very size wins; otherwise the size decides, and
// the order of FORMATS among equals.
static libcamera::PixelFormat best_format(libcamera::CameraConfiguration &configuration,
                                          const driver_configure &wish)
{
    const std::vector<libcamera::PixelFormat> offered =
        configuration.at(0).formats().pixelformats();
    libcamera::PixelFormat best;
    uint64_t best_distance = UINT64_MAX;
    for (const format_entry &entry : FORMATS) {
        if (std::find(offered.begin(), offered.end(), entry.format) == offered.end() ||
            !try_format(configuration, entry.format, wish)) {
            continue;
        }
        const uint64_t away = distance(configuration.at(0).size, wish);
        if (away < best_distance || (away == 0 && entry.name == PIXEL_FORMAT_MJPEG)) {
            best = entry.format;
            best_distance = away;
        }
    }
    return best;
}

static std::string format_names(const libcamera::StreamConfiguration &stream)
{
    std::string text;
    for (const libcamera::PixelFormat &format : stream.formats().pixelformats()) {
        text += (text.empty() ? "" : ", ") + format.toString();
    }
    return text;
}

std::unique_ptr<libcamera::CameraConfiguration>
stream_choose(libcamera::Camera &camera, const driver_configure &wish, fault *fault)
{
    auto configuration = camera.generateConfiguration({libcamera::StreamRole::StillCapture});
    if (!configuration || configuration->empty()) {
        fault_set(fault, FAULT_CAMERA, 0, "the camera has no stream for stills (has it gone?)");
        return nullptr;
    }
    const std::string name = wish.format;
    const bool is_auto = name == "auto";
    const libcamera::PixelFormat format =
        is_auto ? best_format(*configuration, wish) : libcamera::PixelFormat::fromString(name);
    if (format_find(format) == nullptr || !try_format(*configuration, format, wish)) {
        fault_set(fault, FAULT_CAMERA, 0, "the camera has no format %s; it has %s",
                  is_auto ? "that can be used" : name.c_str(),
                  format_names(configuration->at(0)).c_str());
        return nullptr;
    }
    return configuration;
}

// Where the pipeline does not say: raw YCbCr is BT.601 limited, as V4L2 defines its defaults.
static void color_describe(const libcamera::StreamConfiguration &stream,
                           driver_configured *configured)
{
    configured->encoding = COLOR_ENCODING_REC601;
    configured->range = COLOR_RANGE_LIMITED;
    if (configured->format == PIXEL_FORMAT_MJPEG) {
        configured->range = COLOR_RANGE_FULL; // JFIF leaves no choice
        return;
    }
    if (!stream.colorSpace) {
        return;
    }
    switch (stream.colorSpace->ycbcrEncoding) {
    case libcamera::ColorSpace::YcbcrEncoding::Rec709:
        configured->encoding = COLOR_ENCODING_REC709;
        break;
    case libcamera::ColorSpace::YcbcrEncoding::Rec2020:
        configured->encoding = COLOR_ENCODING_REC2020;
        break;
    case libcamera::ColorSpace::YcbcrEncoding::Rec601:
    case libcamera::ColorSpace::YcbcrEncoding::None: // RGB
        break;
    }
    if (stream.colorSpace->range == libcamera::ColorSpace::Range::Full) {
        configured->range = COLOR_RANGE_FULL;
    }
}

void stream_describe(const libcamera::StreamConfiguration &stream, driver_configured *configured)
{
    const format_entry *entry = format_find(stream.pixelFormat);
    configured->width = stream.size.width;
    configured->height = stream.size.height;
    configured->format = entry->name;
    configured->plane_count = entry->planes;
    color_describe(stream, configured);
}

static uint32_t plane_stride(const libcamera::StreamConfiguration &stream, pixel_format format,
                             uint32_t plane)
{
    if (format == PIXEL_FORMAT_MJPEG) {
        return 0;
    }
    return format == PIXEL_FORMAT_YUV420 && plane > 0 ? stream.stride / 2 : stream.stride;
}

// Several planes mostly lie in one dma-buf, which is passed once. A plane more than the format has
// is dropped: 0.4.0's virtual pipeline adds one of length zero.
bool buffer_describe(const libcamera::FrameBuffer &frame_buffer,
                     const libcamera::StreamConfiguration &stream, driver_buffer *buffer,
                     int fds[FRAME_PLANES_MAX], fault *fault)
{
    const format_entry *entry = format_find(stream.pixelFormat);
    if (frame_buffer.planes().size() < entry->planes) {
        return fault_set(fault, FAULT_CAMERA, 0, "libcamera gives %zu planes of %s instead of %u",
                         static_cast<size_t>(frame_buffer.planes().size()),
                         stream.pixelFormat.toString().c_str(), entry->planes);
    }
    buffer->plane_count = entry->planes;
    buffer->fd_count = 0;
    for (uint32_t i = 0; i < entry->planes; i++) {
        const libcamera::FrameBuffer::Plane &plane = frame_buffer.planes()[i];
        int *end = fds + buffer->fd_count;
        int *known = std::find(fds, end, plane.fd.get());
        if (known == end) {
            *end = plane.fd.get();
            buffer->fd_count++;
        }
        driver_plane &described = buffer->planes[i];
        described.fd = static_cast<uint32_t>(known - fds);
        described.offset =
            plane.offset == libcamera::FrameBuffer::Plane::kInvalidOffset ? 0 : plane.offset;
        described.length = plane.length;
        described.stride = plane_stride(stream, entry->name, i);
    }
    return true;
}
