// block/callbacks.hpp - the callback layer: each request says who is to be told of its end.
//
//     block::Callbacks work{disk};
//     work.read(sector, 8, std::move(buffer), {on_read, &state});
//     work.run();                        // until everybody was told
//
// A callback may start further requests. Only this layer submits to its disk while something is
// outstanding.
#pragma once

#include <block/disk.hpp>

namespace block {

// Whom to tell, and with what context.
struct Callback {
    using Function = void (*)(void* context, Errc outcome, Buffer buffer);

    Function function = nullptr;
    void* context = nullptr;
    abi::Ticks deadline = abi::never;  // then it hears timed_out, and gets no buffer
};

class Callbacks {
public:
    explicit Callbacks(Disk& disk) : disk_{&disk}
    {
        for (free_count_ = 0; free_count_ < places_.size(); ++free_count_)
            free_[free_count_] = static_cast<u16>(free_count_);
    }

    // Errors: those of Disk; on failure the buffer is still the caller's and nobody is told.
    Result<> read(Sector first, u32 sectors, Buffer&& buffer, Callback then)
    {
        return start(then,
                     [&](u64 tag) { return disk_->read(tag, first, sectors, std::move(buffer)); });
    }
    Result<> write(Sector first, u32 sectors, Buffer&& buffer, Callback then)
    {
        return start(then,
                     [&](u64 tag) { return disk_->write(tag, first, sectors, std::move(buffer)); });
    }
    Result<> flush(Callback then)
    {
        return start(then, [&](u64 tag) { return disk_->flush(tag); });
    }

    // Tells of all that ended so far; never waits. Gives how many.
    u32 dispatch()
    {
        u32 told = 0;
        disk_->kick();
        for (auto done = disk_->poll(); done; done = disk_->poll(), ++told)
            tell(std::move(*done));
        for (auto late = disk_->expire(); late; late = disk_->expire(), ++told)
            tell(std::move(*late));
        disk_->kick();
        return told;
    }

    // Waits and tells until everybody was told; the disk may still have what timed out. Errors:
    // timed_out.
    Result<> run(abi::Ticks deadline = abi::never)
    {
        while (free_count_ != places_.size()) {
            auto done = disk_->wait(deadline);
            if (!done)
                return done.error() == Errc::not_found ? Result<>{} : fail(done.error());
            tell(std::move(*done));
        }
        return {};
    }

private:
    template <class Submit>
    Result<> start(Callback then, Submit submit)
    {
        if (free_count_ == 0 || then.function == nullptr)
            return fail(then.function == nullptr ? Errc::bad_argument : Errc::would_block);
        const u32 place = free_[free_count_ - 1];
        const auto sent = submit(u64{place});
        if (sent) {
            --free_count_;
            places_[place] = then;
            if (then.deadline != abi::never)
                (void)disk_->set_deadline(u64{place}, then.deadline);
        }
        return sent;
    }

    void tell(Completion done)
    {
        const auto place = static_cast<u32>(done.tag);
        const Callback then = places_[place];
        free_[free_count_++] = static_cast<u16>(place);
        then.function(then.context, done.outcome, std::move(done.buffer));
    }

    Disk* disk_;
    u32 free_count_ = 0;
    std::array<u16, Channel::max_entries> free_{};
    std::array<Callback, Channel::max_entries> places_{};
};

}  // namespace block
