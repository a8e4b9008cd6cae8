// tests/host/docs/page.hpp - what the tests of documents know about Markdown and about abi.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <base/types.hpp>

namespace docs {

// The text of a file, given from the root of the tree. Fails the test if it cannot be read.
std::string read(std::string_view path);

// A heading of level 3, and what follows it up to the next heading of level 2 or 3.
struct Section {
    std::string title;
    std::string body;
};
std::vector<Section> sections(std::string_view page);

// A call as abi/syscall.hpp lists it.
struct Call {
    std::string title;  // SYS_NAME
    u64 number;
};
std::vector<Call> calls(std::string_view header);

// Names of the enumerators of Errc, as base/types.hpp lists them.
std::vector<std::string> errors(std::string_view header);

// Their values, as the table that abi.md has to show.
std::string error_values(std::string_view header);

// What is wrong with a page that describes these calls; one sentence for each finding.
std::vector<std::string> complaints(std::string_view page,
                                    const std::vector<Call>& calls,
                                    const std::vector<std::string>& errors);

// Targets of the links of a page that name a file: no address, no place in the same page.
std::vector<std::string> file_links(std::string_view page);

// The tables of layouts as abi.md has to show them, from the compiler.
std::string layouts();

}  // namespace docs
