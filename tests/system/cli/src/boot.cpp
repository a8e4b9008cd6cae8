// boot.cpp - a guest, and a host that listens.
#include "guest_log.hpp"

#include <catch2/catch.hpp>
#include <cli/boot.hpp>

namespace cli {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 20s;
constexpr std::string_view wish = "host: ";

vireo::Options options_of(const Words& words)
{
    std::vector<const char*> argv{"vireo", "run", "--no-build"};
    for (const auto& word : words)
        argv.push_back(word.c_str());
    return std::get<vireo::Options>(
        vireo::parse_options(static_cast<int>(argv.size()), argv.data()));
}

void listen(const std::string& line, const Booting& booting, Booted& booted, Host& host)
{
    booted.log.push_back(line);
    booting.heard();
    const auto record = vireo::parse_record(line);
    if (!record)
        return;
    if (record->user_output && record->text.starts_with(wish)) {
        ++booted.asked;
        const auto words = record->text.substr(wish.size());
        if (!booting.obey(words, host))
            booted.undone.push_back(words);
    }
    if (record->from_init() && vireo::field(record->text, "msg") == "exited")
        host.leave();
}

}  // namespace

vireo::Qmp* Host::qmp()
{
    if (!qmp_)
        qmp_ = vireo::Qmp::connect(socket_, patience);
    return qmp_ ? &*qmp_ : nullptr;
}

bool Host::execute(const std::string& command, const std::string& arguments)
{
    auto* to = qmp();
    return to != nullptr && to->execute(command, arguments).has_value();
}

Booted boot(const Booting& booting)
{
    const vireo::Project project{.root = project_root(), .target = target_tree()};
    const auto options = options_of(booting.words);
    auto launch = vireo::prepare_launch(project, options, booting.kind);
    booting.prepare(launch);
    Booted booted;
    Host host{launch.qmp_socket};
    const vireo::GuestListener listener{
        .line = [&](const std::string& line) { listen(line, booting, booted, host); },
        .stopped = booting.stopped,
    };
    const auto end = vireo::run_guest(project, launch, options, listener);
    const auto judgement = vireo::judge(end);
    booted.code = judgement.code;
    booted.reason = judgement.reason;
    booted.complaints = end.complaints;
    return booted;
}

void check_good(const Booted& booted)
{
    for (const auto* lines : {&booted.log, &booted.complaints, &booted.undone})
        for (const auto& line : *lines)
            UNSCOPED_INFO(line);
    CHECK(booted.reason == "");
    CHECK(booted.code == 0);
    CHECK(booted.complaints.empty());
    CHECK(booted.undone.empty());
}

}  // namespace cli
