// block/tasks.hpp - the coroutine layer: code that reads like the blocking layer's, many of it at
// once on one thread.
//
//     block::Task copy(block::Tasks& io, u64 sector)
//     {
//         auto buffer = co_await io.buffer();
//         auto done = co_await io.read(block::Sector{sector}, 8, std::move(buffer));
//         ...
//     }
//     block::Tasks io{disk};
//     copy(io, 0); copy(io, 8);
//     io.run();                          // until all of them have ended
//
// A task runs at once until it has to wait. Its frame is one of `Tasks`, whose reference is its
// first parameter: nothing is allocated. One that finds no frame, or needs more than frame_bytes,
// does not begin, and says so (Task::began). Only this layer submits to its disk while a task runs;
// the disk and `Tasks` outlive the tasks.
#pragma once

#include <coroutine>

#include <block/disk.hpp>

namespace block {

class Tasks;

// A task that began, or did not. It ends by itself.
class [[nodiscard]] Task {
public:
    struct promise_type;

    bool began() const { return began_; }

private:
    explicit Task(bool began) : began_{began} {}

    bool began_;
};

class Tasks {
public:
    static constexpr u32 most = 32;
    static constexpr usize frame_bytes = 1024;

    explicit Tasks(Disk& disk) : disk_{&disk} {}
    Tasks(const Tasks&) = delete;
    Tasks& operator=(const Tasks&) = delete;

    struct Done {
        Errc outcome;
        Buffer buffer;  // the one that went in, as Completion says
    };
    class Request;
    class BufferWait;

    // To be awaited at once. Whoever finds the disk full waits until something has ended.
    // `co_await io.read(...).by(deadline)` goes on with timed_out then, and without its buffer.
    Request read(Sector first, u32 sectors, Buffer buffer);
    Request write(Sector first, u32 sectors, Buffer buffer);
    Request write_fua(Sector first, u32 sectors, Buffer buffer);
    Request flush();
    Request discard(Sector first, u32 sectors);
    // A buffer of the disk; waits until one is free.
    BufferWait buffer();

    u32 running() const { return running_; }

    // Until all tasks have ended. Errors: timed_out (call again), would_block (they wait for
    // buffers that none of them gives back).
    Result<> run(abi::Ticks deadline = abi::never);

private:
    friend struct Task::promise_type;

    // What trying again makes of who waits for a place or a buffer.
    enum class Step : u8 { waits, submitted, goes_on };
    struct Waiter {
        Step (*again)(Waiter& self) = nullptr;
        std::coroutine_handle<> task{};
        Waiter* next = nullptr;
    };
    struct alignas(16) Frame {
        Tasks* owner;
        alignas(16) std::array<std::byte, frame_bytes> bytes;
    };

    void* take_frame(usize bytes);
    static void give_frame(void* at);
    void wait(Waiter& waiter);
    void serve_waiting();

    Disk* disk_;
    Waiter* first_ = nullptr;  // of those that wait, in the order of their coming
    Waiter** last_ = &first_;
    u32 running_ = 0;
    u32 used_ = 0;  // frames, one bit each
    std::array<Frame, most> frames_{};
    static_assert(most <= 32);
};

struct Task::promise_type {
    template <class... More>
    static void* operator new(usize bytes, Tasks& tasks, More&&...) noexcept
    {
        return tasks.take_frame(bytes);
    }
    static void operator delete(void* at, usize) { Tasks::give_frame(at); }
    static Task get_return_object_on_allocation_failure() { return Task{false}; }

    Task get_return_object() { return Task{true}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    [[noreturn]] void unhandled_exception() { __builtin_trap(); }
};

// One request. Its address is the tag: it lives in the frame of the task that awaits it.
class [[nodiscard]] Tasks::Request : Waiter {
public:
    static constexpr bool await_ready() { return false; }
    bool await_suspend(std::coroutine_handle<> awaiting)
    {
        task = awaiting;
        const Step step = submit();
        if (step == Step::waits)
            tasks_->wait(*this);
        return step != Step::goes_on;
    }
    Done await_resume() { return {outcome_, std::move(buffer_)}; }

    // For the disk's part of it, not for the waiting until the disk takes it.
    Request&& by(abi::Ticks deadline) &&
    {
        deadline_ = deadline;
        return std::move(*this);
    }

private:
    friend class Tasks;

    Request(Tasks& tasks, Op op, Sector first, u32 sectors, Buffer buffer)
        : Waiter{[](Waiter& self) { return static_cast<Request&>(self).submit(); }},
          tasks_{&tasks},
          op_{op},
          sectors_{sectors},
          first_{first},
          buffer_{std::move(buffer)}
    {
    }

    Step submit();

    Tasks* tasks_;
    Op op_;
    u32 sectors_;
    Sector first_;
    Buffer buffer_;
    Errc outcome_ = Errc::ok;
    abi::Ticks deadline_ = abi::never;
};

class [[nodiscard]] Tasks::BufferWait : Waiter {
public:
    bool await_ready()
    {
        auto taken = tasks_->disk_->buffer();
        if (taken)
            buffer_ = std::move(*taken);
        return buffer_.valid();
    }
    void await_suspend(std::coroutine_handle<> awaiting)
    {
        task = awaiting;
        tasks_->wait(*this);
    }
    Buffer await_resume() { return std::move(buffer_); }

private:
    friend class Tasks;
    explicit BufferWait(Tasks& tasks)
        : Waiter{[](Waiter& self) {
              return static_cast<BufferWait&>(self).await_ready() ? Step::goes_on : Step::waits;
          }},
          tasks_{&tasks}
    {
    }

    Tasks* tasks_;
    Buffer buffer_;
};

}  // namespace block
