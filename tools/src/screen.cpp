// screen.cpp - the guest's console and its log on one terminal.
#include "screen.hpp"

#include <fmt/format.h>

namespace vireo {
namespace {

constexpr usize longest_line = 4096;  // of which more is not drawn again

}  // namespace

std::string Screen::console(std::string_view bytes)
{
    const auto end = bytes.find_last_of("\r\n");
    if (end == std::string_view::npos)
        open_line_ += bytes;
    else
        open_line_ = bytes.substr(end + 1);
    if (open_line_.size() > longest_line)
        open_line_.clear();
    return std::string{bytes};
}

std::string Screen::line(const std::string& text)
{
    auto what = text;
    if (const auto record = parse_record(text); record && record->user_output)
        if (record->program() == shell_) {
            const auto whole = outputs_.add(*record);
            if (!whole)
                return "";
            const auto job = record->source.substr(shell_.size() + 1);
            what = job == "0" ? *whole : fmt::format("[{}] {}", job, *whole);
        }
    return fmt::format("\r\x1b[K{}\n{}", what, open_line_);
}

}  // namespace vireo
