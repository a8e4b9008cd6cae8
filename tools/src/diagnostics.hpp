// diagnostics.hpp - errors in a text that a person wrote: file, line, column, the line itself, a
// caret.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <base/types.hpp>

namespace vireo {

// Both count from 1. Line 0 means: the file as a whole.
struct Place {
    u32 line = 0;
    u32 column = 0;

    friend constexpr auto operator<=>(Place, Place) = default;
};

// A word and where it was written.
struct Spelled {
    std::string text;
    Place at;
};

class Diagnostics {
public:
    Diagnostics(std::string file, std::string_view text);

    void error(Place at, std::string message);
    bool any() const { return !errors_.empty(); }
    // In the order of the file.
    std::string text() const;
    // Throws SourceErrors if there was an error.
    void check() const;

private:
    struct Error {
        Place at;
        std::string message;
    };
    std::string shown(const Error& error) const;

    std::string file_;
    std::vector<std::string> lines_;
    std::vector<Error> errors_;
};

}  // namespace vireo
