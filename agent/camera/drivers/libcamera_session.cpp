// One camera made ready: acquired, configured, with its buffers and a request for each.
#include "camera/drivers/libcamera_parts.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace controls = libcamera::controls;

session::session(const std::shared_ptr<libcamera::Camera> &acquired)
    : camera(acquired), wished(libcamera::controls::controls)
{
}

session::~session()
{
    slots.clear();
    allocator.reset();
    camera->release();
}

bool libcamera_failed(fault *fault, const char *what, int result)
{
    return fault_set(fault, FAULT_CAMERA, -result, "cannot %s the camera: %s", what,
                     std::strerror(-result));
}

static bool camera_acquire(libcamera::Camera &camera, fault *fault)
{
    const int result = camera.acquire();
    if (result == -EBUSY) {
        return fault_set(fault, FAULT_CAMERA, EBUSY, "the camera %s is in use by another process",
                         camera.id().c_str());
    }
    return result == 0 || libcamera_failed(fault, "acquire", result);
}

static int64_t limit_of(const libcamera::ControlValue &value, int64_t otherwise)
{
    const bool is_number =
        value.type() == libcamera::ControlTypeInteger64 && !value.isArray(); // get() aborts else
    return is_number ? value.get<int64_t>() : otherwise;
}

// The wished rate is the shortest frame. The longest is left to the camera, so that AE may expose
// longer in the dark: this is for stills. Returns the interval, or 0 if the camera does not tell.
static int64_t frame_duration_choose(session &session, double fps)
{
    const auto wish_us = static_cast<int64_t>(1e6 / std::clamp(fps, 0.001, 1e6));
    session.frame_interval_ns = wish_us * 1000;
    const libcamera::ControlInfoMap &offered = session.camera->controls();
    const auto found = offered.find(controls::FRAME_DURATION_LIMITS);
    if (found == offered.end()) {
        return 0;
    }
    const int64_t shortest_us = limit_of(found->second.min(), wish_us);
    const int64_t longest_us = std::max(shortest_us, limit_of(found->second.max(), wish_us));
    const int64_t chosen_us = std::clamp(wish_us, shortest_us, longest_us);
    const std::array<int64_t, 2> limits_us = {chosen_us, longest_us};
    session.wished.set(controls::FrameDurationLimits, libcamera::Span<const int64_t, 2>(limits_us));
    session.frame_interval_ns = chosen_us * 1000;
    return session.frame_interval_ns;
}

static bool buffers_create(session &session, driver_buffers *buffers, uint32_t *count, fault *fault)
{
    const libcamera::StreamConfiguration &stream = session.configuration->at(0);
    session.allocator = std::make_unique<libcamera::FrameBufferAllocator>(session.camera);
    const int result = session.allocator->allocate(stream.stream());
    if (result < 0) {
        return libcamera_failed(fault, "allocate buffers for", result);
    }
    const auto &allocated = session.allocator->buffers(stream.stream());
    *count = static_cast<uint32_t>(std::min<size_t>(allocated.size(), DRIVER_BUFFERS_MAX));
    if (*count < 2) {
        return fault_set(fault, FAULT_CAMERA, 0, "the camera has %u buffer; two are needed",
                         *count);
    }
    for (uint32_t i = 0; i < *count; i++) {
        slot slot;
        slot.buffer = allocated[i].get();
        slot.request = session.camera->createRequest(i);
        if (!slot.request || slot.request->addBuffer(stream.stream(), slot.buffer) != 0) {
            return fault_set(fault, FAULT_CAMERA, 0, "libcamera refuses a request");
        }
        buffers->list[i].index = i;
        if (!buffer_describe(*slot.buffer, stream, &buffers->list[i], buffers->fds[i], fault)) {
            return false;
        }
        session.slots.push_back(std::move(slot));
    }
    return true;
}

std::unique_ptr<session> session_open(const camera_list &cameras, const driver_configure &wish,
                                      driver_configured *configured, driver_buffers *buffers,
                                      fault *fault)
{
    const auto camera = camera_choose(cameras, wish.select, fault);
    if (!camera || !camera_acquire(*camera, fault)) {
        return nullptr;
    }
    auto opened = std::make_unique<session>(camera);
    opened->configuration = stream_choose(*camera, wish, fault);
    if (!opened->configuration) {
        return nullptr;
    }
    const int result = camera->configure(opened->configuration.get());
    if (result != 0) {
        libcamera_failed(fault, "configure", result);
        return nullptr;
    }
    stream_describe(opened->configuration->at(0), configured);
    const int64_t interval_ns = frame_duration_choose(*opened, wish.fps);
    configured->frame_interval_ms = static_cast<double>(interval_ns) / 1e6;
    controls_choose(*opened, wish);
    configured->orientation = stream_orientation(*opened->configuration, wish);
    text_copy(configured->unsupported, sizeof configured->unsupported, opened->unsupported);
    text_copy(configured->id, sizeof configured->id, camera->id());
    text_copy(configured->model, sizeof configured->model, camera_model(*camera));
    if (!buffers_create(*opened, buffers, &configured->buffer_count, fault)) {
        return nullptr;
    }
    return opened;
}
