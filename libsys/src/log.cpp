// libsys/src/log.cpp - log records and lines for the user.
#include <bit>

#include <sys/log.hpp>
#include <sys/syscall.hpp>

namespace sys {

namespace {

constexpr std::string_view cut_mark = " ...";

std::string_view level_name(Level level)
{
    switch (level) {
    case Level::debug:
        return "debug";
    case Level::info:
        return "info";
    case Level::warn:
        return "warn";
    case Level::error:
        return "error";
    }
    return "error";
}

void send(std::string_view record, abi::LogStream stream)
{
    // Nobody can be told that telling failed.
    (void)perform(abi::Syscall::log, abi::no_slot, std::bit_cast<u64>(record.data()), record.size(),
                  static_cast<u64>(stream));
}

}  // namespace

LogValue::LogValue(Errc why) : LogValue{error_name(why)} {}

void LogValue::write(std::string_view key, text::Writer& line) const
{
    switch (kind_) {
    case Kind::text:
        line.field(key, text_);
        break;
    case Kind::number:
        line.field(key, number_);
        break;
    case Kind::hex:
        line.field(key, text::Hex{number_});
        break;
    case Kind::negative:
        line.put(' ').put(key).put('=').number_signed(static_cast<i64>(number_));
        break;
    }
}

void log(Level level, std::string_view message, std::initializer_list<LogField> fields)
{
    text::Buffer<abi::log_line_bytes> line;
    line.put("level=").put(level_name(level)).put(" msg=").quoted(message);
    for (const LogField& field : fields) {
        const usize before = line.size();
        field.value.write(field.key, line);
        if (line.overflow() || line.room() < cut_mark.size()) {
            line.rewind(before);
            line.put(cut_mark);
            break;
        }
    }
    send(line.view(), abi::LogStream::log);
}

void log_line(std::string_view line)
{
    send(line.substr(0, abi::log_line_bytes), abi::LogStream::log);
}

void out(std::string_view line)
{
    constexpr usize piece = abi::log_line_bytes - 1;
    std::array<char, abi::log_line_bytes> record;
    while (line.size() > abi::log_line_bytes || line.ends_with('\\')) {
        const usize length = std::min(line.size(), piece);
        line.copy(record.data(), length);
        record[length] = '\\';
        send({record.data(), length + 1}, abi::LogStream::out);
        line.remove_prefix(length);
    }
    send(line, abi::LogStream::out);
}

std::string_view error_name(Errc why)
{
    switch (why) {
    case Errc::ok:
        return "ok";
    case Errc::not_found:
        return "not_found";
    case Errc::device_fault:
        return "device_fault";
    case Errc::no_device:
        return "no_device";
    case Errc::too_big:
        return "too_big";
    case Errc::bad_handle:
        return "bad_handle";
    case Errc::would_block:
        return "would_block";
    case Errc::no_memory:
        return "no_memory";
    case Errc::denied:
        return "denied";
    case Errc::fault:
        return "fault";
    case Errc::busy:
        return "busy";
    case Errc::exists:
        return "exists";
    case Errc::bad_argument:
        return "bad_argument";
    case Errc::not_exclusive:
        return "not_exclusive";
    case Errc::no_space:
        return "no_space";
    case Errc::read_only:
        return "read_only";
    case Errc::peer_gone:
        return "peer_gone";
    case Errc::out_of_range:
        return "out_of_range";
    case Errc::malformed:
        return "malformed";
    case Errc::wrong_kind:
        return "wrong_kind";
    case Errc::not_supported:
        return "not_supported";
    case Errc::timed_out:
        return "timed_out";
    case Errc::gave_up:
        return "gave_up";
    case Errc::peer_restarted:
        return "peer_restarted";
    case Errc::over_quota:
        return "over_quota";
    case Errc::cancelled:
        return "cancelled";
    }
    return "unknown";
}

}  // namespace sys
