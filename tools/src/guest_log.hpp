// guest_log.hpp - reads the guest's serial line: one record a line, the sender's name put in front
// by the kernel.
//
//   t=0.001234 src=kernel level=info msg="boot" ...       the kernel
//   t=0.012345 src=NAME/EPOCH level=info msg="ready"      a program's log
//   t=0.012345 src=NAME/EPOCH | TEXT                      what a program prints for its user
//   t=0.500000 src=kernel verdict status=N                the end, by init's leave only
//
// Only the kernel can write src=kernel, and no program is called init: names can be trusted, texts
// cannot.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <base/types.hpp>

namespace vireo {

struct Record {
    std::string time;    // seconds since boot, as printed
    std::string source;  // "kernel", or "NAME/EPOCH"
    std::string text;    // without the "| " of user output
    bool user_output = false;

    bool from_kernel() const { return source == "kernel"; }
    bool from_init() const { return source.starts_with("init/"); }
    std::string program() const { return source.substr(0, source.find('/')); }
};

// Nothing if the line is no record: garbage, or a line that was cut off.
std::optional<Record> parse_record(std::string_view line);

// The value of key=value or key="quoted value" in a record's text.
std::optional<std::string> field(std::string_view text, std::string_view key);
std::optional<u64> number_field(std::string_view text, std::string_view key);
// 0x1,0x2,... up to the first that is none; zeroes at the end are dropped.
std::vector<u64> chain_field(std::string_view text, std::string_view key);

// The status in the verdict record.
std::optional<u32> verdict_of(const Record& record);
bool panic_of(const Record& record);

// Bytes in, lines out. A line end is \n, \r\n or \r.
class LineSplitter {
public:
    void feed(std::string_view bytes, const std::function<void(const std::string&)>& line);
    // What came after the last line end, if anything.
    void finish(const std::function<void(const std::string&)>& line);

private:
    std::string part_;
};

// Puts lines of user output together again: a record that ends with a backslash goes on in the next
// one of the same sender.
class OutputJoiner {
public:
    // The whole line, when this record completes one.
    std::optional<std::string> add(const Record& record);
    // Of senders that stopped in the middle.
    std::vector<std::string> rest();

private:
    std::map<std::string, std::string> parts_;
};

}  // namespace vireo
