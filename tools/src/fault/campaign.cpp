// fault/campaign.cpp - some guests at a time, and what they say.
#include "fault/campaign.hpp"

#include "backend.hpp"
#include "build.hpp"
#include "command_line.hpp"
#include "fault/medium.hpp"
#include "fault/typist.hpp"
#include "guest.hpp"
#include "launch.hpp"
#include "text.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include <fmt/format.h>

namespace vireo::fault {
namespace {

using namespace std::chrono_literals;

constexpr double silence_seconds = 60;  // a trial takes 45 at most, by the guest's clock
constexpr u64 user_end = u64{1} << 48;  // addresses above are the kernel's
constexpr auto news_interval = 1s;

std::string words_of(const lab::Order& order)
{
    text::Buffer<400> line;
    lab::write_order(order, line);
    return std::string{line.view()};
}

Options options_of(Options options, const lab::Order& order)
{
    options.system = {.system = "fault",
                      .backends = {peer_backend("nic0")},
                      .commands = {words_of(order)},
                      .cpus = options.system.cpus,
                      .kernel = order.needs_kernel() ? "fault" : ""};
    options.no_build = true;
    options.timeout = silence_seconds;
    return options;
}

// On one CPU time is counted in instructions while there is something to do, 4 ns each: whether a
// server hangs is then no question of how busy the host is.
LaunchKind kind_of(const Options& options)
{
    if (options.system.cpus.value_or(1) != 1)
        return {};
    return {.qemu = {"-icount", "shift=2,sleep=on"}};
}

// What a boot that ended too early was.
std::pair<lab::Verdict, std::string> end_of(const GuestEnd& end)
{
    if (end.panic)
        return {lab::Verdict::kernel_crash, "the kernel panicked"};
    if (end.ending == Ending::no_progress && end.stood_at && *end.stood_at < user_end)
        return {lab::Verdict::never_recovered,
                fmt::format("silence: a program keeps the CPU, pc {:#x}", *end.stood_at)};
    if (end.ending == Ending::no_progress)
        return {lab::Verdict::kernel_crash, "silence"};
    if (end.qemu_status != 0)
        return {lab::Verdict::kernel_crash,
                fmt::format("QEMU ended with status {}", end.qemu_status)};
    return {lab::Verdict::lab_error, judge(end).reason};
}

// Whatever the trials said, this is not how a boot ends.
bool broke_down(const GuestEnd& end)
{
    return end.panic || end.ending == Ending::no_progress || end.qemu_status != 0;
}

class Runner {
public:
    Runner(const Project& project, const Options& options, Plan& plan, const Audience& audience)
        : project_{project}, options_{options}, plan_{plan}, audience_{audience}
    {
    }

    Campaign run();

private:
    void work();
    void follow();
    void carry_out(Chunk chunk);
    // How many trials of the chunk are accounted for.
    u32 boot(const Chunk& chunk);
    void finish(const Launch& launch,
                const GuestEnd& end,
                const Chunk& chunk,
                std::vector<TrialResult>& results);
    void note(const TrialResult& result);
    Progress progress() const;

    const Project& project_;
    const Options& options_;
    Plan& plan_;
    const Audience& audience_;
    std::mutex mutex_;  // of all below
    std::condition_variable ended_;
    Campaign campaign_;
    std::exception_ptr failure_;
    u32 working_ = options_.fault.guests;
    std::atomic<u64> done_ = 0;
    std::atomic<u64> bad_ = 0;
    Clock::time_point began_ = Clock::now();
};

void Runner::note(const TrialResult& result)
{
    ++done_;
    bad_ += lab::bad(result.verdict) ? 1 : 0;
}

Progress Runner::progress() const
{
    return {.done = done_,
            .planned = plan_.trials(),
            .bad = bad_,
            .boots = campaign_.boots,
            .took = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - began_)};
}

u32 Runner::boot(const Chunk& chunk)
{
    const auto order = chunk.experiment->order(chunk.seed, chunk.first, chunk.count);
    const auto options = options_of(options_, order);
    auto project = project_;
    project.flavour = options.system.kernel;
    auto launch = prepare_launch(project, options, kind_of(options));
    std::vector<TrialResult> results;
    GuestListener listener{.crashes = false};
    Typist typist{launch.qmp_socket};
    listener.output = [&](const std::string&, const std::string& text) {
        typist.heard(text);
        const auto result = parse_trial(text, *chunk.experiment, chunk.seed);
        if (result && result->id.number == chunk.first + results.size()) {
            results.push_back(*result);
            note(*result);
        }
    };
    const auto end = run_guest(project, launch, options, listener);
    finish(launch, end, chunk, results);
    if (options.keep)
        launch.directory.keep();
    const std::scoped_lock lock{mutex_};
    ++campaign_.boots;
    campaign_.interrupted = campaign_.interrupted || end.ending == Ending::interrupted;
    if (options.keep)
        campaign_.kept.push_back(launch.directory.path().string());
    campaign_.results.insert(campaign_.results.end(), results.begin(), results.end());
    if (audience_.boot)
        audience_.boot(results);
    return campaign_.interrupted ? chunk.count : static_cast<u32>(results.size());
}

// The medium is looked at; a boot that ended too early is the verdict of the trial under way.
void Runner::finish(const Launch& launch,
                    const GuestEnd& end,
                    const Chunk& chunk,
                    std::vector<TrialResult>& results)
{
    if (chunk.experiment->load == lab::Load::block && !results.empty())
        for (const auto& device : launch.system.devices)
            if (device.type == DeviceType::block) {
                check_medium(scratch_file(launch.directory.path(), device), results);
                check_journal(journal_file(launch.directory.path(), device), results);
            }
    constexpr u32 gave_up = 4;  // the laboratory's exit code after a trial that it could not end
    const bool over = results.size() >= chunk.count || (end.verdict == gave_up && !results.empty());
    if (end.ending == Ending::interrupted || (over && !broke_down(end)))
        return;
    const auto [verdict, why] = end_of(end);
    if (over) {  // behind the last trial, and because of it as far as anybody knows
        bad_ += lab::bad(results.back().verdict) ? 0 : 1;
        results.back().verdict = verdict;
        results.back().note = why;
        return;
    }
    results.push_back(silent_trial(*chunk.experiment, chunk.seed,
                                   chunk.first + static_cast<u32>(results.size()), verdict, why));
    note(results.back());
}

void Runner::carry_out(Chunk chunk)
{
    while (chunk.count != 0) {
        const u32 done = boot(chunk);
        chunk.first += done;
        chunk.count -= std::min(done, chunk.count);
    }
}

void Runner::work()
{
    try {
        for (;;) {
            std::optional<Chunk> chunk;
            {
                const std::scoped_lock lock{mutex_};
                if (!failure_ && !campaign_.interrupted)
                    chunk = plan_.next();
            }
            if (!chunk)
                break;
            carry_out(*chunk);
        }
    } catch (...) {
        const std::scoped_lock lock{mutex_};
        failure_ = std::current_exception();
    }
    const std::scoped_lock lock{mutex_};
    --working_;
    ended_.notify_one();
}

void Runner::follow()
{
    std::unique_lock lock{mutex_};
    while (working_ != 0) {
        ended_.wait_for(lock, news_interval);
        audience_.progress(progress());
    }
}

Campaign Runner::run()
{
    std::vector<std::thread> threads(options_.fault.guests);
    for (auto& thread : threads)
        thread = std::thread{[this] { work(); }};
    follow();
    for (auto& thread : threads)
        thread.join();
    if (failure_)
        std::rethrow_exception(failure_);
    campaign_.left_out = plan_.trials() - std::min<u64>(plan_.trials(), done_);
    campaign_.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began_);
    return std::move(campaign_);
}

}  // namespace

// The first pieces of all experiments come before the second ones of any.
void Plan::add(const Experiment& experiment, u64 seed, u32 first, u32 count)
{
    for (u32 done = 0; done < count; done += chunk)
        waiting_.push_back({&experiment, seed, first + done, std::min(chunk, count - done)});
    std::ranges::stable_sort(waiting_, {}, &Chunk::first);
    original_ = waiting_;
    trials_ += count;
    ++experiments_;
}

std::optional<Chunk> Plan::next()
{
    if (Clock::now() >= limit_ && next_ >= experiments_)
        return std::nullopt;
    if (next_ == waiting_.size()) {
        if (Clock::now() >= end_ || original_.empty())
            return std::nullopt;
        ++round_;
        waiting_ = original_;
        next_ = 0;
        for (auto& one : waiting_) {
            one.seed += round_;
            trials_ += one.count;
        }
    }
    return waiting_[next_++];
}

Campaign
run_campaign(const Project& project, const Options& options, Plan& plan, const Audience& audience)
{
    build_target(project, options);
    plan.begin();
    return Runner{project, options, plan, audience}.run();
}

}  // namespace vireo::fault
