// explorer.cpp - executions of a scenario: who runs, who sleeps, what was found.
#include "engine.hpp"

#include <cstdlib>

namespace explore {

namespace {

struct Place {
    usize from;
    usize to;
    std::string name;
};

std::vector<Place> places;
usize placed = 0;

std::string name_of(usize at)
{
    for (const Place& place : places)
        if (place.from <= at && at < place.to)
            return place.name;
    return "arena + " + std::to_string(at);
}

}  // namespace

constinit Explorer* Explorer::current = nullptr;

void Explorer::enter()
{
    Explorer& explorer = *current;
    const usize thread = explorer.running_;
    explorer.scenario_.threads[thread]();
    explorer.states_[thread] = State::ended;
    explorer.leave();
}

void Explorer::start(usize thread)
{
    ucontext_t& context = contexts_[thread];
    getcontext(&context);
    context.uc_stack.ss_sp = stacks_[thread].data();
    context.uc_stack.ss_size = stacks_[thread].size();
    context.uc_link = nullptr;
    makecontext(&context, &Explorer::enter, 0);
    states_[thread] = State::ready;
    bells_[thread] = nullptr;
}

void Explorer::execute(const Make& make)
{
    places.clear();
    placed = 0;
    MemoryModel::arena.fill(std::byte{0});
    scenario_ = make();
    memory_.reset();
    path_.start();
    for (usize i = 0; i < thread_count; ++i)
        start(i);
    interruptions_ = bounds_.interruptions;
    old_values_ = bounds_.old_values;
    steps_ = 0;
    last_ = {};
    running_ = 0;
    current = this;
    swapcontext(&main_, &contexts_[0]);
    current = nullptr;
    ++outcome_.executions;
}

Outcome Explorer::run(const Make& make)
{
    do
        execute(make);
    while (outcome_.finding.empty() && path_.advance());
    return outcome_;
}

void Explorer::change_places()
{
    const usize before = running_;
    running_ = 1 - before;
    states_[running_] = State::ready;
    swapcontext(&contexts_[before], &contexts_[running_]);
}

// The running thread sleeps or has ended.
void Explorer::leave()
{
    if (runnable(1 - running_))
        return change_places();
    for (usize i = 0; i < thread_count; ++i)
        if (states_[i] == State::asleep)
            finding(std::string{scenario_.names[i]} + " sleeps for ever");
    setcontext(&main_);
}

void Explorer::step()
{
    if (++steps_ > bounds_.steps)
        finding("runs for ever");
    if (interruptions_ == 0 || !runnable(1 - running_) || path_.choose(2) == 0)
        return;
    --interruptions_;
    change_places();
}

// What is abandoned on the stacks of the threads is lost: it is the last execution.
void Explorer::finding(std::string what)
{
    outcome_.finding = std::move(what);
    setcontext(&main_);
    std::abort();
}

// Relaxed, if this is the site that orders nothing.
Order Explorer::order(Kind kind, Order order, usize at)
{
    if (kind != Kind::fence)
        last_[running_] = at;
    if (order == Order::relaxed)
        return order;
    Orders& met = met_[running_][static_cast<usize>(kind)][at / 2];
    if (met == Orders::unknown) {
        const char* what = std::array{"load ", "store ", "fence after "}[static_cast<usize>(kind)];
        const Site site = std::string{scenario_.names[running_]} + ": " + what + name_of(at);
        outcome_.sites.insert(site);
        met = site == without_ ? Orders::no : Orders::yes;
    }
    return met == Orders::yes ? order : Order::relaxed;
}

void Explorer::check_race()
{
    if (const auto* race = memory_.race())
        finding(std::string{scenario_.names[running_]} + ", " + name_of(race->at) + ": "
                + race->what);
}

void Explorer::ring(Bell& bell)
{
    step();
    if (bell.tells_ != Tells::nothing)
        memory_.join(bell.view_, memory_.known(running_, bell.tells_ == Tells::all));
    bell.rung_ = true;
}

void Explorer::wait(Bell& bell)
{
    step();
    while (!bell.rung_) {
        states_[running_] = State::asleep;
        bells_[running_] = &bell;
        leave();
    }
    bell.rung_ = false;
    memory_.received(running_, bell.view_);
}

Outcome explore(const Make& make, Bounds bounds, const std::optional<Site>& without)
{
    return Explorer{bounds, without}.run(make);
}

std::set<Site> not_needed(const Make& make, Bounds bounds)
{
    std::set<Site> found_nothing;
    for (const Site& site : explore(make, bounds).sites)
        if (explore(make, bounds, site).finding.empty())
            found_nothing.insert(site);
    return found_nothing;
}

void name(const void* at, usize bytes, std::string what)
{
    const usize from = MemoryModel::offset(at);
    places.push_back({from, from + bytes, std::move(what)});
}

std::byte* place(usize bytes, usize alignment)
{
    placed = (placed + alignment - 1) & ~(alignment - 1);
    std::byte* at = MemoryModel::arena.data() + placed;
    placed += bytes;
    if (placed > arena_bytes)
        std::abort();
    return at;
}

void demand(bool holds, const char* what)
{
    if (!holds && Explorer::current != nullptr)
        Explorer::current->finding(what);
}

void Bell::ring() { Explorer::current->ring(*this); }
void Bell::wait() { Explorer::current->wait(*this); }

}  // namespace explore
