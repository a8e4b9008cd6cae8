// vsh/words.hpp - the pieces of a command line.
#pragma once

#include <algorithm>
#include <string_view>

namespace vsh {

// Hands out the words of a line one by one. Words are separated by blanks; there is no quoting.
class Words {
public:
    constexpr explicit Words(std::string_view line) : rest_{line} {}

    // The next word; empty at the end of the line.
    constexpr std::string_view next()
    {
        skip_blanks();
        const auto word = rest_.substr(0, std::min(rest_.find_first_of(blanks), rest_.size()));
        rest_.remove_prefix(word.size());
        return word;
    }

    // All that is left, from its first non-blank to its last.
    constexpr std::string_view remainder()
    {
        skip_blanks();
        const auto last = rest_.find_last_not_of(blanks);
        return rest_.substr(0, last == std::string_view::npos ? 0 : last + 1);
    }

private:
    static constexpr std::string_view blanks = " \t\r\n";

    constexpr void skip_blanks()
    {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(blanks), rest_.size()));
    }

    std::string_view rest_;
};

}  // namespace vsh
