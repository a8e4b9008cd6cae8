// vhost/wishes.cpp - the command line of vhost_device.
#include "wishes.hpp"

#include <cstdio>

namespace vhost {
namespace {

constexpr const char* usage = R"(usage: vhost_device blk|rng|net [OPTION...]
  --lie NAME[=VALUE][,after=N][,times=N][,queue=N]
                    told once, or so often, after N honest occasions, of all queues or one
  --seed N          lies about completions, drawn from it
  --config O=V      32 bits of the configuration space, at offset O
  --sectors N       of the disk
  --reversed        the disk answers the last request first
  --packed          offers packed rings; QEMU does if its device has packed=on
  --mergeable       a frame may take several receive buffers
  --seconds N       until the program ends at the latest
Its standard input is a Unix socket that listens.
)";

constexpr u32 drawn_lies = 8;

bool read_config(std::string_view text, Wishes& wishes)
{
    const auto offset = number(take(text, '='));
    const auto value = number(text);
    if (!offset || !value)
        return false;
    wishes.config.push_back({static_cast<u32>(*offset), static_cast<u32>(*value)});
    return true;
}

bool read_number(std::string_view text, auto& into)
{
    const auto value = number(text);
    into = static_cast<std::remove_reference_t<decltype(into)>>(value.value_or(0));
    return value.has_value();
}

bool read_kind(std::string_view text, Wishes& wishes)
{
    using Kind = Wishes::Kind;
    wishes.kind = text == "net" ? Kind::network : text == "rng" ? Kind::entropy : Kind::disk;
    return text == "blk" || text == "rng" || text == "net";
}

bool read_flag(std::string_view name, Wishes& wishes)
{
    bool* const flag = name == "--reversed"    ? &wishes.reversed
                       : name == "--packed"    ? &wishes.packed
                       : name == "--mergeable" ? &wishes.mergeable
                                               : nullptr;
    if (flag != nullptr)
        *flag = true;
    return flag != nullptr;
}

bool read_option(std::string_view name, std::string_view value, Wishes& wishes)
{
    if (name == "--lie")
        return arm(value, wishes.lies, wishes.tricks);
    if (name == "--config")
        return read_config(value, wishes);
    if (name == "--sectors")
        return read_number(value, wishes.sectors);
    if (name == "--seconds")
        return read_number(value, wishes.seconds);
    const auto seed = number(value);
    if (name != "--seed" || !seed)
        return false;
    draw(*seed, drawn_lies, wishes.lies);
    return true;
}

}  // namespace

std::optional<Wishes> wishes_of(std::span<const std::string_view> words)
{
    Wishes wishes;
    bool good = !words.empty() && read_kind(words[0], wishes);
    for (usize i = 1; good && i < words.size(); ++i) {
        if (read_flag(words[i], wishes))
            continue;
        const auto value = i + 1 < words.size() ? words[i + 1] : std::string_view{};
        good = read_option(words[i], value, wishes);
        if (!good)
            std::fprintf(stderr, "vhost_device: %s %s?\n", std::string{words[i]}.c_str(),
                         std::string{value}.c_str());
        ++i;
    }
    if (good)
        return wishes;
    std::fputs(usage, stderr);
    return std::nullopt;
}

}  // namespace vhost
