// rngd/server.hpp - the random protocol over a generator that an entropy device feeds. Never waits
// for the device.
#pragma once

#include "buffers.hpp"
#include "generator.hpp"
#include "shares.hpp"

#include <sys/log.hpp>
#include <sys/notification.hpp>
#include <sys/serve.hpp>
#include <sys/statistics.hpp>
#include <sys/time.hpp>

namespace rngd {

inline constexpr unsigned interrupt_bit = 0;

// In the server's page (abi::Statistics), by these names.
inline constexpr std::array<std::string_view, 7> count_names{
    "device_bytes", "discarded", "raw", "refused", "reseeds", "resets", "served"};
struct Counts {
    u64 device_bytes = 0;
    u64 discarded = 0;  // of those: by the health test
    u64 raw = 0;        // requests for raw bytes, begun
    u64 refused = 0;    // for now, or for ever: who asked was given nothing
    u64 reseeds = 0;    // the first seed included
    u64 resets = 0;     // of the device; empty answers of it
    u64 served = 0;     // bytes of the generator
};

template <class Methods>
inline constexpr bool in_registers = false;
template <Method... Ms>
inline constexpr bool in_registers<Methods<Ms...>> =
    ((wire_bytes<typename Ms::Request> <= abi::register_bytes) && ...);

// What the device gave: so many bytes, or those of the buffer `tag`.
struct Taken {
    usize bytes;
    std::optional<u16> tag;
};

// The device side: virtio::entropy::Driver, behind what its interrupt needs; a script in tests.
// `acknowledge` fails if the device wants a reset, which `recover` gives it.
template <class D>
concept EntropyDevice = requires(D device, std::span<std::byte> out, DeviceAddr at) {
    { device.acknowledge() } -> std::same_as<Result<>>;
    { device.take(out) } -> std::same_as<std::optional<Result<Taken>>>;
    { device.request_into(at, u32{}, u16{}) } -> std::same_as<Result<>>;
    { device.arm() } -> std::same_as<bool>;
    { device.request() } -> std::same_as<Result<>>;
    { device.kick() } -> std::same_as<void>;
    { device.in_flight() } -> std::convertible_to<usize>;
    { device.recover() } -> std::same_as<Result<>>;
};

template <EntropyDevice D>
class Server {
public:
    static constexpr usize buffer_bytes = 256;  // of one request to the device
    static constexpr u32 most_faults = 16;      // of the device, then the server gives up
    static constexpr u32 most_subscribers = 32;
    static constexpr u32 most_subscribers_of_program = 4;
    static constexpr unsigned handles_taken = 2;
    static constexpr usize own_requests = 4;  // in flight, of the generator

    // What the server works with; all of it outlives it.
    struct Means {
        sys::Borrowed<sys::Device> device;
        sys::Inbox* inbox;
        Peers* peers;
        abi::Name name;  // of the device
    };

    Server(D& device, const Means& means)
        : device_{&device},
          means_{means},
          counts_{&sys::Statistics{sys::statistics()}.begin<Counts>(sys::now().raw(), count_names)},
          generator_{sys::counter_frequency()},
          buffers_{*means.inbox}
    {
    }

    // Asks for the first seed.
    void begin()
    {
        generator_.begin(now());
        refill();
    }

    // Before every request too: what came back without its interrupt is found when somebody asks.
    // Errors: device_fault (the device broke its specification too often).
    Result<> step(abi::Bits woken)
    {
        wipe_answer();
        if (means_.peers->count() != 0) [[unlikely]] {
            means_.peers->step(woken);
            ask_peers();
        }
        if (woken.any(abi::Bits::at(interrupt_bit))) {
            if (!device_->acknowledge())
                if (const auto again = recover(); !again)
                    return again;
        } else if (device_->in_flight() == 0) {
            return {};
        }
        do {
            if (const auto drained = drain(); !drained)
                return drained;
        } while (device_->arm());
        refill();
        buffers_.tell_refused();
        tell_subscribers();
        return {};
    }

    // Of the next try to ask a peer that did not answer, or of a peer's seed being enough.
    abi::Ticks next_deadline() const
    {
        abi::Ticks first = abi::never;
        if (waiting_ != 0 && told_at_ < generator_.late_at() && peers_will_do())
            first = abi::Ticks{generator_.late_at()};
        for (u32 i = 0; i < means_.peers->count(); ++i)
            if (generator_.due(1 + i, now()))
                first = std::min(first, means_.peers->next_try(i));
        return first;
    }

    // Every answer is given at once.
    static void leave() {}
    static bool idle() { return true; }
    static void left() {}

    void forget(u64 badge)
    {
        buffers_.forget(badge);
        for (Subscriber& each : subscribers_)
            if (each.badge == badge) {
                each = {};
                --waiting_;
            }
    }

    Result<random::Get::Reply> on(const random::Get::Request& request, sys::Caller& caller)
    {
        return serve<random::Get>(request, caller);
    }
    Result<random::GetMany::Reply> on(const random::GetMany::Request& request, sys::Caller& caller)
    {
        return serve<random::GetMany>(request, caller);
    }
    Result<random::Info::Reply> on(const random::Info::Request&, sys::Caller&)
    {
        return generator_.info(now(), hopeless());
    }
    Result<random::Source::Reply> on(const random::Source::Request& request, sys::Caller& caller);
    Result<random::Subscribe::Reply> on(const random::Subscribe::Request&, sys::Caller& caller);
    Result<random::Attach::Reply> on(const random::Attach::Request& request, sys::Caller& caller)
    {
        return buffers_.attach(means_.device, request, caller);
    }
    Result<random::Fill::Reply> on(const random::Fill::Request& request, sys::Caller& caller);
    Result<random::Raw::Reply> on(const random::Raw::Request& request, sys::Caller& caller);

private:
    struct Subscriber {
        u64 badge = 0;
        sys::Handle<sys::Notification> bell;
    };

    static constexpr abi::Bits all_bits{~u64{0}};
    static u64 now() { return sys::now().raw(); }

    // One object, where the answer is taken from: it is copied once.
    template <Method M>
    Result<typename M::Reply> serve(const typename M::Request& request, const sys::Caller& caller)
    {
        Result<typename M::Reply> reply;
        if (request.bytes == 0 || request.bytes > M::max_bytes || request.reserved != 0) {
            reply = fail(Errc::bad_argument);
            return reply;
        }
        answered_ = request.bytes;
        const auto made = produce(std::span{reply->data}.first(request.bytes), caller.badge());
        if (!made)
            reply = fail(made.error());
        return reply;
    }

    Result<> produce(std::span<u8> out, u64 badge)
    {
        if (generator_.overdue() && over_share(badge)) [[unlikely]] {
            ++counts_->refused;
            return fail(Errc::would_block);
        }
        const auto made = generator_.generate(out, now(), hopeless());
        refill();
        if (made) [[likely]]
            counts_->served += out.size();
        else
            ++counts_->refused;
        if (made && generator_.overdue()) [[unlikely]] {
            shares_.begin(generator_.seeds());
            shares_.add(Buffers::program_of(badge), out.size());
        }
        return made;
    }

    // While a seed is overdue a program gets as much as is left for the others, and no more.
    [[gnu::cold, gnu::noinline]] bool over_share(u64 badge)
    {
        shares_.begin(generator_.seeds());
        return shares_.of(Buffers::program_of(badge)) >= generator_.left();
    }

    // The client has what the last answer brought: nobody needs the page's copy any more. No
    // request is in it, though one may have come already.
    void wipe_answer()
    {
        static_assert(in_registers<random::Protocol>);
        if (answered_ != 0)
            Drbg::wipe(sys::message_page().payload.data(), std::exchange(answered_, 0));
    }

    Result<> drain()
    {
        while (const auto taken = device_->take(taken_)) {
            if (*taken) {
                accept(**taken);
                continue;
            }
            if (const auto again = recover(); !again)
                return again;
        }
        return {};
    }

    // There are bytes for it, or there never will be.
    bool decided(u64 badge)
    {
        const auto health = generator_.health(now(), hopeless());
        return health == random::Health::failed
               || (health == random::Health::good && !(generator_.overdue() && over_share(badge)));
    }

    // Bytes may be handed out once the device is late, if it gives none before. Who took its share
    // waits also then.
    bool peers_will_do() const
    {
        return means_.peers->count() != 0 && !generator_.overdue()
               && generator_.health(std::max(now(), generator_.late_at())) == random::Health::good;
    }

    // No peer will give bytes any more.
    bool hopeless() const
    {
        for (u32 i = 0; i < means_.peers->count(); ++i)
            if (!means_.peers->failed(i))
                return false;
        return true;
    }

    [[gnu::noinline]] void ask_peers()
    {
        for (u32 i = 0; i < means_.peers->count(); ++i) {
            if (!generator_.due(1 + i, now()) || sys::now() < means_.peers->next_try(i))
                continue;
            if (auto bytes = means_.peers->ask(i)) {
                generator_.mix(1 + i, *bytes, now());
                Drbg::wipe(bytes->data(), bytes->size());
                counts_->reseeds = generator_.seeds();
            }
        }
        tell_subscribers();  // of bytes, or that the last source failed
    }

    void accept(const Taken& taken)
    {
        if (taken.tag)
            return buffers_.end(*taken.tag, static_cast<u32>(taken.bytes), Errc::ok);
        const bool failed = generator_.device_failed();
        generator_.feed({reinterpret_cast<const u8*>(taken_.data()), taken.bytes}, now());
        Drbg::wipe(taken_.data(), taken_.size());  // the only copy is the generator's
        counts_->device_bytes = generator_.device_bytes();
        counts_->discarded = generator_.discarded_bytes();
        counts_->reseeds = generator_.seeds();
        if (!failed && generator_.device_failed())
            sys::log(sys::Level::warn, "entropy source put aside",
                     {{"source", "device"}, {"why", "health test"}});
    }

    Result<> recover()
    {
        sys::note(abi::BlackBox::What::reset, ++counts_->resets);
        if (counts_->resets > most_faults)
            return fail(Errc::device_fault);
        const auto again = device_->recover();
        if (again && device_->in_flight() == 0)
            buffers_.end_all();
        return again;
    }

    usize own_in_flight() const { return device_->in_flight() - buffers_.with_device(); }

    // As many requests as give what the generator wants, if the device fills them.
    void refill()
    {
        if (means_.peers->count() != 0) [[unlikely]]
            ask_peers();
        const usize wanted = generator_.wanted(now());
        for (usize own = own_in_flight(); own < own_requests && own * buffer_bytes < wanted; ++own)
            if (!device_->request())
                break;
        device_->kick();
    }

    void tell_subscribers()
    {
        if (waiting_ == 0)
            return;
        told_at_ = now();  // before any of them is looked at
        for (Subscriber& each : subscribers_)
            if (each.badge != 0 && decided(each.badge)) {
                (void)sys::signal(each.bell.borrow(), all_bits);
                each = {};
                --waiting_;
            }
    }

    // Would_block: too many are with the device, or its queue is short.
    [[gnu::cold, gnu::noinline]] Result<random::Raw::Reply> refuse(const Buffer& buffer, Errc why)
    {
        if (why == Errc::would_block) {
            buffers_.refuse(buffer);
            ++counts_->refused;
        }
        return fail(why);
    }

    Subscriber* place_of(u64 badge)
    {
        const auto at = std::ranges::find(subscribers_, badge, &Subscriber::badge);
        return at != subscribers_.end() ? &*at : nullptr;
    }
    // Null: too many wait, of the program or of all.
    [[gnu::cold, gnu::noinline]] Subscriber* place_for(u64 badge)
    {
        if (Subscriber* const own = place_of(badge))
            return own;
        const auto same = [&](const Subscriber& each) {
            return each.badge != 0 && Buffers::program_of(each.badge) == Buffers::program_of(badge);
        };
        return std::ranges::count_if(subscribers_, same) < most_subscribers_of_program ? place_of(0)
                                                                                       : nullptr;
    }

    D* device_;
    Means means_;
    Counts* counts_;
    Generator generator_;
    Shares shares_;
    Buffers buffers_;
    usize answered_ = 0;  // bytes of the last answer that a message brought
    std::array<std::byte, buffer_bytes> taken_{};  // on its way from the device to the generator
    u32 waiting_ = 0;                              // of the subscribers
    u64 told_at_ = 0;                              // those for whom there was something
    std::array<Subscriber, most_subscribers> subscribers_;
};

template <EntropyDevice D>
Result<random::Subscribe::Reply> Server<D>::on(const random::Subscribe::Request&,
                                               sys::Caller& caller)
{
    auto bell = caller.take<sys::Notification>(0);
    if (!bell)
        return fail(Errc::bad_argument);
    if (decided(caller.badge())) {
        (void)sys::signal(bell->borrow(), all_bits);
        return random::Subscribe::Reply{};
    }
    Subscriber* const place = place_for(caller.badge());
    if (place == nullptr)
        return fail(Errc::over_quota);
    waiting_ += place->badge == 0 ? 1 : 0;
    place->badge = caller.badge();
    place->bell = std::move(*bell);
    return random::Subscribe::Reply{};
}

template <EntropyDevice D>
Result<random::Source::Reply> Server<D>::on(const random::Source::Request& request, sys::Caller&)
{
    using random::SourceState;
    const u32 source = request.index;
    if (request.reserved != 0)
        return fail(Errc::bad_argument);
    if (source > means_.peers->count())
        return fail(Errc::out_of_range);
    const u32 seeds = generator_.seeds(source);
    const auto about = [&](const abi::Name& name, u64 bytes, u64 discarded, bool failed) {
        return random::Source::Reply{name, bytes, discarded, seeds,
                                     failed       ? SourceState::failed
                                     : seeds == 0 ? SourceState::waiting
                                                  : SourceState::good};
    };
    if (source != Generator::device)
        return about(means_.peers->name(source - 1), means_.peers->bytes(source - 1), 0,
                     means_.peers->failed(source - 1));
    const auto info = generator_.info(now());
    return about(means_.name, info.device_bytes, info.discarded_bytes, generator_.device_failed());
}

template <EntropyDevice D>
Result<random::Fill::Reply> Server<D>::on(const random::Fill::Request& request, sys::Caller& caller)
{
    const Buffer* const buffer = buffers_.find(caller.badge());
    if (buffer == nullptr)
        return fail(Errc::not_found);
    if (!buffer->good(request.page, request.bytes))
        return fail(Errc::bad_argument);
    if (buffer->with_device(request.page))
        return fail(Errc::busy);
    const auto made = produce(buffer->data(request.page, request.bytes), caller.badge());
    return made.transform([] { return random::Fill::Reply{}; });
}

template <EntropyDevice D>
Result<random::Raw::Reply> Server<D>::on(const random::Raw::Request& request, sys::Caller& caller)
{
    Buffer* const buffer = buffers_.find(caller.badge());
    if (buffer == nullptr)
        return fail(Errc::not_found);
    if (!buffer->raw())
        return fail(Errc::denied);
    if (!buffer->good(request.page, request.bytes))
        return fail(Errc::bad_argument);
    if (buffer->with_device())
        return fail(Errc::busy);
    if (!buffers_.may_begin(*buffer))
        return refuse(*buffer, Errc::would_block);
    const auto asked = device_->request_into(buffer->address(request.page), request.bytes,
                                             buffers_.index_of(*buffer));
    if (!asked)
        return refuse(*buffer, asked.error());
    buffers_.begin(*buffer, request.page);
    ++counts_->raw;
    device_->kick();
    return random::Raw::Reply{};
}

}  // namespace rngd
