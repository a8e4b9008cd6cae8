// encodings/allowed.cpp - the list. What is not here traps. (Arm ARM D19, by their names.)
#include "allowed.hpp"

#include <array>

namespace {

constexpr std::array list{
    Allowed{encoding(3, 3, 0, 0, 1), true, false, When::always, "CTR_EL0: sizes of cache lines"},
    Allowed{encoding(3, 3, 0, 0, 7), true, false, When::always, "DCZID_EL0: size of dc zva"},
    Allowed{encoding(3, 3, 4, 2, 0), true, true, When::always, "NZCV: saved with each thread"},
    Allowed{encoding(3, 3, 4, 4, 0), true, true, When::always, "FPCR: saved with each thread"},
    Allowed{encoding(3, 3, 4, 4, 1), true, true, When::always, "FPSR: saved with each thread"},
    Allowed{encoding(3, 3, 13, 0, 2), true, true, When::always, "TPIDR_EL0: saved as well"},
    Allowed{encoding(3, 3, 13, 0, 3), true, false, When::always, "TPIDRRO_EL0: always zero"},
    Allowed{encoding(3, 3, 14, 0, 0), true, false, When::always, "CNTFRQ_EL0: for deadlines"},
    Allowed{encoding(3, 3, 14, 0, 2), true, false, When::always, "CNTVCT_EL0: for deadlines"},
    Allowed{encoding(3, 3, 9, 14, 0), true, false, When::always, "PMUSERENR_EL0: what it may"},
    // MDSCR_EL1.TDCC is set, which QEMU 7.2 does not look at. The channel is empty.
    Allowed{encoding(2, 3, 0, 1, 0), true, false, When::perhaps, "MDCCSR_EL0: debug channel"},
    Allowed{encoding(1, 3, 7, 4, 1), false, true, When::always, "dc zva: writes zeroes"},
    Allowed{encoding(3, 3, 2, 4, 0), true, false, When::perhaps, "RNDR: random numbers"},
    Allowed{encoding(3, 3, 2, 4, 1), true, false, When::perhaps, "RNDRRS: random numbers"},
    Allowed{encoding(3, 3, 4, 2, 5), true, true, When::perhaps, "DIT: a bit of SPSR"},
    Allowed{encoding(3, 3, 4, 2, 6), true, true, When::perhaps, "SSBS: a bit of SPSR"},
    Allowed{encoding(3, 3, 4, 2, 7), true, true, When::perhaps, "TCO: a bit of SPSR"},
    Allowed{encoding(1, 3, 7, 4, 3), false, true, When::perhaps, "dc gva: tags nobody looks at"},
    Allowed{encoding(1, 3, 7, 4, 4), false, true, When::perhaps, "dc gzva: the same, and zeroes"},
    Allowed{encoding(3, 3, 14, 0, 6), true, false, When::perhaps, "CNTVCTSS_EL0: as CNTVCT_EL0"},
    Allowed{encoding(1, 3, 7, 3, 4), false, true, When::perhaps, "cfp rctx: of its own context"},
    Allowed{encoding(1, 3, 7, 3, 5), false, true, When::perhaps, "dvp rctx: of its own context"},
    Allowed{encoding(1, 3, 7, 3, 7), false, true, When::perhaps, "cpp rctx: of its own context"},
    Allowed{encoding(3, 3, 9, 12, 5), true, true, When::counters, "PMSELR_EL0: chooses a counter"},
    Allowed{encoding(3, 3, 9, 13, 0), true, false, When::counters, "PMCCNTR_EL0: cycles"},
    Allowed{encoding(3, 3, 9, 13, 2), true, false, When::counters, "PMXEVCNTR_EL0: the chosen one"},
};

// PMEVCNTR0_EL0 to PMEVCNTR30_EL0.
constexpr Allowed event_counters{{}, true, false, When::counters, "PMEVCNTRn_EL0: counted events"};

bool event_counter(Encoding what)
{
    return what.op0() == 3 && what.op1() == 3 && what.crn() == 14 && what.crm() >= 8
           && what.crm() <= 11 && what != encoding(3, 3, 14, 11, 7);
}

}  // namespace

const Allowed* find_allowed(Encoding what, bool counters)
{
    if (counters && event_counter(what))
        return &event_counters;
    for (const Allowed& one : list)
        if (one.what == what && (one.when != When::counters || counters))
            return &one;
    return nullptr;
}

u32 accesses_that_must_work()
{
    u32 count = 0;
    for (const Allowed& one : list)
        if (one.when == When::always)
            count += (one.read ? 1U : 0U) + (one.write ? 1U : 0U);
    return count;
}
