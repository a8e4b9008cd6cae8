// lab/input_load.hpp - the numbered keys of lab/keys.hpp, typed by the host when it is asked to:
// each comes in its order, or something said that events were lost; in the end no key is held.
#pragma once

#include "victim.hpp"

#include <input/device.hpp>
#include <lab/findings.hpp>

namespace lab {

class InputLoad {
public:
    // `typed`: so many the host has typed since it began.
    InputLoad(const sys::Startup& given, const Order& order, Victim& victim, u64& typed)
        : given_{&given},
          order_{order},
          victim_{&victim},
          typed_{&typed},
          next_{typed},
          first_{typed}
    {
    }

    Result<> open();
    bool step();
    Result<> probe();
    void close() { device_.close(); }

    const Findings& findings() const { return findings_; }
    // A new one says that events were lost, before anything else.
    u32 instance() const { return losses_; }

private:
    static constexpr u64 batch = 24;
    static constexpr u32 batches = 2;

    void type(u64 events);
    bool take();
    void look(const input::Event& event);
    void look_at_key(u16 code, bool press);
    void drain();
    u64 held() const;
    bool waits() const { return std::max(next_, abandoned_) < *typed_; }

    const sys::Startup* given_;
    Order order_;
    Victim* victim_;
    u64* typed_;
    input::Device device_;
    Findings findings_;
    u64 next_;           // event of the pattern that may come
    u64 abandoned_ = 0;  // what is below is not waited for
    u64 first_ = 0;
    u32 asked_ = 0;
    u32 waits_ = 0;
    u32 losses_ = 0;
    bool excused_ = false;  // a loss was told of, and no press came since
    bool pressed_ = false;  // in this frame
};

}  // namespace lab
