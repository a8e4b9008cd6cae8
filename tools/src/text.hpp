// text.hpp - small things done to strings: sizes, quoting for a shell and for QEMU, likely
// spellings.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <base/types.hpp>

namespace vireo {

// "512", "32K", "64M", "5G", "1T": powers of 1024.
std::optional<u64> parse_size(std::string_view text);
std::string size_text(u64 bytes);

// A word of a POSIX shell, quoted only when it has to be.
std::string shell_quote(std::string_view word);
// The words of a string as a shell would see them; quotes and backslashes work, nothing is
// expanded. Nothing if a quote is not closed.
std::optional<std::vector<std::string>> shell_words(std::string_view text);

// A value inside a comma-separated QEMU option.
std::string qemu_escape(std::string_view value);

// The candidate that was probably meant, if any is close enough.
std::optional<std::string> closest(std::string_view word, std::span<const std::string> candidates);
// "; did you mean 'x'?" or nothing.
std::string suggestion(std::string_view word, std::span<const std::string> candidates);

std::string join(std::span<const std::string> words, std::string_view separator);
std::vector<std::string> lines_of(std::string_view text);

}  // namespace vireo
