// tests/host/tools/trace_driver.hpp - what a driver does to its device, as lines of QEMU's trace,
// shown to a monitor at once.
#pragma once

#include "monitor/monitor.hpp"

namespace vireo::test {

class TraceDriver {
public:
    explicit TraceDriver(u32 device_type = 2, u32 version = 2, u64 offered = default_offer);

    static constexpr u64 default_offer =
        (u64{1} << 32) | (u64{1} << 6) | (u64{1} << 9) | (u64{1} << 11) | (u64{1} << 40);

    // Accesses to the slot.
    void write(u32 offset, u64 value, u32 bytes = 4);
    void read(u32 offset, u64 value, u32 bytes = 4);
    void pop(u32 readable, u32 writable);  // from queue 0, once it was notified

    // Steps of an honest driver.
    void probe();
    void reset();
    void status(u32 value) { write(0x70, value); }
    void offer();
    void accept(u64 features);
    void features_ok();
    void queue(u32 index = 0, u32 size = 8);
    void notify(u32 index = 0);
    void interrupt(u32 cause = 1);
    void to_driver();  // probe, reset, ACKNOWLEDGE, DRIVER
    void to_agreed();  // and features
    void to_live();    // and queue 0, DRIVER_OK

    // Words: probe, reset, offer, accept, ok, driver, agreed, live, queue[=INDEX[/SIZE]],
    // notify[=INDEX], interrupt[=CAUSE], pop=READABLE/WRITABLE, wOFFSET=VALUE[/BYTES] and
    // rOFFSET=VALUE[/BYTES], in hexadecimal.
    void run(std::string_view script);

    // Names of the rules that are broken, each once.
    std::vector<std::string> broken() const;

    monitor::Monitor monitor;
    u64 accepted;

private:
    void word(std::string_view text);
    bool legacy() const { return version_ == 1; }

    u32 type_;
    u32 version_;
    u64 offered_;
};

}  // namespace vireo::test
