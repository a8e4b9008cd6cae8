// sys/log.hpp - lines on the serial line. The kernel puts time and program in front, and writes
// each record whole.
//
//   sys::log(Level::info, "ready", {{"sectors", 131072}, {"serial", name}})
//       level=info msg="ready" sectors=131072 serial=vireo-disk0
//   sys::out("text for the user of this program")
#pragma once

#include <initializer_list>
#include <string_view>

#include <base/text.hpp>

namespace sys {

enum class Level : u8 { debug, info, warn, error };

// A value of a field: a number, a number better read in hexadecimal (text::Hex), or text. Errors go
// by error_name.
class LogValue {
public:
    // NOLINTBEGIN(google-explicit-constructor): a field is written as {"key", value}.
    LogValue(const std::convertible_to<std::string_view> auto& characters)
        : text_{characters}, kind_{Kind::text}
    {
    }
    LogValue(std::integral auto n) : number_{static_cast<u64>(n)}, kind_{Kind::number}
    {
        if constexpr (std::is_signed_v<decltype(n)>)
            if (n < 0)
                kind_ = Kind::negative;
    }
    LogValue(text::Hex n) : number_{n.value}, kind_{Kind::hex} {}
    LogValue(Errc why);
    // NOLINTEND(google-explicit-constructor)

    void write(std::string_view key, text::Writer& line) const;

private:
    enum class Kind : u8 { text, number, negative, hex };

    std::string_view text_;
    u64 number_ = 0;
    Kind kind_;
};

struct LogField {
    std::string_view key;
    LogValue value;
};

// One record. A field that does not fit the line is left out, and " ..." says so.
void log(Level level, std::string_view message, std::initializer_list<LogField> fields = {});

// One record that the caller has written already: at most abi::log_line_bytes, cut otherwise.
void log_line(std::string_view line);

// One line for the user of this program, of any length: sent in pieces, all but the last marked by
// a backslash at their end (a line that itself ends so is followed by an empty piece).
void out(std::string_view line);

// The name of an error as the source has it: "not_found".
std::string_view error_name(Errc why);

}  // namespace sys
