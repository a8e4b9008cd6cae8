// fuzzer.cpp - makes random calls, most of them with handles that it really has and numbers near
// the ends of ranges. Two threads do so, and what one closes the other may be about to use.
#include <abi/boot.hpp>
#include <check/check.hpp>
#include <check/raw.hpp>
#include <sys/endpoint.hpp>
#include <sys/memory.hpp>
#include <sys/notification.hpp>
#include <sys/process.hpp>
#include <sys/thread.hpp>

namespace {

using abi::Syscall;
using check::RawRegisters;

// Handles that some call returned, in no order. Old ones are overwritten: stale values stay in
// play.
constexpr usize places = 64;

struct Fuzzer {
    check::Random random;
    u64 calls = 0;
    std::array<u64, places> handles{};

    u64 handle()
    {
        const u64 known = handles[random.below(places)];
        switch (random.below(12)) {
        case 0:
            return random.next();
        case 1:
            return known ^ u64 { 1 } << random.below(46);
        case 2:
            return 0;
        default:
            return known;
        }
    }

    u64 address()
    {
        constexpr std::array<u64, 10> bases{0,
                                            0x10000,
                                            abi::image_base,
                                            abi::mapping_base,
                                            0x20'0000'0000,
                                            abi::message_base,
                                            abi::user_end,
                                            u64{1} << 47,
                                            0xffff'ff80'4020'0000,
                                            ~u64{0}};
        const u64 base = bases[random.below(bases.size())];
        return base + random.below(16) * (random.below(4) == 0 ? 8 : page_bytes);
    }

    u64 number()
    {
        switch (random.below(8)) {
        case 0:
            return random.next();
        case 1:
            return address();
        case 2:
            return handle();
        case 3:
            return random.below(8) * page_bytes;
        case 4:
            return u64{1} << random.below(64);
        case 5:
            return ~u64{0} - random.below(3);
        default:
            return random.below(70);
        }
    }

    abi::Ticks deadline()
    {
        return random.below(3) == 0 ? abi::now : sys::after(sys::microseconds(random.below(80)));
    }
};

// Calls that end this process, or nearly always make it fault: once in a while only.
bool fatal(Syscall call)
{
    return call == Syscall::exit || call == Syscall::thread_exit || call == Syscall::process_kill
           || call == Syscall::thread_create;
}

void prepare_page(Fuzzer& f)
{
    for (abi::Slot& slot : sys::message_page().handles)
        slot = abi::Slot{f.handle()};
    if (f.random.below(4) != 0)
        return;
    const abi::ProcessQuota quota{static_cast<u32>(f.random.below(40)),
                                  static_cast<u32>(f.random.below(20)),
                                  static_cast<u32>(f.random.below(3)),
                                  static_cast<u32>(f.random.below(31)),
                                  text::padded<16>("fuzzed"),
                                  0,
                                  0};
    std::memcpy(sys::message_page().payload.data(), &quota, sizeof(quota));
}

// An IPC header that mostly makes sense.
u64 header(Fuzzer& f)
{
    if (f.random.below(8) == 0)
        return f.random.next();
    return abi::Header::make(static_cast<u16>(f.random.below(9)), f.random.below(520),
                             f.random.below(5), f.random.below(5))
        .raw;
}

bool takes_header(Syscall call)
{
    return call == Syscall::call || call == Syscall::reply_recv || call == Syscall::recv
           || call == Syscall::reply;
}

// Whatever looks like a handle among the results is kept.
void keep(Fuzzer& f, Syscall call, const RawRegisters& out)
{
    if (check::raw_error(out) != Errc::ok)
        return;
    for (const abi::Slot slot : sys::message_page().handles)
        if (takes_header(call) && slot != abi::no_slot)
            f.handles[f.random.below(places)] = slot.raw();
    if (!takes_header(call) && sys::handle_info(abi::Slot{out.x[1]}))
        f.handles[f.random.below(places)] = out.x[1];
}

void one_call(Fuzzer& f)
{
    const auto call = static_cast<Syscall>(f.random.below(abi::syscall_count + 2));
    if (call == Syscall::log || (fatal(call) && f.random.below(3'000) != 0))
        return;
    prepare_page(f);
    RawRegisters in;
    for (u64& x : in.x)
        x = f.number();
    if (takes_header(call))
        in.x[0] = header(f);
    in.x[9] = f.deadline().raw();
    in.x[8] = sys::call_word(call, abi::Slot{f.handle()});
    check::check_raw_call(&in);
    keep(f, call, in);
}

void run(void* argument)
{
    auto& f = *static_cast<Fuzzer*>(argument);
    for (u64 i = 0; i < f.calls; ++i)
        one_call(f);
}

constinit std::array<std::byte, 16'384> second_stack{};
constinit std::array<Fuzzer, 2> fuzzers{Fuzzer{check::Random{1}}, Fuzzer{check::Random{2}}};

template <class T>
void seed_handle(usize place, const Result<sys::Handle<T>>& made)
{
    for (Fuzzer& f : fuzzers)
        for (usize i = place; made && i < places; i += 8)
            f.handles[i] = made->slot().raw();
}

}  // namespace

int app_main(const sys::Startup& given)
{
    const u64 seed = text::parse_number(given.argument(0)).value_or(1);
    for (usize i = 0; i < fuzzers.size(); ++i) {
        fuzzers[i].random = check::Random{seed * 0x9e37'79b9'7f4a'7c15 + i + 1};
        fuzzers[i].calls = text::parse_number(given.argument(1)).value_or(100);
    }
    auto endpoint = sys::create_endpoint();
    auto client = endpoint ? sys::mint(endpoint->borrow(), 5) : fail(Errc::cancelled);
    auto bell = sys::create_notification();
    auto memory = sys::create_memory(Bytes{4 * page_bytes});
    seed_handle(0, endpoint);
    seed_handle(1, client);
    seed_handle(2, bell);
    seed_handle(3, memory);
    const auto self = given.grant<sys::Process>("self");
    for (Fuzzer& f : fuzzers)
        for (usize i = 4; self && i < places; i += 16)
            f.handles[i] = self->slot.raw();
    if (self)
        (void)sys::spawn(*self, second_stack, run, &fuzzers[1], 10);
    run(fuzzers.data());
    return 0;
}
