// input/device.hpp - an input device behind the input protocol.
//
//     input::Device keyboard;
//     keyboard.open(given, "kbd0");
//     while (const auto event = keyboard.next(deadline))
//         ...                                            // {time, type, code, value}, as Linux's
//
// Events come in frames that end with SYN_REPORT. After SYN_DROPPED the program's picture is
// brought in line by events that the library makes up (input/channel.hpp): who only follows the
// events holds no key too long. The same happens when the server was restarted; LEDs, grab and
// repeat are then said again.
#pragma once

#include <string_view>

#include <input/channel.hpp>
#include <sys/memory.hpp>
#include <sys/notification.hpp>
#include <sys/session.hpp>

namespace input {

using Info = proto::input::Info::Reply;
using Codes = proto::input::Codes::Reply;
using Axis = proto::input::Axis::Reply;
using Stats = proto::input::Stats::Reply;
using Class = proto::input::Class;

struct Options {
    u32 entries = 256;  // of the ring: a power of two, 128 to 4096
    u32 types = all_types;
};

constexpr bool has(const Codes& codes, u32 code)
{
    return code < 8 * codes.bits.size() && (codes.bits[code / 8] >> code % 8 & 1) != 0;
}

// Does not move: its ring points into it.
class Device {
public:
    Device() = default;
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;
    ~Device() { close(); }

    // Errors: bad_argument (options), busy (open already); those of connecting, of memory, of
    // Attach.
    Result<> open(const sys::Startup& given, std::string_view service, const Options& options = {});
    void close();

    const Info& info() const { return info_; }
    // Errors of these: those of the protocol, and of a lost session.
    Result<Codes> codes(u32 type) { return ask<proto::input::Codes>({type, 0}); }
    Result<Axis> axis(u32 code) { return ask<proto::input::Axis>({code, 0}); }
    Result<State> state() { return ask<proto::input::State>({}); }
    Result<Stats> stats() { return ask<proto::input::Stats>({}); }
    Result<> subscribe(u32 types);
    // While it lasts nobody else hears of the device.
    Result<> grab(bool on);
    Result<> set_leds(u32 mask, u32 lit);
    // In milliseconds; zeroes: no repeats.
    Result<> set_repeat(u32 delay, u32 period);

    // The next event, if there is one. It waits for the server after SYN_DROPPED only, which it
    // asks for a snapshot. Errors: would_block (there is none); what the session was lost for
    // (gave_up, malformed, those of Attach after a restart).
    Result<Event> poll();
    // The next event, waiting for it. Errors: timed_out; those of poll().
    Result<Event> next(abi::Ticks deadline = abi::never);

    // For programs that wait for several things: bit 0, events came; bit 1, look at the server.
    // True: sleep on it. False: poll() first.
    sys::Borrowed<sys::Notification> notification() const { return notification_.borrow(); }
    [[nodiscard]] bool arm();
    void woken(abi::Bits bits)
    {
        if (bits.any(server_bit))
            (void)look_at_server();
    }

    bool held(u32 key) const { return channel_.held(key); }

private:
    static constexpr abi::Bits all_bits{~u64{0}};
    static constexpr auto event_bit = abi::Bits::at(0);
    static constexpr auto server_bit = abi::Bits::at(1);
    static constexpr int most_tries = 3;

    Result<> start(const Options& options);
    Result<> make_memory();
    Result<> attach();
    Result<> attach_again();
    Result<> repeat_states();
    void refresh();
    Result<> find_more();
    bool look_at_server();

    // A server that was restarted meanwhile is asked again: it may have refused because it did not
    // know the session yet.
    template <Method M>
    Result<typename M::Reply> ask(const typename M::Request& request)
    {
        if (!session_)
            return fail(Errc::bad_argument);
        auto answer = session_->call<M>(request);
        for (int tries = 0; tries < most_tries && !answer; ++tries) {
            if (!look_at_server() && answer.error() != Errc::peer_restarted)
                break;
            answer = session_->call<M>(request);
        }
        return answer;
    }
    template <Method M>
    Result<> say(const typename M::Request& request)
    {
        const auto answer = ask<M>(request);
        return answer ? Result<>{} : fail(answer.error());
    }

    std::optional<sys::Session> session_;
    sys::Handle<sys::Notification> notification_;
    sys::Handle<sys::Notification> doorbell_;
    sys::SharedMemory client_;
    sys::Handle<sys::Memory> events_;
    sys::Mapping events_mapping_;  // read-only
    Channel channel_;
    Info info_{};
    Options options_{};
    u64 endpoint_epoch_ = 0;
    // What to say again.
    bool grabbed_ = false;
    u32 leds_mask_ = 0;
    u32 leds_lit_ = 0;
    u32 repeat_delay_ = 0;
    u32 repeat_period_ = 0;
};

}  // namespace input
