// tests/host/docs/conformance_test.cpp - what virtio-conformance.md names is there: each test, each
// tag, each rule of the monitor; and no rule is left out.
#include "page.hpp"
#include "tree.hpp"

#include <algorithm>
#include <filesystem>
#include <ranges>
#include <regex>

#include <catch2/catch.hpp>

namespace {

namespace fs = std::filesystem;
using std::string;
using std::string_view;

struct Named {
    std::vector<string> rules{};
    std::vector<string> tests{};
    std::vector<string> unanswered{};  // rows
};

std::vector<string> split(string_view text, string_view by)
{
    std::vector<string> parts;
    for (const auto part : std::views::split(text, by))
        parts.emplace_back(part.begin(), part.end());
    return parts;
}

void read_answer(const string& row, const string& answer, Named& named)
{
    static const std::regex item{"(monitor|test) `([^`]+)`"};
    if (answer.starts_with("not yet: "))
        return;
    if (answer.empty())
        named.unanswered.push_back(row);
    for (const auto& one : split(answer, "; ")) {
        std::smatch match;
        if (!std::regex_match(one, match, item))
            named.unanswered.push_back(row);
        else
            (match[1] == "test" ? named.tests : named.rules).push_back(match[2]);
    }
}

// Rows begin with the number of a section.
Named named_in(const string& page)
{
    Named named;
    for (const auto& row : split(page, "\n")) {
        if (!row.starts_with("| ") || row.size() < 3 || row[2] < '0' || row[2] > '9')
            continue;
        const auto cells = split(row, " | ");
        if (cells.size() != 3 || !cells[2].ends_with(" |"))
            named.unanswered.push_back(row);
        else
            read_answer(row, cells[2].substr(0, cells[2].size() - 2), named);
    }
    return named;
}

// Tags of Catch in backquotes.
std::vector<string> tags_in(const string& page)
{
    static const std::regex tag{"`[^`|]*(\\[[A-Z]+[0-9]+\\])'?`"};
    std::vector<string> tags;
    for (std::sregex_iterator at{page.begin(), page.end(), tag}, none; at != none; ++at)
        tags.push_back((*at)[1]);
    return tags;
}

// Literals that stand one behind the other are one.
string joined_literals(const string& source)
{
    constexpr string_view blank = " \n";
    string text;
    for (usize i = 0; i < source.size(); ++i) {
        const auto next = source[i] == '"' ? source.find_first_not_of(blank, i + 1) : i;
        if (next != string::npos && next > i + 1 && source[next] == '"')
            i = next;
        else
            text += source[i];
    }
    return text;
}

// Of names that end so.
std::vector<string> test_sources(string_view end = "_test.cpp")
{
    std::vector<string> all;
    for (const auto& entry : fs::recursive_directory_iterator{fs::path{source_tree} / "tests"})
        if (entry.path().native().ends_with(end))
            all.push_back(
                joined_literals(docs::read(fs::relative(entry.path(), source_tree).native())));
    return all;
}

// Of rows like "| U17, U27 | ...".
std::vector<string> properties_in(const string& page)
{
    std::vector<string> all;
    for (const auto& row : split(page, "\n"))
        if (row.starts_with("| U"))
            for (auto& one : split(split(row.substr(2), " | ").front(), ", "))
                all.push_back(std::move(one));
    return all;
}

// As a tag, or in front of what a case of a booted system says.
bool names_property(const string& test, const string& property)
{
    return test.contains("[" + property + "]") || test.contains(property + ": ")
           || test.contains(property + ", ");
}

std::vector<string> rules_of_monitor()
{
    static const std::regex rule{R"(RuleText\{Rule::[a-z_0-9]+,\s+"([a-z0-9-]+)\")"};
    const auto source = docs::read("tools/src/monitor/rules.cpp");
    std::vector<string> names;
    for (std::sregex_iterator at{source.begin(), source.end(), rule}, none; at != none; ++at)
        names.push_back((*at)[1]);
    return names;
}

}  // namespace

TEST_CASE("a row of the conformance page needs an answer that can be looked up", "[docs]")
{
    CHECK(named_in("| 2.1 | x | monitor `a`; test `b c` |\n| 2.2 | y | not yet: why; really |\n")
              .unanswered.empty());
    CHECK(named_in("| 2.1 | x | monitor `a`; test `b c` |\n").tests == std::vector<string>{"b c"});
    for (const string wrong : {"| 2.1 | x | somehow |", "| 2.1 | x |  |", "| 2.1 | x |",
                               "| 2.1 | x | test `a` and more |"})
        CHECK(named_in(wrong).unanswered == std::vector<string>{wrong});
    CHECK(joined_literals("f(\"a \"\n  \"b\", \"c\")") == "f(\"a b\", \"c\")");
}

TEST_CASE("every test and every rule that the conformance page names is there", "[docs]")
{
    const auto named = named_in(docs::read("docs/virtio-conformance.md"));
    CHECK(named.unanswered == std::vector<string>{});
    REQUIRE(named.tests.size() > 20);
    const auto sources = test_sources();
    for (const auto& name : named.tests) {
        INFO(name);
        CHECK(std::ranges::any_of(sources, [&](const string& text) {
            return text.contains("(\"" + name + "\"") || text.contains("\n    \"" + name + "\"");
        }));
    }
    const auto rules = rules_of_monitor();
    REQUIRE(rules.size() > 40);
    for (const auto& name : named.rules) {
        INFO(name);
        CHECK(std::ranges::contains(rules, name));
    }
    for (const auto& name : rules) {
        INFO(name);
        CHECK(std::ranges::contains(named.rules, name));
    }
}

TEST_CASE("every tag that the conformance page names is that of a test", "[docs]")
{
    CHECK(tags_in("`[V1]`, `a_test '[LD2]'`, `none`") == std::vector<string>{"[V1]", "[LD2]"});
    const auto tags = tags_in(docs::read("docs/virtio-conformance.md"));
    REQUIRE(tags.size() > 80);
    const auto sources = test_sources();
    for (const auto& tag : tags) {
        INFO(tag);
        CHECK(std::ranges::any_of(sources, [&](const string& text) { return text.contains(tag); }));
    }
}

TEST_CASE("every property that resilience.md lists is named by a test", "[docs]")
{
    CHECK(properties_in("| U1 | x | y |\n| U17, U27 | x | y |\nU2\n")
          == std::vector<string>{"U1", "U17", "U27"});
    CHECK(names_property("\"[a][U1]\"", "U1"));
    CHECK(names_property("\"N3, U1: x\"", "U1"));
    CHECK_FALSE(names_property("\"[a][U12]\" U12: x", "U1"));
    const auto properties = properties_in(docs::read("docs/resilience.md"));
    REQUIRE(properties.size() == 18);
    const auto sources = test_sources(".cpp");
    for (const auto& property : properties) {
        INFO(property);
        CHECK(std::ranges::any_of(
            sources, [&](const string& text) { return names_property(text, property); }));
    }
}
