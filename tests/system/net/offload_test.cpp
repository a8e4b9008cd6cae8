// offload_test.cpp - checksums that a device makes and leaves open, which QEMU's has only behind a
// tap: in a network namespace, to which no other program has a way.
#include "tap.hpp"

#include <catch2/catch.hpp>
#include <cli/boot.hpp>
#include <fmt/format.h>
#include <proto/net.hpp>

namespace {

using cli::operator+;

using Flags = proto::net::InfoFlags;

constexpr u32 both = Flags::send_checksum | Flags::receive_checksum;

void use_tap(vireo::Launch& launch)
{
    for (auto& word : launch.argv)
        if (word.starts_with("user,id=nic0-peer"))
            word = "tap,id=nic0-peer,ifname=tap0,script=no,downscript=no,vhost=off";
}

void check_datagrams(const cli::Words& words, u32 flags)
{
    if (const auto why = make_network("tap0", {0x52, 0x54, 0x00, 0x12, 0x34, 0x56}); !why.empty()) {
        WARN("left out, nothing was tested: " << why);
        return;
    }
    const UdpEcho echo{4242};
    std::optional<u32> told;
    cli::check_good(cli::boot({
        .words = cli::Words{SOURCE_FOLDER "/offload.toml"} + words,
        .prepare = use_tap,
        .obey =
            [&](const std::string& wish, cli::Host&) {
                if (wish.starts_with("flags "))
                    told = static_cast<u32>(std::stoul(wish.substr(6)));
                return told.has_value();
            },
    }));
    CHECK(echo.answered() == 100);
    REQUIRE(told);
    CHECK((*told & both) == flags);
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
