// tests/host/docs/errors_test.cpp - every error that abi.md lists has a test case on the booted
// system that provokes it; tests/system/kernel/errors.txt says which.
#include "page.hpp"

#include <format>
#include <map>
#include <regex>
#include <sstream>

#include <catch2/catch.hpp>

namespace {

using std::string;

// How often each error is listed for each call: once for each cause.
using Counts = std::map<string, usize>;  // "SYS_CALL denied"

const std::vector<string> two_errors = {"denied", "busy"};

Counts promised(const string& page, const std::vector<string>& errors)
{
    static const std::regex word{"`([a-z_]+)`"};
    Counts all;
    for (const auto& section : docs::sections(page)) {
        const auto start = section.body.find("**Errors.**");
        const auto end = section.body.find("**Blocking.**");
        if (start == string::npos || end == string::npos)
            continue;
        const auto list = section.body.substr(start, end - start);
        for (std::sregex_iterator at{list.begin(), list.end(), word}, none; at != none; ++at)
            if (std::ranges::contains(errors, (*at)[1].str()))
                ++all[section.title + " " + (*at)[1].str()];
    }
    return all;
}

struct Shown {
    std::vector<std::pair<string, string>> cases{};  // file and sentence
    Counts errors{};
};

Shown shown(const string& text)
{
    Shown all;
    std::istringstream lines{text};
    for (string line; std::getline(lines, line);) {
        if (line.empty() || line.starts_with("#"))
            continue;
        std::istringstream words{line};
        string call;
        words >> call;
        if (line.starts_with(" "))
            for (string error; words >> error;)
                ++all.errors[call + " " + error];
        else
            all.cases.emplace_back(call.substr(0, call.find(':')), line.substr(call.size() + 1));
    }
    return all;
}

std::vector<string> differences(const Counts& wanted, const Counts& got)
{
    const auto times = [](const Counts& counts, const string& what) {
        const auto at = counts.find(what);
        return at == counts.end() ? 0 : at->second;
    };
    Counts both = wanted;
    both.insert(got.begin(), got.end());
    std::vector<string> found;
    for (const auto& [what, ignored] : both)
        if (times(wanted, what) != times(got, what))
            found.push_back(std::format("{}: listed {} times, shown {} times", what,
                                        times(wanted, what), times(got, what)));
    return found;
}

// The text of a source with its broken string literals in one piece.
string joined(const string& source)
{
    static const std::regex seam{R"("\s*\n\s*")"};
    return std::regex_replace(source, seam, "");
}

const string small_page = "### SYS_ONE\n**Errors.**\n\n- `denied`: a `right` is missing.\n"
                          "- `busy`, `denied`: so.\n\n**Blocking.** `busy`.\n";

}  // namespace

TEST_CASE("the errors of a call are counted by their causes", "[docs]")
{
    const auto counts = promised(small_page, two_errors);
    CHECK(counts == Counts{{"SYS_ONE denied", 2}, {"SYS_ONE busy", 1}});
}

TEST_CASE("an error that no case shows, and one that no call has, are found out", "[docs]")
{
    const auto wanted = promised(small_page, two_errors);
    const string good = "# words\na.cpp: it is\n    SYS_ONE denied busy\n\nb.cpp: so\n"
                        "    SYS_ONE denied\n";
    CHECK(shown(good).cases.size() == 2);
    CHECK(differences(wanted, shown(good).errors).empty());
    CHECK(!differences(wanted, shown("a.cpp: it is\n    SYS_ONE denied busy\n").errors).empty());
    CHECK(!differences(wanted, shown(good + "    SYS_TWO busy\n").errors).empty());
    CHECK(!differences(wanted, shown(good + "    SYS_ONE busy\n").errors).empty());
}

TEST_CASE("every error that abi.md lists for a call is shown by a test case", "[docs]")
{
    const auto known = docs::errors(docs::read("base/include/base/types.hpp"));
    const auto list = shown(docs::read("tests/system/kernel/errors.txt"));
    const auto found = differences(promised(docs::read("docs/abi.md"), known), list.errors);
    CAPTURE(found);
    CHECK(found.empty());
}

TEST_CASE("every test case that is to show an error is there", "[docs]")
{
    for (const auto& [file, sentence] : shown(docs::read("tests/system/kernel/errors.txt")).cases) {
        if (file == "never")
            continue;
        CAPTURE(file, sentence);
        const auto source = joined(docs::read("tests/system/kernel/" + file));
        CHECK(source.contains("\"" + sentence + "\""));
    }
}
