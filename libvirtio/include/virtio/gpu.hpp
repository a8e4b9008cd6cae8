// virtio/gpu.hpp - a graphics device, 2D (virtio 1.2, 5.7): displays, resources, what is shown,
// cursor.
//
// start; then create a resource, attach memory to it, set_scanout; draw into the memory, transfer,
// flush. Each is prepared, one kick sends all, take() tells what became of each; commands are
// carried out in order. The caller's memory is the device's from attach() until detach() or unref()
// came back.
#pragma once

#include <virtio/buffers.hpp>
#include <virtio/gpu_commands.hpp>

namespace virtio::gpu {

struct Options {
    u16 commands = 16;   // under way
    u32 entries = 1024;  // runs of memory that one resource can have
};

template <Bus B, u16 MaxCommands = 16>
class Driver {
public:
    Driver() = default;
    Driver(const Driver&) = delete;  // there is one device
    Driver& operator=(const Driver&) = delete;

    // DMA memory that start() needs.
    static constexpr Bytes memory_bytes(Options options = {})
    {
        return Commands<MaxCommands>::memory_bytes(std::min(options.commands, MaxCommands),
                                                   options.entries)
               + CursorQueue::memory_bytes(cursor_shape);
    }

    // Brings the device up. On failure it was told so (FAILED). `device` and `memory` outlive the
    // driver. Errors: those of Device; wrong_kind (not a graphics device), bad_argument (no
    // commands), not_supported (a number of scanouts that can't be, or a queue too small),
    // no_space (too little memory, or not page-aligned).
    Result<> start(Device<B>& device, const Dma auto& memory, Options options = {});
    // After a lie, NEEDS_RESET or a change of mind: resets the device, calls lost(tag) for each
    // command under way, and starts again, with no resources. If the reset fails, nothing is called
    // and all memory stays the device's.
    template <class Lost>
    Result<> recover(Lost lost);

    // Errors of all commands: would_block (too many under way), bad_argument (see each),
    // device_fault (not started, or broken).
    Result<> get_display_info(u64 tag) { return commands_.send(tag, Command::get_display_info); }
    // Also not_supported (the device has no EDID), out_of_range (no such scanout).
    Result<> get_edid(u64 tag, u32 scanout);
    // Also bad_argument: no pixels, or resource zero. Also too_big: more than 2^32 - 1 bytes.
    Result<> create(u64 tag, Resource resource, Format format, u32 width, u32 height);
    Result<> unref(u64 tag, Resource resource);
    // Also bad_argument: no memory, or an empty run; too_big: more runs than Options::entries;
    // would_block: another attach is under way.
    Result<> attach(u64 tag, Resource resource, std::span<const Run> memory);
    Result<> detach(u64 tag, Resource resource);
    // Resource zero disables the scanout. Also out_of_range: no such scanout.
    Result<> set_scanout(u64 tag, u32 scanout, Resource resource, Rect rect);
    // `offset` bytes into the memory of the resource is the first pixel of `rect`.
    Result<> transfer(u64 tag, Resource resource, Rect rect, u64 offset);
    Result<> flush(u64 tag, Resource resource, Rect rect);

    // The cursor's image is a resource of 64 x 64 pixels; zero hides it. Nothing is reported of
    // these. Errors: would_block, out_of_range (no such scanout), device_fault.
    Result<> update_cursor(u32 scanout, u32 x, u32 y, Resource resource, u32 hot_x, u32 hot_y);
    Result<> move_cursor(u32 scanout, u32 x, u32 y);

    bool kick();
    // What became of a command; an error is a lie of the device, told once.
    std::optional<Result<Done>> take();
    // Before sleeping. True: take() first, there may be no interrupt for what came.
    [[nodiscard]] bool arm() { return commands_.arm(); }

    // As the last get_display_info or get_edid said that was ok; one display per scanout.
    std::span<const Display> displays() const { return std::span{displays_}.first(scanouts_); }
    std::span<const std::byte> edid() const { return std::span{edid_.bytes}.first(edid_.size); }
    u32 scanouts() const { return scanouts_; }
    // True, once per change: ask for the display info again. To be called after a configuration
    // change.
    bool display_changed();

    u16 in_flight() const { return commands_.in_flight(); }
    bool broken() const { return commands_.broken() || cursor_.broken(); }
    Fault fault() const { return commands_.broken() ? commands_.fault() : cursor_.fault(); }

private:
    using CursorQueue = BufferQueue<16>;
    struct CursorCommand {
        Header header;
        Cursor body;
    };

    static constexpr u16 control_queue = 0;
    static constexpr u16 cursor_queue = 1;
    static constexpr BufferShape cursor_shape{16, sizeof(CursorCommand)};
    static constexpr Wish wish{.required = {},
                               .optional = Features{GpuFeature::edid} | ring_features};

    Result<> bring_up();
    Result<> set_up();
    Result<> send_cursor(Command command, const Cursor& cursor);
    void keep(Command command, std::span<const std::byte> payload);

    Device<B>* device_ = nullptr;
    Commands<MaxCommands> commands_;
    CursorQueue cursor_;
    u32 scanouts_ = 0;
    Displays displays_{};
    Edid edid_{};
    DmaRegion memory_;
    Options options_;
};

template <Bus B, u16 MaxCommands>
Result<> Driver<B, MaxCommands>::start(Device<B>& device, const Dma auto& memory, Options options)
{
    device_ = &device;
    memory_ = memory.region();
    options_ = options;
    options_.commands = std::min(options.commands, MaxCommands);
    return bring_up();
}

template <Bus B, u16 MaxCommands>
Result<> Driver<B, MaxCommands>::bring_up()
{
    if (device_->type() != DeviceType::gpu)
        return fail(Errc::wrong_kind);
    displays_ = {};
    edid_.size = 0;
    auto done = device_->negotiate(wish);
    if (done)
        done = set_up();
    if (done)
        done = device_->go();
    if (!done) {
        commands_.stop();
        cursor_.stop();
        device_->give_up();
    }
    return done;
}

template <Bus B, u16 MaxCommands>
Result<> Driver<B, MaxCommands>::set_up()
{
    scanouts_ = device_->template config<Config>().read(Config::num_scanouts);
    if (scanouts_ == 0 || scanouts_ > max_scanouts) {
        scanouts_ = 0;
        return fail(Errc::not_supported);
    }
    DmaCursor cursor{memory_};
    const auto done =
        commands_.start(*device_, control_queue, cursor, options_.commands, options_.entries);
    if (!done)
        return done;
    return cursor_.start(*device_, cursor_queue, cursor, cursor_shape);
}

template <Bus B, u16 MaxCommands>
template <class Lost>
Result<> Driver<B, MaxCommands>::recover(Lost lost)
{
    if (const auto done = device_->reset(); !done)
        return done;
    commands_.lost(lost);
    return bring_up();
}

template <Bus B, u16 MaxCommands>
Result<> Driver<B, MaxCommands>::get_edid(u64 tag, u32 scanout)
{
    if (scanout >= scanouts_)
        return fail(Errc::out_of_range);
    if (!device_->accepted(GpuFeature::edid))
        return fail(Errc::not_supported);
    return commands_.send(tag, Command::get_edid, GetEdid{scanout, 0});
}

template <Bus B, u16 MaxCommands>
Result<>
Driver<B, MaxCommands>::create(u64 tag, Resource resource, Format format, u32 width, u32 height)
{
    if (resource == Resource{} || width == 0 || height == 0)
        return fail(Errc::bad_argument);
    if (height > ~u32{0} / pixel_bytes / width)
        return fail(Errc::too_big);
    return commands_.send(tag, Command::resource_create_2d,
                          CreateResource{resource.raw(), static_cast<u32>(format), width, height});
}

template <Bus B, u16 MaxCommands>
Result<> Driver<B, MaxCommands>::unref(u64 tag, Resource resource)
{
    if (resource == Resource{})
        return fail(Errc::bad_argument);
    return commands_.send(tag, Command::resource_unref, OneResource{resource.raw(), 0});
}

template <Bus B, u16 MaxCommands>
Result<> Driver<B, MaxCommands>::attach(u64 tag, Resource resource, std::span<const Run> memory)
{
    const auto empty = [](const Run& run) { return run.length == 0; };
    if (resource == Resource{} || memory.empty() || std::ranges::any_of(memory, empty))
        return fail(Errc::bad_argument);
    return commands_.attach(tag, resource, memory);
}

template <Bus B, u16 MaxCommands>
Result<> Driver<B, MaxCommands>::detach(u64 tag, Resource resource)
{
    if (resource == Resource{})
        return fail(Errc::bad_argument);
    return commands_.send(tag, Command::resource_detach_backing, OneResource{resource.raw(), 0});
}

template <Bus B, u16 MaxCommands>
Result<> Driver<B, MaxCommands>::set_scanout(u64 tag, u32 scanout, Resource resource, Rect rect)
{
    if (scanout >= scanouts_)
        return fail(Errc::out_of_range);
    return commands_.send(tag, Command::set_scanout, SetScanout{rect, scanout, resource.raw()});
}

template <Bus B, u16 MaxCommands>
Result<> Driver<B, MaxCommands>::transfer(u64 tag, Resource resource, Rect rect, u64 offset)
{
    return commands_.send(tag, Command::transfer_to_host_2d,
                          Transfer{rect, offset, resource.raw(), 0});
}

template <Bus B, u16 MaxCommands>
Result<> Driver<B, MaxCommands>::flush(u64 tag, Resource resource, Rect rect)
{
    return commands_.send(tag, Command::resource_flush, Flush{rect, resource.raw(), 0});
}

template <Bus B, u16 MaxCommands>
Result<> Driver<B, MaxCommands>::send_cursor(Command command, const Cursor& cursor)
{
    if (cursor.scanout >= scanouts_)
        return fail(Errc::out_of_range);
    if (const auto done = cursor_.reclaim(); !done)
        return done;
    const CursorCommand whole{{static_cast<u32>(command), 0, 0, 0, 0}, cursor};
    return cursor_.send(std::as_bytes(std::span{&whole, 1}));
}

template <Bus B, u16 MaxCommands>
Result<> Driver<B, MaxCommands>::update_cursor(
    u32 scanout, u32 x, u32 y, Resource resource, u32 hot_x, u32 hot_y)
{
    return send_cursor(Command::update_cursor, {scanout, x, y, 0, resource.raw(), hot_x, hot_y, 0});
}

template <Bus B, u16 MaxCommands>
Result<> Driver<B, MaxCommands>::move_cursor(u32 scanout, u32 x, u32 y)
{
    return send_cursor(Command::move_cursor, {scanout, x, y, 0, 0, 0, 0, 0});
}

template <Bus B, u16 MaxCommands>
bool Driver<B, MaxCommands>::kick()
{
    if (device_ == nullptr)
        return false;
    const bool commands = commands_.kick(*device_);
    const bool cursor = cursor_.kick(*device_);
    return commands || cursor;
}

template <Bus B, u16 MaxCommands>
std::optional<Result<Done>> Driver<B, MaxCommands>::take()
{
    std::array<std::byte, sizeof(Edid)> payload;
    auto taken = commands_.take(payload);
    if (!taken || !*taken || (*taken)->outcome != Outcome::ok)
        return taken;
    keep((*taken)->command, payload);
    return taken;
}

template <Bus B, u16 MaxCommands>
void Driver<B, MaxCommands>::keep(Command command, std::span<const std::byte> payload)
{
    if (command == Command::get_display_info)
        std::memcpy(&displays_, payload.data(), sizeof displays_);
    if (command != Command::get_edid)
        return;
    std::memcpy(&edid_, payload.data(), sizeof edid_);
    edid_.size = std::min(edid_.size, max_edid_bytes);
}

template <Bus B, u16 MaxCommands>
bool Driver<B, MaxCommands>::display_changed()
{
    if (scanouts_ == 0)
        return false;
    const auto config = device_->template config<Config>();
    const u32 events = config.read(Config::events_read) & Config::event_display;
    if (events != 0)
        config.write(Config::events_clear, events);
    return events != 0;
}

}  // namespace virtio::gpu
