// object/process.cpp - processes are made from a quota, and end step by step in a fixed order:
// threads, children, device lines, mappings, handles; then whoever watches is told.

#include "object/process.hpp"

#include "checks/invariants.hpp"
#include "console.hpp"
#include "fault/hooks.hpp"
#include "machine.hpp"
#include "object/slabs.hpp"
#include "sched/cpu.hpp"

#include <base/text.hpp>

namespace kernel {

namespace {

bool valid_name(const abi::Name& name)
{
    const std::string_view characters = text::of(name);
    if (characters.empty() || characters.size() == name.size() || characters == "kernel")
        return false;
    for (const char c : characters)
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
            return false;
    return true;
}

// By turns, if nobody says which.
Cpu& choose_home(u32 cpu)
{
    static constinit u32 turn = 0;
    return cpus[cpu != 0 ? cpu - 1 : turn++ % cpus_online];
}

}  // namespace

constinit Process* Process::ending_ = nullptr;

Process::Process(Process* payer, const abi::ProcessQuota& quota)
    : Large{kind_value},
      home_{&choose_home(quota.cpu)},
      frames_{quota.frames},
      handle_quota_{quota.handles},
      threads_used_{quota.threads},
      handles_{handle_quota_, frames_},
      space_{frames_},
      name_{quota.name},
      epoch_{quota.epoch},
      depth_{payer == nullptr ? 0 : payer->depth_ + 1},
      max_priority_{static_cast<u8>(quota.max_priority)}
{
    if (payer == nullptr)
        return;
    payer_ = Ref{*payer};
    payer->children_.push_back(*this);
}

Process::~Process() { return_quota(); }

Result<Process*> Process::create(Process* payer, const abi::ProcessQuota& quota)
{
    if (!valid_name(quota.name))
        return fail(Errc::bad_argument);
    if (payer != nullptr && text::of(quota.name) == "init")
        return fail(Errc::bad_argument);  // its lines would look like those of the first process
    if (quota.cpu > cpus_online)
        return fail(Errc::out_of_range);
    if (quota.max_priority >= abi::priorities
        || (payer != nullptr && quota.max_priority > payer->max_priority_))
        return fail(Errc::out_of_range);
    if (payer != nullptr && payer->depth_ + 1 > max_depth)
        return fail(Errc::over_quota);
    if (payer != nullptr)
        if (const auto paid = payer->take_quota(quota); !paid)
            return fail(paid.error());
    const auto process = slabs::processes.make(payer, quota);
    if (!process) {
        if (payer != nullptr)
            payer->frames_.refund(quota.frames), payer->handle_quota_.refund(quota.handles),
                payer->threads_used_.refund(quota.threads);
        return process;
    }
    trace::made(**process);
    fault::made(**process);
    if (const auto started = (*process)->space_.start(); !started) {
        release(**process);
        return fail(started.error());
    }
    return process;
}

Result<> Process::take_quota(const abi::ProcessQuota& quota)
{
    if (quota.frames > frames_.left() || quota.handles > handle_quota_.left()
        || quota.threads > threads_used_.left())
        return fail(Errc::over_quota);
    frames_.used += quota.frames;
    handle_quota_.used += quota.handles;
    threads_used_.used += quota.threads;
    return {};
}

void Process::return_quota()
{
    if (!payer_)
        return;
    payer_->frames_.refund(frames_.limit);
    payer_->handle_quota_.refund(handle_quota_.limit);
    payer_->threads_used_.refund(threads_used_.limit);
}

std::string_view Process::name() const { return text::of(name_); }

// The lowest thread number that is free, and the thread that comes behind it.
Thread* Process::gap_for(u32& index)
{
    for (Thread& other : threads_) {
        if (other.index() != index)
            return &other;
        ++index;
    }
    return nullptr;
}

Result<Thread*> Process::create_thread(u64 pc, u64 sp, u64 argument, u64 priority, u64 cpu)
{
    if (dead())
        return fail(Errc::peer_gone);
    if (priority > max_priority_ || cpu > cpus_online)
        return fail(Errc::out_of_range);
    if (const auto paid = threads_used_.charge(1); !paid)
        return fail(paid.error());
    u32 index = 0;
    Thread* const behind = gap_for(index);
    const auto frame = take_frame(frames_);
    const auto message = frame ? take_frame(frames_) : frame;
    const auto mapped =
        message ? space_.map_message_page(index, *message) : Result<>{fail(message.error())};
    if (!mapped) {
        if (message)
            give_frame(*message, frames_);
        if (frame)
            give_frame(*frame, frames_);
        threads_used_.refund(1);
        return fail(mapped.error());
    }
    const Thread::Start start{pc, sp, argument, abi::message_base + u64{index} * 2 * page_bytes,
                              cpu == 0 ? home_ : &cpus[cpu - 1]};
    auto* const thread =
        new (direct(*frame)) Thread{*this, index, static_cast<u8>(priority), *message, start};
    if (behind != nullptr)
        threads_.insert_before(*behind, *thread);
    else
        threads_.push_back(*thread);
    ++counts.threads;
    thread->ref();  // the list's; it keeps the process object alive as well
    ref();
    state_ = abi::ProcessState::running;
    trace::made(*thread);
    make_ready(*thread);
    return thread;
}

void Process::stop(Thread& thread, Errc to_caller)
{
    thread.disengage();
    if (Thread* const owed = std::exchange(thread.caller, nullptr); owed != nullptr)
        fail_caller(*owed, to_caller);
    trace::note(trace::Kind::thread_ended, trace::id(&thread));
    if (thread.serves != nullptr)
        thread.serves->forget_server();
    fault::stopped(thread);
    thread.state = Thread::State::dead;
    if (thread.bound)
        thread.bound->bind(nullptr);
    thread.bound.reset();
    space_.unmap_message_page(thread.index());
    thread.ttbr = no_space();
    if (this_cpu().current() == &thread)
        this_cpu().leave_space(space_.ttbr());
}

void Process::remove(Thread& thread)
{
    thread.home->forget(thread);
    List<Thread, ProcessThreads>::remove(thread);
    threads_used_.refund(1);
    --counts.threads;
    release(thread);
}

void Process::kill(const abi::ExitRecord& why, Thread& by)
{
    if (ended())
        return;
    if (is_init())
        panic_at("init ended", "init", why.pc, why.chain);
    if (dead()) {  // somebody else is at it: helps
        const auto help = [](Thread& helper) {
            auto& process = static_cast<Process&>(*helper.work.object);
            process.end_some();
            return process.ended();
        };
        return by.start_work(help, *this);
    }
    begin_end(why);
    by.doom(*this);
}

void Process::begin_end(const abi::ExitRecord& why)
{
    trace::note(trace::Kind::kill, trace::id(this), static_cast<u64>(why.cause));
    exit_ = why;
    end_ = End::threads;
    ref();  // until its end is finished
}

void Process::end_some()
{
    if (ended())
        return;
    Process* at = this;
    while (ending_ = at, !at->end_thread()) {
        Process* const child = at->children_.front();
        if (child == nullptr) {
            at->end_rest();
            break;
        }
        if (!child->dead()) {
            abi::ExitRecord record{};
            record.cause = abi::ExitCause::killed;
            child->begin_end(record);
        }
        at = child;
    }
    ending_ = nullptr;
}

// Ends one thread, or a part of its work. False: there are no others than the one that does this,
// which stays to the end of its work.
bool Process::end_thread()
{
    Thread* const worker = this_cpu().current();
    auto at = threads_.begin();
    if (at != threads_.end() && &*at == worker)
        ++at;
    if (threads_.empty())
        return false;
    if (worker->state != Thread::State::dead && &worker->process() == this)
        stop(*worker, Errc::peer_restarted);
    if (at == threads_.end())
        return false;
    Thread& thread = *at;
    if (thread.state != Thread::State::dead)
        stop(thread, Errc::peer_restarted);
    thread.home->forget(thread);
    while (Large* const inherited = thread.work.doomed.pop_front())
        inherit(*inherited, *worker);
    if (thread.undo_some_work())
        remove(thread);
    return true;
}

// Of a thread of it that was killed. Processes may be above this one: their ends cannot be part of
// its end.
void Process::inherit(Large& large, Thread& worker)
{
    if (large.kind() == abi::Kind::memory)
        let_go(large);
    else
        worker.doom(large);
}

Process* Process::forgotten_payer()
{
    Process* at = this;
    while (at->alone() && at->payer_) {
        at = at->payer_.get();
        if (!at->dead())
            return at->alone() ? at : nullptr;
    }
    return nullptr;
}

// No thread of it runs, and it has no children.
void Process::end_rest()
{
    if (Large* const memory = let_go_.front())
        return kernel::end_some(*memory);
    switch (end_) {
    case End::threads:
        checks::before_end(*this);
        leave_space(space_.ttbr());
        space_.abandon();
        for (Device* const device : devices())
            if (device->owner() == this)
                device->owner_died();
        end_ = End::mappings;
        return;
    case End::mappings:
        if (space_.clear_some())
            end_ = End::handles;
        return;
    default:
        // Then a step more: what the last handles meant to others is done before.
        if (end_ == End::rest)
            finish_end();
        else if (handles_.empty_some([this](HandleEntry& entry) { close(entry, true); }))
            end_ = End::rest;
    }
}

// The process above is dead, so it needs no more of its quotas, and gets back what this one had.
void Process::pass_on(Thread& worker)
{
    constexpr u32 paid = 2;  // its own frame, and its message page
    List<Thread, ProcessThreads>::remove(worker);
    threads_used_.refund(1);
    frames_.refund(paid);
    payer_->threads_.push_back(worker);
    payer_->threads_used_.used += 1;
    payer_->frames_.used += paid;
    payer_->ref();
    worker.belong_to(*payer_);
    release(*this);
}

void Process::finish_end()
{
    if (Thread* const worker = threads_.front(); worker != nullptr && payer_ && payer_->dead())
        pass_on(*worker);
    end_ = End::done;
    state_ = abi::ProcessState::dead;
    if (payer_)
        List<Process, Siblings>::remove(*this);
    if (static_cast<ListNode<Large>&>(*this).linked())
        List<Large>::remove(*this);
    checks::after_end(*this);
    fault::ended(*this);
    if (watch_)
        watch_->signal(watch_bits_);
    watch_.reset();
    release(*this);
}

void Process::close(HandleEntry& entry, bool dying)
{
    const HandleEntry was = handles_.take(entry);
    handle_dropped(was);
    if (was.kind == abi::Kind::pin && dying) {
        static_cast<Pin*>(was.object)->quarantine();
        return;  // the domain keeps the reference until the device is quiet
    }
    release(*was.object);
}

void Process::watch(Notification& notification, abi::Bits bits)
{
    watch_ = Ref{notification};
    watch_bits_ = bits;
    if (ended())
        notification.signal(bits);
}

void Process::describe(abi::ProcessInfo& info) const
{
    info = {
        .state = state_,
        .frames_used = frames_.used,
        .frames_limit = frames_.limit,
        .handles_used = handle_quota_.used,
        .handles_limit = handle_quota_.limit,
        .threads_used = threads_used_.used,
        .threads_limit = threads_used_.limit,
        .cpu = u64{home_->index()} + 1,
        .exit = exit_,
    };
}

}  // namespace kernel
