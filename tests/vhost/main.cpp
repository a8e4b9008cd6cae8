// vhost/main.cpp - a device of the guest as a program: the model of a disk or of an entropy source,
// honest or not. Its standard input is the socket where QEMU connects. Ends with QEMU, or when its
// time is up; then says what the driver did wrong.
#include "backend.hpp"
#include "wishes.hpp"

#include <cstdio>

#include <model/blk.hpp>
#include <model/entropy.hpp>
#include <sys/socket.h>

#include <unistd.h>

namespace {

constexpr usize most_complaints = 20;

// What the device is behind the protocol.
struct Devices {
    model::Blk disk;
    model::Entropy entropy;

    Devices(model::World& world, const vhost::Wishes& wishes)
        : disk{world, {.sectors = wishes.sectors, .serial = "vhost-user"}}, entropy{world}
    {
        disk.hold = wishes.reversed;
    }

    vhost::Backend::Device chosen(const vhost::Wishes& wishes)
    {
        if (!wishes.disk)
            return {.model = &entropy};
        vhost::Backend::Device device{.model = &disk};
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
