// system_model.hpp - a system as its TOML file describes it: machine, devices, programs.
#pragma once

#include "diagnostics.hpp"
#include "ring_options.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <base/types.hpp>
#include <proto/table.hpp>

namespace vireo {

struct Machine {
    std::string cpu = "cortex-a72";
    u32 cpus = 1;
    u64 memory_bytes = u64{256} << 20;
    u32 gic = 3;
    bool legacy = false;  // version 1 registers in every virtio-mmio slot
    bool tags = false;    // memory has allocation tags (MTE)
    RingOptions rings{};
};

enum class DeviceType { block, network, random, keyboard, mouse, tablet, console, serial };

// What the types are called, to whom. The order is that in which devices get pages of their own.
struct DeviceKind {
    DeviceType type;
    std::string_view name;  // in a system file
    std::string_view qemu;  // for -device
    u32 virtio_id;
    u32 rank;                // the busiest first
    std::string_view vhost;  // for -device, when a program of the host is its back end; empty: not
                             // possible
};

inline constexpr std::array device_kinds{
    DeviceKind{DeviceType::block, "virtio-blk", "virtio-blk-device", 2, 0, "vhost-user-blk"},
    DeviceKind{DeviceType::network, "virtio-net", "virtio-net-device", 1, 1, "virtio-net-device"},
    DeviceKind{DeviceType::random, "virtio-rng", "virtio-rng-device", 4, 2, "vhost-user-rng"},
    DeviceKind{DeviceType::keyboard, "virtio-keyboard", "virtio-keyboard-device", 18, 3, ""},
    DeviceKind{DeviceType::mouse, "virtio-mouse", "virtio-mouse-device", 18, 3, ""},
    DeviceKind{DeviceType::tablet, "virtio-tablet", "virtio-tablet-device", 18, 3, ""},
    DeviceKind{DeviceType::console, "virtio-console", "virtio-serial-device", 3, 3, ""},
    DeviceKind{DeviceType::serial, "pl011", "", proto::table::pl011_id, 4, ""},
};

constexpr const DeviceKind& kind_of(DeviceType type)
{
    return device_kinds[static_cast<usize>(type)];
}
static_assert(kind_of(DeviceType::serial).type == DeviceType::serial);

enum class ImageFormat { raw, qcow2 };

struct ScratchImage {  // made in the run directory, all zeroes
    u64 bytes = 0;
};
struct NullImage {  // reads zeroes, forgets writes, has no host file
    u64 bytes = 0;
    u64 latency_ns = 0;
};
struct FileImage {
    std::string path;
    std::optional<ImageFormat> format{};  // nobody said: the file's name decides
    bool read_only = false;
};
using Image = std::variant<ScratchImage, NullImage, FileImage>;

// An error that QEMU's blkdebug injects into a disk.
struct InjectedError {
    u64 sector = 0;
    std::string on = "read";  // read, write, flush
    u32 error = 5;            // errno
    bool once = false;
};

struct Device {
    Spelled name;
    DeviceType type = DeviceType::block;
    Image image;  // of a disk
    std::vector<InjectedError> errors;
    std::string serial;
    bool scratch = false;              // --disk may not replace it
    bool journal = false;              // of a disk: QEMU notes what it writes and flushes
    bool vhost_user = false;           // --backend says which program of the host is behind it
    bool stream = false;               // --backend says which program it talks with
    std::vector<std::string> backend;  // that program and its arguments
    bool has_backend() const { return vhost_user || stream; }
    std::optional<u32> wanted_slot;
    Place slot_at;
    u32 slot = 0;                                           // as pinned
    std::vector<std::pair<std::string, std::string>> qemu;  // further -device properties
};

enum class Start {
    boot,           // at once
    after_servers,  // when every server said Ready
    shell,          // only for commands, which are its arguments
};

struct Program {
    Spelled name;
    Spelled binary;
    proto::table::Role role = proto::table::Role::app;
    std::optional<Spelled> device;
    u32 priority = 0;
    Place priority_at;
    u32 frames = 1024;
    u32 handles = 256;
    u32 threads = 1;
    u32 stack_bytes = 32 * 1024;
    Place stack_at;
    std::vector<Spelled> uses;
    std::vector<proto::table::Access> access;  // of each
    std::vector<std::string> arguments;
    Place arguments_at;
    bool verdict = false;
    Place verdict_at;
    Start start = Start::boot;
    bool self = false;
    bool archive = false;
    bool manage = false;
    proto::table::Restart restart = proto::table::usual_restart;
};

struct System {
    std::string name;
    Machine machine;
    bool counters = false;
    bool monitor = true;          // its drivers are held against the virtio specification
    std::vector<Spelled> images;  // beside those that programs name
    Spelled init{"init", {}};     // the program that is the archive's image "init"
    proto::table::Hang hang = proto::table::usual_hang;
    std::vector<Device> devices;
    std::vector<Program> programs;  // servers first, each kind in the order of the file
};

}  // namespace vireo
