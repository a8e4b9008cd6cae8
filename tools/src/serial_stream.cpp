// serial_stream.cpp - lines of the log, and between them what the guest's console writes.
#include "serial_stream.hpp"

#include <algorithm>

#include <abi/syscall.hpp>

namespace vireo {

void SerialStream::feed(std::string_view bytes, const Part& log, const Part& console)
{
    while (!bytes.empty()) {
        const char mark = console_ ? abi::serial_line : abi::serial_bytes;
        const auto end = std::min(bytes.find(mark), bytes.size());
        if (end != 0)
            (console_ ? console : log)(bytes.substr(0, end));
        if (end == bytes.size())
            return;
        console_ = !console_;
        bytes.remove_prefix(end + 1);
    }
}

}  // namespace vireo
