// desk.hpp - a session with a console, and waiting for it.
#pragma once

#include <check/check.hpp>
#include <console/terminal.hpp>

inline constexpr console::Bits desk_bits{.input = abi::Bits::at(0),
                                         .interrupt = abi::Bits::at(1),
                                         .server = abi::Bits::at(2),
                                         .room = abi::Bits::at(3),
                                         .changed = abi::Bits::at(4)};

struct Desk {
    explicit Desk(std::string_view name)
    {
        check::need(terminal.open(check::given(), name, told.borrow(), desk_bits));
    }

    // Any bit of the session.
    void wait() { check::need(sys::wait(told.borrow(), check::patience())); }

    // What came, perhaps nothing.
    std::string_view read()
    {
        const auto got = terminal.read(buffer);
        if (!got && got.error() == Errc::would_block)
            return {};
        return {buffer.data(), check::need(got)};
    }

    sys::Handle<sys::Notification> told = check::need(sys::create_notification());
    console::Terminal terminal;
    std::array<char, proto::console::max_bytes> buffer{};
};

// The position-th character of a long text: printable, and another one where something is missing.
constexpr char character(u64 position)
{
    return static_cast<char>('!' + (position * 31 + position / 94 * 7) % 94);
}

// lines.cpp
void a_dialogue_outlives_its_servers();
