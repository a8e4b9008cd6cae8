// crash.hpp - makes a crash readable: exit records and panics of the guest's log, with functions
// and lines.
#pragma once

#include "guest_log.hpp"
#include "symbolise.hpp"

#include <optional>
#include <string>

namespace vireo {

// What a syndrome register says: "data abort, write at 0x18 (null + 0x18)".
std::string describe_fault(u64 esr, u64 far);

class CrashReporter {
public:
    explicit CrashReporter(const Symboliser& symbols) : symbols_{symbols} {}

    // Text to show for this record, if it is one of a crash. Only kernel and init are believed.
    std::optional<std::string> report(const Record& record);

private:
    std::string exit_record(const Record& record) const;
    std::string backtrace(const Record& record, const std::string& image) const;

    const Symboliser& symbols_;
    u32 reported_ = 0;
};

}  // namespace vireo
