// attacks.hpp - what a hostile server of one device tries against the devices of others. Everything
// has to be refused.
#pragma once

#include <string_view>

#include <sys/device.hpp>
#include <sys/startup.hpp>

namespace isolation {

class Attacks {
public:
    Attacks(const sys::Startup& given, sys::Borrowed<sys::Device> device)
        : given_{&given}, device_{device}
    {
    }

    void run();

    bool mapped() const { return window_ != 0; }
    u32 attempts() const { return attempts_; }
    u32 successes() const { return successes_; }

    // Behind the last register of the page that holds the window.
    u64 next_page() const;

private:
    void map();
    void reach_beyond_the_window();
    void touch_the_page();
    void forge_handles();
    void forge(abi::Slot slot);
    void ask_for_services();

    // One attempt, which must end with an error, and with which.
    template <class T>
    void expect(const Result<T>& got, Errc wanted, std::string_view what, u64 detail)
    {
        ++attempts_;
        if (got || got.error() != wanted)
            report(got ? Errc::ok : got.error(), what, detail);
    }
    void report(Errc got, std::string_view what, u64 detail);

    const sys::Startup* given_;
    sys::Borrowed<sys::Device> device_;
    u64 window_ = 0;  // where its registers are mapped, if they are
    u32 attempts_ = 0;
    u32 successes_ = 0;
};

}  // namespace isolation
