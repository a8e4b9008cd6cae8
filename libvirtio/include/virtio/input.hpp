// virtio/input.hpp - an input device (virtio 1.2, 5.8): events that come, LEDs that are set.
//
// start; then drain, kick once, arm before sleeping. kick() gives the device the
// buffers of all events that were taken. What the device is and can send is asked with
// input_config.hpp. A frame of events ends with EV_SYN, SYN_REPORT: the caller's matter.
#pragma once

#include <virtio/buffers.hpp>
#include <virtio/input_config.hpp>
#include <virtio/read_once.hpp>

namespace virtio::input {

// virtio 1.2, 5.8.6. On the wire, in both directions.
struct Event {
    u16 type;  // EventType, or one that we do not know
    u16 code;
    u32 value;  // a signed number for EV_REL and EV_ABS
    friend constexpr bool operator==(const Event&, const Event&) = default;
};
static_assert(sizeof(Event) == 8);

struct Options {
    u16 events = 64;  // buffers; a power of two
    u16 status = 8;   // LED changes under way; a power of two
};

template <Bus B, u16 MaxEvents = 64, u16 MaxStatus = 8>
class Driver {
public:
    Driver() = default;
    Driver(const Driver&) = delete;  // there is one device
    Driver& operator=(const Driver&) = delete;

    // DMA memory that start() needs.
    static constexpr Bytes memory_bytes(Options options = {})
    {
        const Options fitted = fit(options);
        return BufferQueue<MaxEvents>::memory_bytes({fitted.events, sizeof(Event)})
               + BufferQueue<MaxStatus>::memory_bytes({fitted.status, sizeof(Event)});
    }

    // Brings the device up, with all buffers for events. On failure it was told so (FAILED).
    // `device` and `memory` outlive the driver. Errors: those of Device; wrong_kind (not an input
    // device), bad_argument (no buffers), no_space (too little memory, or not page-aligned).
    Result<> start(Device<B>& device, const Dma auto& memory, Options options = {});
    // Resets and starts again; events that were not taken are lost, LEDs are to be set again.
    // Errors: as start.
    Result<> recover() { return bring_up(); }

    // The next event, exactly as the device wrote it. device_fault while not broken(): a buffer
    // came back that is no event; something is missing, so drop until the next SYN_REPORT.
    std::optional<Result<Event>> take();
    // Calls each(event) for all that came. It does not use the driver. Errors: device_fault, as
    // take(); what came behind it is still there.
    template <class Each>
    [[gnu::always_inline]] Result<> drain(Each each);
    // True, once: when the last events were taken the device had fewer buffers left than the
    // longest packet among them needs, and may have dropped some without a word.
    bool ran_dry() { return std::exchange(ran_dry_, false); }

    // Tells the device of a LED; kick() sends it. Errors: would_block (too many under way),
    // device_fault (not started, or broken).
    Result<> set_led(u16 led, bool on);

    bool kick();
    // Before sleeping. True: take() first, there may be no interrupt for what came; or set the LED
    // again that would_block.
    [[nodiscard]] [[gnu::always_inline]] bool arm()
    {
        const bool room = starved_ && status_.arm();
        return events_.arm() || room;
    }

    bool broken() const { return events_.broken() || status_.broken(); }
    Fault fault() const { return events_.broken() ? events_.fault() : status_.fault(); }

private:
    static constexpr u16 event_queue = 0;
    static constexpr u16 status_queue = 1;
    static constexpr Wish wish{.required = {}, .optional = ring_features};

    static constexpr Options fit(Options asked)
    {
        return {std::bit_floor(std::min(asked.events, MaxEvents)),
                std::bit_floor(std::min(asked.status, MaxStatus))};
    }

    // An event and its SYN_REPORT.
    static constexpr u16 shortest_packet = 2;

    Result<> bring_up();
    Result<> set_up_queues();
    void measure(const Event& event);

    Device<B>* device_ = nullptr;
    BufferQueue<MaxEvents> events_;
    BufferQueue<MaxStatus> status_;
    u16 longest_ = shortest_packet;  // of the packets since the last kick
    u16 length_ = 0;                 // of the one that comes, so far
    bool ran_dry_ = false;
    bool starved_ = false;  // a LED did not find room
    DmaRegion memory_;
    Options options_;
};

template <Bus B, u16 MaxEvents, u16 MaxStatus>
Result<>
Driver<B, MaxEvents, MaxStatus>::start(Device<B>& device, const Dma auto& memory, Options options)
{
    device_ = &device;
    memory_ = memory.region();
    options_ = fit(options);
    return bring_up();
}

template <Bus B, u16 MaxEvents, u16 MaxStatus>
Result<> Driver<B, MaxEvents, MaxStatus>::bring_up()
{
    if (device_->type() != DeviceType::input)
        return fail(Errc::wrong_kind);
    auto done = device_->negotiate(wish);
    if (done)
        done = set_up_queues();
    if (done)
        done = device_->go();
    if (!done) {
        events_.stop();
        status_.stop();
        device_->give_up();
        return done;
    }
    (void)kick();
    return done;
}

template <Bus B, u16 MaxEvents, u16 MaxStatus>
Result<> Driver<B, MaxEvents, MaxStatus>::set_up_queues()
{
    ran_dry_ = starved_ = false;
    length_ = 0;
    DmaCursor cursor{memory_};
    const auto done =
        events_.start(*device_, event_queue, cursor, {options_.events, sizeof(Event)});
    if (!done)
        return done;
    return status_.start(*device_, status_queue, cursor, {options_.status, sizeof(Event)});
}

template <Bus B, u16 MaxEvents, u16 MaxStatus>
std::optional<Result<Event>> Driver<B, MaxEvents, MaxStatus>::take()
{
    std::array<std::byte, sizeof(Event)> bytes{};
    const auto taken = events_.take(bytes);
    if (!taken)
        return std::nullopt;
    if (!*taken)
        return fail(taken->error());
    const bool whole = **taken == sizeof(Event);
    const auto event = std::bit_cast<Event>(bytes);
    if (whole)
        measure(event);
    else
        ++length_;
    ran_dry_ |= events_.with_device() < longest_;
    if (!whole)
        return fail(Errc::device_fault);
    return event;
}

template <Bus B, u16 MaxEvents, u16 MaxStatus>
template <class Each>
[[gnu::always_inline]] inline Result<> Driver<B, MaxEvents, MaxStatus>::drain(Each each)
{
    for (;;) {
        const auto usual = [&] [[gnu::always_inline]] (std::byte * at, u32 written) {
            if (written != sizeof(Event)) [[unlikely]]
                return false;
            const auto event = read_once<Event>(at);
            measure(event);
            each(event);
            return true;
        };
        if (events_.take_some(usual) != 0)
            ran_dry_ |= events_.with_device() < longest_;
        if (!events_.ready()) [[likely]]
            return {};
        const auto rare = take();
        if (!rare)
            return {};
        if (!*rare)
            return fail(rare->error());
        each(**rare);
    }
}

template <Bus B, u16 MaxEvents, u16 MaxStatus>
[[gnu::always_inline]] inline void Driver<B, MaxEvents, MaxStatus>::measure(const Event& event)
{
    ++length_;
    if (event.type == EventType::syn && event.code == Syn::report)
        longest_ = std::max(longest_, std::exchange(length_, u16{0}));
}

template <Bus B, u16 MaxEvents, u16 MaxStatus>
Result<> Driver<B, MaxEvents, MaxStatus>::set_led(u16 led, bool on)
{
    if (const auto done = status_.reclaim(); !done)
        return done;
    const Event event{EventType::led, led, on ? u32{1} : u32{0}};
    const auto sent = status_.send(std::as_bytes(std::span{&event, 1}));
    starved_ = !sent && sent.error() == Errc::would_block;
    return sent;
}

template <Bus B, u16 MaxEvents, u16 MaxStatus>
bool Driver<B, MaxEvents, MaxStatus>::kick()
{
    if (events_.count() == 0)
        return false;
    events_.post_all();
    longest_ = shortest_packet;
    const bool events = events_.kick(*device_);
    const bool status = status_.kick(*device_);
    return events || status;
}

}  // namespace virtio::input
