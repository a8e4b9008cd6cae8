// lab/standing.hpp - what exists in the system: how often each server was started, and how much
// there is of everything that must come back.
#pragma once

#include <abi/info.hpp>
#include <proto/names.hpp>
#include <sys/process.hpp>
#include <sys/session.hpp>

namespace lab {

inline constexpr u32 most_programs = 32;

struct Program {
    abi::Name name;
    proto::names::State state;
    u32 epoch;
};

struct Programs {
    std::array<Program, most_programs> each;
    u32 count = 0;

    const Program* find(std::string_view name) const
    {
        for (u32 i = 0; i < count; ++i)
            if (text::of(each[i].name) == name)
                return &each[i];
        return nullptr;
    }
    // Starts of others since `before`.
    u32 others_started(const Programs& before, std::string_view victim) const
    {
        u32 sum = 0;
        for (u32 i = 0; i < count; ++i)
            if (text::of(each[i].name) != victim)
                sum += each[i].epoch - before.each[i].epoch;
        return sum;
    }
};

inline Programs programs(sys::Borrowed<sys::Endpoint> names)
{
    Programs all;
    while (all.count < most_programs) {
        const auto asked = sys::call<proto::names::Process>(names, {all.count, 0});
        if (!asked)
            break;
        all.each[all.count++] = {asked->reply.name, asked->reply.state, asked->reply.epoch};
    }
    return all;
}

struct Amounts {
    std::array<u64, 11> values{};

    bool operator==(const Amounts&) const = default;
};

inline Amounts amounts()
{
    const auto i = sys::system_info();
    if (!i)
        return {};
    return {{i->frames_free, i->processes, i->threads, i->endpoints, i->badges, i->notifications,
             i->memories, i->mappings, i->pins, i->pinned_pages, i->handles}};
}

}  // namespace lab
