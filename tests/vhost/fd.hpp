// vhost/fd.hpp - owns one file descriptor.
#pragma once

#include <utility>

#include <unistd.h>

namespace vhost {

class Fd {
public:
    Fd() = default;
    explicit Fd(int raw) : raw_{raw} {}
    Fd(Fd&& other) noexcept : raw_{std::exchange(other.raw_, -1)} {}
    Fd& operator=(Fd other) noexcept
    {
        std::swap(raw_, other.raw_);
        return *this;
    }
    ~Fd() { close(); }

    int raw() const { return raw_; }
    bool open() const { return raw_ >= 0; }
    void close()
    {
        if (open())
            ::close(std::exchange(raw_, -1));
    }

private:
    int raw_ = -1;
};

}  // namespace vhost
