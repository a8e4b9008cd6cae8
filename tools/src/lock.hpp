// lock.hpp - a file that one run at a time holds.
#pragma once

#include "file.hpp"

#include <optional>

namespace vireo {

// Held until it is closed. Nothing: somebody else holds it. Exit::environment: it cannot be locked.
std::optional<Fd> try_lock(const fs::path& path);

// Waits for it; after two seconds it says that it waits for `whom`. Exit::interrupted.
Fd wait_for_lock(const fs::path& path, const std::string& whom);

}  // namespace vireo
