// lab/laboratory.cpp - one trial after the other.
#include "laboratory.hpp"

#include "block_load.hpp"
#include "input_load.hpp"
#include "net_load.hpp"

#include <sys/fault.hpp>
#include <sys/log.hpp>

namespace lab {

namespace {

constexpr u64 answer_ms = 10'000;
constexpr u32 settle_looks = 2'000;     // a millisecond apart
constexpr u32 rehearsal = ~u32{0} - 1;  // no trial's number

// Then the victim is killed from outside. On a busy host it takes long until init is sure of a
// hang.
u64 patience_ms(FaultKind kind)
{
    return kind == FaultKind::loop || kind == FaultKind::block ? 40'000 : 10'000;
}

u64 us_between(u64 from, u64 to)
{
    return from == 0 || to <= from ? 0 : sys::nanoseconds(abi::Ticks{to - from}) / 1000;
}

}  // namespace

Result<> Laboratory::open()
{
    const auto names = given_->grant<sys::Endpoint>("names");
    if (!names)
        return fail(names.error());
    names_ = *names;
    return victim_.open(*given_, order_.victim, order_.load);
}

void Laboratory::run()
{
    attempt({.number = rehearsal, .seed = 0, .kind = FaultKind::kill, .point = time_point, .n = 1});
    for (u32 i = 0; i < order_.count; ++i) {
        attempt(trial_of(order_, order_.first + i));
        say(record_);
    }
}

void Laboratory::attempt(const Trial& trial)
{
    record_ = {};
    record_.trial = trial;
    restarts_ = 0;
    const Programs before = programs(names_);
    const Amounts existing = amounts();
    switch (order_.load) {
    case Load::block:
        expose(BlockLoad{*given_, order_, record_.trial}, record_);
        break;
    case Load::random:
        expose(RandomLoad{*given_, order_, record_.trial, *pieces_}, record_);
        break;
    case Load::net:
        expose(NetLoad{*given_, order_, record_.trial, victim_}, record_);
        break;
    case Load::input:
        expose(InputLoad{*given_, order_, victim_, typed_}, record_);
        break;
    }
    record_.facts.fired = record_.fault_at != 0;
    record_.facts.times = record_.fault.fired_count;
    count_ends(before, record_);
    settle(existing, record_);
    record_.ended = sys::now().raw();
    watcher_->forget_deadline();
}

template <class L>
void Laboratory::expose(L load, Record& record)
{
    record.facts.opened = load.open().has_value();
    if (record.facts.opened) {
        drive(load, record);
        look_after(load, record);
    }
    record.facts.findings = load.findings();
    if constexpr (requires { load.sealed(); }) {
        record.sealed = load.sealed();
        record.first_sector = load.first();
        record.client = load.client();
    }
    load.close();
}

template <class L>
void Laboratory::drive(L& load, Record& record)
{
    record.began = sys::now().raw();
    const bool timed = record.trial.point == time_point;
    watcher_->begin(timed ? sys::after(sys::microseconds(record.trial.n)) : abi::never,
                    order_.most[time_point] != 0 ? order_.period : 0,
                    sys::after_ms(patience_ms(record.trial.kind)));
    if (const auto armed = timed ? Result<>{} : arm(record.trial); !armed) {
        record.facts.opened = false;
        return;
    }
    u32 done = 0;
    while (load.step()) {
        const u32 now = load.findings().operations;
        if (now != done && load.instance() != 0 && record.good_at == 0)
            record.good_at = sys::now().raw();
        done = now;
    }
    watcher_->end();
    read_fault(record);
}

// The victim must answer well once more. If it lives on with a fault in it, it is replaced first.
template <class L>
void Laboratory::look_after(L& load, Record& record)
{
    const bool lives_on = record.fault_at != 0 && record.dead_at == 0;
    if (lives_on
        && sys::call<proto::names::Kill>(names_, {text::padded<sizeof(abi::Name)>(order_.victim)}))
        ++restarts_;
    record.facts.finished = victim_.ask(sys::after_ms(answer_ms)).has_value();
    auto probed = load.probe();
    if (!probed) {  // a session may be lost; a new one must do
        load.close();
        probed = load.open();
        if (probed)
            probed = load.probe();
    }
    record.facts.finished = record.facts.finished && probed && !watcher_->helped();
    if (probed && record.good_at == 0)
        record.good_at = sys::now().raw();
}

Result<> Laboratory::arm(const Trial& trial)
{
    return sys::arm_fault({.victim = order_.victim,
                           .kind = trial.kind,
                           .point = static_cast<FaultPoint>(trial.point),
                           .flags = 0,
                           .n = trial.n,
                           .seed = trial.seed,
                           .period = order_.period})
        .transform([](u64) {});
}

void Laboratory::read_fault(Record& record)
{
    if (record.trial.point == time_point) {
        record.fault_at = record.dead_at = watcher_->killed_at();
        record.fault.fired_count = watcher_->kills();
        return;
    }
    (void)sys::disarm_fault();
    const auto report = sys::read_fault();
    if (!report)
        return;
    record.fault = *report;
    record.fault_at = report->fired_count != 0 ? report->ticks : 0;
    record.dead_at = report->end_ticks;
    record.facts.wild = report->wild;
}

void Laboratory::count_ends(const Programs& before, Record& record)
{
    const Programs now = programs(names_);
    record.facts.others = now.others_started(before, order_.victim);
    const Program* was = before.find(order_.victim);
    const Program* is = now.find(order_.victim);
    if (was == nullptr || is == nullptr)
        return;
    record.facts.deaths = is->epoch - was->epoch - std::min(is->epoch - was->epoch, restarts_);
    for (u32 i = 0;; ++i) {
        const auto crash = sys::call<proto::names::Crash>(names_, {i, 0});
        if (!crash)
            return;
        if (text::of(crash->reply.name) == order_.victim && crash->reply.epoch >= was->epoch)
            record.facts.hung = record.facts.hung || crash->reply.hung != 0;
        else
            return;
    }
}

// What is about to end has its time.
void Laboratory::settle(const Amounts& before, Record& record)
{
    const auto nobody = sys::create_notification();
    Amounts now;
    for (u32 looks = 0;; ++looks) {
        now = amounts();
        --now.values[5];  // `nobody` itself, and its handle
        --now.values[10];
        if (now == before || looks == settle_looks || !nobody)
            break;
        (void)sys::wait(nobody->borrow(), sys::after_ms(1));
    }
    for (usize i = 0; i < now.values.size(); ++i)
        record.left |= now.values[i] == before.values[i] ? 0 : u64{1} << i;
}

void Laboratory::give_up()
{
    if (record_.trial.number == rehearsal)
        return sys::out("lab: the rehearsal does not end");
    record_.facts.finished = false;
    record_.ended = sys::now().raw();
    say(record_);
}

void Laboratory::say(const Record& record)
{
    const Trial& trial = record.trial;
    const Findings& found = record.facts.findings;
    text::Buffer<800> line;
    line.put("trial n=").number(trial.number);
    line.field("verdict", verdict_names[static_cast<usize>(verdict_of(record.facts))]);
    line.field("beside", verdict_names[static_cast<usize>(without_dma(record.facts))]);
    line.field("kind", kind_names[static_cast<usize>(trial.kind)]);
    line.field("point", point_names[trial.point]).field("at", u64{trial.n});
    line.field("of", trial.point == time_point ? 0 : record.fault.events[trial.point]);
    line.field("fired", u64{record.fault_at != 0 ? 1u : 0u});
    line.field("deaths", u64{record.facts.deaths}).field("ops", u64{found.operations});
    line.field("errors", u64{found.errors}).field("why", sys::error_name(found.why));
    line.field("retries", u64{found.retries}).field("lost", u64{found.lost});
    line.field("wrong", u64{found.detected + found.undetected}).field("place", found.place);
    line.field("dead_us", us_between(record.fault_at, record.dead_at));
    line.field("up_us", us_between(record.dead_at, watcher_->served_at()));
    line.field("good_us", us_between(record.dead_at, record.good_at));
    line.field("all_us", us_between(record.began, record.ended));
    line.field("worst_us", us_between(1, 1 + watcher_->worst_ticks()));
    line.field("wild", record.facts.wild).field("left", record.left);
    line.field("times", u64{record.fault.fired_count});
    line.field("pc", text::Hex{record.fault.pc});
    line.field("where", text::Hex{record.fault.address});
    line.field("sealed", u64{record.sealed ? 1u : 0u}).field("sector", record.first_sector);
    line.field("client", u64{record.client});
    sys::out(line.view());
}

}  // namespace lab
