// What libcamera's threads leave for ours: completed requests, and that a camera has come or gone.
// They put and never wait; an eventfd tells that there is something to take. C++.
#pragma once

#include "camera/drivers/libcamera_parts.h"

#include <mutex>
#include <sys/eventfd.h>
#include <utility>

struct completion {
    libcamera::Request *request;
    int64_t at_ns;
};

class tray
{
  public:
    tray() : fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))
    {
    }

    void put(libcamera::Request *request)
    {
        const std::lock_guard<std::mutex> guard(lock);
        completions.push_back({request, monotonic_now_ns()});
        ring();
    }

    void put_gone()
    {
        const std::lock_guard<std::mutex> guard(lock);
        is_gone = true;
        ring();
    }

    void put_added()
    {
        const std::lock_guard<std::mutex> guard(lock);
        is_added = true;
        ring();
    }

    bool take_added()
    {
        const std::lock_guard<std::mutex> guard(lock);
        return std::exchange(is_added, false);
    }

    std::vector<completion> take(bool *gone)
    {
        const std::lock_guard<std::mutex> guard(lock);
        eventfd_t count = 0;
        (void)!eventfd_read(fd, &count);
        *gone = is_gone;
        return std::exchange(completions, {});
    }

    const int fd;

  private:
    void ring() const
    {
        (void)!eventfd_write(fd, 1);
    }

    std::mutex lock;
    std::vector<completion> completions;
    bool is_gone = false;
    bool is_added = false;
};
