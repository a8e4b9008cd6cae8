// monitor/monitor.cpp - from lines of the trace to findings.
#include "monitor/monitor.hpp"

#include "monitor/registers.hpp"

#include <fmt/format.h>

namespace vireo::monitor {
namespace {

constexpr u64 slot_bytes = 0x200;

std::string place_of(u32 offset)
{
    if (offset >= reg::config)
        return fmt::format("Config+{:#x}", offset - reg::config);
    const auto* text = register_at(offset & ~u32{3});
    return text == nullptr ? fmt::format("register {:#x}", offset) : std::string{text->name};
}

}  // namespace

bool Monitor::line(std::string_view text)
{
    ++line_;
    const auto parsed = parse_trace(text);
    if (!parsed)
        return false;
    std::visit([this](const auto& one) { take(one); }, *parsed);
    return true;
}

void Monitor::take(const Access& access)
{
    ++accesses_;
    const u64 slot = access.address & ~(slot_bytes - 1);
    const auto offset = static_cast<u32>(access.address - slot);
    notified_.reset();
    if (access.write && offset == reg::queue_notify)
        notified_ = Place{slot, static_cast<u32>(access.value)};
    if (const auto broken = devices_[slot].access(access, offset))
        found(slot, *broken, offset,
              fmt::format("{} of {}, {} bytes, value {:#x}", access.write ? "write" : "read",
                          place_of(offset), access.bytes, access.value));
}

// It follows the access that causes it, which tells the slot.
void Monitor::take(const Notified& notified)
{
    if (notified_ && (notified_->queue & 0xffff) == notified.index)
        queues_[notified.queue] = {notified_->slot, notified.index};
}

void Monitor::take(const Popped& popped)
{
    const auto place = queues_.find(popped.queue);
    if (place == queues_.end())
        return;
    const auto& [slot, queue] = place->second;
    if (const auto broken = devices_[slot].chain(queue, popped))
        found(slot, *broken, queue,
              fmt::format("chain of {} readable and {} writable buffers in queue {}",
                          popped.readable, popped.writable, queue));
}

void Monitor::found(u64 slot, Rule rule, u32 where, const std::string& what)
{
    const auto& device = devices_[slot];
    const Kind kind{device.type(), rule, where};
    if (const auto known = findings_.find(kind); known != findings_.end()) {
        ++known->second.count;
        return;
    }
    const auto& [_, name, section, says] = text_of(rule);
    findings_[kind] = {.rule = rule,
                       .text = fmt::format("{} (virtio 1.2, {}): {}; {}, device {} at {:#x}, {}; "
                                           "line {}",
                                           name, section, says, what, device.type(), slot,
                                           device.state(), line_)};
}

std::vector<Finding> Monitor::findings() const
{
    std::vector<Finding> all;
    for (const auto& [kind, finding] : findings_)
        all.push_back(finding);
    return all;
}

std::string text_of(const Finding& finding)
{
    const auto times = finding.count == 1 ? "" : fmt::format(" (and {} more)", finding.count - 1);
    return "virtio: " + finding.text + times;
}

}  // namespace vireo::monitor
