// tests/rejects/sys_foreign_handle.cpp - an endpoint cannot be signalled.
#include <sys/notification.hpp>

Result<> ring(sys::Borrowed<sys::Endpoint> endpoint)
{
    return sys::signal(endpoint, abi::Bits::at(0));
}
