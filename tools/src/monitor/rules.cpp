// monitor/rules.cpp - the rules' names, sections and sentences.
#include "monitor/rules.hpp"

#include <array>

namespace vireo::monitor {
namespace {

constexpr std::array rules{
    RuleText{Rule::probe, "probe", "4.2.3.1.1",
             "MagicValue, Version and DeviceID are read, and good, before anything else"},
    RuleText{Rule::no_device, "no-device", "4.2.3.1.1", "a slot whose DeviceID is 0 is left alone"},
    RuleText{Rule::register_map, "register-map", "4.2.2.2, 4.2.4",
             "only registers that this version has are accessed"},
    RuleText{Rule::direction, "direction", "4.2.2.2",
             "read-only registers are not written, write-only ones not read"},
    RuleText{Rule::register_width, "register-width", "4.2.2.2",
             "registers are accessed as aligned words of 32 bits"},
    RuleText{Rule::shared_memory, "shared-memory", "4.2.3.1.1",
             "without shared memory its registers are not used"},
    RuleText{Rule::config_field, "config-field", "4.2.2.2",
             "only what the device type describes is accessed in its configuration"},
    RuleText{Rule::config_width, "config-width", "4.2.2.2",
             "a field of the configuration is accessed in its own width, one of 64 bits in halves"},
    RuleText{Rule::config_feature, "config-feature", "2.5.1",
             "an optional field is accessed only if its feature is offered"},
    RuleText{Rule::config_write, "config-write", "5.8.5.1, 4.2.2.2",
             "only fields that a driver may write are written"},
    RuleText{Rule::config_early, "config-early", "3.1.1, 5.2.5.1",
             "the configuration is not written before the features are agreed"},
    RuleText{Rule::config_generation, "config-generation", "2.5.1",
             "a field wider than 32 bits is read between two equal values of ConfigGeneration"},
    RuleText{Rule::input_select, "input-select", "5.8.5.1",
             "select and subsel are both set before the answer is read"},
    RuleText{Rule::reset_first, "reset-first", "3.1.1", "initialization begins with a reset"},
    RuleText{Rule::reset_wait, "reset-wait", "2.4.2",
             "a reset is over when Status reads 0, and not before"},
    RuleText{Rule::status_order, "status-order", "3.1.1, 3.1.2",
             "the steps of initialization come in their order"},
    RuleText{Rule::status_clear, "status-clear", "2.1.1", "no bit of Status is cleared"},
    RuleText{Rule::failed, "failed", "2.1.1, 3.1.1",
             "after FAILED comes a reset, before anything else"},
    RuleText{Rule::features_select, "features-select", "4.2.2.2",
             "a word of features is selected before it is read or written"},
    RuleText{Rule::features_offered, "features-offered", "2.2.1",
             "no feature is accepted that was not seen to be offered"},
    RuleText{Rule::features_needs, "features-needs", "2.2.1",
             "no feature is accepted without the one that it requires"},
    RuleText{Rule::features_version_1, "features-version-1", "6.1",
             "VERSION_1 is accepted where it is offered"},
    RuleText{Rule::features_any_layout, "features-any-layout", "6.3",
             "ANY_LAYOUT is accepted where a version 1 device offers it"},
    RuleText{Rule::features_frozen, "features-frozen", "3.1.1",
             "features do not change after FEATURES_OK (version 1: after DRIVER_OK)"},
    RuleText{Rule::features_ok_read, "features-ok-read", "3.1.1",
             "FEATURES_OK is read back, and still set, before anything else"},
    RuleText{Rule::queue_select, "queue-select", "4.2.2",
             "a queue is selected before its registers are accessed"},
    RuleText{Rule::queue_early, "queue-early", "3.1.1",
             "queues are set up after the features are agreed"},
    RuleText{Rule::queue_late, "queue-late", "3.1.1", "queues are set up before DRIVER_OK"},
    RuleText{Rule::queue_missing, "queue-missing", "4.2.2.2",
             "QueueNumMax is read, and not 0, before a queue is set up"},
    RuleText{Rule::queue_size, "queue-size", "4.2.2.2, 2.7",
             "QueueNum is from 1 to QueueNumMax, of a split queue a power of two"},
    RuleText{Rule::queue_locked, "queue-locked", "4.2.2.2, 4.2.4",
             "size and addresses of a queue in use are not accessed"},
    RuleText{Rule::queue_twice, "queue-twice", "4.2.3.2, 4.2.4",
             "a queue in use is not enabled again"},
    RuleText{Rule::queue_addresses, "queue-addresses", "4.2.3.2, 4.2.4",
             "size and addresses are written before a queue is enabled"},
    RuleText{Rule::queue_alignment, "queue-alignment", "2.7.1, 2.8.11",
             "each part of a queue is aligned"},
    RuleText{Rule::queue_stop, "queue-stop", "4.2.2.2",
             "QueueReady is read back after 0 was written to it"},
    RuleText{Rule::queue_reset, "queue-reset", "4.2.2.2, 2.6.1.1.2",
             "QueueReset needs RING_RESET, and is over when it reads 0"},
    RuleText{Rule::page_size, "page-size", "4.2.4",
             "GuestPageSize is a power of two, written before QueuePFN"},
    RuleText{Rule::notify_early, "notify-early", "3.1.1", "no queue is notified before DRIVER_OK"},
    RuleText{Rule::notify_queue, "notify-queue", "4.2.3.3",
             "only queues that were enabled are notified"},
    RuleText{Rule::interrupt_ack, "interrupt-ack", "4.2.3.4.1",
             "what InterruptStatus showed is acknowledged, and nothing else"},
    RuleText{Rule::interrupt_undefined, "interrupt-undefined", "4.2.2.2",
             "undefined bits are not acknowledged"},
    RuleText{Rule::chain_length, "chain-length", "2.7.5.3.1, 2.8.17",
             "no chain is longer than its queue"},
    RuleText{Rule::chain_direction, "chain-direction", "5.3.6.1, 5.4.6.1, 5.8.6.1",
             "buffers are readable or writable as the device type asks"},
};

constexpr bool in_order()
{
    for (usize i = 0; i < rules.size(); ++i)
        if (static_cast<usize>(rules[i].rule) != i)
            return false;
    return true;
}
static_assert(in_order());

}  // namespace

std::span<const RuleText> all_rules() { return rules; }
const RuleText& text_of(Rule rule) { return rules[static_cast<usize>(rule)]; }

}  // namespace vireo::monitor
