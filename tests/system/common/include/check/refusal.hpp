// check/refusal.hpp - the checked kernel lets the n-th allocation of a call fail, if x10 says so
// (microkernel/checks/refusal.hpp). Any other kernel ignores it.
#pragma once

#include <check/raw.hpp>

namespace check {

constexpr u64 refuse(u64 n) { return u64{0x52'4546'5553'414c} << 8 | n; }

}  // namespace check
