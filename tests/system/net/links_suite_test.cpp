// links_suite_test.cpp - cuts the link of a guest's network device over QMP when the guest asks,
// and compares what netd counted with what QEMU saw on the wire.
#include "guest.hpp"
#include "guest_log.hpp"
#include "judge.hpp"

#include <cstring>
#include <map>
#include <sstream>

#include <catch2/catch.hpp>
#include <cli/image.hpp>
#include <fmt/format.h>

namespace {

using namespace std::chrono_literals;

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

struct Guest {
    int code = -1;
    std::string reason;
    std::vector<std::string> complaints;
    std::vector<std::string> log;
    unsigned refused = 0;  // by QMP
    std::map<std::string, u64> counted;
    Seen seen;
};

class Host {
public:
    Host(const vireo::Launch& launch, const cli::fs::path& capture, Guest& guest)
        : launch_{&launch}, capture_{&capture}, guest_{&guest}
    {
    }

    void line(const std::string& text)
    {
        guest_->log.push_back(text);
        const auto record = vireo::parse_record(text);
        if (record && record->user_output && record->text.starts_with("host: "))
            obey(record->text.substr(6));
        // QMP serves one at a time, and somebody else asks at the end.
        if (record && record->from_init() && vireo::field(record->text, "msg") == "exited")
            qmp_.reset();
    }

private:
    void obey(const std::string& words)
    {
        std::istringstream in{words};
        std::string what;
        u64 number = 0;
        in >> what >> number;
        if (what == "up" || what == "down")
            set_link(what == "up");
        else if (what == "flap")
            flap(number);
        else
            count(what, number);
    }

    // The guest may be gone before all is done.
    void flap(u64 times)
    {
        const unsigned before = guest_->refused;
        for (u64 n = 0; n < 2 * times && guest_->refused == before; ++n)
            set_link(n % 2 != 0);
        guest_->refused = before;
    }

    // The guest sends nothing before its next wish came true.
    void count(const std::string& what, u64 number)
    {
        guest_->counted[what] = number;
        if (guest_->counted.size() == 4)
            guest_->seen = read_capture(*capture_);
    }

    void set_link(bool up)
    {
        if (!qmp_)
            qmp_ = vireo::Qmp::connect(launch_->qmp_socket, 20s);
        const auto arguments = fmt::format(R"({{"name":"nic0-peer","up":{}}})", up);
        guest_->refused += qmp_ && qmp_->execute("set_link", arguments) ? 0 : 1;
    }

    const vireo::Launch* launch_;
    const cli::fs::path* capture_;
    Guest* guest_;
    std::optional<vireo::Qmp> qmp_;
};

Guest boot(std::vector<std::string> words, const cli::fs::path& capture)
{
    words.insert(words.begin(), {"vireo", "run", "--no-build", SOURCE_FOLDER "/links.toml",
                                 "--backend", "nic0=" ETHERNET_PEER, "--qemu-opts",
                                 "-object filter-dump,id=dump0,netdev=nic0-peer,maxlen=65536,file="
                                     + capture.string()});
    std::vector<const char*> argv;
    for (const auto& word : words)
        argv.push_back(word.c_str());
    const auto options =
        std::get<vireo::Options>(vireo::parse_options(static_cast<int>(argv.size()), argv.data()));
    const vireo::Project project{.root = PROJECT_ROOT, .target = VIREO_TARGET_DIR};
    const auto launch = vireo::prepare_launch(project, options, {});
    Guest guest;
    Host host{launch, capture, guest};
    const vireo::GuestListener listener{.line = [&](const std::string& line) { host.line(line); }};
    const auto end = vireo::run_guest(project, launch, options, listener);
    const auto judgement = vireo::judge(end);
    guest.code = judgement.code;
    guest.reason = judgement.reason;
    guest.complaints = end.complaints;
    return guest;
}

void check_links(const std::vector<std::string>& words)
{
    const cli::TempDir dir;
    const auto capture = dir / "frames.pcap";
    const auto guest = boot(words, capture);
    INFO(fmt::format("{}", fmt::join(guest.log, "\n")));
    CHECK(guest.reason == "");
    CHECK(guest.code == 0);
    CHECK(guest.complaints.empty());
    CHECK(guest.refused == 0);
    CHECK(guest.seen.whole);
    CHECK(guest.counted.size() == 4);
    for (const auto& [what, number] : guest.counted)
        CHECK(fmt::format("{} {}", what, number)
              == fmt::format("{} {}", what, guest.seen.counted.at(what)));
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
