// precompiled/standard.hpp - what nearly every file includes of the standard library, parsed once
// for each set of flags. Files include what they use all the same: headers are compiled without
// this.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
