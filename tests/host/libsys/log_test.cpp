// tests/host/libsys/log_test.cpp - records as a reader of the serial line finds them.
#include "fake_kernel.hpp"

#include <catch2/catch.hpp>
#include <sys/log.hpp>

namespace {

// What the tool makes of the records of one line.
std::string joined(const std::vector<std::string>& records)
{
    std::string line;
    for (usize i = 0; i < records.size(); ++i) {
        const bool more = records[i].ends_with('\\');
        REQUIRE(more == (i + 1 < records.size()));
        line += records[i].substr(0, records[i].size() - (more ? 1 : 0));
    }
    return line;
}

}  // namespace

TEST_CASE("a record is level, message and fields", "[libsys][log]")
{
    fake::Kernel kernel;
    sys::log(sys::Level::info, "ready",
             {{"sectors", 131072}, {"serial", "vireo disk"}, {"delta", -3}});
    sys::log(sys::Level::error, "open",
             {{"error", Errc::denied}, {"at", text::Hex{0x40}}, {"flag", true}});
    CHECK(kernel.log[0] == R"(level=info msg="ready" sectors=131072 serial="vireo disk" delta=-3)");
    CHECK(kernel.log[1] == R"(level=error msg="open" error=denied at=0x40 flag=1)");
}

TEST_CASE("a record never exceeds a line, and a field is whole or left out", "[libsys][log]")
{
    fake::Kernel kernel;
    const std::string much(190, 'x');
    sys::log(sys::Level::warn, "long", {{"a", much}, {"b", "does not fit any more"}, {"c", 1}});
    REQUIRE(kernel.log.size() == 1);
    CHECK(kernel.log[0].size() <= abi::log_line_bytes);
    CHECK(kernel.log[0].ends_with("xxx ..."));

    sys::log(sys::Level::warn, std::string(500, 'y'), {{"a", 1}});
    REQUIRE(kernel.log.size() == 2);
    CHECK(kernel.log[1].size() <= abi::log_line_bytes);
}

TEST_CASE("a line for the user arrives whole, however long", "[libsys][log]")
{
    for (const usize length :
         std::initializer_list<usize>{0, 1, 239, 240, 241, 478, 479, 480, 481, 5000}) {
        fake::Kernel kernel;
        std::string line;
        for (usize i = 0; i < length; ++i)
            line += static_cast<char>('a' + i % 26);
        SECTION("as it is " + std::to_string(length)) {}
        SECTION("with backslashes at its end " + std::to_string(length)) { line += "\\\\"; }
        SECTION("with a backslash where it is split " + std::to_string(length))
        {
            if (length > 240)
                line[238] = line[239] = '\\';
        }
        sys::out(line);
        CHECK(joined(kernel.out) == line);
        CHECK(kernel.log.empty());
    }
}

TEST_CASE("every error has a name of its own", "[libsys][log]")
{
    CHECK(sys::error_name(Errc::ok) == "ok");
    CHECK(sys::error_name(Errc::peer_restarted) == "peer_restarted");
    CHECK(sys::error_name(static_cast<Errc>(7777)) == "unknown");
}
