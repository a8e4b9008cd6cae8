// engine.hpp - one exploration: choices, coroutines, and which site orders nothing.
#pragma once

#include "explorer.hpp"

#include <ucontext.h>

namespace explore {

// The ways through an execution, as the choices that lead there; depth first.
class Path {
public:
    void start() { depth_ = 0; }
    u32 choose(u32 count)
    {
        if (depth_ == choices_.size())
            choices_.push_back({0, count});
        return choices_[depth_++].taken;
    }
    // False: there is no other way.
    bool advance()
    {
        choices_.resize(depth_);
        while (!choices_.empty() && choices_.back().taken + 1 == choices_.back().count)
            choices_.pop_back();
        if (choices_.empty())
            return false;
        ++choices_.back().taken;
        return true;
    }

private:
    struct Choice {
        u32 taken;
        u32 count;
    };
    std::vector<Choice> choices_;
    usize depth_ = 0;
};

enum class Kind : u8 { load, store, fence };

class Explorer final : Chooser {
public:
    static Explorer* current;  // while threads run

    Explorer(Bounds bounds, const std::optional<Site>& without) : bounds_{bounds}, without_{without}
    {
        for (auto& stack : stacks_)
            stack.resize(stack_bytes);
    }

    Outcome run(const Make& make);

    MemoryModel& memory() { return memory_; }
    usize thread() const { return running_; }
    // Before each access that the other thread can see: perhaps it goes first.
    void step();
    Order order(Kind kind, Order order, usize at);
    usize last() const { return last_[running_]; }
    void check_race();
    void ring(Bell& bell);
    void wait(Bell& bell);
    [[noreturn]] void finding(std::string what);

private:
    static constexpr usize stack_bytes = 256 * 1024;

    enum class State : u8 { ready, asleep, ended };
    enum class Orders : u8 { unknown, yes, no };  // a site

    u32 older_value(u32 count) override
    {
        if (old_values_ == 0)
            return 0;
        const u32 chosen = path_.choose(count);
        old_values_ -= chosen == 0 ? 0 : 1;
        return chosen;
    }
    bool runnable(usize thread) const
    {
        return states_[thread] == State::ready
               || (states_[thread] == State::asleep && bells_[thread]->rung_);
    }
    void execute(const Make& make);
    void start(usize thread);
    void change_places();
    void leave();
    static void enter();

    Bounds bounds_;
    std::optional<Site> without_;
    Path path_;
    MemoryModel memory_{*this};
    Outcome outcome_;
    Scenario scenario_;
    usize running_ = 0;
    u32 interruptions_ = 0;
    u32 old_values_ = 0;
    u32 steps_ = 0;
    std::array<State, thread_count> states_{};
    std::array<Bell*, thread_count> bells_{};
    std::array<usize, thread_count> last_{};  // place of the last atomic access
    std::array<std::array<std::array<Orders, arena_bytes / 2>, 3>, thread_count> met_{};
    std::array<ucontext_t, thread_count> contexts_{};
    std::array<std::vector<std::byte>, thread_count> stacks_;
    ucontext_t main_{};
};

}  // namespace explore
