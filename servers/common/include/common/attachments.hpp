// common/attachments.hpp - the attachments of all sessions of a server, and who may have how many.
#pragma once

#include <array>

#include <common/attachment.hpp>
#include <common/turns.hpp>
#include <proto/names.hpp>

namespace common {

class Attachments {
public:
    static constexpr u32 sessions_per_program = 8;

    static u32 program_of(u64 badge)
    {
        return static_cast<u32>(proto::names::ConnectBadge::Program::get(badge));
    }

    // The program of `badge` has as many as it may have, those included that are about to go.
    bool over_quota(u64 badge) const
    {
        u32 held = 0;
        for (const Attachment& each : places_)
            held += each.badge() != 0 && program_of(each.badge()) == program_of(badge) ? 1 : 0;
        return held >= sessions_per_program;
    }

    bool belongs(u32 place, u64 badge) const
    {
        return place < max_sessions && places_[place].badge() == badge;
    }

    const Attachment& operator[](u32 place) const { return places_[place]; }
    const Attachment& put(u32 place, Attachment attachment)
    {
        return places_[place] = std::move(attachment);
    }
    void remove(u32 place) { places_[place] = {}; }

private:
    std::array<Attachment, max_sessions> places_;
};

}  // namespace common
