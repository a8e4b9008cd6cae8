// monitor/config.hpp - what a driver does in the configuration space of its device.
#pragma once

#include "monitor/phase.hpp"

namespace vireo::monitor {

struct ConfigAccess {
    bool write;
    u32 offset;  // in the configuration space
    u32 bytes;
};

// What of the device decides about it.
struct ConfigTerms {
    u32 type;
    bool legacy;
    u64 offered;  // features, as the driver has read them
    Phase phase;
};

class Config {
public:
    Broken access(const ConfigAccess& access, const ConfigTerms& terms);
    void generation(u32 value);  // ConfigGeneration was read
    Broken other_write();        // some register was written that has to do with the device's work

private:
    enum class Wide : u8 { none, read, torn };  // a wide field: read, and changed meanwhile

    Broken read(const ConfigAccess& access, const ConfigTerms& terms, bool wide);
    Broken write(const ConfigAccess& access, const ConfigTerms& terms, bool writable);

    std::optional<u32> generation_{};  // no register was written since
    Wide wide_ = Wide::none;
    u32 selected_ = 0;  // of an input device: bits for select and subsel
};

}  // namespace vireo::monitor
