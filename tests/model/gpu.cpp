// tests/model/gpu.cpp - a graphics device: queues, configuration, what is seen.
#include <algorithm>

#include <model/gpu.hpp>
#include <model/payload.hpp>

namespace model {

namespace {

constexpr u64 header_bytes = 24;
constexpr u32 flag_fence = 1;
constexpr u32 event_display = 1;

// 5.7.6.7: commands and their answers
constexpr u32 get_display_info = 0x100;
constexpr u32 create_2d = 0x101;
constexpr u32 resource_unref = 0x102;
constexpr u32 scanout_set = 0x103;
constexpr u32 resource_flush = 0x104;
constexpr u32 transfer_to_host = 0x105;
constexpr u32 attach_backing = 0x106;
constexpr u32 detach_backing = 0x107;
constexpr u32 get_edid = 0x10a;
constexpr u32 update_cursor = 0x300;
constexpr u32 cursor_move = 0x301;
constexpr u32 ok_display_info = 0x1101;
constexpr u32 ok_edid = 0x1104;
constexpr u32 error_unspecified = 0x1200;
constexpr u32 error_scanout = 0x1202;

std::vector<u8> header(u32 type)
{
    std::vector<u8> bytes(header_bytes);
    set_field(bytes, 0, type);
    return bytes;
}

// What an EDID of 128 bytes needs to name one mode (VESA E-EDID 1.4, 3).
std::vector<u8> edid_block(u32 width, u32 height)
{
    std::vector<u8> block(128);
    std::fill_n(block.begin() + 1, 6, u8{0xff});
    set_field<u16>(block, 8, 0x3436);  // "MAV", big-endian letters of five bits
    block[18] = 1;
    block[19] = 4;
    const std::span mode = std::span{block}.subspan(54, 18);
    const u32 clock = (width + 160) * (height + 30) * 60 / 10'000;
    set_field<u16>(mode, 0, static_cast<u16>(clock));
    mode[2] = static_cast<u8>(width);
    mode[3] = 160;
    mode[4] = static_cast<u8>(width >> 8 << 4);
    mode[5] = static_cast<u8>(height);
    mode[6] = 30;
    mode[7] = static_cast<u8>(height >> 8 << 4);
    u8 sum = 0;
    for (const u8 byte : block)
        sum = static_cast<u8>(sum + byte);
    block[127] = static_cast<u8>(-sum);
    return block;
}

}  // namespace

Gpu::Gpu(World& world, GpuOptions options)
    : world_{&world}, options_{std::move(options)}, config_(16), scanouts_(options_.displays.size())
{
    set_field<u32>(config_, 8, static_cast<u32>(scanouts_.size()));
}

void Gpu::config_written(u32)
{
    const auto clear = field<u32>(config_, 4);
    set_field<u32>(config_, 0, field<u32>(config_, 0) & ~clear);
    set_field<u32>(config_, 4, 0);
}

void Gpu::set_display(u32 scanout, Rect rect)
{
    options_.displays.at(scanout) = rect;
    set_field<u32>(config_, 0, event_display);
    tell_config_changed();
}

void Gpu::reset()
{
    features_ = 0;
    resources_.clear();
    scanouts_.assign(scanouts_.size(), {});
    held_.clear();
    cursor = {};
    used_memory_ = 0;
}

u32 Gpu::pixel(u32 scanout, u32 x, u32 y) const
{
    const Scanout& there = scanouts_.at(scanout);
    const u64 at = u64{y} * there.rect.width + x;
    return x < there.rect.width && at < there.seen.size() ? there.seen[at] : 0;
}

void Gpu::work(u16 index, Queue& queue)
{
    while (auto chain = queue.pop()) {
        ++commands;
        if (hold && index == 0)
            held_.push_back(std::move(*chain));
        else
            execute(queue, *chain);
    }
}

void Gpu::finish(Queue& queue)
{
    const Chain chain = held_.at(0);
    held_.erase(held_.begin());
    execute(queue, chain);
}

// The answer has the request's fence if that has one (5.7.6.7).
void Gpu::execute(Queue& queue, const Chain& chain)
{
    const auto request = gather(world_->memory, chain);
    auto reply = answer(request);
    if ((field<u32>(request, 4) & flag_fence) != 0) {
        set_field<u32>(reply, 4, flag_fence);
        set_field<u64>(reply, 8, field<u64>(request, 8));
        set_field<u32>(reply, 16, field<u32>(request, 16));
    }
    if (const auto told = world_->lies.tell(Lie::response_type))
        set_field<u32>(reply, 0, static_cast<u32>(*told));
    if (const auto told = world_->lies.tell(Lie::response_fence))
        set_field<u64>(reply, 8, *told);
    if (chain.writable() != 0 && chain.writable() < reply.size())
        complain("no room for the answer");
    queue.push(chain, static_cast<u32>(scatter(world_->memory, chain, 0, reply)));
}

Gpu::Bytes Gpu::answer(const Bytes& request)
{
    const auto id = field<u32>(request, header_bytes);
    switch (field<u32>(request, 0)) {
    case get_display_info:
        return display_info();
    case create_2d:
        return header(create(request));
    case resource_unref:
        return header(unref(id));
    case scanout_set:
        return header(set_scanout(request));
    case resource_flush:
        return header(flush(request));
    case transfer_to_host:
        return header(transfer(request));
    case attach_backing:
        return header(attach(request));
    case detach_backing:
        return header(detach(id));
    case get_edid:
        return edid(id);
    case update_cursor:
    case cursor_move:
        return header(move_cursor(request, field<u32>(request, 0) == update_cursor));
    default:
        complain("a command that nobody knows");
        return header(error_unspecified);
    }
}

Gpu::Bytes Gpu::display_info() const
{
    auto bytes = header(ok_display_info);
    bytes.resize(header_bytes + 16 * 24u);
    for (usize i = 0; i < options_.displays.size(); ++i) {
        set_field(bytes, header_bytes + 24 * i, options_.displays[i]);
        set_field<u32>(bytes, header_bytes + 24 * i + 16, options_.displays[i].width != 0 ? 1 : 0);
    }
    return bytes;
}

Gpu::Bytes Gpu::edid(u32 scanout)
{
    if ((features_ & 2) == 0)
        complain("EDID without having accepted it");
    if (scanout >= scanouts_.size())
        return header(error_scanout);
    auto bytes = header(ok_edid);
    bytes.resize(header_bytes + 8 + 1024);
    const Rect& display = options_.displays[scanout];
    const auto block = edid_block(display.width, display.height);
    set_field<u32>(bytes, header_bytes, static_cast<u32>(block.size()));
    std::ranges::copy(block, bytes.begin() + header_bytes + 8);
    return bytes;
}

}  // namespace model
