// console.hpp - lines on the serial port: the kernel's own, and those of programs. Each is written
// whole.
#pragma once

#include "arch/aarch64/pl011.hpp"

#include <string_view>

#include <base/text.hpp>

namespace kernel {

class Process;

extern constinit Pl011 uart;

// "t=SECONDS src=kernel level=LEVEL msg=..." ; `fields` is finished logfmt text, may be empty.
void log(std::string_view level, std::string_view message, std::string_view fields = {});
// The record that only SYS_SYSTEM_OFF makes.
void log_verdict(u64 status);
// A byte of whoever owns the serial line. Between the lines of the kernel: these begin with
// abi::serial_line and a line end if such bytes came before, and such bytes with abi::serial_bytes
// if a line did, so that the other end can tell them apart.
void serial_byte(u8 byte);
// A program's line. Bytes that are not printable ASCII come out as '?'.
void log_line(const Process& from, std::string_view separator, std::string_view line);

// Says why and powers the machine off. Never returns a verdict: the run has failed.
[[noreturn]] void panic(std::string_view why);
[[noreturn]] void
panic_at(std::string_view why, std::string_view image, u64 pc, std::span<const u64> chain);

}  // namespace kernel
