// block/src/tasks.cpp - frames, waiting, and the loop of the coroutine layer.
#include <bit>

#include <block/tasks.hpp>

namespace block {

void* Tasks::take_frame(usize bytes)
{
    const auto place = static_cast<u32>(std::countr_one(used_));
    if (place >= most || bytes > frame_bytes)
        return nullptr;
    used_ |= u32{1} << place;
    ++running_;
    frames_[place].owner = this;
    return frames_[place].bytes.data();
}

void Tasks::give_frame(void* at)
{
    auto* const frame =
        reinterpret_cast<Frame*>(static_cast<std::byte*>(at) - offsetof(Frame, bytes));
    Tasks& tasks = *frame->owner;
    tasks.used_ &= ~(u32{1} << (frame - tasks.frames_.data()));
    --tasks.running_;
}

void Tasks::wait(Waiter& waiter)
{
    waiter.next = nullptr;
    *last_ = &waiter;
    last_ = &waiter.next;
}

// Each once; who goes on may wait anew.
void Tasks::serve_waiting()
{
    Waiter* waiter = std::exchange(first_, nullptr);
    last_ = &first_;
    while (waiter != nullptr) {
        Waiter& current = *std::exchange(waiter, waiter->next);
        const Step step = current.again(current);
        if (step == Step::waits)
            wait(current);
        else if (step == Step::goes_on)
            current.task.resume();
    }
}

Result<> Tasks::run(abi::Ticks deadline)
{
    while (running_ != 0) {
        auto done = disk_->wait(deadline);
        if (done) {
            auto& request = *std::bit_cast<Request*>(done->tag);
            request.outcome_ = done->outcome;
            request.buffer_ = std::move(done->buffer);
            request.task.resume();
        } else if (done.error() != Errc::not_found) {
            return fail(done.error());
        }
        const u32 before = running_;
        serve_waiting();
        if (!done && running_ == before && disk_->outstanding() == 0)
            return fail(Errc::would_block);
    }
    return {};
}

// Goes on with an error at once.
Tasks::Step Tasks::Request::submit()
{
    const u64 tag = std::bit_cast<u64>(this);
    Disk& disk = *tasks_->disk_;
    const auto sent = [&] {
        switch (op_) {
        case Op::read:
            return disk.read(tag, first_, sectors_, std::move(buffer_));
        case Op::write:
            return disk.write(tag, first_, sectors_, std::move(buffer_));
        case Op::write_fua:
            return disk.write_fua(tag, first_, sectors_, std::move(buffer_));
        case Op::discard:
            return disk.discard(tag, first_, sectors_);
        default:
            return disk.flush(tag);
        }
    }();
    if (sent) {
        if (deadline_ != abi::never)
            (void)disk.set_deadline(tag, deadline_);
        return Step::submitted;
    }
    outcome_ = sent.error();
    return outcome_ == Errc::would_block ? Step::waits : Step::goes_on;
}

Tasks::Request Tasks::read(Sector first, u32 sectors, Buffer buffer)
{
    return {*this, Op::read, first, sectors, std::move(buffer)};
}
Tasks::Request Tasks::write(Sector first, u32 sectors, Buffer buffer)
{
    return {*this, Op::write, first, sectors, std::move(buffer)};
}
Tasks::Request Tasks::write_fua(Sector first, u32 sectors, Buffer buffer)
{
    return {*this, Op::write_fua, first, sectors, std::move(buffer)};
}
Tasks::Request Tasks::flush() { return {*this, Op::flush, {}, 0, {}}; }
Tasks::Request Tasks::discard(Sector first, u32 sectors)
{
    return {*this, Op::discard, first, sectors, {}};
}
Tasks::BufferWait Tasks::buffer() { return BufferWait{*this}; }

}  // namespace block
