// tests/model/medium.cpp - a disk's bytes.
#include <model/medium.hpp>
#include <sys/mman.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

namespace model {

Medium::Medium(const std::string& file)
{
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
    struct stat status{};
    if (descriptor >= 0 && ::fstat(descriptor, &status) == 0 && status.st_size > 0) {
        const auto bytes = static_cast<u64>(status.st_size);
        void* at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
        if (at != MAP_FAILED) {
            data_ = static_cast<u8*>(at);
            size_ = bytes;
            mapped_ = true;
        }
    }
    if (descriptor >= 0)
        ::close(descriptor);
}

Medium::~Medium()
{
    if (mapped_)
        ::munmap(data_, size_);
}

void Medium::resize(u64 bytes)
{
    if (mapped_)
        return;
    bytes_.resize(bytes);
    data_ = bytes_.data();
    size_ = bytes;
}

}  // namespace model
