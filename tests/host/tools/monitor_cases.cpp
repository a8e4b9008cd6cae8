// tests/host/tools/monitor_cases.cpp - traces that break one rule each.
#include "monitor_cases.hpp"

namespace vireo::test {
namespace {

using monitor::Rule;

constexpr u64 bit(u32 n) { return u64{1} << n; }
constexpr u64 version_1 = bit(32);
constexpr u64 packed = version_1 | bit(34);
constexpr u64 ring_reset = version_1 | bit(40);
constexpr u64 mq = version_1 | bit(22);
constexpr u32 net = 1;
constexpr u32 block = 2;
constexpr u32 console = 3;
constexpr u32 entropy = 4;
constexpr u32 input = 18;
constexpr u64 usual = TraceDriver::default_offer;

const std::vector<MonitorCase> registers{
    {Rule::probe, "reset"},
    {Rule::probe, "r0=74726976 r8=2"},
    {Rule::probe, "r0=0 r4=2 r8=2"},
    {Rule::probe, "r0=74726976 r4=3 r8=2"},
    {Rule::no_device, "probe", 0},
    {Rule::register_map, "probe rf8=0"},
    {Rule::register_map, "driver w28=1000"},
    {Rule::register_map, "driver rfc=0", block, 1, bit(6), 0},
    {Rule::direction, "probe w4=1"},
    {Rule::direction, "probe r50=0"},
    {Rule::register_width, "probe r70=0/1"},
    {Rule::register_width, "probe r72=0/2"},
    {Rule::shared_memory, "live wac=0"},
};

const std::vector<MonitorCase> configurations{
    {Rule::config_field, "live r121=0/1"},
    {Rule::config_field, "live r100=0/1", entropy, 2, version_1},
    {Rule::config_width, "live r114=0/1"},
    {Rule::config_width, "live r120=0"},
    {Rule::config_feature, "live r108=0"},
    {Rule::config_write, "live w114=200"},
    {Rule::config_write, "live w108=0/1", input, 2, version_1},
    {Rule::config_early, "driver offer w120=1/1"},
    {Rule::config_early, "driver offer r120=1/1"},
    {Rule::config_generation, "agreed r100=8"},
    {Rule::config_generation, "agreed rfc=0 r100=8 r104=0 queue"},
    {Rule::config_generation, "agreed rfc=0 r100=8 rfc=1 queue"},
    {Rule::config_generation, "agreed rfc=0 w30=0 r100=8 rfc=0"},
    {Rule::input_select, "live w100=1/1 r102=0/1", input, 2, version_1},
};

const std::vector<MonitorCase> negotiations{
    {Rule::reset_first, "probe w70=1"},
    {Rule::reset_wait, "probe w70=0 w70=1"},
    {Rule::reset_wait, "probe w70=0 r70=f w70=1"},
    {Rule::status_order, "probe reset w70=2"},
    {Rule::status_order, "probe reset w70=3"},
    {Rule::status_order, "driver w70=7"},
    {Rule::status_order, "driver w70=b", block, 1, bit(6), 0},
    {Rule::status_order, "probe reset offer"},
    {Rule::status_clear, "live w70=b"},
    {Rule::failed, "driver w70=83 w70=8b"},
    {Rule::failed, "live w70=8f notify"},
    {Rule::features_select, "driver r10=0"},
    {Rule::features_select, "driver offer w20=0"},
    {Rule::features_offered, "agreed", block, 2, usual, version_1 | bit(1)},
    {Rule::features_needs, "agreed", net, 2, mq | bit(17), mq},
    {Rule::features_version_1, "agreed", block, 2, usual, bit(6)},
    {Rule::features_any_layout, "live", block, 1, bit(27), 0},
    {Rule::features_frozen, "agreed w20=0"},
    {Rule::features_frozen, "live w24=0 w20=0", block, 1, bit(6), 0},
    {Rule::features_ok_read, "driver offer accept w70=b w70=f"},
    {Rule::features_ok_read, "driver offer accept w70=b r70=3 queue"},
};

const std::vector<MonitorCase> queues{
    {Rule::queue_select, "agreed r34=8"},
    {Rule::queue_early, "driver offer queue"},
    {Rule::queue_late, "live queue=1"},
    {Rule::queue_missing, "agreed w30=0 w38=8"},
    {Rule::queue_missing, "agreed w30=0 r34=0 w38=8"},
    {Rule::queue_size, "agreed queue=0/800"},
    {Rule::queue_size, "agreed queue=0/6"},
    {Rule::queue_locked, "agreed queue w38=8"},
    {Rule::queue_locked, "agreed queue w80=0"},
    {Rule::queue_locked, "live r34=8", block, 1, bit(6), 0},
    {Rule::queue_twice, "agreed queue w44=1"},
    {Rule::queue_twice, "agreed queue w40=1", block, 1, bit(6), 0},
    {Rule::queue_addresses, "agreed w30=0 r34=8 w38=8 w44=1"},
    {Rule::queue_addresses, "agreed w30=0 r34=8 w38=8 w40=1", block, 1, bit(6), 0},
    {Rule::queue_alignment, "agreed w30=0 r34=8 w38=8 w80=8 w84=0 w90=10 w94=0 wa0=10 wa4=0 w44=1"},
    {Rule::queue_alignment,
     "agreed w30=0 r34=8 w38=8 w80=10 w84=0 w90=12 w94=0 wa0=12 wa4=0 w44=1"},
    {Rule::queue_alignment, "agreed w30=0 r34=8 w38=8 w80=10 w84=0 w90=12 w94=0 wa0=10 wa4=0 w44=1",
     block, 2, packed, packed},
    {Rule::queue_stop, "live w44=0 w38=8"},
    {Rule::queue_reset, "live wc0=1"},
    {Rule::queue_reset, "live wc0=1 queue", block, 2, usual, ring_reset},
    {Rule::page_size, "probe reset w70=1 w70=3 queue", block, 1, bit(6), 0},
    {Rule::page_size, "driver w28=1001", block, 1, bit(6), 0},
};

const std::vector<MonitorCase> operations{
    {Rule::notify_early, "agreed queue notify"},
    {Rule::notify_early, "driver queue notify", block, 1, bit(6), 0},
    {Rule::notify_queue, "live notify=1"},
    {Rule::interrupt_ack, "live r60=1 w64=3"},
    {Rule::interrupt_ack, "live interrupt w64=1"},
    {Rule::interrupt_undefined, "live interrupt=5"},
    {Rule::chain_length, "live notify pop=1/8"},
    {Rule::chain_direction, "live notify pop=1/1", entropy, 2, version_1},
    {Rule::chain_direction, "live notify pop=1/0", input, 2, version_1},
    {Rule::chain_direction, "live notify pop=1/0", console, 2, version_1},
    {Rule::chain_direction, "agreed queue=1 w70=f notify=1 pop=0/1", console, 2, version_1},
};

}  // namespace

std::vector<MonitorCase> monitor_cases()
{
    std::vector<MonitorCase> all;
    for (const auto* some : {&registers, &configurations, &negotiations, &queues, &operations})
        all.insert(all.end(), some->begin(), some->end());
    return all;
}

}  // namespace vireo::test
