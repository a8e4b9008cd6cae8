// unix_socket.hpp - connects to a program of this machine.
#pragma once

#include "file.hpp"

namespace vireo {

// Not open if nobody listens there.
Fd connect_unix(const fs::path& path);

}  // namespace vireo
