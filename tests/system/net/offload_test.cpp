// offload_test.cpp - checksums that a device makes and leaves open, which QEMU's has only behind a
// tap: in a network namespace, to which no other program has a way.
#include "guest.hpp"
#include "guest_log.hpp"
#include "judge.hpp"
#include "tap.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <proto/net.hpp>

namespace {

using Flags = proto::net::InfoFlags;

constexpr u32 both = Flags::send_checksum | Flags::receive_checksum;

struct Guest {
    int code = -1;
    std::string reason;
    std::vector<std::string> complaints;
    std::vector<std::string> log;
    std::optional<u32> flags;
};

void use_tap(std::vector<std::string>& argv)
{
    for (auto& word : argv)
        if (word.starts_with("user,id=nic0-peer"))
            word = "tap,id=nic0-peer,ifname=tap0,script=no,downscript=no,vhost=off";
}

Guest boot(std::vector<std::string> words)
{
    words.insert(words.begin(), {"vireo", "run", "--no-build", SOURCE_FOLDER "/offload.toml"});
    std::vector<const char*> argv;
    for (const auto& word : words)
        argv.push_back(word.c_str());
    const auto options =
        std::get<vireo::Options>(vireo::parse_options(static_cast<int>(argv.size()), argv.data()));
    const vireo::Project project{.root = PROJECT_ROOT, .target = VIREO_TARGET_DIR};
    auto launch = vireo::prepare_launch(project, options, {});
    use_tap(launch.argv);
    Guest guest;
    const vireo::GuestListener listener{.line = [&](const std::string& line) {
        guest.log.push_back(line);
        const auto record = vireo::parse_record(line);
        if (record && record->user_output && record->text.starts_with("host: flags "))
            guest.flags = static_cast<u32>(std::stoul(record->text.substr(12)));
    }};
    const auto end = vireo::run_guest(project, launch, options, listener);
    const auto judgement = vireo::judge(end);
    guest.code = judgement.code;
    guest.reason = judgement.reason;
    guest.complaints = end.complaints;
    return guest;
}

void check_datagrams(const std::vector<std::string>& words, u32 flags)
{
    if (const auto why = make_network("tap0", {0x52, 0x54, 0x00, 0x12, 0x34, 0x56}); !why.empty()) {
        WARN("left out, nothing was tested: " << why);
        return;
    }
    const UdpEcho echo{4242};
    const auto guest = boot(words);
    INFO(fmt::format("{}", fmt::join(guest.log, "\n")));
    CHECK(guest.reason == "");
    CHECK(guest.code == 0);
    CHECK(guest.complaints.empty());
    CHECK(echo.answered() == 100);
    REQUIRE(guest.flags);
    CHECK((*guest.flags & both) == flags);
}

}  // namespace

TEST_CASE("a device that makes checksums makes those of datagrams, and those that it leaves open "
          "are made for clients",
          "[N3][N14][N15][N17]")
{
    check_datagrams({}, both);
}

TEST_CASE("a device that makes no checksums has netd make them, and the host takes them",
          "[machine][N14][N15][N16]")
{
    check_datagrams({"--qemu-opts", "-global virtio-net-device.csum=off"
                                    " -global virtio-net-device.guest_csum=off"},
                    0);
}
