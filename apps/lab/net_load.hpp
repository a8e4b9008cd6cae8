// lab/net_load.hpp - numbered frames to a peer that sends them back, a few on their way at a time.
//
// A frame that comes back is whole, comes once, and later than those before it. One that does not
// come back is lost, which networks may do; without a fault nothing is.
#pragma once

#include "victim.hpp"

#include <lab/findings.hpp>
#include <net/blocking.hpp>

namespace lab {

class NetLoad {
public:
    NetLoad(const sys::Startup& given, const Order& order, const Trial& trial, Victim& victim)
        : given_{&given}, order_{order}, trial_{trial}, victim_{&victim}
    {
    }

    Result<> open();
    // Sends what can be sent, and takes a frame, or waits a while for one.
    bool step();
    Result<> probe();
    void close() { nic_.close(); }

    const Findings& findings() const { return findings_; }
    u32 instance() const { return nic_.restarts(); }

private:
    static constexpr u32 frames = 64;
    static constexpr u32 window = 8;
    static constexpr u32 most_numbers = frames + 16;  // with those of probes

    // False: there is no place for it now.
    bool send(u32 number);
    bool take();
    void look(std::span<const std::byte> frame);
    void wait();
    void abandon();
    bool waits_for(u32 number) const { return std::max(next_, abandoned_) <= number; }

    const sys::Startup* given_;
    Order order_;
    Trial trial_;
    Victim* victim_;
    net::Interface nic_;
    Findings findings_;
    u32 sent_ = 0;
    u32 next_ = 0;       // the least number that may come
    u32 abandoned_ = 0;  // what is below is not waited for
    u32 seen_restarts_ = 0;
    u32 waits_ = 0;  // running, for nothing
    u32 most_waits_ = 0;
};

}  // namespace lab
