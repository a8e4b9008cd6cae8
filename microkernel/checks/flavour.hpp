// checks/flavour.hpp - whether this is the checked kernel.
#pragma once

namespace kernel {

#ifdef VIREO_CHECKED
inline constexpr bool checked = true;
#else
inline constexpr bool checked = false;
#endif

// Whether indirect branches of the kernel end at landing pads (BTI).
#ifdef __ARM_FEATURE_BTI_DEFAULT
inline constexpr bool landing_pads = true;
#else
inline constexpr bool landing_pads = false;
#endif

namespace checks {
struct Inspector;  // may look at what is private (invariants.cpp)
}

}  // namespace kernel
