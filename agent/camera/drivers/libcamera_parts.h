// The parts of the libcamera driver, each with its one idea. C++; nobody else includes this.
#pragma once

// in C a function and a struct may both be called driver_log
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "camera/drivers/driver.h"
extern "C" {
#include "camera/drivers/gate.h"
#include "picture/orientation.h"
}
#pragma GCC diagnostic pop

#include <libcamera/libcamera.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

using camera_list = std::vector<std::shared_ptr<libcamera::Camera>>;

// libcamera_cameras.cpp: which camera

std::string camera_model(const libcamera::Camera &camera); // its id where it names no model
void camera_describe(libcamera::Camera &camera, driver_camera *description);

// By exact id, else index, else exact model, else the one model that holds `select` in any case; ""
// is the first. NULL with a sentence that says what there is, or why there is nothing.
std::shared_ptr<libcamera::Camera> camera_choose(const camera_list &cameras,
                                                 const std::string &select, fault *fault);

// Text into a message, cut where the room ends.
void text_copy(char *to, size_t size, const std::string &text);

// libcamera_stream.cpp: which pixels

// The picture as the pipeline turns it, of that configuration: what is left of the wish, as EXIF
// counts.
uint32_t stream_orientation(const libcamera::CameraConfiguration &configuration,
                            const driver_configure &wish);

// A validated configuration of one stream, as near to the wish as this camera comes; NULL if it has
// nothing that we can use. The camera must have been acquired.
std::unique_ptr<libcamera::CameraConfiguration>
stream_choose(libcamera::Camera &camera, const driver_configure &wish, fault *fault);

// Size, format, planes and colours of the stream as configured.
void stream_describe(const libcamera::StreamConfiguration &stream, driver_configured *configured);

// Where the planes lie; `fds` are the buffer's own.
bool buffer_describe(const libcamera::FrameBuffer &frame_buffer,
                     const libcamera::StreamConfiguration &stream, driver_buffer *buffer,
                     int fds[FRAME_PLANES_MAX], fault *fault);

// libcamera_session.cpp: a camera made ready

struct slot {
    std::unique_ptr<libcamera::Request> request;
    libcamera::FrameBuffer *buffer = nullptr;
    bool is_queued = false;
    bool has_controls = false; // was queued since the start: the controls have been set
    int64_t queued_ns = 0;
};

// The camera from acquire() on. Requests go before their buffers, buffers before the camera:
// libcamera reads freed memory otherwise.
struct session {
    explicit session(const std::shared_ptr<libcamera::Camera> &acquired);
    session(const session &) = delete;
    session &operator=(const session &) = delete;
    ~session();

    std::shared_ptr<libcamera::Camera> camera;
    std::unique_ptr<libcamera::CameraConfiguration> configuration;
    std::unique_ptr<libcamera::FrameBufferAllocator> allocator;
    std::vector<slot> slots;          // the index is the buffer's number, and the request's cookie
    libcamera::ControlList wished;    // what start() and the first requests ask of the camera
    std::string unsupported;          // the settings that it does not have
    std::vector<std::string> remarks; // for the log
    int64_t frame_interval_ns = 0;
};

std::unique_ptr<session> session_open(const camera_list &cameras, const driver_configure &wish,
                                      driver_configured *configured, driver_buffers *buffers,
                                      fault *fault);

// "cannot <what> the camera: <why>", for what libcamera returned; false.
bool libcamera_failed(fault *fault, const char *what, int result);

// libcamera_controls.cpp: what the camera is told about its pictures

// Fills in `wished`, `unsupported` and `remarks` of a session that has been configured.
void controls_choose(session &session, const driver_configure &wish);
void controls_set(const session &session, libcamera::ControlList &list);
std::string controls_describe(const libcamera::Camera &camera); // a line

// libcamera_log.cpp: libcamera's log, sent as driver_log from here on. Before its manager starts.
void log_redirect(const driver *driver);

// libcamera_facts.cpp: what is said of one frame

int64_t monotonic_now_ns();
frame_facts facts_read(const libcamera::ControlList &metadata);

// Start of exposure on the monotonic clock; false if the camera gave no usable time.
bool exposure_begin(const libcamera::ControlList &metadata, int64_t completed_ns,
                    int64_t *captured_ns);

// Whether the pixels may be shown at all.
bool frame_is_usable(const libcamera::Request &request, const libcamera::FrameBuffer &buffer);
