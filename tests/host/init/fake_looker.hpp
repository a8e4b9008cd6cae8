// tests/host/init/fake_looker.hpp - a looker without a thread: the test says what it sees.
#pragma once

#include "looker.hpp"

namespace fake {

struct Looking {
    u32 begun = 0;
    init::Verdict verdict = init::Verdict::unknown;  // of the next look
};
inline Looking looking{};

}  // namespace fake
