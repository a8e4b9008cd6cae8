// crash.cpp - makes a crash readable.
#include "crash.hpp"

#include <array>

#include <base/bits.hpp>
#include <fmt/format.h>

namespace vireo {
namespace {

// A test that kills on purpose writes many records, and each costs a run of the symbolizer.
constexpr u32 most_reports = 40;

struct ExceptionClass {
    u64 number;
    std::string_view name;
};
// Arm ARM, D17.2.37 ESR_EL1, field EC.
constexpr std::array exception_classes{
    ExceptionClass{0x00, "unknown or forbidden instruction"},
    ExceptionClass{0x0e, "illegal execution state"},
    ExceptionClass{0x18, "forbidden system register"},
    ExceptionClass{0x22, "misaligned program counter"},
    ExceptionClass{0x26, "misaligned stack pointer"},
    ExceptionClass{0x2c, "floating-point exception"},
    ExceptionClass{0x30, "breakpoint"},
    ExceptionClass{0x32, "single step"},
    ExceptionClass{0x34, "watchpoint"},
};

std::string address_text(u64 address)
{
    return address < page_bytes ? fmt::format("{:#x} (null + {:#x})", address, address)
                                : fmt::format("{:#x}", address);
}

}  // namespace

std::string describe_fault(u64 esr, u64 far)
{
    using Class = Field<31, 26>;
    using WriteNotRead = Field<6, 6>;
    using Comment = Field<15, 0>;
    const u64 kind = Class::get(esr);
    if (kind == 0x24 || kind == 0x25)
        return fmt::format("data abort, {} at {}", WriteNotRead::get(esr) != 0 ? "write" : "read",
                           address_text(far));
    if (kind == 0x20 || kind == 0x21)
        return "instruction abort at " + address_text(far);
    if (kind == 0x3c)
        return fmt::format("brk #{:#x}", Comment::get(esr));
    for (const auto& [number, name] : exception_classes)
        if (number == kind)
            return std::string{name};
    return fmt::format("exception class {:#x}", kind);
}

std::string CrashReporter::exit_record(const Record& record) const
{
    const auto& text = record.text;
    const auto value = [&](std::string_view key) { return field(text, key).value_or("?"); };
    auto out =
        fmt::format("-- {} ({}) ended: {}", value("program"), value("image"), value("cause"));
    if (value("cause") == "fault")
        out += fmt::format(", {}", describe_fault(number_field(text, "esr").value_or(0),
                                                  number_field(text, "far").value_or(0)));
    return out + "\n";
}

std::string CrashReporter::backtrace(const Record& record, const std::string& image) const
{
    std::vector<u64> addresses;
    if (const auto pc = number_field(record.text, "pc"))
        addresses.push_back(*pc);
    for (const u64 address : chain_field(record.text, "chain"))
        addresses.push_back(address);
    const auto& project = symbols_.project();
    const auto elf = image == "kernel" ? project.kernel_elf() : project.program(image);
    return symbols_.backtrace(elf, addresses);
}

std::optional<std::string> CrashReporter::report(const Record& record)
{
    if (record.user_output || (!record.from_kernel() && !record.from_init()))
        return std::nullopt;
    const auto image = field(record.text, "image");
    const bool addresses = field(record.text, "pc") || field(record.text, "chain");
    if (!image || image->contains('/') || !addresses)
        return std::nullopt;
    // A status that is not zero is a program's answer; its log line says all there is.
    if (field(record.text, "cause") == "exited" || ++reported_ > most_reports)
        return std::nullopt;
    if (field(record.text, "msg") == "exit record")
        return exit_record(record);
    const auto title = image == "kernel" ? std::string{"-- kernel panic\n"} : std::string{};
    return title + backtrace(record, *image);
}

}  // namespace vireo
