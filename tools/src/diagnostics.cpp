// diagnostics.cpp - errors in a text that a person wrote.
#include "diagnostics.hpp"

#include "failure.hpp"
#include "text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace vireo {
namespace {

// A line that a terminal shows as it is; of a file that is no text at all it would show anything.
bool shows(const std::string& line)
{
    constexpr usize longest = 200;
    return line.size() <= longest && std::ranges::none_of(line, [](char c) {
               return (static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\r')
                      || c == '\x7f';
           });
}

}  // namespace

Diagnostics::Diagnostics(std::string file, std::string_view text)
    : file_{std::move(file)}, lines_{lines_of(text)}
{
}

void Diagnostics::error(Place at, std::string message)
{
    errors_.push_back({at, std::move(message)});
}

std::string Diagnostics::shown(const Error& error) const
{
    const auto [line, column] = error.at;
    if (line == 0 || line > lines_.size())
        return fmt::format("{}: error: {}\n", file_, error.message);
    const auto& source = lines_[line - 1];
    if (!shows(source))
        return fmt::format("{}:{}:{}: error: {}\n", file_, line, column, error.message);
    // Tabs stay tabs, so that the caret stands below what it means.
    std::string margin = source.substr(0, std::min<usize>(column - 1, source.size()));
    std::ranges::replace_if(margin, [](char c) { return c != '\t'; }, ' ');
    return fmt::format("{}:{}:{}: error: {}\n{:5} | {}\n      | {}^\n", file_, line, column,
                       error.message, line, source, margin);
}

std::string Diagnostics::text() const
{
    auto sorted = errors_;
    std::ranges::stable_sort(sorted, {}, &Error::at);
    std::string out;
    for (const auto& error : sorted)
        out += shown(error);
    return out;
}

void Diagnostics::check() const
{
    if (any())
        throw SourceErrors{text()};
}

}  // namespace vireo
