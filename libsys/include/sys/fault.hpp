// sys/fault.hpp - orders for the kernel flavour `fault` (abi/fault.hpp); the other kernels say
// not_supported to each of them.
#pragma once

#include "sys/syscall.hpp"

#include <bit>
#include <cstring>
#include <string_view>

#include <abi/fault.hpp>
#include <base/text.hpp>

namespace sys {

struct FaultOrder {
    std::string_view victim;  // name of its process
    abi::FaultKind kind = abi::FaultKind::count;
    abi::FaultPoint point = abi::FaultPoint::none;
    u64 flags = 0;  // FaultFlags
    u64 n = 1;
    u64 seed = 0;
    u64 period = 0;
    u64 detail = 0;
};

namespace detail {

constexpr u64 fault_word(abi::FaultAction action, const FaultOrder& order)
{
    using Word = abi::FaultWord;
    return Word::Action::make(static_cast<u64>(action))
           | Word::Kind::make(static_cast<u64>(order.kind))
           | Word::Point::make(static_cast<u64>(order.point)) | Word::Flags::make(order.flags);
}

}  // namespace detail

// Gives the epoch of the victim.
inline Result<u64> arm_fault(const FaultOrder& order)
{
    const auto name =
        std::bit_cast<std::array<u64, 2>>(text::padded<sizeof(abi::Name)>(order.victim));
    return fetch(abi::fault_call, abi::no_slot, detail::fault_word(abi::FaultAction::arm, order),
                 name[0], name[1], order.n, order.seed, order.period, order.detail);
}

inline Result<> disarm_fault()
{
    return perform(abi::fault_call, abi::no_slot, detail::fault_word(abi::FaultAction::disarm, {}));
}

// Of the last order.
inline Result<abi::FaultReport> read_fault()
{
    const auto asked =
        perform(abi::fault_call, abi::no_slot, detail::fault_word(abi::FaultAction::read, {}));
    if (!asked)
        return fail(asked.error());
    abi::FaultReport copy;
    std::memcpy(&copy, message_page().payload.data(), sizeof(copy));
    return copy;
}

}  // namespace sys
