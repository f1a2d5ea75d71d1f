// For tests only, preloaded into the libcamera driver: faults of a camera that a virtual one never
// has. VCAM_FAULT names one; without it nothing changes.
//
//   busy      another process holds the camera
//   unplug    the camera goes with the tenth request: its requests never complete
//   gone      the tenth request is refused, since the device is no longer there
//   stall     no request completes after the tenth
#include <cerrno>
#include <cstdlib>
#include <dlfcn.h>
#include <libcamera/libcamera.h>
#include <string>
#include <thread>

namespace libcamera
{

static bool is_fault(const char *name)
{
    const char *fault = std::getenv("VCAM_FAULT");
    return fault != nullptr && std::string(fault) == name;
}

int Camera::acquire()
{
    using acquire_fn = int (*)(Camera *);
    static const auto real =
        reinterpret_cast<acquire_fn>(dlsym(RTLD_NEXT, "_ZN9libcamera6Camera7acquireEv"));
    return is_fault("busy") ? -EBUSY : real(this);
}

int Camera::queueRequest(Request *request)
{
    using queue_fn = int (*)(Camera *, Request *);
    static const auto real = reinterpret_cast<queue_fn>(
        dlsym(RTLD_NEXT, "_ZN9libcamera6Camera12queueRequestEPNS_7RequestE"));
    static int count = 0;
    if (++count < 10) {
        return real(this, request);
    }
    if (is_fault("unplug")) {
        if (count == 10) {
            std::thread([this] { disconnected.emit(); }).detach();
        }
        return 0;
    }
    if (is_fault("gone")) {
        return -ENODEV;
    }
    return is_fault("stall") ? 0 : real(this, request);
}

} // namespace libcamera
