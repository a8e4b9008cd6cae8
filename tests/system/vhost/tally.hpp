// tally.hpp - what the program in front of a lying device says of its rounds: NAME=VALUE, in a
// line.
#pragma once

#include <cstdlib>
#include <map>

#include <catch2/catch.hpp>
#include <cli/tool.hpp>

using Tally = std::map<std::string, std::string>;

inline Tally tally_of(const cli::Ran& ran)
{
    CHECK(ran.status == 0);
    Tally fields;
    std::string rest = ran.out;
    while (rest.contains('=')) {
        const auto equals = rest.find('=');
        const auto end = std::min(rest.find_first_of(" \n"), rest.size());
        fields[rest.substr(0, equals)] = rest.substr(equals + 1, end - equals - 1);
        rest.erase(0, std::min(end + 1, rest.size()));
    }
    return fields;
}

inline int count(Tally& seen, const std::string& what) { return std::atoi(seen[what].c_str()); }
