// tests/model/blk.cpp - a block device backed by bytes.
#include <algorithm>
#include <cstring>

#include <model/blk.hpp>
#include <model/payload.hpp>

namespace model {

namespace {

// virtio 1.2, 5.2.3: bits
constexpr u64 seg_max = u64{1} << 2;
constexpr u64 geometry = u64{1} << 4;
constexpr u64 ro = u64{1} << 5;
constexpr u64 blk_size = u64{1} << 6;
constexpr u64 scsi = u64{1} << 7;
constexpr u64 flush = u64{1} << 9;
constexpr u64 topology = u64{1} << 10;
constexpr u64 config_wce = u64{1} << 11;

// 5.2.4: offset and width of each field
struct ConfigField {
    u32 offset;
    u32 width;
};
constexpr ConfigField fields[] = {{0, 4},  {4, 4},  {8, 4},  {12, 4}, {16, 2}, {18, 1}, {19, 1},
                                  {20, 4}, {24, 1}, {25, 1}, {26, 2}, {28, 4}, {32, 1}, {34, 2}};
constexpr u32 config_bytes = 36;

// 5.2.6: requests and their status
constexpr u32 type_in = 0;
constexpr u32 type_out = 1;
constexpr u32 type_flush = 4;
constexpr u32 type_get_id = 8;
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

Blk::Blk(World& world, BlkOptions options)
    : medium(options.sectors * sector_bytes),
      world_{&world},
      options_{std::move(options)},
      config_(config_bytes)
{
    set_capacity(options_.sectors);
    set_config32(12, options_.seg_max);
    set_config32(20, options_.block_bytes);
    config_[24] = options_.physical_exponent;
    config_[32] = options_.writeback ? 1 : 0;
}

void Blk::set_capacity(u64 sectors) { std::memcpy(config_.data(), &sectors, sizeof sectors); }

void Blk::set_config32(u32 offset, u32 value)
{
    std::memcpy(config_.data() + offset, &value, sizeof value);
}

// SCSI is a legacy bit that nobody must accept.
u64 Blk::features() const
{
    u64 bits = geometry | topology | scsi;
    bits |= options_.offers_flush ? flush | config_wce : 0;
    bits |= options_.offers_seg_max ? seg_max : 0;
    bits |= options_.offers_block_size ? blk_size : 0;
    bits |= options_.read_only ? ro : 0;
    return bits;
}

u32 Blk::config_width(u32 offset) const
{
    for (const auto& field : fields)
        if (field.offset == offset)
            return field.width;
    return 0;
}

void Blk::work(u16, Queue& queue)
{
    while (auto chain = queue.pop()) {
        ++requests;
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
    if (chain.readable() < header_bytes || chain.writable() < 1) {
        world_->complaints.add("blk: a request without header or status");
        return;
    }
    Request request{chain, 0, 0, gather(world_->memory, chain), chain.writable() - 1};
    std::memcpy(&request.type, request.readable.data(), 4);
    std::memcpy(&request.sector, request.readable.data() + 8, 8);
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
        ++unflushed_writes;
        return transfer(request, true);
    case type_flush:
        if ((features_ & flush) == 0)
            world_->complaints.add("blk: flush without having accepted it");
        if (request.sector != 0 || request.data_in != 0 || request.readable.size() != header_bytes)
            world_->complaints.add("blk: flush with a sector or data");
        ++flushes;
        unflushed_writes = 0;
        return ok;
    case type_get_id: {
        if (request.data_in != id_bytes)
            world_->complaints.add("blk: get_id of another length than 20");
        std::array<u8, id_bytes> id{};
        std::copy_n(options_.serial.begin(), std::min(options_.serial.size(), id.size()),
                    id.begin());
        scatter(world_->memory, request.chain, 0,
                std::span{id}.first(std::min<u64>(id.size(), request.data_in)));
        return ok;
    }
    default:
        return unsupported;
    }
}

u8 Blk::transfer(const Request& request, bool write)
{
    const u64 count = write ? request.readable.size() - header_bytes : request.data_in;
    const u64 pieces = request.chain.pieces.size() - 2;
    if (count == 0 || count % sector_bytes != 0 || (write && request.data_in != 0))
        world_->complaints.add("blk: data of a length that is not whole sectors");
    if ((features_ & seg_max) != 0 && pieces > options_.seg_max)
        world_->complaints.add("blk: more segments than seg_max");
    const u64 sectors = count / sector_bytes;
    const u64 capacity = medium.size() / sector_bytes;
    if (request.sector > capacity || sectors > capacity - request.sector
        || (write && options_.read_only))
        return io_error;
    for (u64 i = 0; i < sectors; ++i)
        if (bad_sectors.contains(request.sector + i))
            return io_error;
    u8* at = medium.data() + request.sector * sector_bytes;
    if (write)
        std::copy_n(request.readable.data() + header_bytes, count, at);
    else
        scatter(world_->memory, request.chain, 0, {at, count});
    return ok;
}

}  // namespace model
