// failure.hpp - what the tool throws when it cannot go on: one line each of what, why and how to
// fix it.
#pragma once

#include "exit_code.hpp"

#include <stdexcept>
#include <string>
#include <utility>

namespace vireo {

class Failure : public std::runtime_error {
public:
    Failure(Exit exit, const std::string& what, std::string why = {}, std::string fix = {})
        : std::runtime_error{what}, exit_{exit}, why_{std::move(why)}, fix_{std::move(fix)}
    {
    }

    Exit exit() const { return exit_; }
    const std::string& why() const { return why_; }
    const std::string& fix() const { return fix_; }

private:
    Exit exit_;
    std::string why_;
    std::string fix_;
};

// Errors that already name file, line and column, and are printed as they are.
class SourceErrors : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace vireo
