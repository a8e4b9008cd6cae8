// system_file.hpp - systems/NAME.toml: from the text to a System that was checked as far as a text
// can be.
//
// systems/README.md describes the format. Every error names file, line and column; unknown keys are
// errors.
#pragma once

#include "file.hpp"
#include "system_model.hpp"

namespace vireo {

// `file` stands in front of every error. Throws SourceErrors with all errors in it.
System parse_system(const std::string& text, const std::string& file);

// `name` is that of a file in systems/, or a path that ends with .toml. Image files that the system
// names are relative to its own directory. `text` receives what was read, for later diagnostics.
struct SystemFile {
    fs::path path;
    std::string text;
    System system;
};
SystemFile load_system(const fs::path& systems, const std::string& name);

}  // namespace vireo
