// model/medium.hpp - what a disk's bytes are kept in: memory, or a file that is changed in place.
#pragma once

#include <string>
#include <vector>

#include <base/types.hpp>

namespace model {

class Medium {
public:
    explicit Medium(u64 bytes) : bytes_(bytes), data_{bytes_.data()}, size_{bytes} {}
    // Maps the file; of no bytes if that fails.
    explicit Medium(const std::string& file);
    ~Medium();
    Medium(const Medium&) = delete;
    Medium& operator=(const Medium&) = delete;

    u8* data() { return data_; }
    const u8* data() const { return data_; }
    u64 size() const { return size_; }
    u8* begin() { return data_; }
    u8* end() { return data_ + size_; }
    const u8* begin() const { return data_; }
    const u8* end() const { return data_ + size_; }
    u8& operator[](u64 at) { return *(data_ + at); }

    // New bytes are zero; a file keeps its size.
    void resize(u64 bytes);

private:
    std::vector<u8> bytes_;
    u8* data_ = nullptr;
    u64 size_ = 0;
    bool mapped_ = false;
};

}  // namespace model
