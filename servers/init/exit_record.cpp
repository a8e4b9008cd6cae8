// init/exit_record.cpp - exit records as log lines, each short enough for one record of the log.
#include "exit_record.hpp"

#include <abi/syscall.hpp>
#include <base/text.hpp>
#include <sys/log.hpp>

namespace init {

namespace {

using text::Hex;
using Line = text::Buffer<abi::log_line_bytes>;

constexpr usize registers_per_line = 8;

std::string_view cause_name(abi::ExitCause cause)
{
    switch (cause) {
    case abi::ExitCause::none:
        return "none";
    case abi::ExitCause::exited:
        return "exited";
    case abi::ExitCause::killed:
        return "killed";
    case abi::ExitCause::fault:
        return "fault";
    case abi::ExitCause::bad_state:
        return "bad_state";
    }
    return "unknown";
}

void print_registers(std::string_view program, const abi::ExitRecord& record)
{
    for (usize first = 0; first < record.x.size(); first += registers_per_line) {
        Line line;
        line.put("level=error msg=\"registers\"").field("program", program);
        for (usize i = first; i < first + registers_per_line && i < record.x.size(); ++i)
            line.put(" x").number(i).put("=0x").hex(record.x[i]);
        sys::log_line(line.view());
    }
}

// As many return addresses as the line holds; wild ones are long.
void print_backtrace(std::string_view program,
                     std::string_view image,
                     const abi::ExitRecord& record)
{
    constexpr usize longest = sizeof(",0x0123456789abcdef") - 1;
    Line line;
    line.put("level=error msg=\"backtrace\"").field("program", program).field("image", image);
    line.field("pc", Hex{record.pc}).put(" chain=");
    for (usize i = 0; i < record.chain.size() && record.chain[i] != 0 && line.room() >= longest;
         ++i)
        line.put(i == 0 ? "0x" : ",0x").hex(record.chain[i]);
    sys::log_line(line.view());
}

}  // namespace

void print_exit(std::string_view program,
                std::string_view image,
                const abi::ExitRecord& record,
                bool hung)
{
    if (record.cause == abi::ExitCause::exited && record.code == 0) {
        sys::log(sys::Level::info, "exited", {{"program", program}, {"code", 0}});
        return;
    }
    Line line;
    line.put("level=error msg=\"exit record\"").field("program", program).field("image", image);
    line.field("cause", hung ? "hung" : cause_name(record.cause)).field("code", record.code);
    line.field("esr", Hex{record.esr}).field("far", Hex{record.far});
    line.field("pc", Hex{record.pc}).field("sp", Hex{record.sp});
    sys::log_line(line.view());
    if (record.cause != abi::ExitCause::fault && record.cause != abi::ExitCause::bad_state)
        return;
    print_registers(program, record);
    print_backtrace(program, image, record);
}

}  // namespace init
