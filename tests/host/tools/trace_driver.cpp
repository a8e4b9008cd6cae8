// tests/host/tools/trace_driver.cpp - an honest driver, step by step.
#include "trace_driver.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <ranges>

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace vireo::test {
namespace {

constexpr u64 slot = 0xa00'2000;
constexpr u64 any_layout = u64{1} << 27;

std::string line(std::string_view kind, u32 offset, u64 value, u32 bytes)
{
    return fmt::format(
        "memory_region_ops_{} cpu 0 mr 0x55d0 addr {:#x} value {:#x} size {} name 'virtio-mmio'",
        kind, slot + offset, value, bytes);
}

struct Word {
    std::string_view name;
    std::optional<u32> first;
    std::optional<u32> second;
};

std::optional<u32> number(std::string_view text)
{
    u32 value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional{value}
                                                                    : std::nullopt;
}

// NAME[=FIRST[/SECOND]]
Word split(std::string_view text)
{
    const auto equals = std::min(text.find('='), text.size());
    const auto slash = std::min(text.find('/'), text.size());
    const auto first =
        text.substr(std::min(equals + 1, slash), slash - std::min(equals + 1, slash));
    return {text.substr(0, equals), number(first),
            number(text.substr(std::min(slash + 1, text.size())))};
}

}  // namespace

TraceDriver::TraceDriver(u32 device_type, u32 version, u64 offered)
    : accepted{offered & (version == 1 ? any_layout : u64{1} << 32)},
      type_{device_type},
      version_{version},
      offered_{offered}
{
}

void TraceDriver::write(u32 offset, u64 value, u32 bytes)
{
    REQUIRE(monitor.line(line("write", offset, value, bytes)));
}

void TraceDriver::read(u32 offset, u64 value, u32 bytes)
{
    REQUIRE(monitor.line(line("read", offset, value, bytes)));
}

void TraceDriver::pop(u32 readable, u32 writable)
{
    REQUIRE(monitor.line(
        fmt::format("virtqueue_pop vq 0x7f10 elem 0x1 in_num {} out_num {}", writable, readable)));
}

void TraceDriver::probe()
{
    read(0x00, 0x74726976);
    read(0x04, version_);
    read(0x08, type_);
    read(0x0c, 0x554d4551);
}

void TraceDriver::reset()
{
    status(0);
    read(0x70, 0);
}

void TraceDriver::offer()
{
    for (u32 word = 0; word < (legacy() ? 1 : 2); ++word) {
        write(0x14, word);
        read(0x10, offered_ >> (32 * word) & 0xffff'ffff);
    }
}

void TraceDriver::accept(u64 features)
{
    for (u32 word = 0; word < (legacy() ? 1 : 2); ++word) {
        write(0x24, word);
        write(0x20, features >> (32 * word) & 0xffff'ffff);
    }
}

void TraceDriver::features_ok()
{
    status(0xb);
    read(0x70, 0xb);
}

void TraceDriver::queue(u32 index, u32 size)
{
    write(0x30, index);
    read(legacy() ? 0x40 : 0x44, 0);
    read(0x34, 1024);
    write(0x38, size);
    if (legacy()) {
        write(0x3c, 4096);
        write(0x40, 0x4'8000);
        return;
    }
    for (const u32 offset : {0x80U, 0x90U, 0xa0U}) {
        write(offset, 0x4800'0000 + offset);
        write(offset + 4, 0);
    }
    write(0x44, 1);
    read(0x44, 1);
}

void TraceDriver::notify(u32 index)
{
    write(0x50, index);
    REQUIRE(monitor.line(fmt::format("virtio_queue_notify vdev 0x1 n {} vq 0x7f10", index)));
}

void TraceDriver::interrupt(u32 cause)
{
    read(0x60, cause);
    write(0x64, cause);
}

void TraceDriver::to_driver()
{
    probe();
    reset();
    status(0x1);
    status(0x3);
    if (legacy())
        write(0x28, 4096);
}

void TraceDriver::to_agreed()
{
    to_driver();
    offer();
    accept(accepted);
    if (!legacy())
        features_ok();
}

void TraceDriver::to_live()
{
    to_agreed();
    queue();
    status(legacy() ? 0x7 : 0xf);
}

void TraceDriver::word(std::string_view text)
{
    const auto [name, first, second] = split(text);
    const std::map<std::string_view, std::function<void()>> steps{
        {"probe", [&] { probe(); }},
        {"reset", [&] { reset(); }},
        {"offer", [&] { offer(); }},
        {"accept", [&] { accept(accepted); }},
        {"ok", [&] { features_ok(); }},
        {"driver", [&] { to_driver(); }},
        {"agreed", [&] { to_agreed(); }},
        {"live", [&] { to_live(); }},
        {"queue", [&] { queue(first.value_or(0), second.value_or(8)); }},
        {"notify", [&] { notify(first.value_or(0)); }},
        {"interrupt", [&] { interrupt(first.value_or(1)); }},
        {"pop", [&] { pop(first.value(), second.value()); }},
    };
    INFO(text);
    if (const auto step = steps.find(name); step != steps.end())
        return step->second();
    const auto offset = number(name.substr(1));
    REQUIRE((offset && first));
    REQUIRE((name[0] == 'w' || name[0] == 'r'));
    if (name[0] == 'w')
        write(*offset, *first, second.value_or(4));
    else
        read(*offset, *first, second.value_or(4));
}

void TraceDriver::run(std::string_view script)
{
    for (const auto text : std::views::split(script, ' '))
        word(std::string_view{text});
}

std::vector<std::string> TraceDriver::broken() const
{
    std::vector<std::string> names;
    for (const auto& finding : monitor.findings())
        names.emplace_back(monitor::text_of(finding.rule).name);
    std::ranges::sort(names);
    const auto [first, last] = std::ranges::unique(names);
    names.erase(first, last);
    return names;
}

}  // namespace vireo::test
