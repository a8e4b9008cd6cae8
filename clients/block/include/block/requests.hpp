// block/requests.hpp - the requests of a session whose completion was not consumed: the client's
// own table, which no server writes, and from which it replays when one died. Pure.
//
// A request is `sent` while it is in the rings of a server that lives. Those that are not wait in
// line; the line is empty but after a restart. It is sent in the order in which the requests were
// submitted, and a flush of it only when nothing sent is outstanding: what it covers may have been
// sent a second time before it.
#pragma once

#include <algorithm>
#include <array>
#include <span>

#include <base/bits.hpp>
#include <block/buffers.hpp>
#include <proto/block.hpp>

namespace block {

using proto::block::Op;
using proto::block::Sector;

class Requests {
public:
    static constexpr u32 max_entries = proto::block::max_entries;
    static constexpr u32 most_deaths = 3;  // of servers, with one request in flight

    // A cookie is the request's place in the table and a generation, which keeps an answer that
    // comes twice, or from a server that is dead, from meeting the next request.
    using Place = Field<7, 0>;
    static constexpr u32 next_generation = 1 << 8;
    static constexpr u32 live = u32{1} << 31;
    static_assert(max_entries == Place::mask + 1 && max_buffers <= 256);

    struct Request {
        u64 tag;
        Sector first;
        u32 sectors;
        u32 cookie;    // with `live` while it is outstanding; without, the one it will have next
        u32 position;  // in the ring, while it is sent
        u32 what;      // the fields below: one word is one store

        using Kind = Field<7, 0>;
        using Buffer = Field<15, 8>;  // none of what has no data
        static constexpr u32 sent_bit = 1 << 16;
        static constexpr u32 has_buffer_bit = 1 << 17;  // of one that was abandoned
        static constexpr u32 deadline_bit = 1 << 18;
        static constexpr u32 abandoned_kind = 0xff;  // no op: nobody is told of its end
        static constexpr u32 one_death = 1 << 24;    // of a server that it was sent to

        // One that is sent.
        static u32 made(Op op, u32 buffer) { return static_cast<u32>(op) | buffer << 8 | sent_bit; }

        Op op() const { return static_cast<Op>(Kind::get(what)); }
        u32 buffer() const { return static_cast<u32>(Buffer::get(what)); }
        bool outstanding() const { return (cookie & live) != 0; }
        bool sent() const { return (what & sent_bit) != 0; }
        bool abandoned() const { return Kind::get(what) == abandoned_kind; }
        bool awaits_deadline() const
        {
            return outstanding() && !abandoned() && (what & deadline_bit) != 0;
        }
        bool has_buffer() const
        {
            return abandoned() ? (what & has_buffer_bit) != 0 : proto::block::has_data(op());
        }
        void abandon()
        {
            what = (what | Kind::make(abandoned_kind)) | (has_buffer() ? has_buffer_bit : 0);
        }
        u32 deaths() const { return what / one_death; }
    };
    static_assert(sizeof(Request) == 32);

    void open(u32 depth)
    {
        *this = {};
        depth_ = depth;
        for (; free_count_ < depth; ++free_count_) {
            free_[free_count_] = static_cast<u8>(free_count_);
            table_[free_count_].cookie = free_count_;
        }
    }

    u32 outstanding() const { return depth_ - free_count_; }
    bool full() const { return free_count_ == 0; }

    // The entry that is filled next, and the cookie that it will have. Not when it is full.
    Request& vacant() { return table_[free_[static_cast<u8>(free_count_ - 1)]]; }
    static u32 next_cookie(const Request& vacant) { return vacant.cookie | live; }

    [[gnu::always_inline]] void add_sent(Request& vacant, const Request& request)
    {
        --free_count_;
        vacant = request;
    }
    void add_to_line(u64 tag, Op op, Sector first, u32 sectors, u32 buffer)
    {
        Request& request = vacant();
        line_[static_cast<u8>(line_begin_ + line_count_++)] = free_[free_count_ - 1];
        const u32 what = Request::made(op, buffer) & ~Request::sent_bit;
        add_sent(request, {tag, first, sectors, next_cookie(request), 0, what});
    }

    // The request that an answer is to, if it is outstanding().
    Request& of(u32 cookie) { return table_[Place::get(cookie)]; }
    static bool outstanding(const Request& request, u32 cookie)
    {
        return request.cookie == cookie && (cookie & live) != 0;
    }
    // The same; null if none is.
    Request* find(u32 cookie)
    {
        Request& request = of(cookie);
        return outstanding(request, cookie) ? &request : nullptr;
    }

    // It ended.
    [[gnu::always_inline]] void retire(Request& request)
    {
        const u32 cookie = request.cookie;
        request.cookie = (cookie + next_generation) & ~live;
        free_[static_cast<u8>(free_count_++)] = static_cast<u8>(Place::get(cookie));
    }

    bool line_empty() const { return line_count_ == 0; }

    // The request to send next; null if there is none, or it is a flush whose turn has not come.
    const Request* next_in_line() const
    {
        if (line_count_ == 0)
            return nullptr;
        const Request& first = table_[line_[line_begin_]];
        const bool waits = first.op() == Op::flush && outstanding() != line_count_ + hopeless_;
        return waits ? nullptr : &first;
    }
    void first_was_sent(u32 position)
    {
        Request& first = table_[line_[line_begin_++]];
        first.what |= Request::sent_bit;
        first.position = position;
        --line_count_;
    }

    // The first in line is not sent, and has ended.
    Request& drop_first()
    {
        --line_count_;
        return table_[line_[line_begin_++]];
    }

    // The server died, `end` being the position after the last that it was sent: they are in line
    // again, under new cookies and before those that wait, but what has been there too often. How
    // many.
    u32 restart(u32 end)
    {
        std::array<u8, max_entries> again{};
        u32 count = 0;
        for (u32 place = 0; place < depth_; ++place)
            if (table_[place].outstanding() && table_[place].sent() && !bury(table_[place]))
                again[count++] = static_cast<u8>(place);
        const auto age = [&](u8 place) { return end - table_[place].position; };
        std::ranges::sort(std::span{again}.first(count), std::ranges::less{}, age);
        for (const u8 place : std::span{again}.first(count))
            line_[--line_begin_] = place;
        line_count_ += count;
        return count;
    }

    // A request that is not sent again; null if there is none.
    Request* next_hopeless()
    {
        if (hopeless_ == 0)
            return nullptr;
        --hopeless_;
        return find_if([](const Request& each) { return each.deaths() >= most_deaths; });
    }
    bool hopeless() const { return hopeless_ != 0; }

    // One that somebody waits for; null if none has this tag.
    Request* find_tag(u64 tag)
    {
        return find_if([tag](const Request& each) { return each.tag == tag && !each.abandoned(); });
    }
    // The same, and at once if it is the one that was added last.
    Request* find_new(u64 tag)
    {
        Request& last = table_[free_count_ < depth_ ? free_[free_count_] : 0];
        const bool fits = last.outstanding() && last.tag == tag && !last.abandoned();
        return fits ? &last : find_tag(tag);
    }
    Request& at(u32 place) { return table_[place]; }
    // One that is sent and nobody waits for; null if there is none.
    Request* find_abandoned()
    {
        return find_if([](const Request& each) { return each.sent() && each.abandoned(); });
    }

    // Any that is outstanding; null if none is.
    Request* any()
    {
        return find_if([](const Request&) { return true; });
    }

private:
    // True: it was in flight too often.
    bool bury(Request& request)
    {
        request.what = (request.what & ~Request::sent_bit) + Request::one_death;
        request.cookie = (request.cookie + next_generation) | live;
        if (request.deaths() < most_deaths)
            return false;
        ++hopeless_;
        return true;
    }

    template <class Wanted>
    Request* find_if(Wanted wanted)
    {
        for (Request& each : std::span{table_}.first(depth_))
            if (each.outstanding() && wanted(each))
                return &each;
        return nullptr;
    }

    u32 depth_ = 0;
    u32 free_count_ = 0;
    u32 line_count_ = 0;
    u32 hopeless_ = 0;
    u8 line_begin_ = 0;
    std::array<u8, max_entries> free_{};
    std::array<u8, max_entries> line_{};  // places, round and round
    std::array<Request, max_entries> table_{};
};

}  // namespace block
