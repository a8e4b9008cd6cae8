// tests/host/consoled/program.hpp - a program with a terminal, over the bench of any rig.
#pragma once

#include "bench.hpp"

#include <string>

#include <catch2/catch.hpp>
#include <console/terminal.hpp>

namespace protocol = proto::console;

inline constexpr console::Bits bits{.input = abi::Bits::at(0),
                                    .interrupt = abi::Bits::at(1),
                                    .server = abi::Bits::at(2),
                                    .room = abi::Bits::at(3),
                                    .changed = abi::Bits::at(4)};

inline std::string long_text(usize characters)
{
    std::string text;
    for (usize i = 0; i < characters; ++i)
        text += static_cast<char>('a' + (i + i / 26) % 26);
    return text;
}

struct Program {
    explicit Program(auto& rig) : bench{&rig.bench}
    {
        REQUIRE(terminal.open(bench->startup(), "con0", {told}, bits).has_value());
    }
    std::string read()
    {
        std::string all;
        std::array<char, protocol::max_bytes> part{};
        while (const auto got = terminal.read(part))
            all.append(part.data(), *got);
        return all;
    }
    bool told_of(abi::Bits which) const { return bench->take_bits(told).any(which); }

    bench::Bench* bench;
    abi::Slot told = bench->give(abi::Kind::notification);
    console::Terminal terminal;
};
