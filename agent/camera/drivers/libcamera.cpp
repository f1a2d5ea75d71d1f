// The libcamera driver: one camera, streaming, one frame when asked.
//
// The scaffold's thread does everything but three things that libcamera's threads do: they put
// completed requests into the tray, say there that the camera has gone, and write log lines. No
// exception leaves this file, and nothing is torn down at the end: stop() may hang for a camera
// that was unplugged, and the kernel takes a device back faster than any destructor.
#include "camera/drivers/libcamera_parts.h"
#include "camera/drivers/libcamera_tray.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <poll.h>
#include <unistd.h>
#include <utility>

namespace
{

constexpr int NONE_HELD = -1;

// driver_main's context.
struct libcamera_driver {
    struct driver *driver = nullptr;
    std::unique_ptr<libcamera::CameraManager> manager;
    std::unique_ptr<session> open;
    tray completed;
    int pace_timer = 0;
    bool is_waiting = false; // for a camera
    bool is_streaming = false;
    bool is_shooting = false;
    driver_shoot shot = {};
    gate settled = {};
    uint32_t settle_ms = 0;
    int64_t idle_interval_ns = 0;
    uint32_t frames = 0; // completed since the start
    int64_t last_queued_ns = 0;
    int64_t last_completed_ns = 0;
    bool keeps_latest = false;
    int held = NONE_HELD; // the slot of the newest frame, where it is kept
    driver_frame held_frame = {};
};

libcamera_driver *self_of(void *context)
{
    return static_cast<libcamera_driver *>(context);
}

// Runs `work` and turns what it throws into a fault.
template <typename Work> bool guarded(fault *fault, Work work)
{
    try {
        return work();
    } catch (const std::exception &error) {
        return fault_set(fault, FAULT_CAMERA, 0, "libcamera: %s", error.what());
    }
}

// The same where there is nobody to answer: the camera is given up, and the driver ends.
template <typename Work> void guarded_or_lost(libcamera_driver &self, Work work)
{
    fault why = {};
    if (!guarded(&why, [&] { return work(&why); })) {
        self.is_streaming = false;
        driver_send_lost(self.driver, &why);
    }
}

// ---- streaming

bool slot_queue(libcamera_driver &self, slot &slot, fault *fault)
{
    slot.request->reuse(libcamera::Request::ReuseBuffers);
    if (!slot.has_controls) {
        // with the first requests too: some pipelines ignore what start() is given
        controls_set(*self.open, slot.request->controls());
        slot.has_controls = true;
    }
    slot.is_queued = true; // before the call: 0.4.0's virtual pipeline completes within it
    slot.queued_ns = self.last_queued_ns = monotonic_now_ns();
    const int result = self.open->camera->queueRequest(slot.request.get());
    return result == 0 || libcamera_failed(fault, "queue a request to", result);
}

bool slot_is_waiting(const libcamera_driver &self, size_t index)
{
    return !self.open->slots[index].is_queued && self.held != static_cast<int>(index) &&
           !driver_is_on_loan(self.driver, static_cast<uint32_t>(index));
}

bool is_any_waiting(const libcamera_driver &self)
{
    for (size_t i = 0; i < self.open->slots.size(); i++) {
        if (slot_is_waiting(self, i)) {
            return true;
        }
    }
    return false;
}

// While all other buffers are on loan, the newest frame has the only one that the next can come in.
bool is_held_in_the_way(const libcamera_driver &self)
{
    return self.held != NONE_HELD && !is_any_waiting(self) &&
           std::none_of(self.open->slots.begin(), self.open->slots.end(),
                        [](const slot &slot) { return slot.is_queued; });
}

// Queues up to `count` requests of those that wait, the longest-waiting first.
bool slots_queue(libcamera_driver &self, size_t count, fault *fault)
{
    std::vector<slot *> waiting;
    for (size_t i = 0; i < self.open->slots.size(); i++) {
        if (slot_is_waiting(self, i)) {
            waiting.push_back(&self.open->slots[i]);
        }
    }
    std::sort(waiting.begin(), waiting.end(),
              [](const slot *a, const slot *b) { return a->queued_ns < b->queued_ns; });
    waiting.resize(std::min(count, waiting.size()));
    return std::all_of(waiting.begin(), waiting.end(),
                       [&](slot *slot) { return slot_queue(self, *slot, fault); });
}

// Not every pipeline is paced by a sensor, so requests are never queued faster than frames come.
// Between shots they come seldom, but they come, so that AE and AWB keep following the light: a
// pipeline runs them for requests only.
void pace(libcamera_driver &self)
{
    if (!is_any_waiting(self) && !is_held_in_the_way(self)) {
        // the next completion or the end of a loan brings one
        loop_timer_clear(driver_loop(self.driver), self.pace_timer);
        return;
    }
    const bool is_busy = self.is_shooting || !self.settled.is_open;
    const int64_t interval_ns = is_busy
                                    ? self.open->frame_interval_ns
                                    : std::max(self.idle_interval_ns, self.open->frame_interval_ns);
    loop_timer_set(driver_loop(self.driver), self.pace_timer, self.last_queued_ns + interval_ns);
}

// What is told of a frame, if it may be shown: the camera has settled, and the frame is whole.
// Without a usable time from the camera all that is known is that a request queued at one moment
// was filled after it.
bool frame_describe(libcamera_driver &self, const slot &slot, const completion &done,
                    driver_frame *frame)
{
    if (!frame_is_usable(*slot.request, *slot.buffer)) {
        return false;
    }
    if (self.open->configuration->at(0).pixelFormat == libcamera::formats::MJPEG) {
        const auto planes = slot.buffer->metadata().planes();
        const uint32_t used = planes.empty() ? 0 : planes[0].bytesused;
        frame->used[0] = std::min<uint32_t>(used, slot.buffer->planes()[0].length);
        if (frame->used[0] == 0) {
            return false;
        }
    }
    const libcamera::ControlList &metadata = slot.request->metadata();
    frame->facts = facts_read(metadata);
    if (!gate_pass(&self.settled, &frame->facts, done.at_ns)) {
        return false;
    }
    if (!exposure_begin(metadata, done.at_ns, &frame->captured_ns)) {
        frame->captured_ns = slot.queued_ns;
        frame->captured_is_estimate = 1;
    }
    frame->sequence = self.frames; // our own: 0.4.0's virtual pipeline leaves its uninitialised
    frame->settling = self.settled.settling;
    frame->settle_ms = self.settled.settle_ms;
    return true;
}

bool shot_takes(const libcamera_driver &self, const driver_frame &frame)
{
    return self.is_shooting && frame.captured_ns >= self.shot.not_before_ns;
}

void shot_answer(libcamera_driver &self, driver_frame frame)
{
    frame.shot = self.shot.shot;
    self.is_shooting = false;
    self.held = NONE_HELD; // it is this frame or an older one
    driver_send_frame(self.driver, &frame);
}

void request_completed(libcamera_driver &self, const completion &done)
{
    const auto index = static_cast<uint32_t>(done.request->cookie());
    slot &slot = self.open->slots[index];
    slot.is_queued = false;
    self.frames++;
    self.last_completed_ns = done.at_ns;
    driver_frame frame = {};
    frame.buffer = index;
    if (!frame_describe(self, slot, done, &frame)) {
        return;
    }
    if (shot_takes(self, frame)) {
        shot_answer(self, frame);
    } else if (self.keeps_latest) {
        self.held = static_cast<int>(index);
        self.held_frame = frame;
    }
}

// Nothing of a camera that has gone is waited for: its requests never complete.
void on_tray(void *context, short)
{
    libcamera_driver &self = *self_of(context);
    guarded_or_lost(self, [&](fault *why) {
        bool is_gone = false;
        const std::vector<completion> completions = self.completed.take(&is_gone);
        if (is_gone) {
            return fault_set(why, FAULT_CAMERA, ENODEV, "the camera was unplugged");
        }
        if (self.is_waiting && self.completed.take_added()) {
            self.is_waiting = false;
            driver_send_appeared(self.driver);
        }
        if (self.is_streaming) {
            for (const completion &done : completions) {
                request_completed(self, done);
            }
            pace(self);
        }
        return true;
    });
}

void on_pace(void *context)
{
    libcamera_driver &self = *self_of(context);
    guarded_or_lost(self, [&](fault *why) {
        if (is_held_in_the_way(self)) {
            self.held = NONE_HELD;
        }
        const bool queued = slots_queue(self, 1, why);
        pace(self);
        return queued;
    });
}

// ---- configuring

bool manager_start(libcamera_driver &self, fault *fault)
{
    if (self.manager) {
        return true;
    }
    log_redirect(self.driver);
    self.manager = std::make_unique<libcamera::CameraManager>();
    tray *tray = &self.completed;
    self.manager->cameraAdded.connect(
        tray, [tray](std::shared_ptr<libcamera::Camera>) { // NOLINT: their signature
            tray->put_added();
        });
    const int result = self.manager->start();
    if (result != 0) {
        self.manager.reset();
        return fault_set(fault, FAULT_CAMERA, -result, "libcamera does not start: %s",
                         std::strerror(-result));
    }
    return true;
}

void signals_connect(libcamera_driver &self, const std::shared_ptr<libcamera::Camera> &camera)
{
    tray *tray = &self.completed;
    const libcamera::Camera *ours = camera.get();
    camera->requestCompleted.connect(tray,
                                     [tray](libcamera::Request *request) { tray->put(request); });
    camera->disconnected.connect(tray, [tray]() { tray->put_gone(); });
    // an idle camera that goes is only said to be removed
    self.manager->cameraRemoved.connect(
        tray, [tray, ours](std::shared_ptr<libcamera::Camera> removed) { // NOLINT: their signature
            if (removed.get() == ours) {
                tray->put_gone();
            }
        });
}

bool configure(libcamera_driver &self, const driver_configure &wish, driver_configured *configured,
               driver_buffers *buffers, fault *fault)
{
    self.is_waiting = false;
    if (!manager_start(self, fault)) {
        return false;
    }
    self.completed.take_added(); // those are in cameras()
    auto opened = session_open(self.manager->cameras(), wish, configured, buffers, fault);
    if (!opened) {
        // what is not there can come; permission or another's camera is nobody's to announce
        self.is_waiting = fault->code == ENODEV || fault->code == ENXIO;
        return false;
    }
    for (const std::string &remark : opened->remarks) {
        driver_log(self.driver, LOG_LEVEL_WARNING, "%s", remark.c_str());
    }
    self.settle_ms = wish.settle_ms;
    self.idle_interval_ns = static_cast<int64_t>(1e9 / wish.idle_fps);
    self.keeps_latest = wish.keep_latest != 0;
    signals_connect(self, opened->camera);
    self.open = std::move(opened);
    return true;
}

// ---- what the scaffold calls

void op_open(void *context, struct driver *driver)
{
    libcamera_driver &self = *self_of(context);
    self.driver = driver;
    self.pace_timer = loop_timer_add(driver_loop(driver), on_pace, context);
    loop_watch(driver_loop(driver), self.completed.fd, POLLIN, on_tray, context);
}

bool op_list(void *context, fault *fault)
{
    return guarded(fault, [&] {
        libcamera_driver &self = *self_of(context);
        if (!manager_start(self, fault)) {
            return false;
        }
        uint32_t index = 0;
        for (const auto &camera : self.manager->cameras()) {
            driver_camera description = {};
            description.index = index++;
            camera_describe(*camera, &description);
            driver_send_camera(self.driver, &description);
        }
        return true;
    });
}

bool op_configure(void *context, const driver_configure *wish, driver_configured *configured,
                  driver_buffers *buffers, fault *fault)
{
    return guarded(fault,
                   [&] { return configure(*self_of(context), *wish, configured, buffers, fault); });
}

bool op_is_waiting(void *context)
{
    return self_of(context)->is_waiting;
}

bool op_start(void *context, fault *fault)
{
    return guarded(fault, [&] {
        libcamera_driver &self = *self_of(context);
        libcamera::ControlList list(self.open->camera->controls());
        controls_set(*self.open, list);
        const int result = self.open->camera->start(&list);
        if (result != 0) {
            return libcamera_failed(fault, "start", result);
        }
        for (slot &slot : self.open->slots) {
            slot.has_controls = false;
        }
        self.frames = 0;
        self.is_shooting = false;
        gate_begin(&self.settled, monotonic_now_ns(), self.settle_ms);
        self.is_streaming = slots_queue(self, self.open->slots.size(), fault);
        return self.is_streaming;
    });
}

void op_shoot(void *context, const driver_shoot *shoot)
{
    libcamera_driver &self = *self_of(context);
    self.shot = *shoot;
    self.is_shooting = true;
    if (self.held != NONE_HELD && shot_takes(self, self.held_frame)) {
        shot_answer(self, self.held_frame);
    }
    guarded_or_lost(self, [&](fault *why) {
        // a shot that has its frame already leaves the next one to its time
        const bool queued = slots_queue(self, self.is_shooting ? self.open->slots.size() : 0, why);
        pace(self);
        return queued;
    });
}

void op_give_back(void *context, uint32_t)
{
    libcamera_driver &self = *self_of(context);
    if (self.is_streaming) {
        pace(self);
    }
}

void op_stop(void *context)
{
    libcamera_driver &self = *self_of(context);
    self.is_streaming = false;
    self.is_shooting = false;
    self.held = NONE_HELD;
    loop_timer_clear(driver_loop(self.driver), self.pace_timer);
    guarded_or_lost(self, [&](fault *why) {
        bool is_gone = false;
        const int result = self.open->camera->stop();
        self.completed.take(&is_gone); // all have completed or were cancelled by now
        for (slot &slot : self.open->slots) {
            slot.is_queued = false;
        }
        if (is_gone) {
            return fault_set(why, FAULT_CAMERA, ENODEV, "the camera was unplugged");
        }
        return result == 0 || libcamera_failed(why, "stop", result);
    });
}

// The next frame is owed since the one before it, or since it was asked for.
void op_pulse(void *context, driver_pong *pong)
{
    const libcamera_driver &self = *self_of(context);
    pong->frames = self.frames;
    int64_t oldest_ns = INT64_MAX;
    for (const slot &slot : self.open->slots) {
        oldest_ns = slot.is_queued ? std::min(oldest_ns, slot.queued_ns) : oldest_ns;
    }
    if (oldest_ns != INT64_MAX) {
        const int64_t owed_ns = std::max(oldest_ns, self.last_completed_ns);
        pong->waiting_ns = std::max<int64_t>(0, monotonic_now_ns() - owed_ns);
    }
}

} // namespace

int main()
{
    static const driver_ops OPS = {op_open,  op_list,      op_configure, op_is_waiting, op_start,
                                   op_shoot, op_give_back, op_stop,      op_pulse,      nullptr};
    const std::string library = "libcamera " + libcamera::CameraManager::version();
    auto *const self = new libcamera_driver; // never deleted: libcamera's threads outlive main
    _exit(driver_main("libcamera", library.c_str(), &OPS, self));
}
