// object/process.hpp - an address space, a handle table and quotas; killed as a whole.
//
// A process is made empty, gets handles, memory and threads from its creator, and runs. kill() ends
// it at once and for good: nothing of it runs, is mapped or bound afterwards. The object stays as
// long as somebody holds a handle to it or memory that it paid for; then its quota returns to its
// payer.
#pragma once

#include "memory/address_space.hpp"
#include "object/handle_table.hpp"
#include "object/thread.hpp"

#include <string_view>

#include <abi/info.hpp>

namespace kernel {

class Device;

struct Siblings;  // tag: the processes that one process made and that live

class Process final : public Object, public ListNode<Siblings> {
public:
    static constexpr auto kind_value = abi::Kind::process;
    static constexpr u32 max_depth = 8;  // of processes made by processes

    // Errors: bad_argument (name), out_of_range (priority, CPU), over_quota, no_memory.
    static Result<Process*> create(Process* payer, const abi::ProcessQuota& quota);

    Process(Process* payer, const abi::ProcessQuota& quota);
    ~Process();

    HandleTable& handles() { return handles_; }
    AddressSpace& space() { return space_; }
    Quota& frame_quota() { return frames_; }
    Quota& handle_quota() { return handle_quota_; }
    std::string_view name() const;
    u32 epoch() const { return epoch_; }
    u8 max_priority() const { return max_priority_; }
    bool dead() const { return state_ == abi::ProcessState::dead; }
    bool is_init() const { return !payer_; }

    // On CPU `cpu` - 1, or at home for 0. Errors: peer_gone (dead), out_of_range (priority, CPU),
    // over_quota, no_memory. The caller owns a reference.
    Result<Thread*> create_thread(u64 pc, u64 sp, u64 argument, u64 priority, u64 cpu = 0);
    // A caller that it owes a reply gets `to_caller`.
    void remove_thread(Thread& thread, Errc to_caller);
    bool last_thread() { return threads_.front() == threads_.back(); }

    void kill(const abi::ExitRecord& why);
    void watch(Notification& notification, abi::Bits bits);
    void describe(abi::ProcessInfo& info) const;

    // Closes one handle. `dying`: pins are quarantined instead of undone.
    void close(HandleEntry& entry, bool dying = false);

private:
    friend struct checks::Inspector;
    Result<> take_quota(const abi::ProcessQuota& quota);
    void return_quota();
    void end();
    Thread* gap_for(u32& index);

    Ref<Process> payer_;
    Cpu* home_;  // of threads that were made for no other
    Quota frames_;
    Quota handle_quota_;
    Quota threads_used_;
    HandleTable handles_;
    AddressSpace space_;
    List<Thread, ProcessThreads> threads_;  // by rising index
    List<Process, Siblings> children_;
    abi::ProcessState state_ = abi::ProcessState::fresh;
    abi::Name name_;
    u32 epoch_;
    u32 depth_;
    u8 max_priority_;
    Ref<Notification> watch_;
    abi::Bits watch_bits_;
    abi::ExitRecord exit_{};
};

}  // namespace kernel
