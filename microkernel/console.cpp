// console.cpp - the format of serial lines, and the end of a kernel that cannot go on.

#include "console.hpp"

#include "arch/aarch64/stacks.hpp"
#include "machine.hpp"
#include "object/process.hpp"
#include "sched/lock.hpp"
#include "trace/trace.hpp"

namespace kernel {

constinit Pl011 uart;

namespace {

void write(std::string_view characters)
{
    for (const char c : characters)
        uart.put(c >= ' ' && c <= '~' ? c : '?');
}

void end_line()
{
    uart.put('\r');
    uart.put('\n');
}

constinit bool bytes_before = false;  // the last that was written was not a line of ours

// "t=12.345678 src="
void write_start()
{
    if (bytes_before) {
        bytes_before = false;
        uart.put(abi::serial_line);
        end_line();
    }
    const u64 frequency = sysreg::cntfrq();
    const u64 ticks = sysreg::cntvct();
    text::Buffer<40> stamp;
    stamp.put("t=").number(ticks / frequency).put('.');
    const u64 micro = (ticks % frequency) * 1'000'000 / frequency;
    for (u64 digit = 100'000; digit > 0; digit /= 10)
        stamp.put(static_cast<char>('0' + micro / digit % 10));
    write(stamp.put(" src=").view());
}

// Return addresses of the kernel's own stack, by frame pointer, as long as they look like ours.
u64 walk(u64 fp, std::span<u64> chain)
{
    u64 count = 0;
    while (count < chain.size() && fp >= image_begin() && fp < image_limit() && aligned(fp, 16)
           && !stack_guard(fp)) {
        const auto* const record = reinterpret_cast<const u64*>(fp);
        if (record[1] == 0)
            break;
        chain[count++] = record[1];
        fp = record[0];
    }
    return count;
}

}  // namespace

void log(std::string_view level, std::string_view message, std::string_view fields)
{
    trace::text(message);
    write_start();
    write("kernel level=");
    write(level);
    write(" msg=\"");
    write(message);
    write("\"");
    if (!fields.empty())
        write(" ");
    write(fields);
    end_line();
}

void log_verdict(u64 status)
{
    text::Buffer<40> record;
    write_start();
    write(record.put("kernel verdict status=").number(status).view());
    end_line();
}

void serial_byte(u8 byte)
{
    if (!bytes_before)
        uart.put(abi::serial_bytes);
    bytes_before = true;
    const char c = static_cast<char>(byte);
    uart.put(c == abi::serial_line || c == abi::serial_bytes ? '?' : c);
}

void log_line(const Process& from, std::string_view separator, std::string_view line)
{
    trace::text(line);
    text::Buffer<40> name;
    write_start();
    write(name.put(from.name()).put('/').number(from.epoch()).put(separator).view());
    write(line);
    end_line();
}

void panic_at(std::string_view why, std::string_view image, u64 pc, std::span<const u64> chain)
{
    (void)kernel_lock.try_acquire();  // whoever holds it: no other CPU logs any more
    log("panic", why);
    text::Buffer<420> record;
    record.put("kernel level=panic image=").put(image).put(" pc=0x").hex(pc).put(" chain=");
    for (u64 i = 0; i < chain.size() && chain[i] != 0; ++i)
        record.put(i == 0 ? "0x" : ",0x").hex(chain[i]);
    write_start();
    write(record.view());
    end_line();
    machine_off();
}

void panic(std::string_view why)
{
    std::array<u64, 16> chain{};
    // The first frame leads back to the call of this function, which is the place of the panic.
    const u64 caller = *static_cast<const u64*>(__builtin_frame_address(0));
    const u64 count = walk(caller, chain);
    panic_at(why, "kernel", reinterpret_cast<u64>(__builtin_return_address(0)) - 4,
             std::span{chain}.first(count));
}

void kernel_backtrace(std::string_view why, const Frame& frame)
{
    // As in an exit record: the link register first, which is the caller of a function without a
    // frame.
    std::array<u64, 16> chain{frame.x[30]};
    const u64 count = 1 + walk(frame.x[29], std::span{chain}.subspan(1));
    panic_at(why, "kernel", sysreg::elr(), std::span{chain}.first(count));
}

}  // namespace kernel
