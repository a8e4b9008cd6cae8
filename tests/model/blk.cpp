// tests/model/blk.cpp - a block device backed by bytes.
#include <algorithm>
#include <cstring>

#include <model/blk.hpp>
#include <model/payload.hpp>

namespace model {

namespace {

// virtio 1.2, 5.2.3: bits
constexpr u64 bit(unsigned n) { return u64{1} << n; }
constexpr u64 seg_max = bit(2);
constexpr u64 geometry = bit(4);
constexpr u64 ro = bit(5);
constexpr u64 blk_size = bit(6);
constexpr u64 scsi = bit(7);
constexpr u64 flush = bit(9);
constexpr u64 topology = bit(10);
constexpr u64 config_wce = bit(11);
constexpr u64 mq = bit(12);
constexpr u64 has_discard = bit(13);
constexpr u64 has_write_zeroes = bit(14);

// 5.2.4: offset and width of each field
struct ConfigField {
    u32 offset;
    u32 width;
};
constexpr ConfigField fields[] = {{0, 4},  {4, 4},  {8, 4},  {12, 4}, {16, 2}, {18, 1}, {19, 1},
                                  {20, 4}, {24, 1}, {25, 1}, {26, 2}, {28, 4}, {32, 1}, {34, 2},
                                  {36, 4}, {40, 4}, {44, 4}, {48, 4}, {52, 4}, {56, 1}};
constexpr u32 config_bytes = 60;
constexpr u32 at_writeback = 32;

// 5.2.6: requests and their status
constexpr u32 type_in = 0;
constexpr u32 type_out = 1;
constexpr u32 type_flush = 4;
constexpr u32 type_get_id = 8;
constexpr u32 type_discard = 11;
constexpr u32 type_write_zeroes = 13;
constexpr u8 ok = 0;
constexpr u8 io_error = 1;
constexpr u8 unsupported = 2;

constexpr u64 header_bytes = 16;
constexpr u64 sector_bytes = 512;
constexpr u64 id_bytes = 20;

}  // namespace

// What a chain says, whatever pieces it is made of (2.7.4).
struct Blk::Request {
    const Chain& chain;
    u32 type;
    u64 sector;
    std::vector<u8> readable;  // header included
    u64 data_in;               // writable bytes before the status
};

// One piece of a medium that a request discards or zeroes.
struct Blk::Range {
    u64 sector;
    u32 sectors;
    u32 flags;
};

Blk::Blk(World& world, BlkOptions options)
    : medium{options.file.empty() ? Medium{options.sectors * sector_bytes} : Medium{options.file}},
      world_{&world},
      options_{std::move(options)},
      config_(config_bytes),
      requests_of_(options_.queues)
{
    if (medium.size() == 0 && !options_.file.empty())
        complain("a medium that cannot be mapped");
    set_capacity(options_.file.empty() ? options_.sectors : medium.size() / sector_bytes);
    set_config32(12, options_.seg_max);
    set_config32(20, options_.block_bytes);
    config_[24] = options_.physical_exponent;
    config_[at_writeback] = options_.writeback ? 1 : 0;
    set_field<u16>(config_, 34, options_.queues);
    set_config32(36, options_.max_discard);
    set_config32(40, options_.max_ranges);
    set_config32(44, options_.discard_alignment != 0 ? options_.discard_alignment
                                                     : options_.block_bytes / sector_bytes);
    set_config32(48, options_.max_write_zeroes);
    set_config32(52, options_.max_ranges);
    config_[56] = options_.write_zeroes_may_unmap ? 1 : 0;
}

void Blk::set_capacity(u64 sectors) { set_field(config_, 0, sectors); }

void Blk::set_config32(u32 offset, u32 value) { set_field(config_, offset, value); }

void Blk::resize(u64 sectors)
{
    medium.resize(sectors * sector_bytes);
    set_capacity(sectors);
    tell_config_changed();
}

// SCSI is a legacy bit that nobody must accept.
u64 Blk::features() const
{
    u64 bits = geometry | topology | scsi;
    bits |= options_.offers_flush ? flush | config_wce : 0;
    bits |= options_.offers_seg_max ? seg_max : 0;
    bits |= options_.offers_block_size ? blk_size : 0;
    bits |= options_.read_only ? ro : 0;
    bits |= options_.queues > 1 ? mq : 0;
    bits |= options_.max_discard != 0 ? has_discard : 0;
    bits |= options_.max_write_zeroes != 0 ? has_write_zeroes : 0;
    return bits;
}

u32 Blk::config_width(u32 offset) const
{
    for (const auto& field : fields)
        if (field.offset == offset)
            return field.width;
    return 0;
}

bool Blk::config_writable(u32 offset) const { return offset == at_writeback && on(config_wce); }

void Blk::config_written(u32)
{
    if (config_[at_writeback] > 1)
        complain("writeback is neither 0 nor 1");
    if (writes_through())
        unflushed_writes = 0;
}

void Blk::accepted(u64 features)
{
    Device::accepted(features);
    if (on(ro) != options_.read_only && (features_ & bit(32)) != 0)
        complain("a read-only device whose RO was not accepted");
}

void Blk::reset()
{
    features_ = 0;
    held_.clear();
    config_[at_writeback] = options_.writeback ? 1 : 0;
}

// 5.2.5.1: without either feature the driver can't do anything about a cache.
bool Blk::writes_through() const
{
    return on(config_wce) ? config_[at_writeback] == 0 : !on(flush) || !options_.writeback;
}

void Blk::work(u16 index, Queue& queue)
{
    while (auto chain = queue.pop()) {
        ++requests;
        ++requests_of_.at(index);
        if (hold || world_->lies.tell(Lie::answers_nothing))
            held_.push_back(std::move(*chain));
        else
            execute(queue, *chain);
    }
}

void Blk::finish(Queue& queue, usize which)
{
    const Chain chain = held_.at(which);
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(which));
    execute(queue, chain);
}

void Blk::execute(Queue& queue, const Chain& chain)
{
    if (chain.readable() < header_bytes || chain.writable() < 1)
        return complain("a request without header or status");
    Request request{chain, 0, 0, gather(world_->memory, chain), chain.writable() - 1};
    request.type = field<u32>(request.readable, 0);
    request.sector = field<u64>(request.readable, 8);
    if (const auto told = world_->lies.tell(Lie::capacity_changes)) {
        set_capacity(*told);
        tell_config_changed();
    }
    u8 status = carry_out(request);
    if (const auto told = world_->lies.tell(Lie::status_byte))
        status = static_cast<u8>(*told);
    if (!world_->lies.tell(Lie::status_missing))
        scatter(world_->memory, chain, request.data_in, {&status, 1});
    const u64 length = chain.writable() + (options_.legacy_lengths ? chain.readable() : 0);
    queue.push(chain, static_cast<u32>(length));
}

u8 Blk::carry_out(const Request& request)
{
    switch (request.type) {
    case type_in:
        return transfer(request, false);
    case type_out:
        return transfer(request, true);
    case type_flush:
        return flush_cache(request);
    case type_get_id:
        return identify(request);
    case type_discard:
    case type_write_zeroes:
        return change_ranges(request);
    default:
        return unsupported;
    }
}

u8 Blk::identify(const Request& request)
{
    if (request.data_in != id_bytes)
        complain("get_id of another length than 20");
    std::array<u8, id_bytes> id{};
    std::copy_n(options_.serial.begin(), std::min(options_.serial.size(), id.size()), id.begin());
    scatter(world_->memory, request.chain, 0,
            std::span{id}.first(std::min<u64>(id.size(), request.data_in)));
    return ok;
}

u8 Blk::flush_cache(const Request& request)
{
    if (!on(flush))
        complain("flush without having accepted it");
    if (request.sector != 0 || request.data_in != 0 || request.readable.size() != header_bytes)
        complain("flush with a sector or data");
    ++flushes;
    unflushed_writes = 0;
    return ok;
}

bool Blk::reachable(u64 sector, u64 sectors) const
{
    const u64 capacity = medium.size() / sector_bytes;
    return sector <= capacity && sectors <= capacity - sector;
}

u8 Blk::transfer(const Request& request, bool write)
{
    const u64 count = write ? request.readable.size() - header_bytes : request.data_in;
    const u64 pieces = request.chain.pieces.size() - 2;
    if (count == 0 || count % sector_bytes != 0 || (write && request.data_in != 0))
        complain("data of a length that is not whole sectors");
    if (on(seg_max) && pieces > options_.seg_max)
        complain("more segments than seg_max");
    const u64 sectors = count / sector_bytes;
    const u64 block = std::max<u64>(options_.block_bytes / sector_bytes, 1);
    if (!reachable(request.sector, sectors) || (write && options_.read_only)
        || request.sector % block != 0 || sectors % block != 0)
        return io_error;
    for (u64 i = 0; i < sectors; ++i)
        if (bad_sectors.contains(request.sector + i))
            return io_error;
    u8* at = medium.data() + request.sector * sector_bytes;
    if (write) {
        std::copy_n(request.readable.data() + header_bytes, count, at);
        unflushed_writes += writes_through() ? 0 : 1;
    } else {
        scatter(world_->memory, request.chain, 0, {at, count});
    }
    return ok;
}

// 5.2.6.2: all is checked before anything changes.
u8 Blk::change_ranges(const Request& request)
{
    const bool discards = request.type == type_discard;
    const u64 bytes = request.readable.size() - header_bytes;
    const u64 count = bytes / sizeof(Range);
    if (!on(discards ? has_discard : has_write_zeroes))
        complain("discard or write zeroes without having accepted it");
    if (count == 0 || bytes % sizeof(Range) != 0 || request.data_in != 0 || request.sector != 0)
        complain("ranges that are none, or with a sector or data");
    if (count > options_.max_ranges)
        complain("more ranges than the device said");
    if (options_.read_only)
        return io_error;
    std::vector<Range> ranges;
    for (u64 i = 0; i < count; ++i) {
        ranges.push_back(field<Range>(request.readable, header_bytes + i * sizeof(Range)));
        if (const u8 status = check_range(ranges.back(), discards); status != ok)
            return status;
    }
    for (const Range& range : ranges) {
        std::fill_n(medium.data() + range.sector * sector_bytes, range.sectors * sector_bytes,
                    discards ? u8{0xdd} : u8{0});
        (discards ? discarded : zeroed) += range.sectors;
    }
    unflushed_writes += writes_through() ? 0 : 1;
    return ok;
}

u8 Blk::check_range(const Range& range, bool discards) const
{
    if ((range.flags & ~(discards ? 0u : 1u)) != 0)
        return unsupported;
    if (!reachable(range.sector, range.sectors)
        || range.sectors > (discards ? options_.max_discard : options_.max_write_zeroes))
        return io_error;
    return ok;
}

}  // namespace model
