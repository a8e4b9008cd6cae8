// vsh/history.hpp - the lines of before, the last ones. Pure.
#pragma once

#include <array>
#include <string_view>

#include <base/types.hpp>

namespace vsh {

class History {
public:
    static constexpr usize lines = 32;
    static constexpr usize line_bytes = 512;

    // Neither nothing, nor the same as the last one, nor what is too long.
    void add(std::string_view line)
    {
        if (line.empty() || line.size() > line_bytes || (count_ != 0 && back(0) == line))
            return;
        Entry& entry = entries_[count_++ % lines];
        line.copy(entry.text.data(), line.size());
        entry.size = line.size();
    }

    usize size() const { return count_ < lines ? count_ : lines; }

    // The one that is `age` lines older than the last; age < size().
    std::string_view back(usize age) const
    {
        const Entry& entry = entries_[(count_ - 1 - age) % lines];
        return {entry.text.data(), entry.size};
    }

private:
    struct Entry {
        std::array<char, line_bytes> text{};
        usize size = 0;
    };

    std::array<Entry, lines> entries_{};
    usize count_ = 0;
};

}  // namespace vsh
