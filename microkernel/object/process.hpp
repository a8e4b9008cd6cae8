// object/process.hpp - an address space, a handle table and quotas; killed as a whole.
//
// A process is made empty, gets handles, memory and threads from its creator, and runs. kill() ends
// it for good, in steps that are the work of the thread that kills it, or of its own that ends it:
// threads, children, device lines, mappings, handles, tables. It gets nothing new once that began.
// The object stays as long as somebody holds a handle to it or memory that it paid for; then its
// quota returns to its payer.
#pragma once

#include "memory/address_space.hpp"
#include "object/handle_table.hpp"
#include "object/thread.hpp"

#include <string_view>

#include <abi/info.hpp>

namespace kernel {

class Device;

struct Siblings;  // tag: the processes that one process made and that live

class Process final : public Large, public ListNode<Siblings> {
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
    bool dead() const { return end_ != End::none; }  // or about to be
    bool ended() const { return end_ == End::done; }
    bool is_init() const { return !payer_; }

    // On CPU `cpu` - 1, or at home for 0. Errors: peer_gone (dead), out_of_range (priority, CPU),
    // over_quota, no_memory. The caller owns a reference.
    Result<Thread*> create_thread(u64 pc, u64 sp, u64 argument, u64 priority, u64 cpu = 0);
    // The thread never goes on: it leaves all queues. A caller that it owes a reply gets
    // `to_caller`.
    void stop(Thread& thread, Errc to_caller);
    // A stopped thread leaves the CPU and the process.
    void remove(Thread& thread);
    bool last_thread() { return threads_.front() == threads_.back(); }

    // It has ended when the work of `by` is done.
    void kill(const abi::ExitRecord& why, Thread& by);
    void begin_end(const abi::ExitRecord& why);
    // A step of the end, of this process or of one below it.
    void end_some();
    // The process whose end takes a step now, or null: memory that it lets go is part of its end.
    static Process* ending() { return ending_; }
    void let_go(Large& memory) { let_go_.push_front(memory); }
    // This one has ended. Who paid for it, and is to end with it because nobody else knows of it.
    Process* forgotten_payer();
    void watch(Notification& notification, abi::Bits bits);
    void describe(abi::ProcessInfo& info) const;

    // Closes one handle. `dying`: pins are quarantined instead of undone.
    void close(HandleEntry& entry, bool dying = false);

private:
    friend struct checks::Inspector;
    friend struct fault::Inspector;
    Result<> take_quota(const abi::ProcessQuota& quota);
    void return_quota();
    bool end_thread();
    void end_rest();
    void pass_on(Thread& worker);
    void inherit(Large& large, Thread& worker);
    void finish_end();
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
    List<Large> let_go_;
    static constinit Process* ending_;
    enum class End : u8 { none, threads, mappings, handles, rest, done };
    abi::ProcessState state_ = abi::ProcessState::fresh;
    End end_ = End::none;
    abi::Name name_;
    u32 epoch_;
    u32 depth_;
    u8 max_priority_;
    Ref<Notification> watch_;
    abi::Bits watch_bits_;
    abi::ExitRecord exit_{};
};

}  // namespace kernel
