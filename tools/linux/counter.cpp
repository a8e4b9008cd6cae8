// linux/counter.cpp - a plug-in of QEMU that counts what a guest, whichever it is, does between the
// marker instructions of apps/bench/meter.hpp.
//
// It knows nothing of the guest but its instructions, so that two systems are measured alike:
//   insn      instructions
//   eret      returns from exceptions: as many as were taken
//   irqs      reads of ICC_IAR1_EL1: interrupts that were asked for
//   wfi       times that it had nothing to do
//   notifies  stores to QueueNotify of a virtio-mmio device; mmio, all accesses to such registers
// QEMU counts them where it executes them (exact with one CPU, whatever the host does meanwhile).
//
// Arguments: out=FILE, a line for each region, and one for what was before the first words of the
// first program; profile=FILE, how often each address was executed within regions.
//
// QEMU's header is not packaged by Debian; the declarations below are the part of its interface 1
// that is used here.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <string_view>

extern "C" {
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr;
using PluginId = std::uint64_t;
using MemoryInfo = std::uint32_t;
using ExecuteCallback = void (*)(unsigned cpu, void* data);
using MemoryCallback = void (*)(unsigned cpu, MemoryInfo info, std::uint64_t address, void* data);

[[gnu::visibility("default")]] extern const int qemu_plugin_version;
const int qemu_plugin_version = 1;

void qemu_plugin_register_vcpu_tb_trans_cb(PluginId id, void (*call)(PluginId, qemu_plugin_tb*));
std::size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb* block);
qemu_plugin_insn* qemu_plugin_tb_get_insn(const qemu_plugin_tb* block, std::size_t index);
const void* qemu_plugin_insn_data(const qemu_plugin_insn* insn);
std::uint64_t qemu_plugin_insn_vaddr(const qemu_plugin_insn* insn);
void qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_insn* insn,
                                            ExecuteCallback call,
                                            int registers,
                                            void* data);
void qemu_plugin_register_vcpu_insn_exec_inline(qemu_plugin_insn* insn,
                                                int operation,
                                                void* counter,
                                                std::uint64_t amount);
void qemu_plugin_register_vcpu_mem_cb(
    qemu_plugin_insn* insn, MemoryCallback call, int registers, int direction, void* data);
qemu_plugin_hwaddr* qemu_plugin_get_hwaddr(MemoryInfo info, std::uint64_t address);
std::uint64_t qemu_plugin_hwaddr_phys_addr(const qemu_plugin_hwaddr* address);
bool qemu_plugin_hwaddr_is_io(const qemu_plugin_hwaddr* address);
bool qemu_plugin_mem_is_store(MemoryInfo info);
void qemu_plugin_register_atexit_cb(PluginId id, void (*call)(PluginId, void*), void* data);
[[gnu::visibility("default")]] int
qemu_plugin_install(PluginId id, const void* info, int count, char** arguments);
}

namespace {

using u64 = std::uint64_t;
using u32 = std::uint32_t;

constexpr int no_registers = 0;
constexpr int add = 0;
constexpr int reads_and_writes = 3;

// The virt machine's.
constexpr u64 virtio_begin = 0x0a00'0000;
constexpr u64 virtio_end = 0x0a00'4000;
constexpr u64 virtio_stride = 0x200;
constexpr u64 queue_notify = 0x50;

constexpr u32 hello = 0xd28b'601f;  // movz xzr, #0x5b00; then 01, 02
constexpr u32 start = 0xd28b'603f;
constexpr u32 end = 0xd28b'605f;

struct Counts {
    u64 insn, eret, irqs, wfi, notifies, mmio;
};

Counts now;
Counts at_start;
bool within = false;
unsigned regions = 0;
std::FILE* out = nullptr;
[[clang::no_destroy]] std::string profile;          // QEMU asks for it after its destructors
[[clang::no_destroy]] std::map<u64, u64> executed;  // its nodes do not move

void print(const char* name, const Counts& from)
{
    if (out == nullptr)
        return;
    std::fprintf(out, "%s insn=%lu eret=%lu irqs=%lu wfi=%lu notifies=%lu mmio=%lu\n", name,
                 now.insn - from.insn, now.eret - from.eret, now.irqs - from.irqs,
                 now.wfi - from.wfi, now.notifies - from.notifies, now.mmio - from.mmio);
    std::fflush(out);
}

void said_hello(unsigned, void*) { print("hello", {}); }
void started(unsigned, void*)
{
    at_start = now;
    within = true;
}
void ended(unsigned, void*)
{
    if (!within)
        return;
    within = false;
    print(std::to_string(regions++).c_str(), at_start);
}
void reached(unsigned, void* count) { *static_cast<u64*>(count) += within ? 1 : 0; }

void accessed(unsigned, MemoryInfo info, u64 address, void*)
{
    const auto* place = qemu_plugin_get_hwaddr(info, address);
    if (place == nullptr || !qemu_plugin_hwaddr_is_io(place))
        return;
    const u64 physical = qemu_plugin_hwaddr_phys_addr(place);
    if (physical < virtio_begin || physical >= virtio_end)
        return;
    ++now.mmio;
    if (physical % virtio_stride == queue_notify && qemu_plugin_mem_is_store(info))
        ++now.notifies;
}

// LDR and STR of one register of 32 or 8 bits: what drivers use for device registers.
bool may_reach_device(u32 word)
{
    const u32 kind = word & 0x3e00'0000;
    const u32 size = word >> 30;
    return kind == 0x3800'0000 && (size == 0 || size == 2);
}

void count(qemu_plugin_insn* insn, u32 word)
{
    const auto add_to = [insn](u64& counter) {
        qemu_plugin_register_vcpu_insn_exec_inline(insn, add, &counter, 1);
    };
    const auto call = [insn](ExecuteCallback callback) {
        qemu_plugin_register_vcpu_insn_exec_cb(insn, callback, no_registers, nullptr);
    };
    add_to(now.insn);
    if (word == 0xd69f'03e0)
        add_to(now.eret);
    if ((word & ~31U) == 0xd538'cc00)
        add_to(now.irqs);
    if (word == 0xd503'207f)
        add_to(now.wfi);
    if (word == hello)
        call(said_hello);
    if (word == start)
        call(started);
    if (word == end)
        call(ended);
    if (may_reach_device(word))
        qemu_plugin_register_vcpu_mem_cb(insn, accessed, no_registers, reads_and_writes, nullptr);
}

void translated(PluginId, qemu_plugin_tb* block)
{
    for (std::size_t n = 0; n < qemu_plugin_tb_n_insns(block); ++n) {
        auto* insn = qemu_plugin_tb_get_insn(block, n);
        u32 word = 0;
        std::memcpy(&word, qemu_plugin_insn_data(insn), sizeof word);
        count(insn, word);
        if (!profile.empty())
            qemu_plugin_register_vcpu_insn_exec_cb(insn, reached, no_registers,
                                                   &executed[qemu_plugin_insn_vaddr(insn)]);
    }
}

void finish(PluginId, void*)
{
    if (out != nullptr)
        std::fclose(out);
    auto* file = profile.empty() ? nullptr : std::fopen(profile.c_str(), "w");
    if (file == nullptr)
        return;
    for (const auto& [address, times] : executed)
        if (times != 0)
            std::fprintf(file, "%lx %lu\n", address, times);
    std::fclose(file);
}

}  // namespace

int qemu_plugin_install(PluginId id, const void*, int count, char** arguments)
{
    for (int n = 0; n < count; ++n) {
        const std::string_view argument{arguments[n]};
        if (argument.starts_with("out="))
            out = std::fopen(arguments[n] + 4, "w");
        if (argument.starts_with("profile="))
            profile = argument.substr(8);
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, finish, nullptr);
    return 0;
}
