// watch.cpp - accesses of the threads that run, on their way from the hooks to the memory model.
#include "engine.hpp"
#include "hooks.hpp"

namespace explore {

namespace {

Explorer& current() { return *Explorer::current; }

}  // namespace

u64 hooked_load(const void* at, usize bytes, Order order)
{
    const usize offset = MemoryModel::offset(at);
    current().step();
    const Order kept = current().order(Kind::load, order, offset);
    const u64 value = current().memory().load(current().thread(), offset, bytes, kept);
    current().check_race();
    return value;
}

void hooked_store(void* at, usize bytes, u64 value, Order order)
{
    const usize offset = MemoryModel::offset(at);
    current().step();
    const Order kept = current().order(Kind::store, order, offset);
    current().memory().store(current().thread(), offset, bytes, value, kept);
    current().check_race();
}

u64 hooked_modify(void* at, usize bytes, Order load, Order store, Change change, u64 operand)
{
    const usize offset = MemoryModel::offset(at);
    current().step();
    const Order kept_load = current().order(Kind::load, load, offset);
    const Order kept_store = current().order(Kind::store, store, offset);
    const auto changed = [&](u64 value) { return change(value, operand); };
    const u64 value = current().memory().modify(current().thread(), offset, bytes, kept_load,
                                                kept_store, changed);
    current().check_race();
    return value;
}

void hooked_fence(Order order)
{
    if (Explorer::current == nullptr)
        return;
    current().step();
    if (const Order kept = current().order(Kind::fence, order, current().last());
        kept != Order::relaxed)
        current().memory().fence(current().thread(), kept);
}

void hooked_access(const void* at, usize bytes, bool stores)
{
    if (!watched(at) || bytes == 0)
        return;
    const usize offset = MemoryModel::offset(at);
    if (stores)
        current().memory().plain_write(current().thread(), offset, bytes);
    else
        current().memory().plain_read(current().thread(), offset, bytes);
    current().check_race();
}

bool watched(const void* at) { return Explorer::current != nullptr && MemoryModel::shares(at); }

}  // namespace explore
