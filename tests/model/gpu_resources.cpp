// tests/model/gpu_resources.cpp - resources of a graphics device, and how they come to be seen
// (virtio 1.2, 5.7.6.8).
#include <algorithm>
#include <optional>

#include <model/gpu.hpp>
#include <model/payload.hpp>

namespace model {

namespace {

constexpr u32 ok = 0x1100;
constexpr u32 out_of_memory = 0x1201;
constexpr u32 bad_scanout = 0x1202;
constexpr u32 bad_resource = 0x1203;
constexpr u32 bad_parameter = 0x1205;
constexpr u32 unspecified = 0x1200;

constexpr u64 arguments = 24;  // behind the header
constexpr u64 cursor_side = 64;

// Where red, green and blue are in the four bytes of a pixel; formats are named in memory order.
std::optional<std::array<u8, 3>> places(u32 format)
{
    switch (format) {
    case 1:  // BGRA
    case 2:  // BGRX
        return {{2, 1, 0}};
    case 3:  // ARGB
    case 4:  // XRGB
        return {{1, 2, 3}};
    case 67:   // RGBA
    case 134:  // RGBX
        return {{0, 1, 2}};
    case 68:   // XBGR
    case 121:  // ABGR
        return {{3, 2, 1}};
    default:
        return std::nullopt;
    }
}

bool inside(const Rect& rect, u64 width, u64 height)
{
    return rect.x <= width && rect.width <= width - rect.x && rect.y <= height
           && rect.height <= height - rect.y;
}

}  // namespace

Gpu::Resource* Gpu::resource(u32 id)
{
    const auto found = resources_.find(id);
    return found == resources_.end() ? nullptr : &found->second;
}

u32 Gpu::create(const Bytes& request)
{
    const auto id = field<u32>(request, arguments);
    const auto format = field<u32>(request, arguments + 4);
    const auto width = field<u32>(request, arguments + 8);
    const auto height = field<u32>(request, arguments + 12);
    if (id == 0 || resource(id) != nullptr)
        return bad_resource;
    if (!places(format) || width == 0 || height == 0 || width > 16384 || height > 16384)
        return bad_parameter;
    const u64 bytes = u64{width} * height * 4;
    if (bytes > options_.memory - used_memory_)
        return out_of_memory;
    used_memory_ += bytes;
    resources_.emplace(id, Resource{format, width, height, Bytes(bytes), {}});
    return ok;
}

u32 Gpu::unref(u32 id)
{
    const Resource* there = resource(id);
    if (there == nullptr)
        return bad_resource;
    used_memory_ -= there->pixels.size();
    resources_.erase(id);
    for (Scanout& scanout : scanouts_)
        if (scanout.resource == id)
            scanout = {};
    return ok;
}

u32 Gpu::attach(const Bytes& request)
{
    Resource* there = resource(field<u32>(request, arguments));
    const u64 count = field<u32>(request, arguments + 4);
    if (there == nullptr)
        return bad_resource;
    if (!there->backing.empty())
        return unspecified;
    if (request.size() != arguments + 8 + 16 * count) {
        complain("entries of another number than the command says");
        return bad_parameter;
    }
    for (u64 i = 0; i < count; ++i) {
        const auto address = field<u64>(request, arguments + 8 + 16 * i);
        const auto length = field<u32>(request, arguments + 16 + 16 * i);
        if (length == 0 || world_->memory.at(address, length) == nullptr) {
            complain("backing outside memory");
            there->backing.clear();
            return bad_parameter;
        }
        there->backing.push_back({address, length, false});
    }
    return ok;
}

u32 Gpu::detach(u32 id)
{
    Resource* there = resource(id);
    if (there == nullptr)
        return bad_resource;
    if (there->backing.empty())
        return unspecified;
    there->backing.clear();
    return ok;
}

// Resource 0: the scanout shows nothing.
u32 Gpu::set_scanout(const Bytes& request)
{
    const auto rect = field<Rect>(request, arguments);
    const auto which = field<u32>(request, arguments + 16);
    const auto id = field<u32>(request, arguments + 20);
    if (which >= scanouts_.size())
        return bad_scanout;
    if (id == 0) {
        scanouts_[which] = {};
        return ok;
    }
    const Resource* there = resource(id);
    if (there == nullptr)
        return bad_resource;
    if (rect.width == 0 || rect.height == 0 || !inside(rect, there->width, there->height))
        return bad_parameter;
    scanouts_[which] = {rect, id, std::vector<u32>(u64{rect.width} * rect.height)};
    return ok;
}

// Bytes of the backing from an offset of it on; how many there were.
u64 Gpu::copy_from(const Resource& there, u64 offset, std::span<u8> to) const
{
    u64 copied = 0;
    for (const Piece& piece : there.backing) {
        const u64 skipped = std::min<u64>(offset, piece.length);
        offset -= skipped;
        const u64 here = std::min<u64>(to.size() - copied, piece.length - skipped);
        if (here != 0)
            std::memcpy(to.data() + copied,
                        world_->memory.at(piece.address, piece.length) + skipped, here);
        copied += here;
    }
    return copied;
}

// The offset is that of the rectangle's first pixel; lines are as far apart as in the resource.
u32 Gpu::transfer(const Bytes& request)
{
    const auto rect = field<Rect>(request, arguments);
    const auto offset = field<u64>(request, arguments + 16);
    Resource* there = resource(field<u32>(request, arguments + 24));
    if (there == nullptr)
        return bad_resource;
    if (there->backing.empty())
        return unspecified;
    if (!inside(rect, there->width, there->height))
        return bad_parameter;
    const u64 line = u64{there->width} * 4;
    for (u64 y = 0; y < rect.height; ++y) {
        const u64 at = (rect.y + y) * line + u64{rect.x} * 4;
        const auto to = std::span{there->pixels}.subspan(at, u64{rect.width} * 4);
        if (copy_from(*there, offset + y * line, to) != to.size()) {
            complain("a transfer from beyond the backing");
            return bad_parameter;
        }
    }
    return ok;
}

u32 Gpu::flush(const Bytes& request)
{
    const auto rect = field<Rect>(request, arguments);
    const auto id = field<u32>(request, arguments + 16);
    const Resource* there = resource(id);
    if (there == nullptr)
        return bad_resource;
    if (!inside(rect, there->width, there->height))
        return bad_parameter;
    const auto [red, green, blue] = *places(there->format);
    for (Scanout& scanout : scanouts_) {
        if (scanout.resource != id)
            continue;
        const Rect& seen = scanout.rect;
        const u32 right = std::min(rect.x + rect.width, seen.x + seen.width);
        const u32 bottom = std::min(rect.y + rect.height, seen.y + seen.height);
        for (u32 y = std::max(rect.y, seen.y); y < bottom; ++y)
            for (u32 x = std::max(rect.x, seen.x); x < right; ++x) {
                const u8* four = there->pixels.data() + (u64{y} * there->width + x) * 4;
                scanout.seen[u64{y - seen.y} * seen.width + (x - seen.x)] =
                    u32{four[red]} << 16 | u32{four[green]} << 8 | four[blue];
            }
    }
    return ok;
}

u32 Gpu::move_cursor(const Bytes& request, bool changes)
{
    Cursor there = cursor;
    there.scanout = field<u32>(request, arguments);
    there.x = field<u32>(request, arguments + 4);
    there.y = field<u32>(request, arguments + 8);
    if (there.scanout >= scanouts_.size())
        return bad_scanout;
    if (changes) {
        there.resource = field<u32>(request, arguments + 16);
        there.hot_x = field<u32>(request, arguments + 20);
        there.hot_y = field<u32>(request, arguments + 24);
        const Resource* picture = resource(there.resource);
        if (there.resource != 0
            && (picture == nullptr || picture->width != cursor_side
                || picture->height != cursor_side))
            return bad_resource;
    }
    cursor = there;
    return ok;
}

}  // namespace model
