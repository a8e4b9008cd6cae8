// tests/host/docs/page.cpp - pages are cut into sections, and sections into parts.
#include "page.hpp"

#include "tree.hpp"

#include <algorithm>
#include <array>
#include <format>
#include <fstream>
#include <iterator>
#include <ranges>
#include <regex>

#include <catch2/catch.hpp>

namespace docs {

namespace {

using std::string;
using std::string_view;

constexpr std::array<string_view, 6> parts = {"Purpose", "Registers", "Rights",
                                              "Errors",  "Blocking",  "Notes"};

std::vector<string> lines(string_view text)
{
    std::vector<string> all;
    for (const auto line : std::views::split(text, '\n'))
        all.emplace_back(line.begin(), line.end());
    return all;
}

// All matches of the first group.
std::vector<std::smatch> matches(const string& text, const std::regex& what)
{
    return {std::sregex_iterator{text.begin(), text.end(), what}, std::sregex_iterator{}};
}

// The text between an enum's head and its closing brace.
string enumerators(string_view header, string_view head)
{
    const auto start = header.find(head);
    REQUIRE(start != string_view::npos);
    return string{header.substr(start, header.find("};", start) - start)};
}

string upper(string name)
{
    std::ranges::transform(name, name.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return name;
}

string mark(string_view part) { return "**" + string{part} + ".**"; }

// The parts are there once each, in order, and say something.
void check_parts(const Section& section, std::vector<string>& found)
{
    usize from = 0;
    for (usize i = 0; i < parts.size(); ++i) {
        const auto at = section.body.find("\n" + mark(parts[i]), from);
        if (at == string::npos) {
            found.push_back(section.title + " has no " + string{parts[i]} + " in its place");
            return;
        }
        from = at + mark(parts[i]).size() + 1;
        const auto end = i + 1 < parts.size() ? section.body.find("\n" + mark(parts[i + 1]), from)
                                              : section.body.size();
        const auto text = section.body.substr(from, end == string::npos ? end : end - from);
        if (text.find_first_not_of(" \n") == string::npos)
            found.push_back(section.title + " says nothing under " + string{parts[i]});
    }
}

// Each item of the list begins with an error's name, or says where its errors come from.
void check_errors(const Section& section,
                  const std::vector<string>& errors,
                  std::vector<string>& found)
{
    const auto start = section.body.find(mark("Errors"));
    const auto end = section.body.find(mark("Blocking"));
    if (start == string::npos || end == string::npos)
        return;
    for (const auto& line : lines(section.body.substr(start, end - start))) {
        static const std::regex first{"^- `([a-z_]+)`"};
        std::smatch match;
        const bool named = std::regex_search(line, match, first);
        if (line.starts_with("- ") && !named && !line.starts_with("- no "))
            found.push_back(section.title + " lists no error in: " + line);
        if (named && !std::ranges::contains(errors, match[1].str()))
            found.push_back(section.title + " lists an error that is none: " + match[1].str());
    }
}

}  // namespace

string read(string_view path)
{
    std::ifstream file{string{source_tree} + "/" + string{path}};
    INFO(path);
    REQUIRE(file);
    return {std::istreambuf_iterator<char>{file}, {}};
}

std::vector<Section> sections(string_view page)
{
    std::vector<Section> all;
    bool inside = false;
    for (const auto& line : lines(page)) {
        if (line.starts_with("### "))
            all.push_back({line.substr(4), ""});
        if (line.starts_with("## ") || line.starts_with("### "))
            inside = line.starts_with("### ");
        else if (inside)
            all.back().body.append("\n").append(line);
    }
    return all;
}

std::vector<Call> calls(string_view header)
{
    static const std::regex entry{"\n    ([a-z_]+) = ([0-9]+),"};
    std::vector<Call> all;
    const auto text = enumerators(header, "enum class Syscall");
    for (const auto& match : matches(text, entry))
        all.push_back({"SYS_" + upper(match[1]), std::stoull(match[2])});
    return all;
}

std::vector<string> errors(string_view header)
{
    static const std::regex entry{R"(\n    ([a-z_]+) =\s)"};
    std::vector<string> all;
    const auto text = enumerators(header, "enum class Errc");
    for (const auto& match : matches(text, entry))
        all.push_back(match[1]);
    return all;
}

string error_values(string_view header)
{
    static const std::regex entry{R"(\n    ([a-z_]+) =\s+([0-9]+),\s+// ([A-Z0-9]+: )?([^\n]+))"};
    string table = "| `Errc` | value | |\n|---|---|---|\n";
    for (const auto& match : matches(enumerators(header, "enum class Errc"), entry))
        table +=
            std::format("| `{}` | {} | {} |\n", match[1].str(), match[2].str(), match[4].str());
    return table;
}

std::vector<string>
complaints(string_view page, const std::vector<Call>& calls, const std::vector<string>& errors)
{
    auto described = sections(page);
    std::erase_if(described, [](const Section& s) { return !s.title.starts_with("SYS_"); });
    std::vector<string> found;
    for (usize i = 0; i < std::max(calls.size(), described.size()); ++i) {
        const auto wanted = i < calls.size() ? calls[i].title : "no further section";
        const auto there = i < described.size() ? described[i].title : "the end";
        if (wanted != there) {
            found.push_back(std::format("where {} should be is {}", wanted, there));
            return found;
        }
        const auto number = std::format("{} Number {}.", mark("Registers"), calls[i].number);
        if (!described[i].body.contains("\n" + number))
            found.push_back(std::format("{} does not say: {}", there, number));
        check_parts(described[i], found);
        check_errors(described[i], errors, found);
    }
    return found;
}

std::vector<string> file_links(string_view page)
{
    static const std::regex link{R"(\]\(([^)#:]+)(#[^)]*)?\))"};
    std::vector<string> all;
    const string text{page};
    for (const auto& match : matches(text, link))
        all.push_back(match[1]);
    return all;
}

}  // namespace docs
