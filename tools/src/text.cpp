// text.cpp - small things done to strings.
#include "text.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <numeric>
#include <utility>

namespace vireo {
namespace {

constexpr std::string_view units = "KMGT";

usize edit_distance(std::string_view a, std::string_view b)
{
    std::vector<usize> row(b.size() + 1);
    std::iota(row.begin(), row.end(), usize{0});
    for (usize i = 0; i < a.size(); ++i) {
        usize diagonal = std::exchange(row[0], i + 1);
        for (usize j = 0; j < b.size(); ++j) {
            const usize replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

bool needs_no_quotes(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
           || std::string_view{"_-./,=:+@%"}.contains(c);
}

}  // namespace

std::optional<u64> parse_size(std::string_view text)
{
    u64 value = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{})
        return std::nullopt;
    const std::string_view unit{rest, text.data() + text.size()};
    if (unit.empty())
        return value;
    const auto power = units.find(unit.front());
    if (unit.size() != 1 || power == std::string_view::npos)
        return std::nullopt;
    const auto shift = 10 * (power + 1);
    if (value > std::numeric_limits<u64>::max() >> shift)
        return std::nullopt;
    return value << shift;
}

std::string size_text(u64 bytes)
{
    usize power = 0;
    while (power < units.size() && bytes != 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        ++power;
    }
    return std::to_string(bytes) + (power == 0 ? "" : std::string{units[power - 1]});
}

std::string shell_quote(std::string_view word)
{
    if (!word.empty() && std::ranges::all_of(word, needs_no_quotes))
        return std::string{word};
    std::string out = "'";
    for (const char c : word)
        out += c == '\'' ? std::string{"'\\''"} : std::string{c};
    return out + "'";
}

std::optional<std::vector<std::string>> shell_words(std::string_view text)
{
    std::vector<std::string> words;
    std::optional<std::string> word;
    char quote = 0;
    for (usize i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool escapes = c == '\\' && quote != '\'' && i + 1 < text.size();
        if (escapes) {
            word = word.value_or("") + text[++i];
        } else if (quote != 0 && c == quote) {
            quote = 0;
        } else if (quote == 0 && (c == '\'' || c == '"')) {
            quote = c;
            word = word.value_or("");
        } else if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
            if (word)
                words.push_back(*std::exchange(word, std::nullopt));
        } else {
            word = word.value_or("") + c;
        }
    }
    if (quote != 0)
        return std::nullopt;
    if (word)
        words.push_back(*word);
    return words;
}

std::string qemu_escape(std::string_view value)
{
    std::string out;
    for (const char c : value)
        out += c == ',' ? std::string{",,"} : std::string{c};
    return out;
}

std::optional<std::string> closest(std::string_view word, std::span<const std::string> candidates)
{
    std::optional<std::string> best;
    usize best_distance = std::max<usize>(2, word.size() / 3) + 1;
    for (const auto& candidate : candidates) {
        const auto distance = edit_distance(word, candidate);
        // A candidate of which every letter would have to change is no spelling of the word.
        if (distance < best_distance && distance < std::max(word.size(), candidate.size())) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

std::string suggestion(std::string_view word, std::span<const std::string> candidates)
{
    const auto meant = closest(word, candidates);
    return meant ? "; did you mean '" + *meant + "'?" : "";
}

std::string join(std::span<const std::string> words, std::string_view separator)
{
    std::string out;
    for (const auto& word : words)
        out += (out.empty() ? "" : std::string{separator}) + word;
    return out;
}

std::vector<std::string> lines_of(std::string_view text)
{
    std::vector<std::string> lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

}  // namespace vireo
