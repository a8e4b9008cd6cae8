// monitor/trace_line.cpp - reads a line of QEMU's trace.
#include "monitor/trace_line.hpp"

#include <charconv>

namespace vireo::monitor {
namespace {

// Takes words off the front of a line. Once something is missing, nothing more is there.
class Words {
public:
    explicit Words(std::string_view text) : text_{text} {}

    // `name NUMBER`, decimal or with 0x.
    u64 number(std::string_view name)
    {
        u64 value = 0;
        take(name);
        auto word = next();
        const int base = word.starts_with("0x") ? 16 : 10;
        if (base == 16)
            word.remove_prefix(2);
        const auto [end, error] =
            std::from_chars(word.data(), word.data() + word.size(), value, base);
        good_ = good_ && error == std::errc{} && end == word.data() + word.size();
        return value;
    }
    void skip(std::string_view name)
    {
        take(name);
        good_ = good_ && !next().empty();
    }
    void take(std::string_view word) { good_ = good_ && next() == word; }
    std::string_view rest() const { return text_; }
    bool good() const { return good_; }

private:
    std::string_view next()
    {
        const auto end = text_.find(' ');
        const auto word = text_.substr(0, end);
        text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 1);
        return word;
    }

    std::string_view text_;
    bool good_ = true;
};

std::optional<TraceLine> parse_access(Words words, bool write)
{
    words.skip("cpu");  // -1: none
    words.skip("mr");
    const auto address = words.number("addr");
    const auto value = words.number("value");
    const auto bytes = static_cast<u32>(words.number("size"));
    words.take("name");
    if (!words.good() || !words.rest().starts_with('\'') || !words.rest().ends_with('\''))
        return std::nullopt;
    if (words.rest() != "'virtio-mmio'")
        return OtherDevice{};
    return Access{write, address, value, bytes};
}

std::optional<TraceLine> parse_notified(Words words)
{
    words.skip("vdev");
    const auto index = static_cast<u32>(words.number("n"));
    const auto queue = words.number("vq");
    return words.good() ? std::optional<TraceLine>{Notified{queue, index}} : std::nullopt;
}

std::optional<TraceLine> parse_popped(Words words)
{
    const auto queue = words.number("vq");
    words.skip("elem");
    const auto writable = static_cast<u32>(words.number("in_num"));
    const auto readable = static_cast<u32>(words.number("out_num"));
    return words.good() ? std::optional<TraceLine>{Popped{queue, writable, readable}}
                        : std::nullopt;
}

}  // namespace

std::optional<TraceLine> parse_trace(std::string_view line)
{
    const auto space = line.find(' ');
    if (space == std::string_view::npos)
        return std::nullopt;
    const auto event = line.substr(0, space);
    const Words words{line.substr(space + 1)};
    if (event == trace_events[0] || event == trace_events[1])
        return parse_access(words, event == trace_events[1]);
    if (event == trace_events[2])
        return parse_notified(words);
    if (event == trace_events[3])
        return parse_popped(words);
    return std::nullopt;
}

}  // namespace vireo::monitor
