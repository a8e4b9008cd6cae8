// arch/aarch64/sysreg.hpp - system registers and barriers, one line each, named as the Arm ARM
// names them.
#pragma once

#include <base/types.hpp>

namespace kernel::sysreg {

inline u64 mpidr() { return __builtin_arm_rsr64("mpidr_el1"); }
inline u64 esr() { return __builtin_arm_rsr64("esr_el1"); }
inline u64 far() { return __builtin_arm_rsr64("far_el1"); }
inline u64 isr() { return __builtin_arm_rsr64("isr_el1"); }
inline u64 elr() { return __builtin_arm_rsr64("elr_el1"); }
inline u64 sctlr() { return __builtin_arm_rsr64("sctlr_el1"); }
inline u64 id_aa64pfr1() { return __builtin_arm_rsr64("id_aa64pfr1_el1"); }
inline bool has_landing_pads() { return (id_aa64pfr1() & 0xf) != 0; }  // FEAT_BTI
inline u64 id_aa64mmfr1() { return __builtin_arm_rsr64("id_aa64mmfr1_el1"); }
inline u64 tpidr_el1() { return __builtin_arm_rsr64("tpidr_el1"); }
inline u64 cntfrq() { return __builtin_arm_rsr64("cntfrq_el0"); }
inline u64 cntvct() { return __builtin_arm_rsr64("cntvct_el0"); }
inline u64 ctr() { return __builtin_arm_rsr64("ctr_el0"); }
inline u64 pmceid0() { return __builtin_arm_rsr64("pmceid0_el0"); }
inline u64 pmevcntr1() { return __builtin_arm_rsr64("pmevcntr1_el0"); }
inline u64 pmevcntr0() { return __builtin_arm_rsr64("pmevcntr0_el0"); }

inline void set_sctlr(u64 v) { __builtin_arm_wsr64("sctlr_el1", v); }
inline void set_vbar(u64 v) { __builtin_arm_wsr64("vbar_el1", v); }
inline void set_tpidr_el1(u64 v) { __builtin_arm_wsr64("tpidr_el1", v); }
inline void set_ttbr0(u64 v) { __builtin_arm_wsr64("ttbr0_el1", v); }
inline void set_ttbr1(u64 v) { __builtin_arm_wsr64("ttbr1_el1", v); }
inline void set_cpacr(u64 v) { __builtin_arm_wsr64("cpacr_el1", v); }
inline void set_cntkctl(u64 v) { __builtin_arm_wsr64("cntkctl_el1", v); }
inline void set_cntv_cval(u64 v) { __builtin_arm_wsr64("cntv_cval_el0", v); }
inline void set_cntv_ctl(u64 v) { __builtin_arm_wsr64("cntv_ctl_el0", v); }
inline void set_mdscr(u64 v) { __builtin_arm_wsr64("mdscr_el1", v); }
inline void set_oslar(u64 v) { __builtin_arm_wsr64("oslar_el1", v); }
inline void set_dbgbvr0(u64 v) { __builtin_arm_wsr64("dbgbvr0_el1", v); }
inline void set_dbgbvr1(u64 v) { __builtin_arm_wsr64("dbgbvr1_el1", v); }
inline void set_dbgbcr0(u64 v) { __builtin_arm_wsr64("dbgbcr0_el1", v); }
inline void set_dbgbcr1(u64 v) { __builtin_arm_wsr64("dbgbcr1_el1", v); }
inline void set_pmuserenr(u64 v) { __builtin_arm_wsr64("pmuserenr_el0", v); }
inline void set_pmevtyper0(u64 v) { __builtin_arm_wsr64("pmevtyper0_el0", v); }
inline void set_pmevtyper1(u64 v) { __builtin_arm_wsr64("pmevtyper1_el0", v); }
inline void set_pmcntenset(u64 v) { __builtin_arm_wsr64("pmcntenset_el0", v); }
inline void set_pmcr(u64 v) { __builtin_arm_wsr64("pmcr_el0", v); }
inline u64 pmcr() { return __builtin_arm_rsr64("pmcr_el0"); }

// GICv3 CPU interface
inline u64 icc_iar1() { return __builtin_arm_rsr64("s3_0_c12_c12_0"); }
inline void set_icc_eoir1(u64 v) { __builtin_arm_wsr64("s3_0_c12_c12_1", v); }
inline void set_icc_dir(u64 v) { __builtin_arm_wsr64("s3_0_c12_c11_1", v); }
inline void set_icc_sgi1r(u64 v) { __builtin_arm_wsr64("s3_0_c12_c11_5", v); }
inline void set_icc_pmr(u64 v) { __builtin_arm_wsr64("s3_0_c4_c6_0", v); }
inline void set_icc_ctlr(u64 v) { __builtin_arm_wsr64("s3_0_c12_c12_4", v); }
inline void set_icc_sre(u64 v) { __builtin_arm_wsr64("s3_0_c12_c12_5", v); }
inline void set_icc_igrpen1(u64 v) { __builtin_arm_wsr64("s3_0_c12_c12_7", v); }

inline void isb() { asm volatile("isb" ::: "memory"); }
inline void dsb_sy() { asm volatile("dsb sy" ::: "memory"); }
inline void dsb_ish() { asm volatile("dsb ish" ::: "memory"); }
inline void dsb_ishst() { asm volatile("dsb ishst" ::: "memory"); }
inline void wfi() { asm volatile("wfi" ::: "memory"); }
inline void yield() { asm volatile("yield" ::: "memory"); }
inline void set_pan() { asm volatile(".arch_extension pan\n msr pan, #1" ::: "memory"); }

// TLB maintenance, broadcast to the inner shareable domain; the caller's dsb completes it.
inline void tlbi_all() { asm volatile("tlbi vmalle1is" ::: "memory"); }
inline void tlbi_asid(u64 asid) { asm volatile("tlbi aside1is, %0" ::"r"(asid << 48) : "memory"); }
inline void tlbi_page(u64 asid, u64 address)
{
    asm volatile("tlbi vae1is, %0" ::"r"(asid << 48 | (address >> 12 & 0xfff'ffff'ffff))
                 : "memory");
}

}  // namespace kernel::sysreg
