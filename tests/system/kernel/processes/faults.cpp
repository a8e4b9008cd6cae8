// faults.cpp - what a process may not do, and what its exit record says then.
#include "cases.hpp"

#include <check/child.hpp>

namespace {

using abi::ExitCause;
using check::equals;
using check::that;

// ESR_EL1.EC (Arm ARM D17.2.37).
constexpr u64 ec_unknown = 0x00;
constexpr u64 ec_wait = 0x01;
constexpr u64 ec_branch_target = 0x0d;
constexpr u64 ec_system = 0x18;
constexpr u64 ec_instruction = 0x20;
constexpr u64 ec_pc_alignment = 0x22;
constexpr u64 ec_data = 0x24;
constexpr u64 ec_sp_alignment = 0x26;
constexpr u64 ec_breakpoint = 0x3c;

constexpr u64 dfsc(u64 esr) { return esr & 0x3f; }
constexpr bool writes(u64 esr) { return (esr >> 6 & 1) != 0; }
constexpr bool translation(u64 esr) { return (dfsc(esr) & 0x3c) == 0x04; }
constexpr bool permission(u64 esr) { return (dfsc(esr) & 0x3c) == 0x0c; }

struct Expected {
    std::string_view behaviour;
    u64 ec;
    bool address;  // FAR is what the actor touched
};

abi::ExitRecord fault_of(const Expected& expected)
{
    const abi::ExitRecord exit = check::run_actor(expected.behaviour).exit;
    equals(exit.cause, ExitCause::fault);
    equals(exit.esr >> 26 & 0x3f, expected.ec);
    equals(exit.pc, exit.x[20]);
    if (expected.address)
        equals(exit.far, exit.x[21]);
    return exit;
}

void no_such_address()
{
    for (const auto behaviour : {"read_null", "read_low", "read_past_end", "read_between"}) {
        const auto exit = fault_of({behaviour, ec_data, true});
        that(translation(exit.esr) || dfsc(exit.esr) == 0, "not a translation fault");
        that(!writes(exit.esr), "a read is reported as a write");
    }
}

void kernel_addresses()
{
    (void)fault_of({"read_kernel", ec_data, true});
    (void)fault_of({"run_kernel", ec_instruction, true});
}

void guard_pages()
{
    (void)fault_of({"read_guard", ec_data, true});
    const auto exit = check::run_actor("overflow").exit;
    equals(exit.cause, ExitCause::fault);
    equals(exit.esr >> 26 & 0x3f, ec_data);
    that(exit.far < sys::first_stack_top.raw() - 16 * 1024
             && exit.far >= sys::first_stack_top.raw() - 20 * 1024,
         "not the page below the stack");
}

void read_only_pages()
{
    for (const auto behaviour : {"write_text", "write_constant", "write_startup"}) {
        const auto exit = fault_of({behaviour, ec_data, true});
        that(permission(exit.esr) && writes(exit.esr), "not a write that was not permitted");
    }
}

void data_does_not_run()
{
    for (const auto behaviour : {"run_data", "run_stack"})
        that(permission(fault_of({behaviour, ec_instruction, true}).esr), "not a permission fault");
    (void)fault_of({"run_null", ec_instruction, true});
}

void broken_instructions()
{
    (void)fault_of({"undefined", ec_unknown, false});
    (void)fault_of({"breakpoint", ec_breakpoint, false});
    (void)fault_of({"run_odd", ec_pc_alignment, true});
    (void)fault_of({"crooked_exclusive", ec_data, true});
}

// QEMU 7.2 has no check of the stack's alignment: then the load just works.
void crooked_stacks()
{
    const abi::ExitRecord exit = check::run_actor("crooked_stack").exit;
    if (exit.cause == ExitCause::exited && exit.code == 0)
        return check::skip("this machine does not check it");
    equals(exit.cause, ExitCause::fault);
    equals(exit.esr >> 26 & 0x3f, ec_sp_alignment);
    equals(exit.pc, exit.x[20]);
}

// The CPU of `landing_pads` has them.
void no_landing_pad()
{
    const abi::ExitRecord exit = check::run_actor("run_without_pad").exit;
    if (exit.cause == ExitCause::exited)
        return check::skip("this CPU has no landing pads");
    equals(exit.cause, ExitCause::fault);
    equals(exit.esr >> 26 & 0x3f, ec_branch_target);
    equals(exit.pc, exit.x[20]);
}

struct Word {
    u64 encoding;
    u64 ec;
};

// What only the kernel may execute. Encodings of A64, each with x0.
constexpr std::array privileged{
    Word{0xd5381000, ec_unknown},          // mrs x0, sctlr_el1
    Word{0xd5181000, ec_unknown},          // msr sctlr_el1, x0
    Word{0xd5382000, ec_unknown},          // mrs x0, ttbr0_el1
    Word{0xd5182000, ec_unknown},          // msr ttbr0_el1, x0
    Word{0xd518c000, ec_unknown},          // msr vbar_el1, x0
    Word{0xd538d080, ec_unknown},          // mrs x0, tpidr_el1
    Word{0xd5181040, ec_unknown},          // msr cpacr_el1, x0
    Word{0xd5384240, ec_unknown},          // mrs x0, CurrentEL
    Word{0xd50342df, ec_system},           // msr daifset, #2
    Word{0xd53b4220, ec_system},           // mrs x0, daif
    Word{0xd53be020, ec_system},           // mrs x0, cntpct_el0
    Word{0xd53be300, ec_system},           // mrs x0, cntv_tval_el0
    Word{0xd51be340, ec_system},           // msr cntv_cval_el0, x0
    Word{0xd51be320, ec_system},           // msr cntv_ctl_el0, x0
    Word{0xd53be220, ec_system},           // mrs x0, cntp_ctl_el0
    Word{0xd53b9d00, ec_system},           // mrs x0, pmccntr_el0
    Word{0xd53b9c00, ec_system},           // mrs x0, pmcr_el0
    Word{0xd51b9c20, ec_system},           // msr pmcntenset_el0, x0
    Word{0xd50b7e20, ec_system},           // dc civac, x0
    Word{0xd50b7520, ec_system},           // ic ivau, x0
    Word{0xd5087640, ec_unknown},          // dc isw, x0
    Word{0xd508871f, ec_unknown},          // tlbi vmalle1
    Word{0xd508831f, ec_unknown},          // tlbi vmalle1is
    Word{0xd503207f, ec_wait},             // wfi
    Word{0xd4000002, ec_unknown},          // hvc #0
    Word{0xd4000003, ec_unknown},          // smc #0
    Word{0xd69f03e0, ec_unknown},          // eret
    Word{0xd538cc00, ec_unknown},          // mrs x0, icc_iar1_el1
    Word{0xd518cc20, ec_unknown},          // msr icc_eoir1_el1, x0
    Word{0xd538a000 | 0x200, ec_unknown},  // mrs x0, mair_el1
    Word{0xd5184020, ec_unknown},          // msr elr_el1, x0
};

abi::ProcessInfo run_word(u64 encoding)
{
    text::Buffer<20> word;
    word.put("0x").hex(encoding);
    return check::run_actor("run_word", {.arguments = {word.view()}});
}

void privileged_instructions()
{
    for (const Word& word : privileged) {
        const auto exit = run_word(word.encoding).exit;
        const bool refused = exit.cause == ExitCause::fault && (exit.esr >> 26 & 0x3f) == word.ec
                             && exit.pc == exit.x[20];
        text::Buffer<60> what;
        what.put("instruction 0x").hex(word.encoding).put(" esr 0x").hex(exit.esr);
        that(refused, what.view());
    }
}

// What user space may read: the virtual counter and its frequency, cache geometry, its own TPIDR.
constexpr std::array<u64, 8> allowed{
    0xd53be040,  // mrs x0, cntvct_el0
    0xd53be000,  // mrs x0, cntfrq_el0
    0xd53b0020,  // mrs x0, ctr_el0
    0xd53b00e0,  // mrs x0, dczid_el0
    0xd53bd040,  // mrs x0, tpidr_el0
    0xd53bd060,  // mrs x0, tpidrro_el0
    0xd503203f,  // yield
    0xd503205f,  // wfe
};

void allowed_instructions()
{
    for (const u64 encoding : allowed) {
        const auto exit = run_word(encoding).exit;
        text::Buffer<60> what;
        what.put("instruction 0x").hex(encoding).put(" esr 0x").hex(exit.esr);
        that(exit.cause == ExitCause::exited && exit.code == 0, what.view());
    }
}

bool in_image(u64 address)
{
    return address >= abi::image_base && address < abi::image_base + (u64{1} << 20);
}

u64 length(const abi::ExitRecord& exit)
{
    u64 n = 0;
    while (n < exit.chain.size() && exit.chain[n] != 0 && in_image(exit.chain[n]))
        ++n;
    return n;
}

void backtraces()
{
    const auto shallow = check::run_actor("nested_fault", {.arguments = {"1"}}).exit;
    const auto deep = check::run_actor("nested_fault", {.arguments = {"6"}}).exit;
    equals(shallow.far, 0x18);
    that(in_image(shallow.pc), "the fault is not in the image");
    that(length(shallow) >= 3, "the chain is short");
    equals(length(deep), length(shallow) + 5);
    const auto endless = check::run_actor("nested_fault", {.arguments = {"40"}}).exit;
    equals(length(endless), endless.chain.size());
}

void broken_frames()
{
    const auto circle = check::run_actor("circular_frames").exit;
    equals(circle.chain[1], 0x1234);
    equals(circle.chain[2], 0);
    const auto wild = check::run_actor("wild_frames").exit;
    equals(wild.cause, ExitCause::fault);
    equals(wild.chain[1], 0);
}

void svc_immediates()
{
    const auto exit = check::run_actor("svc_immediate", {.arguments = {"42"}}).exit;
    equals(exit.cause, ExitCause::exited);
    equals(exit.code, 42);
}

constexpr std::array cases{
    check::Case{"an address where nothing is mapped faults and is reported", no_such_address},
    check::Case{"addresses of the kernel can be neither read nor run", kernel_addresses},
    check::Case{"a stack that overflows hits its guard page", guard_pages},
    check::Case{"text, constants and the start-up page cannot be written", read_only_pages},
    check::Case{"data and stack do not run", data_does_not_run},
    check::Case{"undefined and misaligned instructions are reported with their place",
                broken_instructions},
    check::Case{"a load from a stack that is not aligned is reported", crooked_stacks},
    check::Case{"an indirect branch to what is no landing pad is reported", no_landing_pad},
    check::Case{"instructions of the kernel end the process that tries them",
                privileged_instructions},
    check::Case{"counter, cache geometry and thread pointer can be read", allowed_instructions},
    check::Case{"an exit record has the return addresses of the frames", backtraces},
    check::Case{"frames that lead in a circle or nowhere end the backtrace", broken_frames},
    check::Case{"an svc with an immediate is a call like any other", svc_immediates},
};

}  // namespace

const check::Cases fault_cases{cases};
