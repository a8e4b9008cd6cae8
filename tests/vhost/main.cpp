// vhost/main.cpp - a device of the guest as a program: the model of a disk, of an entropy source,
// or of a network device whose other end sends each frame back to its sender; honest or not. Its
// standard input is the socket where QEMU connects. Ends with QEMU, or when its time is up; then
// says what the driver did wrong.
#include "backend.hpp"
#include "wishes.hpp"

#include <algorithm>
#include <cstdio>

#include <model/blk.hpp>
#include <model/entropy.hpp>
#include <model/net.hpp>
#include <sys/socket.h>

#include <unistd.h>

namespace {

constexpr usize most_complaints = 20;

constexpr model::NetOptions network_of(const vhost::Wishes& wishes)
{
    constexpr u64 mrg_rxbuf = 1 << 15;
    model::NetOptions options;  // QEMU has the rest: address, status, control queue
    options.features = wishes.mergeable ? mrg_rxbuf : 0;
    options.writes_num_buffers = wishes.mergeable;
    return options;
}

// What the device is behind the protocol.
struct Devices {
    model::Blk disk;
    model::Entropy entropy;
    model::Net network;

    Devices(model::World& world, const vhost::Wishes& wishes)
        : disk{world, {.sectors = wishes.sectors, .serial = "vhost-user"}},
          entropy{world},
          network{world, network_of(wishes)}
    {
        disk.hold = wishes.reversed;
    }

    // What was sent comes back, its two addresses exchanged.
    void echo()
    {
        for (; !network.sent.empty(); network.sent.pop_front()) {
            auto frame = std::move(network.sent.front().bytes);
            std::swap_ranges(frame.begin(), frame.begin() + 6, frame.begin() + 6);
            (void)network.receive({std::move(frame), {}});
        }
    }

    vhost::Backend::Device chosen(const vhost::Wishes& wishes)
    {
        using Kind = vhost::Wishes::Kind;
        if (wishes.kind == Kind::entropy)
            return {.model = &entropy, .packed = wishes.packed};
        if (wishes.kind == Kind::network)
            return {.model = &network,
                    .after_work = [this](model::Queue&) { echo(); },
                    .packed = wishes.packed};
        vhost::Backend::Device device{.model = &disk, .packed = wishes.packed};
        device.set_capacity = [this](u64 sectors) { disk.set_capacity(sectors); };
        if (wishes.reversed)
            device.after_work = [this](model::Queue& ring) {
                while (disk.held() != 0)
                    disk.finish(ring, disk.held() - 1);
            };
        return device;
    }
};

bool configure(const std::vector<vhost::ConfigField>& fields, std::span<u8> config)
{
    for (const auto& [offset, value] : fields) {
        if (u64{offset} + sizeof(value) > config.size())
            return false;
        std::memcpy(config.data() + offset, &value, sizeof(value));
    }
    return true;
}

int serve(const vhost::Wishes& wishes)
{
    model::World world;
    world.lies = wishes.lies;
    Devices devices{world, wishes};
    const auto device = devices.chosen(wishes);
    vhost::Fd connection{::accept4(STDIN_FILENO, nullptr, nullptr, SOCK_CLOEXEC)};
    if (!configure(wishes.config, device.model->config()) || !connection.open()) {
        std::perror("vhost_device: nobody connects, or a field is outside the configuration");
        return 1;
    }
    vhost::Backend{world, device, wishes.tricks, vhost::Channel{std::move(connection)}}.run();
    const auto& complaints = world.complaints.list();
    for (usize i = 0; i < std::min(complaints.size(), most_complaints); ++i)
        std::fprintf(stderr, "%s\n", complaints[i].c_str());
    return 0;
}

}  // namespace

int main(int argc, char** argv)
{
    const std::vector<std::string_view> words{argv + 1, argv + argc};
    const auto wishes = vhost::wishes_of(words);
    if (!wishes)
        return 2;
    ::alarm(wishes->seconds);  // whatever QEMU or whoever started this does
    return serve(*wishes);
}
