// vsh/progress.hpp - a log record now and then while a command works on a long range: whoever
// watches the log sees that it goes on. The user's output is not touched.
#pragma once

#include <sys/log.hpp>
#include <sys/time.hpp>

namespace vsh {

class Progress {
public:
    // `of`: what is counted.
    explicit Progress(u64 last, std::string_view of = "sector")
        : of_{of}, last_{last}, next_{sys::after_ms(every_ms)}
    {
    }

    void at(u64 place)
    {
        if (sys::now() < next_)
            return;
        next_ = sys::after_ms(every_ms);
        sys::log(sys::Level::info, "progress", {{of_, place}, {"of", last_}});
    }

private:
    static constexpr u64 every_ms = 2'000;

    std::string_view of_;
    u64 last_;
    abi::Ticks next_;
};

}  // namespace vsh
