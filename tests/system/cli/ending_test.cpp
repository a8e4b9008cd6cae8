// ending_test.cpp - every way in which a run ends: the guest's status, a crash, a panic, a guest
// that hangs.
#include <algorithm>
#include <fstream>
#include <regex>

#include <catch2/catch.hpp>
#include <cli/image.hpp>

using namespace cli;
using Catch::Matchers::Contains;
using Catch::Matchers::Matches;

namespace {

const std::string system_file = SOURCE_FOLDER "/ending/ending.toml";
const std::string source = "tests/system/cli/ending/main.cpp";

Ran ending(const std::string& how, const Words& more = {})
{
    return vireo(Words{"run", system_file, "-c", how} + more);
}

// "main.cpp:N" of the line that says `mark`.
std::string place_of(const std::string& mark)
{
    std::ifstream in{SOURCE_FOLDER "/ending/main.cpp"};
    std::string line;
    for (int number = 1; std::getline(in, line); ++number)
        if (line.ends_with("// " + mark))
            return source + ":" + std::to_string(number);
    return "no such line";
}

// Function and place of each numbered frame of a backtrace, without the addresses.
Words frames_in(const std::string& text)
{
    static const std::regex frame{R"(^  #\d+ +0x[0-9a-f]+  (.*)$)"};
    Words frames;
    std::smatch found;
    for (const auto& line : lines_with(text, "  #"))
        if (std::regex_match(line, found, frame))
            frames.push_back(found[1]);
    return frames;
}

// No function stands there twice: none of these recurses.
void check_each_frame_once(const std::string& text)
{
    Words functions;
    for (const auto& frame : frames_in(text))
        functions.push_back(frame.substr(0, frame.find("  ")));
    CHECK(functions.size() >= 2);
    std::ranges::sort(functions);
    CHECK(std::ranges::adjacent_find(functions) == functions.end());
}

// The archive of a run, changed, in place of its own.
Ran boot_archive(const fs::path& archive)
{
    return vireo(
        {"run", system_file, "-c", "status 0", "--qemu-opts", "-initrd " + archive.string()});
}

}  // namespace

TEST_CASE("the guest's status is the tool's, up to 119")
{
    for (const int status : {0, 42, 119}) {
        const auto ran = ending("status " + std::to_string(status));
        CHECK(ran.status == status);
        CHECK(ran.err.empty());
        CHECK_FALSE(ran.kept.exist());
    }
    const auto above = ending("status 120");
    CHECK(above.status == 123);
    CHECK_THAT(above.err, Contains("status above 119"));
}

TEST_CASE("a program that faults ends the run with 123 and a backtrace with its source lines")
{
    const auto crash = ending("crash");
    CHECK(crash.status == 123);
    CHECK(crash.out.empty());
    CHECK_THAT(crash.err, Contains("ending (test_ending) ended: fault"));
    CHECK_THAT(crash.err, Contains("read at 0x0"));
    CHECK_THAT(crash.err, Contains("read_what_is_not_there"));
    CHECK_THAT(crash.err, Contains(place_of("crashes here")));
    CHECK_THAT(crash.err, Contains("app_main"));
    check_each_frame_once(crash.err);
    CHECK(crash.kept.exist());
    CHECK_THAT(crash.kept.text("serial.log"), Contains("exit record"));
}

TEST_CASE("a program that panics ends the run with 123, its reason and its place")
{
    const auto panic = ending("panic");
    CHECK(panic.status == 123);
    CHECK_THAT(panic.err, Contains("the test wants it so"));
    CHECK_THAT(panic.err, Contains(place_of("panics here")));
    check_each_frame_once(panic.err);
}

TEST_CASE("a system whose first process ends panics, and the run ends with 123 and says why")
{
    const TempDir dir;
    std::ofstream{dir / "no-init.toml"} << "[system]\nname = \"mortal\"\ninit = \"test_ending\"\n"
                                           "[app.ending]\nbinary = \"test_ending\"\n";
    const auto end = vireo({"run", (dir / "no-init.toml").string()});
    CHECK(end.status == 123);
    CHECK_THAT(end.err, Contains("the kernel panicked"));
    REQUIRE(end.kept.exist());
    const auto log = end.kept.text("serial.log");
    CHECK_THAT(log, Contains("the start-up page has no magic"));
    CHECK_THAT(log, Contains("msg=\"init ended\""));
}

TEST_CASE("a guest that hangs ends with 124 and the place of every CPU")
{
    const auto hang = ending("spin", {"--timeout", "3", "--cpus", "2"});
    CHECK(hang.status == 124);
    CHECK_THAT(hang.err, Contains("no output of the guest for 3 s"));
    CHECK(lines_with(hang.err, "cpu 0 at ").size() == 1);
    CHECK(lines_with(hang.err, "cpu 1 at ").size() == 1);
    CHECK_THAT(hang.err, Contains("spin_silently"));
    CHECK_THAT(hang.err, Contains(place_of("spins here")));
    CHECK_THAT(hang.err, Contains("QEMU's stderr: (empty)"));
    CHECK_THAT(hang.err, Contains("msg=\"boot\""));
}

TEST_CASE("a guest that never says anything ends with 124 too")
{
    const auto silent = ending("status 0", {"--timeout", "2", "--qemu-opts", "-S"});
    CHECK(silent.status == 124);
    CHECK_THAT(silent.err, Contains("cpu 0 at 0x40000000"));
    CHECK(silent.kept.text("serial.log").empty());
}

TEST_CASE("a kernel that finds no archive, a damaged one or none of init in it panics, and the run "
          "ends with 123")
{
    const TempDir dir;
    const auto kept = ending("status 0", {"--keep"}).kept;
    REQUIRE(kept.exist());
    auto archive = kept.text("boot.archive");
    const auto name = archive.find(std::string{"init\0\0\0\0", 8});
    REQUIRE(name != std::string::npos);
    archive[name] = 'X';
    std::ofstream{dir / "no-init", std::ios::binary} << archive;
    std::ofstream{dir / "half", std::ios::binary} << kept.text("boot.archive").substr(0, 5000);
    std::ofstream{dir / "noise", std::ios::binary} << std::string(4096, '\x5a');
    for (const std::string file : {"no-init", "half", "noise"}) {
        const auto panic = boot_archive(dir / file);
        CHECK(panic.status == 123);
        CHECK_THAT(panic.err, Contains("-- kernel panic"));
        CHECK_THAT(panic.err, Contains("microkernel/boot/"));
        CHECK_THAT(panic.err, Contains("the kernel panicked"));
        check_each_frame_once(panic.err);
        CHECK(panic.out.empty());
    }
    std::ofstream{dir / "same", std::ios::binary} << kept.text("boot.archive");
    CHECK(boot_archive(dir / "same").status == 0);
}
