// disk_suite_test.cpp - blkd's operations on registers of both versions and packed rings; the host
// resizes the disk when its guest asks, and sees what a discard gives back.
#include "guest.hpp"
#include "guest_log.hpp"
#include "judge.hpp"

#include <sstream>

#include <catch2/catch.hpp>
#include <cli/image.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

namespace {

using namespace std::chrono_literals;

struct Guest {
    int code = -1;
    std::string reason;
    std::vector<std::string> complaints;
    std::vector<std::string> log;
    unsigned resized = 0;
};

class Host {
public:
    Host(const vireo::Launch& launch, Guest& guest) : launch_{&launch}, guest_{&guest} {}

    void line(const std::string& text)
    {
        guest_->log.push_back(text);
        const auto record = vireo::parse_record(text);
        if (record && record->user_output && record->text.starts_with("host: resize "))
            resize(record->text.substr(13));
        // QMP serves one at a time, and somebody else asks at the end.
        if (record && record->from_init() && vireo::field(record->text, "msg") == "exited")
            qmp_.reset();
    }

private:
    void resize(const std::string& words)
    {
        std::istringstream in{words};
        std::string node;
        u64 bytes = 0;
        in >> node >> bytes;
        if (!qmp_)
            qmp_ = vireo::Qmp::connect(launch_->qmp_socket, 20s);
        const auto arguments = fmt::format(R"({{"node-name":"{}","size":{}}})", node, bytes);
        guest_->resized += qmp_ && qmp_->execute("block_resize", arguments) ? 1 : 0;
    }

    const vireo::Launch* launch_;
    Guest* guest_;
    std::optional<vireo::Qmp> qmp_;
};

Guest boot(std::vector<std::string> words)
{
    words.insert(words.begin(), {"vireo", "run", "--no-build", SOURCE_FOLDER "/disk.toml"});
    std::vector<const char*> argv;
    for (const auto& word : words)
        argv.push_back(word.c_str());
    const auto options =
        std::get<vireo::Options>(vireo::parse_options(static_cast<int>(argv.size()), argv.data()));
    const vireo::Project project{.root = PROJECT_ROOT, .target = VIREO_TARGET_DIR};
    const auto launch = vireo::prepare_launch(project, options, {});
    Guest guest;
    Host host{launch, guest};
    const vireo::GuestListener listener{.line = [&](const std::string& line) { host.line(line); }};
    const auto end = vireo::run_guest(project, launch, options, listener);
    const auto judgement = vireo::judge(end);
    guest.code = judgement.code;
    guest.reason = judgement.reason;
    guest.complaints = end.complaints;
    return guest;
}

void check_suite(const std::vector<std::string>& words)
{
    const auto guest = boot(words);
    INFO(fmt::format("{}", fmt::join(guest.log, "\n")));
    CHECK(guest.reason == "");
    CHECK(guest.code == 0);
    CHECK(guest.complaints.empty());
    CHECK(guest.resized == 9);
}

u64 allocated_bytes(const cli::fs::path& file)
{
    struct stat status{};
    return ::stat(file.c_str(), &status) == 0 ? static_cast<u64>(status.st_blocks) * 512 : 0;
}

}  // namespace

TEST_CASE("B2, B3, B6, B14, B15, B26: all of blkd works with version 2 registers", "[machine]")
{
    check_suite({});
}

TEST_CASE("B2, B3, B6, B14, B15, B26: all of blkd works with version 1 registers", "[machine]")
{
    check_suite({"--legacy"});
}

TEST_CASE("B2, B3, B6, B14, B15, B26: all of blkd works with packed rings", "[machine]")
{
    check_suite({"--rings", "packed=on"});
}

TEST_CASE("B14, B15: discards and zeroes that unmap shrink the image, zeroes alone do not")
{
    const cli::TempDir dir;
    const auto image = dir / "d.img";
    cli::make_image(image, 8 * cli::mebibyte);
    cli::put_noise(image, 0, 8 * cli::mebibyte);
    const auto full = allocated_bytes(image);
    REQUIRE(full >= 8 * cli::mebibyte);
    const auto after = [&](const std::string& command) {
        const auto ran = cli::vireo({"run", "--disk", "disk0=" + image.string(), "-c", command});
        INFO(ran.out << ran.err);
        CHECK(ran.status == 0);
        return allocated_bytes(image);
    };
    CHECK(after("blk zero disk0 0 2048") == full);
    CHECK(cli::bytes_of(image, 0, cli::mebibyte) == std::string(cli::mebibyte, '\0'));
    CHECK(after("blk unmap disk0 0 4096") <= 6 * cli::mebibyte);
    CHECK(cli::bytes_of(image, 0, 2 * cli::mebibyte) == std::string(2 * cli::mebibyte, '\0'));
    CHECK(after("blk discard disk0 4096 8192") <= 2 * cli::mebibyte);
}

TEST_CASE("the example of coroutines copies what it says")
{
    const auto ran = cli::vireo({"run", PROJECT_ROOT "/systems/copy.toml"});
    INFO(ran.out << ran.err);
    CHECK(ran.status == 0);
    CHECK(cli::contains(ran.out, "copy: 1 MiB, the same"));
}
