// hooks.hpp - what the hooks call for memory of the arena, while threads run.
#pragma once

#include "memory_model.hpp"

namespace explore {

using Change = u64 (*)(u64 value, u64 operand);

bool watched(const void* at);
// For memory that is watched.
u64 hooked_load(const void* at, usize bytes, Order order);
void hooked_store(void* at, usize bytes, u64 value, Order order);
u64 hooked_modify(void* at, usize bytes, Order load, Order store, Change change, u64 operand);
// For any.
void hooked_fence(Order order);
void hooked_access(const void* at, usize bytes, bool stores);

}  // namespace explore
