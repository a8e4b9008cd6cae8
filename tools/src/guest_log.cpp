// guest_log.cpp - reads the guest's serial line.
#include "guest_log.hpp"

#include <algorithm>
#include <charconv>

namespace vireo {
namespace {

// Takes "prefix" and the word after it off the front of `text`.
std::optional<std::string> take_word(std::string_view& text, std::string_view prefix)
{
    if (!text.starts_with(prefix))
        return std::nullopt;
    text.remove_prefix(prefix.size());
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word.empty() ? std::nullopt : std::optional{std::string{word}};
}

bool time_character(char c) { return (c >= '0' && c <= '9') || c == '.'; }

std::optional<u64> parse_number(std::string_view text)
{
    const bool hex = text.starts_with("0x");
    text.remove_prefix(hex ? 2 : 0);
    u64 value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
    if (error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

std::string unquoted(std::string_view text)
{
    std::string out;
    for (usize i = 0; i < text.size() && text[i] != '"'; ++i) {
        if (text[i] == '\\' && i + 1 < text.size())
            ++i;
        out += text[i];
    }
    return out;
}

// The position after a value that starts at `at`.
usize value_end(std::string_view text, usize at)
{
    if (at >= text.size() || text[at] != '"')
        return std::min(text.find(' ', at), text.size());
    for (++at; at < text.size() && text[at] != '"'; ++at)
        if (text[at] == '\\')
            ++at;
    return std::min(at + 1, text.size());
}

}  // namespace

std::optional<Record> parse_record(std::string_view line)
{
    const auto time = take_word(line, "t=");
    if (!time || !std::ranges::all_of(*time, time_character))
        return std::nullopt;
    const auto source = take_word(line, "src=");
    if (!source)
        return std::nullopt;
    const bool user_output = line == "|" || line.starts_with("| ");
    if (user_output)
        line.remove_prefix(std::min<usize>(2, line.size()));
    return Record{
        .time = *time, .source = *source, .text = std::string{line}, .user_output = user_output};
}

std::optional<std::string> field(std::string_view text, std::string_view key)
{
    // Key by key from the front, so that nothing inside a quoted value looks like a key.
    for (usize at = 0; at < text.size();) {
        const auto word_end = std::min(text.find_first_of(" =", at), text.size());
        if (word_end == text.size() || text[word_end] == ' ') {
            at = word_end + 1;
            continue;
        }
        const auto end = value_end(text, word_end + 1);
        if (text.substr(at, word_end - at) == key) {
            const auto value = text.substr(word_end + 1, end - word_end - 1);
            return value.starts_with('"') ? unquoted(value.substr(1)) : std::string{value};
        }
        at = end + 1;
    }
    return std::nullopt;
}

std::optional<u64> number_field(std::string_view text, std::string_view key)
{
    const auto value = field(text, key);
    return value ? parse_number(*value) : std::nullopt;
}

std::vector<u64> chain_field(std::string_view text, std::string_view key)
{
    std::vector<u64> out;
    const auto value = field(text, key);
    std::string_view rest = value ? std::string_view{*value} : std::string_view{};
    while (!rest.empty()) {
        const auto end = std::min(rest.find(','), rest.size());
        const auto number = parse_number(rest.substr(0, end));
        if (!number)
            break;
        out.push_back(*number);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    while (!out.empty() && out.back() == 0)
        out.pop_back();
    return out;
}

std::optional<u32> verdict_of(const Record& record)
{
    if (!record.from_kernel() || record.user_output || !record.text.starts_with("verdict "))
        return std::nullopt;
    const auto status = number_field(record.text, "status");
    return status && *status <= 255 ? std::optional{static_cast<u32>(*status)} : std::nullopt;
}

bool panic_of(const Record& record)
{
    return record.from_kernel() && !record.user_output && field(record.text, "level") == "panic";
}

void LineSplitter::feed(std::string_view bytes, const std::function<void(const std::string&)>& line)
{
    for (const char c : bytes) {
        if (c != '\n' && c != '\r')
            part_ += c;
        else if (!part_.empty())
            line(std::exchange(part_, {}));
    }
}

void LineSplitter::finish(const std::function<void(const std::string&)>& line)
{
    if (!part_.empty())
        line(std::exchange(part_, {}));
}

std::optional<std::string> OutputJoiner::add(const Record& record)
{
    auto& part = parts_[record.source];
    if (record.text.ends_with('\\')) {
        part += record.text.substr(0, record.text.size() - 1);
        return std::nullopt;
    }
    auto whole = part + record.text;
    parts_.erase(record.source);
    return whole;
}

std::vector<std::string> OutputJoiner::rest()
{
    std::vector<std::string> out;
    out.reserve(parts_.size());
    for (const auto& [source, part] : parts_)
        out.push_back(part);
    parts_.clear();
    return out;
}

}  // namespace vireo
