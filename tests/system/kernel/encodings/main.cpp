// encodings/main.cpp - each encoding of mrs, msr, sys and sysl is run at EL0, by a process that has
// nothing but a page of them. It runs from one to the next until one ends it; the next process goes
// on behind that. What did not trap must be in the list of allowed.cpp.
#include "allowed.hpp"

#include <array>

#include <abi/boot.hpp>
#include <check/check.hpp>
#include <sys/memory.hpp>
#include <sys/notification.hpp>
#include <sys/process.hpp>

namespace {

using check::equals;
using check::need;

constexpr u32 encodings = 3 << 14;  // op0 is 1, 2 or 3
constexpr u32 first_encoding = 1 << 14;
constexpr u32 words = page_bytes / 4;
constexpr u32 in_a_page = words - 1;
constexpr u32 breakpoint = 0xd4200020;  // brk #1
constexpr VirtAddr code_address{abi::image_base};

constexpr u64 ec_unknown = 0x00;
constexpr u64 ec_system = 0x18;
constexpr u64 ec_sve = 0x19;
constexpr u64 ec_sme = 0x1d;
constexpr u64 ec_breakpoint = 0x3c;
constexpr u64 class_of(const abi::ExitRecord& exit) { return exit.esr >> 26 & 0x3f; }
bool trapped(const abi::ExitRecord& exit)
{
    const u64 ec = class_of(exit);
    return ec == ec_unknown || ec == ec_system || ec == ec_sve || ec == ec_sme;
}

// msr or sys from x1, which is the address of the message page; mrs or sysl to x2.
constexpr u32 instruction(Encoding what, bool read)
{
    return 0xd500'0000 | (read ? 1U << 21 : 0) | what.raw << 5 | (read ? 2 : 1);
}
static_assert(instruction(encoding(3, 3, 14, 0, 2), true) == 0xd53be042);  // mrs x2, cntvct_el0

// Pages of code for one direction, and what runs them.
class Sweep {
public:
    explicit Sweep(bool read) : read_{read} {}

    void all()
    {
        for (u32 raw = first_encoding; raw < first_encoding + encodings; raw += in_a_page)
            page(raw, std::min(in_a_page, first_encoding + encodings - raw));
    }
    u32 without_trap() const { return without_trap_; }

private:
    void page(u32 raw, u32 count)
    {
        const auto code = need(code_.mapping.array<u32>(0, words));
        for (u32 i = 0; i < count; ++i)
            code[i] = instruction({raw + i}, read_);
        code[count] = breakpoint;
        for (u32 next = 0; next < count;)
            next = run_from(raw, next, count);
    }

    // Runs from the word `from`; where to go on.
    u32 run_from(u32 raw, u32 from, u32 count)
    {
        const abi::ExitRecord exit = run(code_address.raw() + from * 4);
        const auto to = static_cast<u32>((exit.pc - code_address.raw()) / 4);
        if (!check::that(to >= from && to <= count, "it went somewhere else"))
            return count;
        for (u32 i = from; i < to; ++i)
            did_not_trap({raw + i});
        if (to == count)
            equals(class_of(exit), ec_breakpoint);
        else if (!trapped(exit))
            complain({raw + to}, "ends with another fault");
        return to + 1;
    }

    abi::ExitRecord run(u64 entry)
    {
        const auto process =
            need(sys::create_process(check::self(), {16, 0, 1, 30, text::padded<16>("one"), 0, 0}));
        need(sys::watch(process.borrow(), ended_.borrow(), abi::Bits::at(0)));
        need(sys::map_into(process.borrow(), code_.handle.borrow(), Bytes{page_bytes},
                           abi::right::read | abi::right::execute, code_address));
        (void)need(sys::create_thread(process.borrow(), VirtAddr{entry}, VirtAddr{0}, 0, 30));
        need(sys::wait(ended_.borrow(), check::patience()));
        return need(sys::info(process.borrow())).exit;
    }

    void did_not_trap(Encoding what)
    {
        const Allowed* const known = find_allowed(what, check::given().argument_count() > 0);
        if (known == nullptr || !(read_ ? known->read : known->write))
            return complain(what, "does not trap");
        without_trap_ += known->when == When::always ? 1 : 0;
    }

    void complain(Encoding what, std::string_view how)
    {
        text::Buffer<120> line;
        line.put(read_ ? "read of " : "write of ").number(u64{what.op0()});
        for (const u32 part : {what.op1(), what.crn(), what.crm(), what.op2()})
            line.put('-').number(u64{part});
        check::failed(line.put(' ').put(how).view(), check::Where::current());
    }

    bool read_;
    u32 without_trap_ = 0;
    sys::SharedMemory code_ = need(sys::SharedMemory::create(Bytes{page_bytes}));
    sys::Handle<sys::Notification> ended_ = need(sys::create_notification());
};

void everything_traps()
{
    Sweep reads{true};
    reads.all();
    Sweep writes{false};
    writes.all();
    equals(reads.without_trap() + writes.without_trap(), accesses_that_must_work());
}

constexpr std::array cases{
    check::Case{
        "a program reaches no system register and no system instruction but those of the list",
        everything_traps, check::Runs::once},
};

}  // namespace

int app_main(const sys::Startup& given) { return check::run_all(given, {cases}); }
