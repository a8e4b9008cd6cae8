// serial_stream.hpp - what is on the guest's serial line: lines of the log, and between them, in
// marks that only the kernel makes, what the guest's console writes (abi/syscall.hpp).
#pragma once

#include <functional>
#include <string_view>

namespace vireo {

class SerialStream {
public:
    using Part = std::function<void(std::string_view)>;

    // Hands on each part of `bytes` as what it is, in order.
    void feed(std::string_view bytes, const Part& log, const Part& console);

private:
    bool console_ = false;
};

}  // namespace vireo
