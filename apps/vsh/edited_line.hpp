// vsh/edited_line.hpp - a line that is being typed, and where the cursor is in it: always between
// two code points. Pure.
#pragma once

#include "history.hpp"

#include <array>
#include <cstring>
#include <string_view>

#include <base/types.hpp>

namespace vsh {

class EditedLine {
public:
    static constexpr usize capacity = History::line_bytes;

    std::string_view text() const { return {text_.data(), size_}; }
    std::string_view left() const { return text().substr(0, cursor_); }
    std::string_view right() const { return text().substr(cursor_); }
    usize cursor() const { return cursor_; }
    bool at_end() const { return cursor_ == size_; }

    // All of it, or nothing if there is no room.
    void insert(std::string_view what)
    {
        if (what.size() > capacity - size_)
            return;
        std::memmove(&text_[cursor_ + what.size()], &text_[cursor_], size_ - cursor_);
        std::memcpy(&text_[cursor_], what.data(), what.size());
        size_ += what.size();
        cursor_ += what.size();
    }
    void set(std::string_view what)
    {
        size_ = cursor_ = 0;
        insert(what.substr(0, capacity));
    }
    void clear() { size_ = cursor_ = 0; }

    void move(usize to) { cursor_ = to; }
    usize before() const { return step_back(cursor_); }
    usize after() const
    {
        usize at = cursor_ < size_ ? cursor_ + 1 : size_;
        while (at < size_ && continues(text_[at]))
            ++at;
        return at;
    }
    usize word_before() const
    {
        usize at = cursor_;
        while (at > 0 && text_[at - 1] == ' ')
            --at;
        while (at > 0 && text_[at - 1] != ' ')
            --at;
        return at;
    }
    usize word_after() const
    {
        usize at = cursor_;
        while (at < size_ && text_[at] == ' ')
            ++at;
        while (at < size_ && text_[at] != ' ')
            ++at;
        return at;
    }
    usize end() const { return size_; }

    // What lies between the cursor and there, on either side.
    void erase(usize other)
    {
        const usize first = other < cursor_ ? other : cursor_;
        const usize last = other < cursor_ ? cursor_ : other;
        std::memmove(&text_[first], &text_[last], size_ - last);
        size_ -= last - first;
        cursor_ = first;
    }

    static bool continues(char c) { return (static_cast<u8>(c) & 0xc0) == 0x80; }
    // Each code point takes one.
    static usize columns(std::string_view text)
    {
        usize count = 0;
        for (const char c : text)
            count += continues(c) ? 0 : 1;
        return count;
    }

private:
    usize step_back(usize at) const
    {
        at -= at > 0 ? 1 : 0;
        while (at > 0 && continues(text_[at]))
            --at;
        return at;
    }

    std::array<char, capacity + 1> text_{};
    usize size_ = 0;
    usize cursor_ = 0;
};

}  // namespace vsh
