// libcamera's log on its way to the agent's: any of libcamera's threads writes, a line at a time.
#include "camera/drivers/libcamera_parts.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <libcamera/logging.h>
#include <mutex>
#include <ostream>
#include <streambuf>

namespace
{

class log_stream : public std::streambuf
{
  public:
    log_stream(const driver *agent, log_level least) : to(agent), threshold(least)
    {
    }

  protected:
    std::streamsize xsputn(const char *text, std::streamsize size) override
    {
        const std::lock_guard<std::mutex> guard(lock);
        for (const char *c = text; c != text + size; c++) {
            put(*c);
        }
        return size;
    }

    int overflow(int c) override
    {
        const std::lock_guard<std::mutex> guard(lock);
        if (c != traits_type::eof()) {
            put(static_cast<char>(c));
        }
        return 0;
    }

  private:
    void put(char c)
    {
        if (c != '\n') {
            line += c;
            return;
        }
        send();
        line.clear();
    }

    // "[0:12:34.567890123] [4711]  WARN Category file.cpp:123 text"
    void send()
    {
        static constexpr struct {
            const char *word;
            log_level level;
        } LEVELS[] = {{"DEBUG ", LOG_LEVEL_DEBUG},
                      {"INFO ", LOG_LEVEL_INFO},
                      {"WARN ", LOG_LEVEL_WARNING},
                      {"ERROR ", LOG_LEVEL_ERROR},
                      {"FATAL ", LOG_LEVEL_ERROR}};
        size_t start = line.find("] [");
        start = start == std::string::npos ? start : line.find("] ", start + 3);
        start = start == std::string::npos ? 0 : line.find_first_not_of(' ', start + 2);
        const char *text = line.c_str() + std::min(start, line.size());
        log_level level = LOG_LEVEL_INFO;
        for (const auto &known : LEVELS) {
            if (std::strncmp(text, known.word, std::strlen(known.word)) == 0) {
                level = known.level;
                text += std::strlen(known.word);
                break;
            }
        }
        if (level <= threshold) {
            driver_log(to, level, "libcamera: %s", text);
        }
    }

    const driver *const to;
    const log_level threshold;
    std::mutex lock;
    std::string line;
};

} // namespace

void log_redirect(const driver *driver)
{
    // whoever sets the levels gets the lines; logSetLevel knows no word for "all categories"
    const bool is_asked = std::getenv("LIBCAMERA_LOG_LEVELS") != nullptr;
    const log_level threshold = is_asked ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING;
    // never deleted: libcamera keeps the pointer for as long as its threads live
    auto *const out = new std::ostream(new log_stream(driver, threshold));
    libcamera::logSetStream(out, false);
}
