// checks/flavour.hpp - whether this is the checked kernel.
#pragma once

namespace kernel {

#ifdef VIREO_CHECKED
inline constexpr bool checked = true;
#else
inline constexpr bool checked = false;
#endif

namespace checks {
struct Inspector;  // may look at what is private (invariants.cpp)
}

}  // namespace kernel
