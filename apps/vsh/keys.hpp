// vsh/keys.hpp - bytes of a terminal made into keys: characters (UTF-8), control characters and
// escape sequences (ECMA-48; xterm's and the VT220's names of keys). Pure. Whatever comes, no byte
// of a sequence is taken for text.
#pragma once

#include <array>
#include <string_view>

#include <base/types.hpp>

namespace vsh {

enum class Key : u8 {
    none,  // nothing yet, or nothing that means anything
    character,
    left,
    right,
    up,
    down,
    home,
    end,
    word_left,
    word_right,
    erase,   // the character before the cursor
    remove,  // the one under it; at the end of the input that is the end
    kill_left,
    kill_right,
    kill_word,
    enter,
    complete,
    search,
    clear_screen,
    cancel,
    resize,  // the terminal has columns() now
};

class Keys {
public:
    Key feed(char c)
    {
        const u8 byte = static_cast<u8>(c);
        switch (state_) {
        case State::ground:
            return ground(byte);
        case State::escape:
            return escape(byte);
        case State::control:
            return control(byte);
        case State::single_shift:
            state_ = State::ground;
            return cursor_key(byte);
        case State::utf8:
            return continuation(byte);
        }
        return Key::none;
    }

    // Of Key::character: one code point.
    std::string_view text() const { return {text_.data(), size_}; }
    // Of Key::resize.
    u16 columns() const { return parameters_[2]; }

private:
    enum class State : u8 { ground, escape, control, single_shift, utf8 };

    static constexpr u8 escape_byte = 0x1b;
    static constexpr u8 delete_byte = 0x7f;

    static constexpr Key control_key(u8 byte)
    {
        switch (byte) {
        case 'A' - 64:
            return Key::home;
        case 'B' - 64:
            return Key::left;
        case 'D' - 64:
            return Key::remove;
        case 'E' - 64:
            return Key::end;
        case 'F' - 64:
            return Key::right;
        case 'G' - 64:
            return Key::cancel;
        case 'H' - 64:
        case delete_byte:
            return Key::erase;
        case '\t':
            return Key::complete;
        case '\r':
        case '\n':
            return Key::enter;
        case 'K' - 64:
            return Key::kill_right;
        case 'L' - 64:
            return Key::clear_screen;
        case 'N' - 64:
            return Key::down;
        case 'P' - 64:
            return Key::up;
        case 'R' - 64:
            return Key::search;
        case 'U' - 64:
            return Key::kill_left;
        case 'W' - 64:
            return Key::kill_word;
        default:
            return Key::none;
        }
    }

    Key ground(u8 byte)
    {
        const bool after_return = returned_;
        returned_ = byte == '\r';
        if (byte == escape_byte) {
            state_ = State::escape;
            return Key::none;
        }
        if (byte == '\n' && after_return)  // of one line end
            return Key::none;
        if (byte < ' ' || byte == delete_byte)
            return control_key(byte);
        text_[0] = static_cast<char>(byte);
        size_ = 1;
        if (byte < 0x80)
            return Key::character;
        // Unicode 15, table 3-7: what a first byte may be, and how many follow.
        wanted_ = byte >= 0xc2 && byte <= 0xdf   ? 2
                  : byte >= 0xe0 && byte <= 0xef ? 3
                  : byte >= 0xf0 && byte <= 0xf4 ? 4
                                                 : 0;
        state_ = wanted_ != 0 ? State::utf8 : State::ground;
        return Key::none;
    }

    Key continuation(u8 byte)
    {
        const bool good = size_ == 1 ? byte >= least_second() && byte <= most_second()
                                     : byte >= 0x80 && byte <= 0xbf;
        if (!good) {
            state_ = State::ground;
            return ground(byte);  // what was begun is dropped
        }
        text_[size_++] = static_cast<char>(byte);
        if (size_ < wanted_)
            return Key::none;
        state_ = State::ground;
        // Controls of the upper half would be commands to the terminal.
        const bool upper_control = size_ == 2 && text_[0] == '\xc2' && byte < 0xa0;
        return upper_control ? Key::none : Key::character;
    }
    u8 least_second() const { return text_[0] == '\xe0' ? 0xa0 : text_[0] == '\xf0' ? 0x90 : 0x80; }
    u8 most_second() const { return text_[0] == '\xed' ? 0x9f : text_[0] == '\xf4' ? 0x8f : 0xbf; }

    Key escape(u8 byte)
    {
        state_ = State::ground;
        switch (byte) {
        case '[':
            state_ = State::control;
            parameters_ = {};
            parameter_ = 0;
            return Key::none;
        case 'O':
            state_ = State::single_shift;
            return Key::none;
        case escape_byte:
            state_ = State::escape;
            return Key::none;
        case 'b':
            return Key::word_left;
        case 'f':
            return Key::word_right;
        case delete_byte:
            return Key::kill_word;
        default:
            return byte < ' ' ? ground(byte) : Key::none;
        }
    }

    // ESC [ parameters, intermediates, final.
    Key control(u8 byte)
    {
        if (byte == escape_byte) {
            state_ = State::escape;
            return Key::none;
        }
        if (byte >= '0' && byte <= '9' && parameter_ < parameters_.size()) {
            u16& number = parameters_[parameter_];
            number = number < 1000 ? static_cast<u16>(number * 10 + (byte - '0')) : number;
        }
        parameter_ += byte == ';' && parameter_ < parameters_.size() ? 1 : 0;
        if (byte < 0x40 || byte > 0x7e)
            return Key::none;
        state_ = State::ground;
        if (byte == 't')  // xterm's report of the size of its text: 8 ; rows ; columns
            return parameters_[0] == 8 && columns() != 0 ? Key::resize : Key::none;
        return byte == '~' ? numbered_key() : cursor_key(byte);
    }

    Key numbered_key() const
    {
        switch (parameters_[0]) {
        case 1:
        case 7:
            return Key::home;
        case 3:
            return Key::remove;
        case 4:
        case 8:
            return Key::end;
        default:
            return Key::none;
        }
    }

    Key cursor_key(u8 byte) const
    {
        const bool word = parameters_[1] > 1;
        switch (byte) {
        case 'A':
            return Key::up;
        case 'B':
            return Key::down;
        case 'C':
            return word ? Key::word_right : Key::right;
        case 'D':
            return word ? Key::word_left : Key::left;
        case 'F':
            return Key::end;
        case 'H':
            return Key::home;
        default:
            return Key::none;
        }
    }

    State state_ = State::ground;
    bool returned_ = false;
    std::array<u16, 3> parameters_{};
    usize parameter_ = 0;
    usize wanted_ = 0;
    std::array<char, 4> text_{};
    usize size_ = 0;
};

}  // namespace vsh
