// model/world.hpp - what a model device lives in: memory, its lies, and complaints about the
// driver.
#pragma once

#include <model/lies.hpp>
#include <model/memory.hpp>

namespace model {

struct World {
    Memory memory;
    Lies lies;
    Complaints complaints;
};

}  // namespace model
