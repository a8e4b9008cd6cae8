// tests/host/docs/abi_page_test.cpp - docs/abi.md says something about every call, in one form.
#include "page.hpp"

#include <algorithm>

#include <abi/syscall.hpp>
#include <catch2/catch.hpp>

namespace {

const std::vector<docs::Call> two_calls = {{"SYS_ONE", 0}, {"SYS_TWO", 1}};
const std::vector<std::string> two_errors = {"denied", "busy"};

std::string section(const std::string& title, const std::string& number)
{
    return "### " + title + "\n\n**Purpose.** It.\n\n**Registers.** Number " + number
           + ". In: nothing.\n\n**Rights.** None.\n\n**Errors.**\n\n- `denied`: why.\n- `busy`: "
             "so.\n\n"
             "**Blocking.** Never.\n\n**Notes.** None.\n\n";
}

std::string good_page()
{
    return "## Calls\n\n" + section("SYS_ONE", "0") + section("SYS_TWO", "1");
}

std::string with(std::string page, const std::string& what, const std::string& instead)
{
    const auto at = page.find(what);
    REQUIRE(at != std::string::npos);
    return page.replace(at, what.size(), instead);
}

bool refused(const std::string& page) { return !complaints(page, two_calls, two_errors).empty(); }

// Fails with the findings in its message.
void check_good(const std::string& page,
                const std::vector<docs::Call>& calls,
                const std::vector<std::string>& errors)
{
    const auto found = complaints(page, calls, errors);
    CAPTURE(found);
    CHECK(found.empty());
}

std::vector<docs::Call> real_calls()
{
    return docs::calls(docs::read("abi/include/abi/syscall.hpp"));
}

}  // namespace

TEST_CASE("a page that is as it should be is left alone", "[docs]")
{
    check_good(good_page(), two_calls, two_errors);
}

TEST_CASE("a page that misses, repeats or reorders a call is found out", "[docs]")
{
    const auto page = good_page();
    CHECK(refused("## Calls\n\n" + section("SYS_ONE", "0")));
    CHECK(refused("## Calls\n\n" + section("SYS_TWO", "1") + section("SYS_ONE", "0")));
    CHECK(refused(page + section("SYS_TWO", "1")));
    CHECK(refused(page + section("SYS_THREE", "2")));
    CHECK(refused(with(page, "Number 1", "Number 2")));
}

TEST_CASE("a section without one of its parts, or with an empty one, is found out", "[docs]")
{
    const auto page = good_page();
    for (const char* const part : {"Purpose", "Registers", "Rights", "Errors", "Blocking", "Notes"})
        CHECK(refused(with(page, "**" + std::string{part} + ".**", "**Other.**")));
    CHECK(refused(with(page, "**Rights.** None.", "**Rights.**")));
    CHECK(refused(with(page, "**Notes.** None.", "**Notes.**")));
    CHECK(refused(with(page, "**Rights.** None.\n\n", "")));
}

TEST_CASE("an error that does not exist, and an item without one, are found out", "[docs]")
{
    CHECK(refused(with(good_page(), "`denied`", "`refused`")));
    CHECK(refused(with(good_page(), "- `denied`: why", "- sometimes")));
}

TEST_CASE("the header's calls are read from its text, all of them", "[docs]")
{
    const auto calls = real_calls();
    REQUIRE(calls.size() == abi::syscall_count);
    for (usize i = 0; i < calls.size(); ++i)
        CHECK(calls[i].number == i);
    CHECK(calls[static_cast<usize>(abi::SYS_MAP_DEVICE)].title == "SYS_MAP_DEVICE");
    CHECK(calls[static_cast<usize>(abi::SYS_VIRT_TO_PHYS)].title == "SYS_VIRT_TO_PHYS");
}

TEST_CASE("abi.md has a section for every call, in order, with all headings and its number",
          "[docs]")
{
    const auto known = docs::errors(docs::read("base/include/base/types.hpp"));
    REQUIRE(known.size() > 20);
    check_good(docs::read("docs/abi.md"), real_calls(), known);
}

namespace {

// What stands between two comments of the page.
std::string between(const std::string& page, const std::string& start, const std::string& end)
{
    const auto from = page.find(start);
    const auto to = page.find(end);
    REQUIRE(from != std::string::npos);
    REQUIRE(to != std::string::npos);
    return page.substr(from + start.size(), to - from - start.size());
}

}  // namespace

// If one of these fails after a change of abi, put the right-hand side in place of the left.
TEST_CASE("the layouts in abi.md are those of the compiler", "[docs]")
{
    const auto page = docs::read("docs/abi.md");
    CHECK(between(page, "<!-- layouts -->\n", "<!-- end of layouts -->") == docs::layouts());
}

TEST_CASE("the values of errors in abi.md are those of the header", "[docs]")
{
    const auto header = docs::read("base/include/base/types.hpp");
    const auto table = docs::error_values(header);
    REQUIRE(std::ranges::count(table, '\n') == 2 + std::ssize(docs::errors(header)));
    CHECK(between(docs::read("docs/abi.md"), "<!-- values -->\n", "<!-- end of values -->")
          == table);
}
