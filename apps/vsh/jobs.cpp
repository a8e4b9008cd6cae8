// vsh/jobs.cpp - makes a process of a command line, and sees it end.
#include "jobs.hpp"

#include <sys/loader.hpp>

namespace vsh {

namespace {

constexpr u64 stack_bytes = 32 * 1024;
constexpr u64 priority = 19;  // below the shell, so that it hears of Ctrl-C

// A quarter of what systems/demo.toml gives the shell, less what it needs itself.
constexpr abi::ProcessQuota quota{
    .frames = 960,
    .handles = 56,
    .threads = 1,
    .max_priority = priority,
    .name = {},
    .epoch = 0,
    .cpu = 0,
};

}  // namespace

Result<u32> Jobs::start(std::string_view line, bool background)
{
    for (u32 place = 0; place < most; ++place) {
        Job& job = jobs_[place];
        if (job.process.valid())
            continue;
        if (in_background() == 0)
            last_number_ = 0;
        job.number = background ? last_number_ + 1 : 0;
        job.size = line.copy(job.line.data(), job.line.size() - 1);
        job.line[job.size] = '\0';
        auto process = launch(place);
        if (!process)
            return fail(process.error());
        job.process = std::move(*process);
        last_number_ += background ? 1 : 0;
        return place;
    }
    return fail(Errc::busy);
}

Result<sys::Handle<sys::Process>> Jobs::launch(u32 place)
{
    const auto self = given_->grant<sys::Process>("self");
    const auto names = given_->grant<sys::Endpoint>("names");
    const auto memory = given_->grant<sys::Memory>("archive");
    if (!self || !names || !memory)
        return fail(!self ? self.error() : !names ? names.error() : memory.error());
    if (archive_.bytes().empty()) {
        auto mapping = sys::Mapping::create(*memory, sys::read_only);
        if (!mapping)
            return fail(mapping.error());
        archive_ = std::move(*mapping);
    }
    const auto archive = sys::Archive::open(archive_.bytes());
    if (!archive)
        return fail(archive.error());
    const Job& job = jobs_[place];
    auto own = quota;
    own.name = text::padded<sizeof(abi::Name)>(given_->name());
    own.epoch = job.number;  // so the log says which job a line is of
    auto launch = sys::Launch::create(*self, *archive, "vsh", own);
    if (!launch)
        return fail(launch.error());
    Result<> done = launch->grant("names", names->slot, abi::Kind::endpoint, abi::right::call);
    if (done)
        done = sys::watch(launch->process(), told_, abi::Bits::at(first_bit_ + place));
    if (!done)
        return fail(done.error());
    return launch->start(stack_bytes, priority, {{job.line.data(), job.size + 1}, 1});
}

u32 Jobs::in_background() const
{
    u32 count = 0;
    for (const Job& job : jobs_)
        count += job.process.valid() && job.number != 0 ? 1 : 0;
    return count;
}

std::optional<Jobs::Ended> Jobs::ended()
{
    for (u32 place = 0; place < most; ++place) {
        if (!runs(place))
            continue;
        const auto info = sys::info(jobs_[place].process.borrow());
        if (!info)
            return Ended{place, abi::ExitCause::none, 0};
        if (info->state == abi::ProcessState::dead)
            return Ended{place, info->exit.cause, info->exit.code};
    }
    return std::nullopt;
}

}  // namespace vsh
