// For tests only, preloaded into the libcamera driver: faults of a camera that a virtual one never
// has. VCAM_FAULT names one; without it nothing changes.
//
//   busy      another process holds the camera
//   unplug    the camera goes with the tenth request: its requests never complete
//   gone      the tenth request is refused, since the device is no longer there
//   stall     no request completes after the tenth
//   stall-once  the same, until the camera is started again
//   absent    there is no camera while the file VCAM_ABSENT exists: make it to unplug, remove it to
//             plug in
//
// VCAM_AE scripts what AE says, a letter a request, the last one for ever: '?' nothing, '.'
// searching, 's' settled.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <dlfcn.h>
#include <libcamera/libcamera.h>
#include <libcamera/version.h>
#include <string>
#include <thread>
#include <unistd.h>

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

static int starts = 0;
static size_t scripted = 0;

int Camera::start(const ControlList *list)
{
    using start_fn = int (*)(Camera *, const ControlList *);
    static const auto real = reinterpret_cast<start_fn>(
        dlsym(RTLD_NEXT, "_ZN9libcamera6Camera5startEPKNS_11ControlListE"));
    starts++;
    scripted = 0;
    return real(this, list);
}

static bool is_absent()
{
    const char *file = std::getenv("VCAM_ABSENT");
    return is_fault("absent") && file != nullptr && access(file, F_OK) == 0;
}

static void announce_later(CameraManager *manager)
{
    std::thread([manager] {
        while (is_absent()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        manager->cameraAdded.emit(manager->cameras().front());
    }).detach();
}

std::vector<std::shared_ptr<Camera>> CameraManager::cameras() const
{
    using cameras_fn = std::vector<std::shared_ptr<Camera>> (*)(const CameraManager *);
    static const auto real =
        reinterpret_cast<cameras_fn>(dlsym(RTLD_NEXT, "_ZNK9libcamera13CameraManager7camerasEv"));
    if (is_absent()) {
        announce_later(const_cast<CameraManager *>(this));
        return {};
    }
    return real(this);
}

static void say_ae(Request *request)
{
    const char *script = std::getenv("VCAM_AE");
    if (script == nullptr) {
        return;
    }
    const std::string letters = script;
    const char letter = letters[std::min(scripted++, letters.size() - 1)];
    auto &metadata = const_cast<ControlList &>(request->metadata());
    if (letter != '?') {
#if LIBCAMERA_VERSION_MAJOR > 0 || LIBCAMERA_VERSION_MINOR >= 5
        metadata.set(controls::AeState,
                     letter == 's' ? controls::AeStateConverged : controls::AeStateSearching);
#else
        metadata.set(controls::AeLocked, letter == 's');
#endif
    }
}

int Camera::queueRequest(Request *request)
{
    say_ae(request);
    if (is_absent()) {
        std::thread([this] { disconnected.emit(); }).detach();
        return 0;
    }
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
    const bool stalls = is_fault("stall") || (is_fault("stall-once") && starts == 1);
    return stalls ? 0 : real(this, request);
}

} // namespace libcamera
