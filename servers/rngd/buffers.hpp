// rngd/buffers.hpp - memory that clients brought: mapped, so that the generator writes there, and
// pinned for the device if they may have its raw bytes.
//
// What the device was asked to fill stays pinned until it answered or was reset, also when its
// client is gone.
#pragma once

#include <algorithm>
#include <optional>

#include <proto/names.hpp>
#include <proto/random.hpp>
#include <sys/device.hpp>
#include <sys/notification.hpp>
#include <sys/serve.hpp>

namespace rngd {

namespace random = proto::random;

class Buffer {
public:
    // Errors: those of Attach.
    static Result<Buffer> create(sys::Borrowed<sys::Device> device, sys::Caller& caller, bool raw)
    {
        auto memory = caller.take<sys::Memory>(0);
        auto doorbell = caller.take<sys::Notification>(1);
        if (!memory || !doorbell)
            return fail(memory ? doorbell.error() : memory.error());
        const auto about = sys::info(memory->borrow());
        if (!about)
            return fail(about.error());
        const u64 pages = about->size.raw() / page_bytes;
        if (pages < 2 || pages > random::most_pages + 1)
            return fail(Errc::out_of_range);
        auto mapping = sys::Mapping::create(memory->borrow(), sys::read_write);
        if (!mapping)
            return fail(mapping.error());
        Buffer made;
        made.badge_ = caller.badge();
        made.mapping_ = std::move(*mapping);
        made.doorbell_ = std::move(*doorbell);
        if (raw)
            if (const auto pinned = made.pin(device, memory->borrow()); !pinned)
                return fail(pinned.error());
        return made;
    }

    u64 badge() const { return badge_; }
    sys::Borrowed<sys::Notification> doorbell() const { return doorbell_.borrow(); }
    bool raw() const { return pin_.valid(); }
    bool with_device() const { return with_device_.has_value(); }
    bool with_device(u32 page) const { return with_device_ == page; }
    bool good(u32 page, u32 bytes) const
    {
        return page + u64{1} < mapping_.bytes().size() / page_bytes && bytes != 0
               && bytes <= random::most_bytes;
    }

    // Of a page that is good.
    std::span<u8> data(u32 page, u32 bytes) const
    {
        const auto all = mapping_.bytes().subspan((page + u64{1}) * page_bytes, bytes);
        return {reinterpret_cast<u8*>(all.data()), all.size()};
    }
    DeviceAddr address(u32 page) const { return pages_[page + 1]; }

    void begin(u32 page)
    {
        with_device_ = page;
        (**mapping_.at<random::Board>()).begun.store(++begun_, std::memory_order_release);
    }
    // The device answered, or was reset: the doorbell is due.
    void end(u32 bytes, Errc status)
    {
        with_device_.reset();
        random::Board& board = **mapping_.at<random::Board>();
        board.bytes = bytes;
        board.status = static_cast<u32>(status);
        board.ended.store(++ended_, std::memory_order_release);  // after the two words
    }

private:
    Result<> pin(sys::Borrowed<sys::Device> device, sys::Borrowed<sys::Memory> memory)
    {
        auto pinned = sys::PinnedMemory::create(device, memory, Bytes{0},
                                                Bytes{mapping_.bytes().size()}, abi::right::write);
        if (!pinned)
            return fail(pinned.error());
        pin_ = std::move(*pinned);
        std::array<abi::DmaRun, random::most_pages + 1> runs{};
        const auto listed = pin_.runs(runs);
        if (!listed)
            return fail(listed.error());
        usize page = 0;
        for (const abi::DmaRun& run : *listed)
            for (u64 at = 0; at < run.length.raw() && page < pages_.size(); at += page_bytes)
                pages_[page++] = run.address + Bytes{at};
        return {};
    }

    u64 badge_ = 0;
    sys::Mapping mapping_;
    sys::PinnedMemory pin_;
    std::array<DeviceAddr, random::most_pages + 1> pages_{};
    sys::Handle<sys::Notification> doorbell_;
    std::optional<u32> with_device_;
    u32 begun_ = 0;
    u32 ended_ = 0;
};

class Buffers {
public:
    static constexpr u16 most = 16;
    static constexpr u32 most_of_program = 4;
    static constexpr u32 most_with_device = 4;
    static constexpr u32 most_kept = 16;  // answers of the device that a place is kept for one

    static u64 program_of(u64 badge) { return proto::names::ConnectBadge::Program::get(badge); }

    explicit Buffers(sys::Inbox& inbox) : inbox_{&inbox} {}

    // Errors: those of Attach.
    Result<random::Attach::Reply> attach(sys::Borrowed<sys::Device> device,
                                         const random::Attach::Request& request,
                                         sys::Caller& caller)
    {
        const u64 badge = caller.badge();
        const bool raw = request.flags == random::AttachFlags::raw;
        if ((!raw && request.flags != 0) || request.reserved != 0 || caller.received() != 2)
            return fail(Errc::bad_argument);
        if (raw && proto::names::ConnectBadge::access(badge) != proto::table::Access::raw)
            return fail(Errc::denied);
        Buffer* place = find(badge);
        if (place != nullptr && place->with_device())
            return fail(Errc::busy);
        if (place == nullptr)
            place = vacant(badge);
        if (place == nullptr)
            return fail(Errc::over_quota);
        auto made = Buffer::create(device, caller, raw);
        if (!made)
            return fail(made.error());
        replace(*place, std::move(*made));
        return random::Attach::Reply{};
    }

    Buffer* find(u64 badge)
    {
        const auto at = std::ranges::find(places_, badge, &Buffer::badge);
        return at != places_.end() ? &*at : nullptr;
    }
    u16 index_of(const Buffer& buffer) const { return static_cast<u16>(&buffer - places_.data()); }
    u32 with_device() const { return with_device_; }

    // A program may have another page with the device while more places are free than it has. One
    // place is kept for a program that was refused and has none, each in turn: those that have
    // their pages there, and ask again at once, do not keep it out.
    bool may_begin(const Buffer& buffer) const
    {
        if (with_device_ == 0) [[likely]]
            return true;
        return has_place(buffer);
    }
    // Not now: its doorbell rings when it may.
    void refuse(const Buffer& buffer)
    {
        refused_[index_of(buffer)] = true;
        ++refusals_;
    }
    void begin(Buffer& buffer, u32 page)
    {
        buffer.begin(page);
        ++with_device_;
        if (kept_ && kept_->program == program_of(buffer.badge())) [[unlikely]]
            kept_.reset();
    }

    void forget(u64 badge)
    {
        Buffer* const buffer = find(badge);
        if (buffer == nullptr)
            return;
        if (buffer->with_device())
            orphans_[index_of(*buffer)] = true;
        else
            replace(*buffer, {});
    }

    // The device answered the request of a buffer.
    void end(u16 index, u32 bytes, Errc status)
    {
        Buffer& buffer = places_[index];
        buffer.end(bytes, status);
        --with_device_;
        inbox_->ring(buffer.doorbell());
        if (std::exchange(orphans_[index], false))
            replace(buffer, {});
    }
    // It was reset: it will not.
    void end_all()
    {
        for (u16 i = 0; i < most; ++i)
            if (places_[i].with_device())
                end(i, 0, Errc::device_fault);
    }

    // The device answered something: perhaps there is room.
    void tell_refused()
    {
        if (refusals_ != 0) [[unlikely]]
            tell_those_refused();
    }

private:
    struct Kept {
        u64 program;
        u32 answers;  // of the device, since
    };

    [[gnu::cold, gnu::noinline]] void tell_those_refused()
    {
        keep_place();
        for (u16 i = 0; i < most; ++i)
            if (refused_[i] && may_begin(places_[i])) {
                refused_[i] = false;
                inbox_->ring(places_[i].doorbell());
            }
        refusals_ = static_cast<u32>(std::ranges::count(refused_, true));
    }

    u32 with_device_of(u64 program) const
    {
        const auto same = [&](const Buffer& b) {
            return b.with_device() && program_of(b.badge()) == program;
        };
        return static_cast<u32>(std::ranges::count_if(places_, same));
    }
    [[gnu::noinline]] bool has_place(const Buffer& buffer) const
    {
        const u64 program = program_of(buffer.badge());
        const u32 kept = kept_ && kept_->program != program ? 1 : 0;
        return most_with_device > with_device_ + kept + with_device_of(program);
    }
    // For the next one in turn, if nobody has one kept, or comes for it.
    void keep_place()
    {
        if (with_device_ == most_with_device || (kept_ && ++kept_->answers < most_kept))
            return;
        kept_.reset();
        for (u16 n = 1; n <= most && !kept_; ++n) {
            const u16 i = (last_kept_ + n) % most;
            const u64 program = program_of(places_[i].badge());
            if (refused_[i] && with_device_of(program) == 0) {
                kept_ = Kept{program, 0};
                last_kept_ = i;
            }
        }
    }

    void replace(Buffer& place, Buffer with)
    {
        refused_[index_of(place)] = false;
        inbox_->ring_now();  // perhaps its doorbell
        place = std::move(with);
    }

    // Null: the program has as many as it may have, or there are too many.
    Buffer* vacant(u64 badge)
    {
        const auto same = [&](const Buffer& b) {
            return b.badge() != 0 && program_of(b.badge()) == program_of(badge);
        };
        return std::ranges::count_if(places_, same) < most_of_program ? find(0) : nullptr;
    }

    sys::Inbox* inbox_;
    std::array<Buffer, most> places_;
    std::array<bool, most> orphans_{};  // their client is gone, the device has them
    std::array<bool, most> refused_{};
    u32 refusals_ = 0;  // at least as many as are refused now
    std::optional<Kept> kept_;
    u16 last_kept_ = most - 1;
    u32 with_device_ = 0;
};

}  // namespace rngd
