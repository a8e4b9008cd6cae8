// monitor/rules.hpp - what a driver must keep to, as far as it can be seen in QEMU's trace: each
// rule has a name, the section of virtio 1.2 that asks for it, and a sentence.
#pragma once

#include <span>
#include <string_view>

#include <base/types.hpp>

namespace vireo::monitor {

enum class Rule : u8 {
    probe,
    no_device,
    register_map,
    direction,
    register_width,
    shared_memory,
    config_field,
    config_width,
    config_feature,
    config_write,
    config_early,
    config_generation,
    input_select,
    reset_first,
    reset_wait,
    status_order,
    status_clear,
    failed,
    features_select,
    features_offered,
    features_needs,
    features_version_1,
    features_any_layout,
    features_frozen,
    features_ok_read,
    queue_select,
    queue_early,
    queue_late,
    queue_missing,
    queue_size,
    queue_locked,
    queue_twice,
    queue_addresses,
    queue_alignment,
    queue_stop,
    queue_reset,
    page_size,
    notify_early,
    notify_queue,
    interrupt_ack,
    interrupt_undefined,
    chain_length,
    chain_direction,
};

struct RuleText {
    Rule rule;
    std::string_view name;     // as docs/virtio-conformance.md has it
    std::string_view section;  // of virtio 1.2
    std::string_view says;
};

std::span<const RuleText> all_rules();  // in the order of Rule
const RuleText& text_of(Rule rule);

}  // namespace vireo::monitor
