// links_suite_test.cpp - cuts the link of a guest's network device over QMP when the guest asks,
// and compares what netd counted with what QEMU saw on the wire.
#include <cstring>
#include <map>
#include <sstream>

#include <catch2/catch.hpp>
#include <cli/boot.hpp>
#include <cli/image.hpp>
#include <fmt/format.h>

namespace {

using cli::operator+;

constexpr std::array<u8, 6> qemus_first{0x52, 0x54, 0x00, 0x12, 0x34, 0x56};  // address

// What a file of packets says, in both directions.
struct Seen {
    std::map<std::string, u64> counted;
    bool whole = false;
};

// A header of 24 bytes; then for each frame its time, and how many bytes of it follow, in 16.
Seen read_capture(const cli::fs::path& file)
{
    const auto bytes = cli::bytes_of(file, 0, cli::fs::file_size(file));
    Seen seen;
    usize at = 24;
    while (at + 16 <= bytes.size()) {
        u32 length = 0;
        std::memcpy(&length, &bytes[at + 8], sizeof length);
        at += 16;
        if (length < 14 || length > bytes.size() - at)
            return seen;
        const bool sent = std::memcmp(&bytes[at + 6], qemus_first.data(), qemus_first.size()) == 0;
        seen.counted[sent ? "sent_frames" : "received_frames"] += 1;
        seen.counted[sent ? "sent_bytes" : "received_bytes"] += length;
        at += length;
    }
    seen.whole = at == bytes.size();
    return seen;
}

class Wire {
public:
    explicit Wire(cli::fs::path capture) : capture_{std::move(capture)} {}

    bool obey(const std::string& wish, cli::Host& host)
    {
        std::istringstream in{wish};
        std::string what;
        u64 number = 0;
        in >> what >> number;
        if (what == "up" || what == "down")
            return set_link(what == "up", host);
        if (what == "flap")
            return flap(number, host);
        count(what, number);
        return true;
    }

    void check() const
    {
        CHECK(seen_.whole);
        CHECK(counted_.size() == 4);
        for (const auto& [what, number] : counted_)
            CHECK(fmt::format("{} {}", what, number)
                  == fmt::format("{} {}", what, seen_.counted.at(what)));
    }

private:
    static bool set_link(bool up, cli::Host& host)
    {
        return host.execute("set_link", fmt::format(R"({{"name":"nic0-peer","up":{}}})", up));
    }

    // The guest may be gone before all is done.
    static bool flap(u64 times, cli::Host& host)
    {
        for (u64 n = 0; n < 2 * times; ++n)
            if (!set_link(n % 2 != 0, host))
                break;
        return true;
    }

    // The guest sends nothing before its next wish came true.
    void count(const std::string& what, u64 number)
    {
        counted_[what] = number;
        if (counted_.size() == 4)
            seen_ = read_capture(capture_);
    }

    cli::fs::path capture_;
    std::map<std::string, u64> counted_;
    Seen seen_;
};

void check_links(const cli::Words& words)
{
    const cli::TempDir dir;
    const auto capture = dir / "frames.pcap";
    Wire wire{capture};
    const cli::Words system{
        SOURCE_FOLDER "/links.toml", "--backend", "nic0=" ETHERNET_PEER, "--qemu-opts",
        "-object filter-dump,id=dump0,netdev=nic0-peer,maxlen=65536,file=" + capture.string()};
    cli::check_good(cli::boot({
        .words = system + words,
        .obey = [&](const std::string& wish, cli::Host& host) { return wire.obey(wish, host); },
    }));
    wire.check();
}

}  // namespace

TEST_CASE("N9, N10, U13, LD27: links that flap are told to clients, and netd counts what is on the "
          "wire",
          "[N9][N10][U13][LD27]")
{
    check_links({});
}

TEST_CASE("N9, N10, LD27: the same with version 1 registers", "[machine][N9][N10][LD27]")
{
    check_links({"--legacy"});
}
