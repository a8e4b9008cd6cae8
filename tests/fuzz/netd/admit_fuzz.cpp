// tests/fuzz/netd/admit_fuzz.cpp - whatever a client writes into its rings or its filter: what
// passes is in bounds, and nothing that a right is needed for passes without.
#include "admit.hpp"
#include "match.hpp"

#include <cstdlib>
#include <cstring>

namespace {

void demand(bool holds)
{
    if (!holds)
        std::abort();
}

struct Input {
    proto::net::Send send;
    proto::net::Space space;
    proto::net::Filter filter;
    u32 buffer_bytes;
    u32 space_bytes;
    u32 max_frame;
    u32 promiscuous;
    netd::KeyBytes frame;
};

// Independent of admit: wide enough that nothing overflows.
using Wide = unsigned __int128;

void check_send(const Input& in, const netd::Limits& limits)
{
    const bool admitted = netd::admit(in.send, limits) == proto::net::Status::ok;
    const bool simple = in.send.flags == 0 && in.send.bytes >= 60;
    demand(netd::plain(in.send, limits) == (admitted && simple));
    if (!admitted)
        return;
    demand(Wide{in.send.offset} + in.send.bytes <= in.buffer_bytes);
    demand(in.send.bytes >= 14 && in.send.bytes <= in.max_frame && in.send.reserved == 0);
    if (in.send.flags == 0)
        demand(in.send.csum_start == 0 && in.send.csum_offset == 0);
    else
        demand(in.send.flags == 1 && in.send.csum_start >= 14
               && Wide{in.send.csum_start} + in.send.csum_offset + 2 <= in.send.bytes);
}

void check_filter(const Input& in)
{
    const bool allowed = in.promiscuous % 2 != 0;
    const Errc verdict = netd::admit(in.filter, allowed);
    const bool everything = (in.filter.flags & proto::net::FilterFlags::promiscuous) != 0;
    if (verdict != Errc::ok)
        return;
    demand(allowed || !everything);
    demand(in.filter.vlan < 4095 && in.filter.reserved == 0 && in.filter.flags < 16);

    const proto::net::Mac own{2, 0, 0, 0, 0, 1};
    const auto keys = netd::keys_of(in.frame);
    if (!netd::Match{in.filter, own}.wants(keys) || everything)
        return;
    demand(keys.vlan == in.filter.vlan);
    demand(in.filter.ether_type == 0 || in.filter.ether_type == keys.type);
    const bool group = (in.frame[0] & 1) != 0;
    const auto is = [&](const proto::net::Mac& mac) {
        return std::memcmp(in.frame.data(), mac.data(), mac.size()) == 0;
    };
    demand(group || is(own) || is(in.filter.address));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* bytes, usize size);

extern "C" int LLVMFuzzerTestOneInput(const u8* bytes, usize size)
{
    Input in;
    if (size < sizeof(in))
        return 0;
    std::memcpy(&in, bytes, sizeof(in));
    const netd::Limits limits{
        .buffer_bytes = in.buffer_bytes, .space_bytes = in.space_bytes, .max_frame = in.max_frame};
    check_send(in, limits);
    if (in.space_bytes <= in.buffer_bytes && netd::admit(in.space, netd::last_space(limits)))
        demand(Wide{in.space.offset} + in.space_bytes <= in.buffer_bytes);
    check_filter(in);
    return 0;
}
