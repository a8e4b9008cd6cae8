// fault/driver.cpp - a victim that owns the entropy device.
#include "victim.hpp"

#include <cstring>

#include <common/virtio_platform.hpp>
#include <sys/process.hpp>
#include <virtio/entropy.hpp>

namespace {

using Driver = virtio::entropy::Driver<common::DeviceBus>;
constexpr u64 wait_ms = 100;

// A page of RAM that was the device's a moment ago.
u64 forgotten_page(sys::Borrowed<sys::Device> device)
{
    const auto memory = sys::DmaMemory::create(device, Bytes{page_bytes});
    return memory ? memory->address().raw() : 0;
}

// The descriptors for buffers of 64 bytes that the device writes (virtio 1.2, 2.7.5).
void lie(std::span<std::byte> memory, u64 address)
{
    struct Descriptor {
        u64 address;
        u32 bytes;
        u16 flags;
        u16 next;
    };
    for (usize at = 0; at + sizeof(Descriptor) <= memory.size(); at += sizeof(Descriptor)) {
        Descriptor one;
        std::memcpy(&one, &memory[at], sizeof(one));
        if (one.bytes != 64 || (one.flags & 2) == 0)
            continue;
        one.address = address;
        std::memcpy(&memory[at], &one, sizeof(one));
    }
}

int read_by_calls(const Victim& victim, sys::Borrowed<sys::Device> device)
{
    (void)sys::signal(victim.ready, abi::Bits::at(0));
    (void)sys::wait(victim.go);
    for (u64 i = 0; i < 3; ++i)
        victim.board.value = sys::read_register(device, 0).value_or(0);
    return victim.board.value == 0x74726976 ? well : 2;  // "virt"
}

struct Machine {
    common::DevicePlatform platform;
    virtio::Device<common::DeviceBus> device;
    common::DriverMemory memory;
    Driver driver{};
};

// Asks, and takes what came when an interrupt says so, or without one if none comes.
Result<> round(const Victim& victim, Machine& machine, bool wild)
{
    (void)machine.driver.arm();
    if (const auto asked = machine.driver.request(); !asked)
        return asked;
    if (wild)
        lie(machine.memory.memory.bytes(), victim.board.wild);
    (void)machine.driver.kick();
    std::optional<Result<usize>> count;
    bool heard = false;
    while (!count) {
        std::array<std::byte, 64> bytes{};
        heard = machine.platform.wait(sys::after_ms(wait_ms)).has_value() || heard;
        (void)machine.device.acknowledge();
        count = machine.driver.take(bytes);
    }
    ++(heard ? victim.board.requests : victim.board.orphans);
    if (!*count)
        return fail(count->error());
    victim.board.value += **count;
    // Whether one comes that nobody asked for.
    if (machine.platform.wait(abi::now))
        ++victim.board.last_word;
    return {};
}

}  // namespace

int drive(const Victim& victim, std::string_view how)
{
    const auto device = victim.given.grant<sys::Device>("device");
    if (!device)
        return 5;
    if (how == "io")
        return read_by_calls(victim, *device);
    auto platform = common::DevicePlatform::open(victim.given, 0);
    if (!platform)
        return 6;
    auto probed = virtio::Device<common::DeviceBus>::probe(platform->bus);
    auto memory = common::DriverMemory::create(*device, Driver::memory_bytes());
    if (!probed || !memory)
        return 8;
    victim.board.wild = forgotten_page(*device);
    victim.board.mapped = platform->bus.mapped() ? 1 : 0;
    Machine machine{std::move(*platform), std::move(*probed), std::move(*memory)};
    if (!machine.driver.start(machine.device, machine.memory))
        return 9;
    (void)machine.platform.wait(abi::now);  // what came for the one before
    (void)sys::signal(victim.ready, abi::Bits::at(0));
    while (sys::wait(victim.go)) {
        if (!round(victim, machine, how == "wild"))
            return 10;
        __atomic_fetch_add(&victim.board.rounds, 1, __ATOMIC_RELEASE);
    }
    return 11;
}
