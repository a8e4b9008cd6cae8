// tests/rejects/libvirtio_includes_abi.cpp - what links libvirtio alone sees base, not the kernel.
#include <abi/syscall.hpp>
#include <base/types.hpp>
