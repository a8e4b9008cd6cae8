// size_budget.cpp - tests/sizes.toml: how much of what there may be.
#include "size_budget.hpp"

#include "table_reader.hpp"

#include <fmt/format.h>

namespace vireo {
namespace {

constexpr Range limits{1, 1'000'000};

}  // namespace

SizeBudget parse_size_budget(const std::string& text, const std::string& file)
{
    const auto table = parse_toml(text, file);
    Diagnostics errors{file, text};
    SizeBudget budget;
    TableReader in{table, "the file", errors};
    if (const auto* lines = in.table("lines")) {
        TableReader rooms{*lines, "[lines]", errors};
        for (const auto& [room, limit] : *lines)
            budget.lines[std::string{room.str()}] = rooms.number(room.str(), 0, limits);
    }
    if (const auto* functions = in.table("functions")) {
        TableReader lengths{*functions, "[functions]", errors};
        for (const u32 percent : {90U, 99U})
            if (const auto key = fmt::format("p{}", percent); lengths.has(key))
                budget.functions[percent] = lengths.number(key, 0, limits);
        lengths.finish();
    }
    in.finish();
    errors.check();
    return budget;
}

}  // namespace vireo
