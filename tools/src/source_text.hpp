// source_text.hpp - what can be counted in C++ and assembler sources: lines, and how long functions
// are.
//
// Functions are found by their braces, which the project's format makes easy: what opens a body
// has a space or a new line before it, an initialiser has not. Lambdas belong to the function
// around them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <base/types.hpp>

namespace vireo {

struct LineCount {
    u32 files = 0;
    u32 code = 0;
    u32 comment = 0;  // nothing but a comment
    u32 blank = 0;
    u64 bytes = 0;

    u32 lines() const { return code + comment + blank; }
    LineCount& operator+=(const LineCount& more);
};

// The text with blanks for comments, and with nothing but quotes for what is in quotes.
std::string code_of(std::string_view text);
LineCount count_lines(std::string_view text);

struct Function {
    std::string name;
    std::string file;
    u32 line = 0;   // where it begins
    u32 lines = 0;  // to its closing brace
};
std::vector<Function> functions_of(std::string_view text, const std::string& file);

// The least length that so many percent do not exceed. By rising length; 0 for none.
u32 percentile(const std::vector<Function>& by_length, u32 percent);

}  // namespace vireo
