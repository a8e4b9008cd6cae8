// consoled/line.hpp - what the server wants of a line, whatever device is behind it.
#pragma once

#include <optional>
#include <span>

#include <base/types.hpp>
#include <proto/console.hpp>

namespace consoled {

namespace console = proto::console;

// A byte, or a break, which some terminals send.
struct Received {
    u8 byte = 0;
    bool broken = false;
};

// Of Info: what the device knows.
struct About {
    console::BackEnd back_end = console::BackEnd::pl011;
    u16 columns = 0;
    u16 rows = 0;
    u32 flags = 0;
    u32 ports = 0;
    u64 notifies = 0;
};

// The device side: Pl011, VirtioLine; a script in tests. An error, or broken(), means that the
// device does what it may not, or says that it needs a reset: recover() is due.
template <class L>
concept Line = requires(L line, std::span<const u8> out, std::string_view text, bool on, u32 n) {
    // Takes as many of the first bytes as there is room for, and sends them. Errors: would_block
    // (there is none), device_fault.
    { line.write(out) } -> std::same_as<Result<usize>>;
    // Whether write() would take something; an interrupt comes when it will. Errors: device_fault.
    { line.room() } -> std::same_as<Result<bool>>;
    // All that was written is out; an interrupt comes when it is.
    { line.idle() } -> std::same_as<bool>;
    { line.read() } -> std::same_as<std::optional<Received>>;
    // After read() found nothing, or held. True: there is more to read, which may not interrupt.
    { line.settle(on) } -> std::same_as<bool>;
    // Off: what comes stays in the device, which holds the sender back.
    { line.interrupts(on) } -> std::same_as<void>;
    // Before read(): what comes later interrupts again. Errors: device_fault.
    { line.acknowledge() } -> std::same_as<Result<>>;
    { line.broken() } -> std::same_as<bool>;
    // Errors: those of bringing the device up.
    { line.recover() } -> std::same_as<Result<>>;
    // Without the means that write() needs, as far as the device can.
    { line.last_words(text) } -> std::same_as<void>;
    { line.about() } -> std::same_as<About>;
    // About says something else than when this was asked last.
    { line.changed() } -> std::same_as<bool>;
    { line.port(n) } -> std::same_as<std::optional<console::Port::Reply>>;
};

// What a line of nothing but bytes has to say of the rest.
struct PlainLine {
    static Result<bool> room() { return true; }
    static bool idle() { return true; }
    static bool settle(bool) { return false; }
    static bool broken() { return false; }
    static Result<> recover() { return {}; }
    static void last_words(std::string_view) {}
    static About about() { return {.flags = console::InfoFlags::connected}; }
    static bool changed() { return false; }
    static std::optional<console::Port::Reply> port(u32) { return std::nullopt; }
};

}  // namespace consoled
