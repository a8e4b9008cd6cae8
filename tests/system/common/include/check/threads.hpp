// check/threads.hpp - further threads of a test, one function each, and waiting for them.
#pragma once

#include <check/check.hpp>
#include <sys/notification.hpp>
#include <sys/process.hpp>
#include <sys/thread.hpp>

namespace check {

// Every test program runs at this priority (its system file says so), which is also the ceiling of
// its threads.
inline constexpr u64 own_priority = 30;

inline void sleep_ms(u64 n)
{
    const auto nobody = need(sys::create_notification());
    (void)sys::wait(nobody.borrow(), sys::after_ms(n));
}

// Does nothing for so many microseconds, and sleeps not.
inline void pause(u64 us)
{
    for (const abi::Ticks end = sys::after(sys::microseconds(us)); sys::now() < end;) {}
}

// Signals, and ends the thread, without a look at its stack: whoever hears the signal may use that
// for something else.
[[noreturn]] inline void signal_and_end(sys::Borrowed<sys::Notification> whom)
{
    register u64 x0 asm("x0") = 1;
    register u64 x8 asm("x8") = sys::call_word(abi::Syscall::signal, whom.slot);
    register u64 x19 asm("x19") = sys::call_word(abi::Syscall::thread_exit, abi::no_slot);
    asm volatile("svc #0\n mov x8, x19\n svc #0\n brk #1"
                 : "+r"(x0), "+r"(x8)
                 : "r"(x19)
                 : "memory");
    __builtin_unreachable();
}

template <class T, usize StackBytes = 8192>
class Threaded {
public:
    Threaded(void (*function)(T&), T& context, u64 priority = own_priority, u32 cpu = 0)
        : function_{function}, context_{&context}
    {
        ended_ = need(sys::create_notification());
        thread_ = need(sys::spawn(self(), stack_, &enter, this, priority, cpu));
    }
    Threaded(const Threaded&) = delete;
    Threaded& operator=(const Threaded&) = delete;
    ~Threaded() { join(); }

    sys::Borrowed<sys::Thread> thread() const { return thread_.borrow(); }

    // Waits for its end, but not for ever.
    void join(const Where& where = Where::current())
    {
        if (!thread_.valid())
            return;
        if (!sys::wait(ended_.borrow(), patience()))
            stop("a thread did not end", where);
        sleep_ms(1);  // it may be between its two last calls
        thread_ = {};
    }

private:
    static void enter(void* argument)
    {
        auto& me = *static_cast<Threaded*>(argument);
        me.function_(*me.context_);
        signal_and_end(me.ended_.borrow());
    }

    void (*function_)(T&);
    T* context_;
    sys::Handle<sys::Notification> ended_;
    sys::Handle<sys::Thread> thread_;
    alignas(16) std::array<std::byte, StackBytes> stack_{};
};

// Returns when nobody else can run: whoever was about to block, or to end, has done so, however
// slow the host is. It waits for a thread of the lowest priority, so nobody may spin meanwhile.
inline void until_others_block()
{
    struct Nothing {
    } nothing;
    const Threaded<Nothing, 2048> last{+[](Nothing&) {}, nothing, 0};
}

// Looks again and again until it holds, but not for ever.
bool eventually(auto holds)
{
    for (const abi::Ticks end = patience(); !holds(); sleep_ms(1))
        if (sys::now() > end)
            return false;
    return true;
}

// What needs luck: trial(0), trial(1), ... until one says that somebody was interrupted in the
// middle of something. A host that is slow, or that wakes guests late, gets many more tries.
void try_often(auto trial)
{
    const abi::Ticks end = sys::after_ms(40'000);
    for (u64 i = 0; !trial(i); ++i)
        if (sys::now() > end)
            return failed("it was never in the middle", Where::current());
}

}  // namespace check
