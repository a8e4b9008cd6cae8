// sys/state_log.hpp - the `state` calls of a session: what a restarted server has to hear again.
// Each method's last successful call, in the order of those calls.
#pragma once

#include <cstring>
#include <span>

#include <base/inline_vector.hpp>

namespace sys {

inline constexpr usize state_call_bytes = 64;  // of a request; longer ones are not remembered
inline constexpr usize state_calls = 8;        // methods

struct StateCall {
    u16 ordinal;
    u16 size;
    u32 handles;  // that it carried
    std::array<std::byte, state_call_bytes> request;

    std::span<const std::byte> bytes() const { return std::span{request}.first(size); }
};

class StateLog {
public:
    void remember(u16 ordinal, std::span<const std::byte> request, u32 handles)
    {
        forget(ordinal);
        StateCall call{ordinal, static_cast<u16>(request.size()), handles, {}};
        if (request.size() > call.request.size()) {
            overflow_ = true;
            return;
        }
        if (!request.empty())
            std::memcpy(call.request.data(), request.data(), request.size());
        if (!calls_.push_back(call))
            overflow_ = true;
    }

    std::span<const StateCall> calls() const { return calls_.all(); }
    bool overflow() const { return overflow_; }
    void clear()
    {
        calls_.clear();
        overflow_ = false;
    }

private:
    void forget(u16 ordinal)
    {
        for (usize i = 0; i < calls_.size(); ++i)
            if (calls_[i].ordinal == ordinal)
                return drop(i);
    }

    void drop(usize place)
    {
        for (usize i = place; i + 1 < calls_.size(); ++i)
            calls_[i] = calls_[i + 1];
        calls_.pop_back();
    }

    InlineVector<StateCall, state_calls> calls_;
    bool overflow_ = false;
};

}  // namespace sys
