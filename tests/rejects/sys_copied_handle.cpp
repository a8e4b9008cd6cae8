// tests/rejects/sys_copied_handle.cpp - a handle has one owner.
#include <sys/handle.hpp>

sys::Handle<sys::Memory> second(const sys::Handle<sys::Memory>& first) { return first; }
