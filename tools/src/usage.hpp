// usage.hpp - what is wrong with a command line, in the words and the shape of all errors of the
// tool.
#pragma once

#include "failure.hpp"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace vireo {

// CLI11's error on the arguments that `app` has just read; not for help, which is no error.
Failure usage_failure(const CLI::App& app, const CLI::ParseError& error);

}  // namespace vireo
