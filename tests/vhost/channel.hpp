// vhost/channel.hpp - the control socket: whole messages, with the descriptors that come along.
#pragma once

#include "fd.hpp"
#include "message.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

namespace vhost {

struct Message {
    Header header{};
    std::vector<std::byte> payload{};
    std::vector<Fd> fds{};

    Request request() const { return static_cast<Request>(header.request); }
    // The payload, with zeroes where it is shorter.
    template <class T>
    T as() const
    {
        T value{};
        if (!payload.empty())
            std::memcpy(&value, payload.data(), std::min(sizeof(T), payload.size()));
        return value;
    }
};

class Channel {
public:
    explicit Channel(Fd socket) : socket_{std::move(socket)} {}

    int raw() const { return socket_.raw(); }
    bool open() const { return socket_.open(); }

    // Waits. Nothing when the other side is gone.
    std::optional<Message> receive();
    void send(u32 request, u32 flags, const void* payload, u32 bytes);
    template <class T>
    void reply(const Message& to, const T& value)
    {
        send(to.header.request, Flags::reply, &value, sizeof(value));
    }

private:
    bool read_all(void* to, usize bytes);

    Fd socket_;
};

}  // namespace vhost
